"""The start page: what is live, what is next, what needs a hand, and the way to a first sale."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from offers import conf
from shop.catalog.models import Variant
from shop.orders.models import Dispute, Order, PaymentDiscrepancy, StripeEvent
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product, new_key
from shop.sales import restorations
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Deal, Sale
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.support.factories import make_order, make_refund
from tests.support.fixtures import Clock

MINUTE = timedelta(minutes=1)

type Today = Callable[..., HtmlPage]


@pytest.fixture
def today(db: None) -> Today:
    """The start page, as someone of a role sees it."""

    def open_it(role: Role = Role.OWNER) -> HtmlPage:
        person, _ = Staff.objects.get_or_create(username=str(role), is_staff=True)
        give_role(person, role)
        client = Client()
        client.force_login(person)
        answer = client.get("/merchant/")
        return HtmlPage.of(answer, "/merchant/")

    return open_it


def section(page: HtmlPage, name: str) -> str:
    """The words of one section; none where the page does not have it."""
    found = page.soup.select_one(f"[aria-labelledby={name}]")
    return " ".join(found.get_text(" ").split()) if found else ""


def link(page: HtmlPage, words: str) -> str:
    """Where the alert that says this leads."""
    alerts = [each for each in page.soup.select(".alerts li") if words in each.get_text(" ")]
    assert len(alerts) == 1
    found = alerts[0].select_one("a")
    return str(found["href"]) if found else ""


# --- Sales --------------------------------------------------------------------


def test_a_live_sale_is_shown_with_its_close_and_until_when_prices_are_held(
    sale: Sale, today: Today
) -> None:
    live = section(today(), "live")
    assert "Autumn Closes at 12:15, Berlin time" in live
    assert "held until 12:45, Berlin time at the latest" in live


def test_a_sale_is_live_in_its_first_second_and_over_in_the_second_of_its_close(
    sale: Sale, today: Today, clock: Clock
) -> None:
    for at, name in (
        (OPENS - timedelta(seconds=1), "next"),
        (OPENS, "live"),
        (CLOSES - timedelta(seconds=1), "live"),
        (CLOSES, "over"),
    ):
        clock.move_to(at)
        page = today()
        shown_in = {each for each in ("next", "live", "over") if "Autumn" in section(page, each)}
        assert shown_in == {name}, at


def test_a_sale_that_is_over_says_so_while_its_prices_are_held_and_not_after(
    sale: Sale, today: Today, clock: Clock
) -> None:
    clock.move_to(CLOSES + HOLD - timedelta(seconds=1))
    assert "prices are held until 12:45" in section(today(), "over")
    clock.move_to(CLOSES + HOLD)
    assert "prices are held" not in section(today(), "over")


def test_a_canceled_sale_is_not_shown(sale: Sale, today: Today) -> None:
    Sale.objects.update(state=Sale.State.CANCELED)
    assert "Autumn" not in today().soup.select_one("main").text  # type: ignore[union-attr]


# --- What needs a hand --------------------------------------------------------


def test_where_nothing_needs_a_hand_it_says_so(sale: Sale, today: Today) -> None:
    assert "Nothing. All is as it should be." in section(today(), "alerts")


@pytest.mark.parametrize(
    ("before", "is_told"), [(timedelta(hours=1, seconds=1), False), (timedelta(hours=1), True)]
)
def test_an_hour_before_it_would_open_a_draft_is_told(
    sale: Sale, today: Today, clock: Clock, before: timedelta, is_told: bool
) -> None:
    unpublish(sale, now=OPENS)
    told = "opens at Friday, 27 November, 12:00, Berlin time, and is still a draft"
    clock.move_to(OPENS - before)
    page = today()
    assert (told in section(page, "alerts")) == is_told
    if is_told:
        assert link(page, told) == reverse("admin:sales_sale_change", args=[sale.pk])


@pytest.mark.parametrize(
    ("before", "is_urgent"), [(timedelta(hours=1, seconds=1), False), (timedelta(hours=1), True)]
)
def test_what_makes_no_sense_in_a_coming_sale_is_told_and_urgent_in_the_last_hour(
    sale: Sale, today: Today, clock: Clock, before: timedelta, is_urgent: bool
) -> None:
    Variant.objects.update(stock=0)
    clock.move_to(OPENS - before)
    page, told = today(), "Autumn: It has nothing in stock: nobody can buy."
    assert link(page, told) == f"{reverse('admin:sales_sale_publish')}?sale={sale.pk}"
    assert bool(page.soup.select(".alerts .is-urgent")) == is_urgent


def test_what_was_acknowledged_is_told_no_more_until_its_figures_change(
    sale: Sale, today: Today, merchant: Merchant
) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(allocation=500)
    told = "Stoneware mug: 500 are set aside, and 100 are in stock."
    assert told in section(today(), "alerts")
    merchant.publish(sale)
    assert "Nothing" in section(today(), "alerts")
    Deal.objects.filter(product__sku="MUG-01").update(allocation=600)
    assert "600 are set aside" in section(today(), "alerts")


def test_a_sale_that_is_over_is_warned_of_no_more(sale: Sale, today: Today, clock: Clock) -> None:
    Deal.objects.update(withdrawn=True)
    clock.move_to(CLOSES - timedelta(seconds=1))
    assert "It has no deals" in section(today(), "alerts")
    clock.move_to(CLOSES)
    assert "Nothing" in section(today(), "alerts")


def test_stock_that_ends_is_told_with_where_more_comes_from(sale: Sale, today: Today) -> None:
    mug = Variant.objects.get(sku="MUG-01")
    Variant.objects.filter(pk=mug.pk).update(stock=100, claimed=89)
    Deal.objects.filter(product=mug.product_id).update(allocation=None)
    assert "Nothing" in section(today(), "alerts")
    Variant.objects.filter(pk=mug.pk).update(claimed=90)
    page = today()
    assert "Stoneware mug in Autumn: 10 of 100 left." in section(page, "alerts")
    assert link(page, "10 of 100") == reverse("admin:catalog_product_change", args=[mug.product_id])
    Variant.objects.filter(pk=mug.pk).update(claimed=100)
    assert "Stoneware mug in Autumn is sold out." in section(today(), "alerts")


def test_an_allocation_that_ends_is_mended_in_the_sale(sale: Sale, today: Today) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(allocation=20, claimed=20)
    Variant.objects.filter(sku="MUG-01").update(claimed=20, stock=F("stock") + 50)
    page = today()
    assert link(page, "sold out") == reverse("admin:sales_sale_change", args=[sale.pk])
    assert "Set more aside" in section(page, "alerts")
    assert "Set more aside" not in section(today(Role.SUPPORT), "alerts")


@pytest.mark.parametrize(
    ("fields", "told", "query"),
    [
        (
            {"status": Order.Status.PENDING, "paid_at": None, "lapses_at": OPENS},
            "1 unpaid order should have lapsed",
            "wait=overdue",
        ),
        (
            {"status": Order.Status.PROCESSING, "paid_at": None, "lapses_at": OPENS},
            "1 payment on the way at the bank, the oldest since 27 November",
            "status__exact=processing",
        ),
        ({"receipt_sent_at": None, "paid_at": OPENS}, "1 receipt could not", "wait=receipt"),
    ],
)
def test_orders_that_wait_are_told_and_the_link_shows_just_them(
    sale: Sale, today: Today, clock: Clock, fields: dict[str, Any], told: str, query: str
) -> None:
    make_order(sale, "FF-WAITING1", **fields)
    make_order(sale, "FF-WELLDONE")
    clock.move_to(OPENS + 6 * MINUTE)
    page = today(Role.SUPPORT)
    assert told in section(page, "alerts")
    address = link(page, told)
    assert query in address
    client = Client()
    client.force_login(Staff.objects.get(username="support"))
    listed = client.get(address).content.decode()
    assert "FF-WAITING1" in listed
    assert "FF-WELLDONE" not in listed


def test_what_is_a_little_late_is_left_alone(sale: Sale, today: Today, clock: Clock) -> None:
    make_order(sale, status=Order.Status.PENDING, paid_at=None, lapses_at=OPENS)
    clock.move_to(OPENS + 5 * MINUTE)
    assert "Nothing" in section(today(), "alerts")


def test_a_refund_that_failed_is_told_until_another_is_made(sale: Sale, today: Today) -> None:
    order = make_order(sale)
    make_refund(order, status="failed")
    page = today()
    assert "A refund failed: €4.99 of FF-12345678 did not go back." in section(page, "alerts")
    assert link(page, "failed") == reverse("admin:checkout_order_change", args=[order.pk])
    make_refund(order, status="succeeded", key="another")
    assert "Nothing" in section(today(), "alerts")


def test_a_payment_without_an_order_is_told_until_it_is_resolved(sale: Sale, today: Today) -> None:
    row = PaymentDiscrepancy.objects.create(
        kind=PaymentDiscrepancy.Kind.NO_ORDER,
        payment_intent="pi_1",
        order_number="FF-FORGOTTEN",
        amount=998,
        currency="EUR",
        found_at=OPENS,
    )
    told = "A payment of €9.98 at Stripe has no order here: pi_1, order FF-FORGOTTEN."
    page = today(Role.SUPPORT)
    assert told in section(page, "alerts")
    assert link(page, told) == ""
    row.resolved_at = OPENS
    row.save()
    assert "Nothing" in section(today(), "alerts")


def test_an_order_that_stripe_has_no_payment_of_is_told_with_a_link(
    sale: Sale, today: Today
) -> None:
    order = make_order(sale, payment_intent="pi_1")
    PaymentDiscrepancy.objects.create(
        kind=PaymentDiscrepancy.Kind.NOT_PAID,
        payment_intent="pi_1",
        order_number=order.number,
        amount=order.total,
        currency="EUR",
        found_at=OPENS,
    )
    page = today(Role.SUPPORT)
    told = "FF-12345678 counts as paid here, and Stripe has no such payment of €9.98."
    assert link(page, told) == reverse("admin:checkout_order_change", args=[order.pk])


def test_an_event_that_was_set_aside_is_told(sale: Sale, today: Today) -> None:
    event = StripeEvent.objects.create(
        id="evt_1", type="refund.updated", received_at=OPENS, set_aside_at=OPENS
    )
    told = "1 event of Stripe's could not be acted on"
    assert told in section(today(Role.SUPPORT), "alerts")
    event.acted_at = OPENS
    event.save()
    assert "Nothing" in section(today(), "alerts")


def open_dispute(sale: Sale, number: str = "FF-12345678", **fields: Any) -> Dispute:
    given = {"reason": "fraudulent", "status": "needs_response", "opened_at": OPENS}
    order = make_order(sale, number)
    money = {"amount": order.total, "currency": order.currency}
    return Dispute.objects.create(order=order, stripe_id=f"dp_{number}", **(money | given | fields))


def test_a_dispute_is_told_with_the_shops_time_by_which_it_has_to_be_answered(
    sale: Sale, today: Today, settings: Settings
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    dispute = open_dispute(sale, respond_by=OPENS + timedelta(days=7))
    told = "It has to be answered at Stripe by Friday, 4 December, 12:00, Berlin time."
    assert told in section(today(), "alerts")
    dispute.status = "under_review"
    dispute.save()
    assert "Nothing" in section(today(), "alerts")


@pytest.mark.parametrize(("seconds", "verb"), [(-1, "has"), (0, "had")])
def test_a_dispute_whose_time_is_up_says_so(
    sale: Sale, today: Today, clock: Clock, seconds: int, verb: str
) -> None:
    open_dispute(sale, respond_by=OPENS + timedelta(days=7))
    clock.move_to(OPENS + timedelta(days=7, seconds=seconds))
    assert f"It {verb} to be answered" in section(today(), "alerts")


def test_an_inquiry_is_told_as_a_question(sale: Sale, today: Today) -> None:
    open_dispute(sale, status="warning_needs_response", is_refundable=True)
    assert "The bank asks about €9.98 of FF-12345678." in section(today(), "alerts")


@pytest.mark.parametrize(("seconds", "is_told"), [(-1, True), (0, False)])
def test_a_lost_dispute_is_told_for_a_week(
    sale: Sale, today: Today, clock: Clock, seconds: int, is_told: bool
) -> None:
    open_dispute(sale, status="lost", closed_at=OPENS)
    clock.move_to(OPENS + timedelta(days=7, seconds=seconds))
    told = "A dispute was lost: the bank has €9.98 of FF-12345678 back."
    assert (told in section(today(), "alerts")) == is_told


def test_of_many_disputes_the_open_ones_are_listed_first(sale: Sale, today: Today) -> None:
    for number in range(6):
        open_dispute(sale, f"FF-LOST{number}", status="lost", closed_at=OPENS)
    open_dispute(sale, "FF-OPEN")
    told = section(today(), "alerts")
    assert told.index("FF-OPEN") < told.index("FF-LOST")
    assert "There are more disputes." in told
    assert "dispute=any" in link(today(), "more disputes")


def test_a_key_that_has_done_its_work_is_told_to_the_owner_and_keys_are_named(
    sale: Sale, today: Today, settings: Settings
) -> None:
    stopped_at = int((OPENS - timedelta(days=1)).timestamp())
    autumn = {**new_key("autumn", "retiring"), "stopped_at": stopped_at}
    keys = [new_key("spring"), autumn, new_key("summer", "next")]
    partner = {**new_key("theirs", "next"), "issuer": "partner:acme"}
    settings.OFFER_KEYS = json.dumps({"keys": [*keys, partner]})
    page = today()
    assert "All offers that key autumn signed have run out." in section(page, "alerts")
    named = section(page, "keys")
    assert "Signs spring" in named
    assert "Signs next summer" in named
    assert "partner:acme (theirs)" in named
    assert "autumn" not in section(today(Role.SUPPORT), "alerts")


def test_a_key_whose_offers_are_still_held_is_no_alert(
    sale: Sale, today: Today, settings: Settings
) -> None:
    autumn = {**new_key("autumn", "retiring"), "stopped_at": int(OPENS.timestamp())}
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("spring"), autumn]})
    assert "Retiring autumn" in section(today(), "keys")
    assert "autumn" not in section(today(), "alerts")


def test_a_key_file_that_is_gone_is_urgent_though_its_keys_go_on(
    sale: Sale, today: Today, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conf, "LOOK_EVERY_SECONDS", 0.0)
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [new_key("spring")]}))
    settings.OFFER_KEYS = str(file)
    today()
    file.unlink()
    page = today()
    assert "OFFER_KEYS: No such file or directory. The keys" in section(page, "alerts")
    assert "Signs spring" in section(page, "keys")
    ready = Client().get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["key_files"] == "OFFER_KEYS: No such file or directory."


def test_a_shop_that_cannot_sign_says_so_on_a_page_that_still_opens(
    sale: Sale, today: Today, settings: Settings
) -> None:
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("autumn", "retiring")]})
    assert "No offer can be signed, and nothing sold" in section(today(), "alerts")


def test_who_may_not_see_orders_is_told_nothing_of_them(
    sale: Sale, today: Today, clock: Clock
) -> None:
    make_order(sale, receipt_sent_at=None)
    clock.move_to(OPENS + 6 * MINUTE)
    person = Staff.objects.create_user("nobody", is_staff=True)
    client = Client()
    client.force_login(person)
    text = client.get("/merchant/").content.decode()
    assert "receipt" not in text
    assert "Autumn" not in text


# --- The first sale -----------------------------------------------------------


def steps_done(page: HtmlPage) -> int:
    return len(page.soup.select(".steps .is-done"))


def test_an_empty_shop_leads_through_its_first_sale(today: Today, clock: Clock) -> None:
    page = today()
    assert len(page.soup.select(".steps li")) == 5
    assert steps_done(page) == 0
    make_product()
    assert steps_done(today()) == 1
    sale = Sale.objects.create(slug="first", title="First", starts_at=OPENS, ends_at=CLOSES)
    page = today()
    assert steps_done(page) == 2
    hrefs = {str(each["href"]) for each in page.soup.select(".steps a")}
    assert reverse("admin:sales_sale_change", args=[sale.pk]) in hrefs
    assert reverse("admin:sale_preview", args=["first"]) in hrefs


def test_once_a_sale_was_published_the_steps_are_gone(sale: Sale, today: Today) -> None:
    assert "Your first sale" not in today().text


def test_who_may_not_make_a_sale_is_not_asked_to(today: Today) -> None:
    assert "Your first sale" not in today(Role.VIEWER).text


# --- Its cost -----------------------------------------------------------------


def test_its_queries_do_not_grow_with_what_there_is(
    sale: Sale, today: Today, clock: Clock, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        other = Sale.objects.create(
            slug=f"more-{number}", title="More", starts_at=OPENS, ends_at=CLOSES, hold_seconds=60
        )
        for sku in ("TEE", "HAT", "CUP"):
            add_deal(other, make_product(f"{sku}-{number}"), 499)
        publish(other, now=OPENS)
    for number in range(20):
        make_order(sale, f"FF-{number:08}", receipt_sent_at=None)
        make_refund(Order.objects.latest("pk"), status="failed", key=f"key-{number}")
    clock.move_to(OPENS + 6 * MINUTE)
    person = Staff.objects.create_user("ada", is_staff=True)
    give_role(person, Role.OWNER)
    client = Client()
    client.force_login(person)
    with django_assert_max_num_queries(24):
        client.get("/merchant/")


def test_a_restored_shop_says_that_checkout_is_closed_and_then_which_lines_wait(
    sale: Sale, today: Today
) -> None:
    restorations.close_checkout(proof="FF-12345678", now=OPENS)
    assert "Checkout is closed: the database was restored" in section(today(), "alerts")
    restoration = restorations.begin(backup_at=OPENS, now=OPENS)
    restorations.open_checkout(restoration, seen_until=0, now=OPENS)
    alerts = section(today(), "alerts")
    assert "Checkout is closed" not in alerts
    assert "lines of autumn, list wait in every bag" in alerts
