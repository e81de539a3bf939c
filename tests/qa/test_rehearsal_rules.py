"""What a rehearsal tests, what it expects there, and how it reports what it found."""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from offers.anchors import Extension, OfferState, judge
from offers.terms import Offer
from offers.verdicts import Verdict
from shop import settings as shop_settings
from shop.checkout.charge_rules import included_tax
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.qa.rehearsal.boundary_plan import (
    MOST_ACTIONS,
    BoundaryPlan,
    Instant,
    clock_changes,
    plan_boundaries,
)
from shop.qa.rehearsal.browser import BrowserPage, promise_on, words_agree
from shop.qa.rehearsal.charge_oracle import expected_tax, hard_sums
from shop.qa.rehearsal.html_report import render_html
from shop.qa.rehearsal.isolated_process import environment
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.oracle import Promise, expected_verdict, hold_at
from shop.qa.rehearsal.results import (
    Cell,
    Finding,
    Matrix,
    MatrixColumn,
    PurchaseStep,
    RehearsalReport,
    ScenarioResult,
)
from shop.qa.rehearsal.temporary_database import SampledDeal
from shop.qa.rehearsal.text_report import WIDTH, render_text
from tests.offers.handmade_tokens import claims

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)


def plan_of(
    *actions: MerchantAction,
    opens: datetime = OPENS,
    closes: datetime = CLOSES,
    hold: timedelta = HOLD,
) -> BoundaryPlan:
    """The instants of a sale, by default the usual one."""
    return plan_boundaries(starts_at=opens, ends_at=closes, hold=hold, actions=actions, zone=BERLIN)


def extension(at: datetime, seconds: int, issued_before: datetime | None = None) -> MerchantAction:
    """An extension of what was issued before an instant, by default the one when it is made."""
    before = issued_before or at
    return MerchantAction(kind=ActionKind.EXTENSION, at=at, seconds=seconds, issued_before=before)


def expected(promise: Promise, actions: list[MerchantAction], now: datetime) -> Verdict:
    return expected_verdict(promise, actions, now, max_stale=timedelta(minutes=10))


def at(instants: list[Instant]) -> list[datetime]:
    """When they are."""
    return [instant.at for instant in instants]


# --- Which instants ---


def test_pages_are_opened_in_the_first_second_half_way_and_in_the_last_second() -> None:
    middle = OPENS + timedelta(minutes=7, seconds=30)
    assert at(plan_of().issued) == [OPENS, middle, CLOSES - SECOND]


def test_offers_are_presented_on_both_sides_of_opening_close_and_the_end_of_each_hold() -> None:
    planned = plan_of()
    presented = set(at(planned.presented))
    assert {OPENS - SECOND, OPENS, OPENS + SECOND, CLOSES - SECOND, CLOSES} <= presented
    for shown_at in at(planned.issued):
        assert {shown_at + HOLD - SECOND, shown_at + HOLD} <= presented


def test_a_sale_of_one_second_is_looked_at_once() -> None:
    assert at(plan_of(closes=OPENS + SECOND).issued) == [OPENS]


def test_a_window_that_opens_within_a_second_opens_with_the_next_whole_one() -> None:
    planned = plan_of(opens=OPENS + timedelta(milliseconds=300))
    assert at(planned.issued)[0] == OPENS + SECOND
    assert at(planned.presented)[0] == OPENS


def test_an_extension_is_looked_at_from_both_sides_and_so_is_the_end_it_leads_to() -> None:
    made_at = OPENS + timedelta(minutes=5)
    action = extension(made_at, 600)
    planned = plan_of(action)
    assert {made_at - SECOND, made_at} <= set(at(planned.issued))
    longer = OPENS + HOLD + timedelta(seconds=600)
    assert {longer - SECOND, longer} <= set(at(planned.presented))


def test_what_was_done_before_the_opening_concerns_no_offer_and_is_not_looked_at() -> None:
    early = OPENS - timedelta(hours=1)
    action = MerchantAction(kind=ActionKind.RECALL, at=early)
    assert at(plan_of(action).presented) == at(plan_of().presented)


def test_the_seconds_around_a_clock_change_are_looked_at_and_issued_in() -> None:
    change = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    planned = plan_of(opens=change - timedelta(hours=1), closes=change + timedelta(hours=1))
    assert {change - SECOND, change} <= set(at(planned.issued))
    assert {change - SECOND, change} <= set(at(planned.presented))


@pytest.mark.parametrize(
    ("year", "expected_changes"),
    [
        (2026, [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]),
        (2024, [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC)]),
    ],
)
def test_clock_changes_are_found_to_the_second(year: int, expected_changes: list[datetime]) -> None:
    since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year, 12, 31, tzinfo=UTC)
    assert clock_changes(since, until, BERLIN) == expected_changes


def test_a_sale_of_weeks_with_many_actions_is_looked_at_a_bounded_number_of_times() -> None:
    actions = [extension(OPENS + timedelta(days=day), 60) for day in range(1, 40)]
    planned = plan_of(*actions, closes=OPENS + timedelta(days=42))
    assert len(planned.issued) <= 3 + 2 * MOST_ACTIONS
    assert len(planned.presented) <= 100


# --- What is expected ---


def test_what_is_expected_ends_with_the_second_that_the_page_named() -> None:
    promise = promise_at(OPENS)
    end = OPENS + HOLD
    assert expected(promise, [], end - SECOND) is Verdict.HONORED
    assert expected(promise, [], end) is Verdict.EXPIRED


def test_an_extension_revives_what_had_run_out_from_the_instant_it_was_made() -> None:
    made_at = OPENS + HOLD + timedelta(minutes=1)
    action = extension(made_at, 600)
    promise = promise_at(OPENS)
    assert expected(promise, [action], made_at - SECOND) is Verdict.EXPIRED
    assert expected(promise, [action], made_at) is Verdict.HONORED


def test_a_recall_of_one_deal_leaves_the_others_alone() -> None:
    action = MerchantAction(kind=ActionKind.RECALL, at=OPENS + SECOND, sku="LMP-01")
    now = OPENS + SECOND
    assert expected(promise_at(OPENS), [action], now) is Verdict.HONORED
    lamp = promise_at(OPENS, sku="LMP-01")
    assert expected(lamp, [action], now) is Verdict.RECALLED


def test_what_was_shown_before_the_hold_was_shortened_is_held_as_long_as_promised() -> None:
    change = OPENS + timedelta(minutes=5)
    action = MerchantAction(kind=ActionKind.SHORTER_HOLD, at=change, seconds=60)
    assert hold_at(change - SECOND, HOLD, [action]) == HOLD
    assert hold_at(change, HOLD, [action]) == timedelta(minutes=1)
    presented = set(at(plan_of(action).presented))
    assert {change - SECOND + HOLD, change + timedelta(minutes=1)} <= presented


@given(gross=st.integers(1, 10**8), thousandths=st.integers(0, 99_999))
def test_the_tax_of_the_oracle_and_of_the_shop_agree(gross: int, thousandths: int) -> None:
    percent = Decimal(thousandths).scaleb(-3)
    with override_settings(TAX_PERCENT=str(percent)):
        assert expected_tax(gross) == included_tax(gross, percent)


def test_sums_are_ordered_at_which_floating_point_rounds_the_tax_wrongly(
    settings: Settings,
) -> None:
    settings.TAX_PERCENT = "20"
    for gross in hard_sums(20_000):
        assert expected_tax(gross) != round(gross * 20.0 / 120.0)
    assert next(hard_sums(20_000)) == 20_007


def test_a_rate_whose_taxes_never_end_in_half_a_unit_has_no_such_sums(settings: Settings) -> None:
    settings.TAX_PERCENT = "19"
    assert list(hard_sums(20_000)) == []


seconds = st.integers(-4000, 8000)


@given(
    shown=st.integers(0, 3600),
    hold=st.integers(1, 3600),
    now=seconds,
    extensions=st.lists(st.tuples(seconds, seconds, st.integers(1, 3600)), max_size=3),
    recalled_at=st.none() | seconds,
    recalled_from=st.none() | seconds,
)
def test_the_oracle_and_the_judge_agree(
    shown: int,
    hold: int,
    now: int,
    extensions: list[tuple[int, int, int]],
    recalled_at: int | None,
    recalled_from: int | None,
) -> None:
    """Of whatever is presented after it was shown: where they differ, one of them is wrong."""

    def instant(offset: int) -> datetime:
        return OPENS + timedelta(seconds=offset)

    now = max(now, shown)
    actions = [
        extension(instant(made), more, issued_before=instant(before))
        for made, before, more in extensions
    ]
    if recalled_at is not None:
        begins = None if recalled_from is None else instant(recalled_from)
        actions.append(
            MerchantAction(kind=ActionKind.RECALL, at=instant(recalled_at), issued_from=begins)
        )
    promise = promise_at(instant(shown), hold=timedelta(seconds=hold))
    # What the rows would say by now: an offer minted before a recall carries the old anchor.
    is_recalled = recalled_at is not None and recalled_at <= now and shown < recalled_at
    state = OfferState(
        anchor="new" if is_recalled else "old",
        earlier_anchors={} if recalled_from is None else {"old": instant(recalled_from)},
        extensions=[
            Extension(instant(before), more) for made, before, more in extensions if made <= now
        ],
    )
    offer = Offer.from_claims(
        claims(
            iat=int(promise.shown_at.timestamp()),
            exp=int(promise.held_until.timestamp()),
            anchor="old",
        )
    )
    verdict = judge(offer, now=instant(now), shoppers=None, state=state, quantity=1)
    assert expected(promise, actions, instant(now)) is verdict


# --- What is read on a page ---

DEAL = """
<time data-held-until datetime="2026-11-27T11:44:59Z">12:44, Berlin time</time>
<article data-deal="autumn/MUG-01"><p class="price"><b>{price}</b> <s>€49.90</s></p>
<form><select name="variant"><option value="">Choose</option><option value="S" disabled>S</option>
<option value="M">M</option></select><input name="quantity" max="2">
<input type="hidden" name="offer" value="e30.{payload}.c2ln"></form></article>
"""
# {"sku": "MUG-01", "amount": 499, "currency": "EUR"}
PAYLOAD = "eyJza3UiOiAiTVVHLTAxIiwgImFtb3VudCI6IDQ5OSwgImN1cnJlbmN5IjogIkVVUiJ9"


@pytest.mark.parametrize(
    ("price", "amount"), [("€4.99", 499), ("¥1,500", 1500), ("KWD 1.250", 1250)]
)
def test_a_promise_is_what_the_page_says_in_figures(price: str, amount: int) -> None:
    page = BrowserPage(200, "/sales/autumn/", DEAL.format(price=price, payload=PAYLOAD))
    promise = promise_on(page, page.deals("autumn")["MUG-01"], OPENS, "Stoneware mug")
    assert promise is not None
    assert promise.amount == amount
    assert promise.held_until == datetime(2026, 11, 27, 11, 44, 59, tzinfo=UTC)
    assert (promise.variant, promise.amount_text) == ("M", price)


@pytest.mark.parametrize(
    ("words", "agrees"),
    [("12:44, Berlin time", True), ("11:44, Berlin time", False), ("12:44", False)],
)
def test_an_instant_in_words_has_to_be_the_one_in_figures(words: str, agrees: bool) -> None:
    until = datetime(2026, 11, 27, 11, 44, 59, tzinfo=UTC)
    assert words_agree(words, until, OPENS, BERLIN) is agrees


def test_an_instant_of_another_day_names_its_day() -> None:
    until = OPENS + timedelta(days=1)
    assert not words_agree("12:00, Berlin time", until, OPENS, BERLIN)
    assert words_agree("Saturday, 28 November, 12:00, Berlin time", until, OPENS, BERLIN)


@pytest.mark.parametrize(
    ("words", "agrees"),
    [
        ("02:30 (UTC+1), Berlin time", True),
        ("02:30 (UTC+2), Berlin time", False),
        ("02:30, Berlin time", False),
    ],
)
def test_a_time_that_comes_twice_names_its_offset(words: str, agrees: bool) -> None:
    second = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert words_agree(words, second, second - HOLD, BERLIN) is agrees


# --- The reports ---


def test_the_table_is_at_most_a_hundred_columns_wide_and_names_the_zone() -> None:
    text = render_text(report_of(HONORED, issues=8))
    assert "Berlin time" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_table_has_each_verdict_with_its_mark() -> None:
    assert "honored ✓" in render_text(report_of(Cell("honored", "honored", paid=True)))
    assert "expired ↻" in render_text(
        report_of(Cell("expired", "expired", renewed=True, paid=True))
    )
    assert "EXPIRED!" in render_text(report_of(Cell("expired", "honored")))


def test_a_broken_promise_is_reported_in_a_sentence() -> None:
    text = render_text(report_of(Cell("expired", "honored"), broken=[SENTENCE]))
    assert f"Promises were broken, in 1 place:\n- {SENTENCE}\n" in text
    assert "Every promise was kept." not in text


def test_a_promise_broken_by_what_may_yet_happen_names_the_scenario() -> None:
    report = report_of(HONORED)
    recalled = replace(
        report.scenarios[0],
        name="recalled",
        title="If offers are recalled",
        findings=[Finding(OPENS, "It was kept.")],
    )
    report = replace(report, scenarios=[*report.scenarios, recalled])
    assert "- If offers are recalled: It was kept.\n" in render_text(report)
    assert (report.as_json()["kept"], report.as_json()["broken"]) == (False, 1)


def test_a_step_is_reported_with_its_time_and_in_capitals_where_it_went_wrong() -> None:
    report = report_of(HONORED)
    steps = [
        PurchaseStep(OPENS, "A shopper ordered 2", "paid", "paid"),
        PurchaseStep(OPENS, "Another one ordered 1 more", "paid", "over_limit"),
    ]
    report = replace(report, scenarios=[replace(report.scenarios[0], matrices=[], steps=steps)])
    text = render_text(report)
    assert "12:00:00  A shopper ordered 2: paid\n" in text
    assert "12:00:00  Another one ordered 1 more: PAID!\n" in text
    page = BeautifulSoup(render_html(report), "html.parser")
    assert [each.get_text() for each in page.select(".steps .is-broken")] == ["PAID!"]


def test_the_report_for_machines_names_scenarios_findings_with_their_instants_and_counts() -> None:
    found = report_of(Cell("expired", "honored"), broken=[SENTENCE]).as_json()
    assert (found["kept"], found["broken"], found["counts"]) == (False, 1, {"presented": 1})
    scenario = found["scenarios"][0]
    assert (scenario["name"], scenario["kept"]) == ("as-configured", False)
    assert scenario["findings"] == [{"at": OPENS, "text": SENTENCE}]


def test_of_a_sale_that_is_over_the_report_says_what_was_left_to_rehearse() -> None:
    report = replace(report_of(HONORED), is_over=True)
    assert "The sale is over, and its last offers are still held." in render_text(report)
    assert "The sale is over, and its last offers are still held." in render_html(report)


def test_times_that_come_twice_have_their_offset() -> None:
    change = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    text = render_text(report_of(HONORED, opens=change - SECOND, issues=2))
    assert "02:59:59 (UTC+2)" in text
    assert "02:00:00 (UTC+1)" in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_html_report_brings_all_it_needs_and_runs_nothing() -> None:
    page = render_html(report_of(HONORED))
    assert not re.search(r"https?://|//\w|url\(|@import|<script|<link|<img|\bon\w+=|style=", page)
    assert "default-src 'none'" in page


def test_the_html_report_has_tables_as_well() -> None:
    page = BeautifulSoup(render_html(report_of(HONORED, issues=2)), "html.parser")
    assert len(page.select("table thead th[scope=col]")) == 3
    assert page.select("table tbody th[scope=row]")
    assert page.select_one("table caption")
    assert page.select_one("svg[role=img][aria-label]")


def test_the_html_report_shows_what_was_broken() -> None:
    page = render_html(report_of(Cell("expired", "honored"), broken=[SENTENCE]))
    assert SENTENCE in page
    assert 'class="mark is-broken"' in page.partition("</figure>")[0]


def test_a_name_cannot_put_markup_into_the_html_report() -> None:
    page = render_html(report_of(HONORED, name="<script>alert(1)</script>"))
    assert "<script" not in page


# --- What the process is given ---


def test_the_process_inherits_no_secret_and_no_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = (
        "SECRET_KEY",
        "OFFER_KEYS",
        "SITE_KEYS",
        "STRIPE_SECRET_KEY",
        "DATABASE_URL",
        "EMAIL_URL",
    )
    for name in names:
        monkeypatch.setenv(name, "sk_live_secret")
        monkeypatch.setattr(settings, name, "sk_live_secret", raising=False)
    monkeypatch.setenv("SOME_TOKEN", "sk_live_secret")
    given = environment(tmp_path)
    assert "sk_live_secret" not in "\n".join(given.values())
    assert given["DATABASE_URL"].startswith(f"sqlite:///{tmp_path}")
    assert given["EMAIL_URL"] == "dummymail://"
    assert given["ENV_FILE"] == os.devnull
    assert given["STRIPE_SECRET_KEY"].startswith("sk_test_")


def test_the_process_has_what_shapes_prices_and_holds(settings: Settings, tmp_path: Path) -> None:
    settings.SHIPPING_FLAT, settings.CLAIM_SECONDS, settings.TAX_PERCENT = 490, 300, "8.1"
    given = environment(tmp_path)
    assert (given["SHIPPING_FLAT"], given["CLAIM_SECONDS"]) == ("490", "300")
    assert given["TAX_PERCENT"] == "8.1"


def test_the_process_has_every_setting_that_shapes_a_charge(tmp_path: Path) -> None:
    """Also those that are added to the shop's settings one day."""
    shapes = ("TAX_", "SHIPPING_", "CHARGE_", "CLAIM_", "LIST_")
    names = [name for name in dir(shop_settings) if name.startswith(shapes)]
    assert "SHIPPING_FREE_FROM" in names
    assert set(names) <= set(environment(tmp_path))


HONORED = Cell("honored", "honored")
SENTENCE = "The page said held until 14:45:00; checkout refused at 14:44:59: expired."


def promise_at(shown_at: datetime, *, hold: timedelta = HOLD, sku: str = "MUG-01") -> Promise:
    """What a page promised at an instant."""
    return Promise(
        sku=sku,
        name="Stoneware mug",
        shown_at=shown_at,
        held_until=shown_at + hold,
        amount_text="€4.99",
        amount=499,
        currency="EUR",
        message="",
    )


def report_of(
    cell: Cell,
    *,
    issues: int = 1,
    opens: datetime = OPENS,
    broken: list[str] | None = None,
    name: str = "Stoneware mug",
) -> RehearsalReport:
    """A report with the same cell throughout."""
    visits = [opens + number * SECOND for number in range(issues)]
    columns = [MatrixColumn(Instant(each, ("shown",)), each + HOLD) for each in visits]
    rows = [Instant(each, ("a boundary that has a long name, and another one",)) for each in visits]
    matrix = Matrix("MUG-01", columns, rows, [[cell] * issues for _ in rows])
    closes = opens + timedelta(minutes=15)
    return RehearsalReport(
        slug="autumn",
        title="Autumn",
        zone="Europe/Berlin",
        starts_at=opens,
        ends_at=closes,
        hold=HOLD,
        was_draft=False,
        samples=[SampledDeal("MUG-01", name, "in EUR", 1, is_primary=True)],
        deals_total=1,
        scenarios=[
            ScenarioResult(
                name="as-configured",
                title="As configured",
                text="As promised.",
                starts_at=opens,
                ends_at=closes,
                matrices=[matrix],
                findings=[Finding(opens, each) for each in broken or []],
                counts={"presented": 1},
            )
        ],
    )
