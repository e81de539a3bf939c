"""An outage of ours takes nothing from what was promised: its time is noted, and given back."""

from datetime import datetime, timedelta
from queue import Queue

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone
from pytest_django import Settings

from offers.anchors import honored_until
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient, read
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale
from shop.sales import outage_watch
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import unpublish
from shop.sales.middleware import UnavailableMiddleware
from shop.sales.models import Extension, Outage, Sale
from shop.sales.outage_watch import OutageWatch, Stretches, shop_outages, write
from shop.sales.outages import (
    AffectedSale,
    AlreadyAnswered,
    Downtime,
    affected_sales,
    answer,
    left_of,
    merged,
)
from tests.support.fixtures import Clock
from tests.support.outages import database_away

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: The last offer is issued in the second before the close.
LAST_END = CLOSES - SECOND + HOLD


def after(seconds: float) -> datetime:
    """So many seconds after the opening."""
    return OPENS + seconds * SECOND


# --- A process notes since when ------------------------------------------------


@pytest.fixture
def written() -> list[tuple[datetime, datetime]]:
    return []


@pytest.fixture
def watch(written: list[tuple[datetime, datetime]]) -> OutageWatch:
    def keep(cause: Outage.Cause, stretches: Stretches) -> None:
        written.extend(stretches)

    return OutageWatch(Outage.Cause.SHOP, lambda: False, keep)


def test_an_outage_lasts_from_the_first_failure_to_the_first_success_after_the_last(
    watch: OutageWatch, written: list[tuple[datetime, datetime]]
) -> None:
    for second in (10, 12, 40):
        watch.failed(after(second))
    # It came before the last failure, and was answered by luck.
    watch.answered(after(30))
    watch.answered(after(70))
    watch.answered(after(71))
    watch.flush(after(74.9))
    assert written == [], "it may go on"
    watch.flush(after(75))
    assert written == [(after(10), after(70))]
    watch.flush(after(100))
    assert len(written) == 1


@pytest.mark.parametrize(("seconds", "expected"), [(4.9, 0), (5, 1)])
def test_what_trying_again_bridges_is_no_outage(
    watch: OutageWatch,
    written: list[tuple[datetime, datetime]],
    seconds: float,
    expected: int,
) -> None:
    watch.failed(after(10))
    watch.answered(after(10 + seconds))
    watch.flush(after(60))
    assert len(written) == expected


def test_a_shop_that_answers_now_and_then_is_away_all_the_time(
    watch: OutageWatch, written: list[tuple[datetime, datetime]]
) -> None:
    for second in range(0, 60, 4):
        watch.failed(after(second))
        watch.answered(after(second + 1))
    watch.flush(after(120))
    assert written == [(after(0), after(57))]


def test_two_outages_with_some_time_between_are_two(
    watch: OutageWatch, written: list[tuple[datetime, datetime]]
) -> None:
    for second in (0, 100):
        watch.failed(after(second))
        watch.answered(after(second + 10))
    watch.flush(after(200))
    assert written == [(after(0), after(10)), (after(100), after(110))]


def test_a_request_that_waited_for_its_time_out_counts_from_when_it_came(
    watch: OutageWatch, written: list[tuple[datetime, datetime]]
) -> None:
    watch.failed(after(12))
    watch.failed(after(10))
    watch.answered(after(30))
    watch.flush(after(60))
    assert written == [(after(10), after(30))]


def test_what_cannot_be_written_yet_is_written_later() -> None:
    tries: list[Stretches] = []

    def fail_once(cause: Outage.Cause, stretches: Stretches) -> None:
        tries.append(stretches)
        if len(tries) == 1:
            raise OperationalError("away")

    watch = OutageWatch(Outage.Cause.SHOP, lambda: False, fail_once)
    watch.failed(after(0))
    watch.answered(after(60))
    watch.flush(after(70))
    watch.flush(after(71))
    watch.flush(after(72))
    assert tries == [[(after(0), after(60))]] * 2


def test_a_thread_asks_until_it_is_back_and_writes_the_outage_down(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ASIDE_THREADS = 1
    for name in ("SHORTEST", "SETTLED_AFTER"):
        monkeypatch.setattr(outage_watch, name, timedelta())
    monkeypatch.setattr(outage_watch, "ASKED_EVERY", 0.01)
    answers, written = iter([False, False, True]), Queue[Stretches]()
    watch = OutageWatch(
        Outage.Cause.SHOP, lambda: next(answers), lambda _, stretches: written.put(stretches)
    )
    began = timezone.now()
    watch.failed(began)
    [(first, last)] = written.get(timeout=5)
    assert first == began < last < timezone.now()
    assert next(answers, None) is None, "it asked no more often than it had to"


def test_rows_of_90_days_ago_are_deleted(db: None) -> None:
    write(Outage.Cause.SHOP, [(OPENS, OPENS + MINUTE)])
    write(Outage.Cause.STRIPE, [(OPENS + timedelta(days=90), OPENS + timedelta(days=91))])
    assert [each.cause for each in Outage.objects.all()] == ["stripe"]


def test_what_shoppers_meet_is_noted_and_written(buyer: ShopClient, clock: Clock) -> None:
    clock.move_to(after(60))
    with database_away():
        buyer.open("/checkout/")
    clock.move_to(after(120))
    with database_away():
        buyer.bag()
    clock.move_to(after(150))
    shop_outages.answered(timezone.now())
    shop_outages.flush(after(155))
    assert Outage.objects.values_list("began_at", "ended_at").get() == (after(60), after(150))


def test_any_503_of_checkout_counts_whatever_its_reason(clock: Clock) -> None:
    request = RequestFactory().post("/checkout/")
    request.resolver_match = resolve("/checkout/")
    request.now, request.preview = OPENS, None  # type: ignore[attr-defined]
    UnavailableMiddleware(lambda _: HttpResponse(status=503))(request)  # type: ignore[arg-type]
    assert shop_outages._began == OPENS


# --- What it took, and who gives it back ---------------------------------------


def away(began_at: datetime, ended_at: datetime) -> None:
    Outage.objects.create(began_at=began_at, ended_at=ended_at, cause=Outage.Cause.SHOP)


def affected(now: datetime = CLOSES) -> AffectedSale | None:
    return next(iter(affected_sales(now)), None)


def test_rows_of_two_processes_that_overlap_are_one_downtime(sale: Sale) -> None:
    away(after(60), after(100))
    away(after(62), after(121))
    found = affected()
    assert found is not None
    assert found.downtimes == (Downtime(after(60), after(121)),)
    assert found.seconds == 120, "whole minutes, no fewer than it took"


@pytest.mark.parametrize(
    ("began", "ended", "expected"),
    [
        (OPENS - MINUTE, OPENS, False),
        (OPENS - MINUTE, OPENS + SECOND, True),
        (LAST_END - SECOND, LAST_END + MINUTE, True),
        (LAST_END, LAST_END + MINUTE, False),
    ],
)
def test_a_sale_is_affected_if_something_of_it_was_held(
    sale: Sale, began: datetime, ended: datetime, expected: bool
) -> None:
    away(began, ended)
    assert (affected(LAST_END) is not None) is expected


def test_only_what_was_done_before_the_end_of_an_outage_decides(sale: Sale) -> None:
    away(LAST_END + MINUTE, LAST_END + 2 * MINUTE)
    extend(sale=sale, seconds=3600, by=None, now=LAST_END + 3 * MINUTE)
    assert affected(LAST_END + 4 * MINUTE) is None
    Extension.objects.update(made_at=LAST_END)
    assert affected(LAST_END + 4 * MINUTE) is not None


def test_a_sale_that_was_taken_back_before_is_not_affected(sale: Sale) -> None:
    recall(sale=sale, reason="A slip.", by=None, now=after(30))
    unpublish(sale, now=after(30), by=None)
    away(after(40), after(100))
    assert affected() is None


def test_a_draft_is_not_affected(db: None, clock: Clock) -> None:
    draft = make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)
    Sale.objects.filter(pk=draft.pk).update(state="draft", published_at=None)
    away(after(40), after(100))
    assert affected() is None


def test_the_answer_holds_offers_from_before_the_end_for_as_long_as_it_lasted(
    sale: Sale, shopper: ShopClient, merchant: Merchant, clock: Clock
) -> None:
    away(after(60), after(60 + 90))
    offers = []
    for second in (0, 60 + 89, 60 + 90):
        clock.move_to(after(second))
        offers.append(read(shopper.offer()))
    answer(sale, seconds=120, is_extended=True, by=merchant.user, now=after(200))
    row = sale.extensions.get()
    assert (row.issued_before, row.seconds, row.made_by) == (after(150), 120, merchant.user)
    made = [Downtime(after(60), after(150)).extension]
    longer = [honored_until(each, made).timestamp() - each.expires_at for each in offers]
    assert longer == [120, 120, 0]


def test_two_outages_add_up_and_each_is_for_the_offers_that_it_met(
    sale: Sale, merchant: Merchant
) -> None:
    away(after(60), after(90))
    away(after(300), after(361))
    found = affected()
    assert found is not None and (found.span.total_seconds(), found.seconds) == (91, 180)
    answer(sale, seconds=180, is_extended=True, by=merchant.user, now=CLOSES)
    rows = Extension.objects.order_by("issued_before").values_list("issued_before", "seconds")
    assert list(rows) == [(after(90), 60), (after(361), 120)]


@pytest.mark.parametrize("is_extended", [True, False])
def test_who_answers_second_changes_nothing(
    sale: Sale, merchant: Merchant, is_extended: bool
) -> None:
    away(after(60), after(120))
    answer(sale, seconds=60, is_extended=is_extended, by=merchant.user, now=CLOSES)
    with pytest.raises(AlreadyAnswered):
        answer(sale, seconds=60, is_extended=True, by=merchant.user, now=CLOSES)
    assert Extension.objects.count() == is_extended
    assert affected() is None


def test_an_outage_that_another_process_writes_later_is_asked_for_by_what_is_left(
    sale: Sale, merchant: Merchant
) -> None:
    away(after(60), after(120))
    answer(sale, seconds=60, is_extended=True, by=merchant.user, now=after(200))
    away(after(58), after(124))
    assert affected() is None, "a few seconds more at both ends"
    away(after(61), after(150))
    found = affected()
    assert found is not None and found.downtimes == (Downtime(after(120), after(150)),)


def test_parts_that_are_answered_are_left_out_on_both_sides() -> None:
    whole = merged([Downtime(after(0), after(100)), Downtime(after(100), after(200))])
    answered = [Downtime(after(-50), after(20)), Downtime(after(90), after(150))]
    assert list(left_of(whole, answered)) == [
        Downtime(after(20), after(90)),
        Downtime(after(150), after(200)),
    ]


# --- Today ---------------------------------------------------------------------


def test_today_gives_the_time_back_in_one_click(
    sale: Sale, shopper: ShopClient, merchant: Merchant, clock: Clock
) -> None:
    shopper.add(shopper.offer())
    away(after(60), after(60 + 301))
    clock.move_to(OPENS + 10 * MINUTE)
    page = merchant.open("/merchant/")
    alert = page.one(".alerts li")
    assert "away for 5 minutes 1 second, until Friday, 27 November 2026, 12:06:01" in page.text
    assert "Hold them 6 minutes longer" in alert.get_text()
    form = {str(each["name"]): str(each["value"]) for each in alert.select("input[name=shown]")}
    for _ in range(2):
        merchant.client.post(str(page.one(".alerts form")["action"]), {**form, "answer": "extend"})
    assert [each.seconds for each in sale.extensions.all()] == [360]
    assert "Checkout was away for" not in merchant.open("/merchant/").text
    history = merchant.open(f"/merchant/sales/sale/{sale.pk}/history/").text
    assert "Checkout was away from 2026-11-27 12:01:00 to 2026-11-27 12:06:01" in history
    assert "are held 6 minutes longer" in history
    clock.move_to(OPENS + HOLD + 6 * MINUTE - SECOND)
    assert shopper.bag().verdicts == []
    clock.move_to(OPENS + HOLD + 6 * MINUTE)
    assert shopper.bag().verdicts == ["expired"]


def test_that_nothing_is_needed_is_on_record_too(
    sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    away(after(60), after(120))
    clock.move_to(OPENS + 10 * MINUTE)
    answered = {"shown": "60", "answer": "leave"}
    merchant.client.post(f"/merchant/sales/{sale.slug}/outage/", answered)
    assert not sale.extensions.exists()
    assert sale.changes.get(field="outage").reason == "No longer hold was needed."
    assert "Checkout was away for" not in merchant.open("/merchant/").text


def test_who_comes_too_late_is_told_so(sale: Sale, merchant: Merchant, clock: Clock) -> None:
    away(after(60), after(120))
    clock.move_to(CLOSES + HOLD + MINUTE)
    page = merchant.open("/merchant/")
    assert "It is too late to give that time back" in page.text
    assert [each["value"] for each in page.soup.select(".alerts button")] == ["leave"]
