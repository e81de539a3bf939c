"""Hoarding: what one network keeps unpaid is bounded, and whoever is refused keeps their price."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from shop.catalog.models import Variant
from shop.checkout.network_bound import network_of_shopper
from shop.core.client_address import ClientAddressMiddleware
from shop.orders.models import ClaimOrigin, Order
from shop.payments.settlement import expire_due
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import HOLD, OPENS, add_deal, make_product
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.holds import recall
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from tests.support.factories import change
from tests.support.fixtures import Card, Clock

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOARDER, NEIGHBOR = "192.0.2.66", "192.0.2.67"
DECLINED, ASKS = "pm_card_visa_chargeDeclined", "pm_card_threeDSecure2Required"
PAYS = "pm_card_standIn_noFingerprint"
LATER = "pm_sepaDebit_standIn_success"

#: Orders as a browser of an address: so many lamps, with a card.
type Attempt = Callable[..., HtmlPage]


@pytest.fixture(autouse=True)
def shop(sale: Sale, stripe: Stripe) -> None:
    """A sale of 120 lamps, held for half an hour; a few test cards buy all of them."""
    Deal.objects.filter(sale=sale).update(max_per_shopper=200, allocation=None)
    Variant.objects.filter(sku="LMP-01").update(stock=120)


@pytest.fixture
def attempt(card: Card) -> Attempt:
    """Every attempt is a fresh browser's, with another mail address."""
    numbers = count()

    def order(
        address: str, method: str = DECLINED, units: int = 5, browser: ShopClient | None = None
    ) -> HtmlPage:
        browser = browser or with_lamps(address, units)
        return browser.order(card(method), email=f"someone-{next(numbers)}@example.org")

    return order


def with_lamps(address: str, units: int = 5, sku: str = "LMP-01") -> ShopClient:
    """A fresh browser of an address, with units in its bag."""
    browser = ShopClient(address)
    assert browser.add(browser.offer(sku), units).status == 303
    return browser


def claimed(sku: str = "LMP-01") -> int:
    return Variant.objects.get(sku=sku).claimed


def is_refused(page: HtmlPage) -> bool:
    """Whether the network was the reason; nothing else refuses here."""
    assert page.status in {303, 422}
    return "Orders from your internet connection keep" in page.text


def pays(attempt: Attempt, browser: ShopClient, total: int) -> HtmlPage:
    """The page of an order of this total, which is the only one that is paid."""
    page = attempt(HOARDER, PAYS, browser=browser)
    assert page.order_status == "paid"
    assert Order.objects.get(status="paid").total == total
    return page


def four_are_served(attempt: Attempt, address: str) -> None:
    """Twice as many as keep the bound, and nobody is refused or counted."""
    for _ in range(4):
        assert not is_refused(attempt(address))


# --- What is bounded ---------------------------------------------------------------


def test_nine_browsers_with_declined_cards_keep_ten_units_of_120(attempt: Attempt) -> None:
    pages = [attempt(HOARDER) for _ in range(9)]
    assert [is_refused(page) for page in pages] == [False] * 2 + [True] * 7
    assert claimed() == 10


def test_nine_browsers_that_leave_the_bank_waiting_keep_ten_after_a_minute(
    attempt: Attempt, clock: Clock
) -> None:
    for number in range(9):
        clock.move_to(OPENS + number * MINUTE)
        attempt(HOARDER, ASKS)
    assert claimed() == 10


def test_at_another_address_nobody_is_refused(attempt: Attempt) -> None:
    for _ in range(3):
        attempt(HOARDER)
    assert not is_refused(attempt(NEIGHBOR, PAYS))
    assert claimed() == 15


def test_addresses_of_one_ipv6_network_are_one(attempt: Attempt) -> None:
    for host in range(2):
        attempt(f"2001:db8:7:7::{host}")
    assert is_refused(attempt("2001:db8:7:7:ffff::1"))
    assert not is_refused(attempt("2001:db8:7:8::1"))


def test_a_unit_less_than_the_bound_refuses_nobody(attempt: Attempt) -> None:
    attempt(HOARDER, units=9)
    assert not is_refused(attempt(HOARDER, units=20))
    assert claimed() == 29
    assert is_refused(attempt(HOARDER, units=1))


def test_just_the_bound_refuses(attempt: Attempt) -> None:
    attempt(HOARDER, units=10)
    assert is_refused(attempt(HOARDER, PAYS, units=1))
    assert claimed() == 10


def test_the_bound_is_the_operators(attempt: Attempt, settings: Settings) -> None:
    settings.UNPAID_PER_NETWORK = 6
    attempt(HOARDER, units=5)
    assert not is_refused(attempt(HOARDER, units=1))
    assert is_refused(attempt(HOARDER, units=1))


def test_without_a_bound_nothing_is_counted_or_recorded(
    attempt: Attempt, settings: Settings
) -> None:
    settings.UNPAID_PER_NETWORK = 0
    four_are_served(attempt, HOARDER)
    assert not ClaimOrigin.objects.exists()


def test_each_product_is_counted_apart(attempt: Attempt) -> None:
    attempt(HOARDER, units=10)
    assert not is_refused(attempt(HOARDER, browser=with_lamps(HOARDER, 5, "MUG-01")))
    both = with_lamps(HOARDER, 1, "MUG-01")
    both.add(both.offer("LMP-01"))
    assert is_refused(attempt(HOARDER, browser=both))


def test_sizes_and_list_prices_of_one_product_are_counted_together(
    sale: Sale, attempt: Attempt, clock: Clock
) -> None:
    tee = make_product("TEE-01", "Organic tee", variants={"M": 50, "L": 50})
    add_deal(sale, tee, 999, max_per_shopper=50)
    showcase.clear()
    at_list_price, in_the_sale, last = ShopClient(HOARDER), ShopClient(HOARDER), ShopClient(HOARDER)
    at_list_price.add(
        at_list_price.open("/products/tee-01/").offers["TEE-01"], 5, variant="TEE-01-M"
    )
    in_the_sale.add(in_the_sale.offer("TEE-01"), 5, variant="TEE-01-L")
    last.add(last.offer("TEE-01"), 1, variant="TEE-01-M")
    assert not is_refused(attempt(HOARDER, browser=at_list_price))
    assert not is_refused(attempt(HOARDER, browser=in_the_sale))
    assert is_refused(attempt(HOARDER, browser=last))


# --- Nobody else is refused --------------------------------------------------------


def test_a_big_family_behind_one_router_that_pays_is_never_refused(attempt: Attempt) -> None:
    for _ in range(12):
        assert attempt(HOARDER, PAYS).order_status == "paid"
    assert claimed() == 60


def test_whoever_pays_with_another_card_counts_no_more(attempt: Attempt, card: Card) -> None:
    first = with_lamps(HOARDER, 10)
    attempt(HOARDER, browser=first)
    assert is_refused(attempt(HOARDER, PAYS))
    assert attempt(HOARDER, PAYS, browser=first).order_status == "paid"
    assert attempt(HOARDER, PAYS).order_status == "paid"


def test_a_canceled_order_counts_no_more(attempt: Attempt) -> None:
    first = with_lamps(HOARDER, 10)
    attempt(HOARDER, browser=first)
    number = Order.objects.get().number
    path = first.open(f"/orders/mine/{number}/").path
    first.send(f"{path}cancel/", {})
    assert not is_refused(attempt(HOARDER))


def test_many_who_are_answering_their_bank_refuse_nobody_for_a_minute(
    attempt: Attempt, clock: Clock
) -> None:
    for _ in range(4):
        assert attempt(HOARDER, ASKS).order_status == "requires_action"
    clock.move_to(OPENS + 59 * SECOND)
    assert not is_refused(attempt(HOARDER, ASKS))
    clock.move_to(OPENS + 60 * SECOND)
    assert is_refused(attempt(HOARDER, ASKS))


def test_answering_the_bank_late_is_paying(attempt: Attempt, clock: Clock, stripe: Stripe) -> None:
    page = attempt(HOARDER, ASKS, units=10)
    clock.move_to(OPENS + 2 * MINUTE)
    assert is_refused(attempt(HOARDER, PAYS))
    bank = str(page.one("[data-next-action]")["href"])
    stripe.decide_at_bank(bank, approve=True)
    ShopClient().open(page.path)
    assert Order.objects.get(status="paid")
    assert not is_refused(attempt(HOARDER, PAYS))


def test_saying_no_at_the_bank_counts_at_once(attempt: Attempt, stripe: Stripe) -> None:
    page = attempt(HOARDER, ASKS, units=10)
    assert not is_refused(attempt(HOARDER, PAYS))
    stripe.decide_at_bank(str(page.one("[data-next-action]")["href"]), approve=False)
    ShopClient().open(page.path)
    assert is_refused(attempt(HOARDER, PAYS))


def test_a_second_attempt_under_way_does_not_undo_the_first(attempt: Attempt) -> None:
    first = with_lamps(HOARDER, 10)
    attempt(HOARDER, browser=first)
    assert attempt(HOARDER, ASKS, browser=first).order_status == "requires_action"
    assert is_refused(attempt(HOARDER, PAYS))


def test_a_debit_on_its_way_counts_for_nothing(attempt: Attempt, clock: Clock, sale: Sale) -> None:
    Sale.objects.update(delayed_payment=True)
    showcase.clear()
    assert attempt(HOARDER, LATER, units=10).order_status == "processing"
    clock.move_to(OPENS + 2 * MINUTE)
    assert not is_refused(attempt(HOARDER, PAYS))


def test_whoever_was_declined_pays_the_same_order_however_much_is_kept(attempt: Attempt) -> None:
    first, second, third = (with_lamps(HOARDER, 9) for _ in range(3))
    attempt(HOARDER, browser=first)
    attempt(HOARDER, browser=second)
    assert is_refused(attempt(HOARDER, browser=third))
    assert attempt(HOARDER, PAYS, browser=first).order_status == "paid"
    assert attempt(HOARDER, PAYS, browser=second).order_status == "paid"


def test_what_is_sold_out_is_called_sold_out(attempt: Attempt) -> None:
    browser = with_lamps(HOARDER, 5)
    attempt(HOARDER, units=10)
    Variant.objects.filter(sku="LMP-01").update(stock=12)
    page = attempt(HOARDER, PAYS, browser=browser)
    assert page.verdicts == ["sold_out"]


def test_who_has_no_address_is_not_refused(attempt: Attempt) -> None:
    four_are_served(attempt, "unix:")
    assert not ClaimOrigin.objects.exists()


def test_behind_a_proxy_that_nobody_named_shoppers_are_not_refused_for_each_other(
    attempt: Attempt, rf: RequestFactory
) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9"}

    def network(peer: str, headers: dict[str, str]) -> str:
        request = rf.post("/checkout/", REMOTE_ADDR=peer, headers=headers)
        ClientAddressMiddleware(lambda _: HttpResponse()).process_request(request)
        return network_of_shopper(request)

    for proxy in ("127.0.0.1", "10.0.0.9", "fd00::9"):
        assert network(proxy, {}) != ""
        assert network(proxy, forwarded) == ""
    # Whoever comes without one gains nothing by the header.
    assert network("1.1.1.1", forwarded) == network("1.1.1.1", {}) != ""


def test_a_proxy_that_does_not_say_whom_it_serves_is_nobodys_network(
    attempt: Attempt, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.9"]
    four_are_served(attempt, "10.0.0.9")


# --- A claim's end -----------------------------------------------------------------


def test_a_claim_ends_when_it_was_said_to_whatever_happens(attempt: Attempt, clock: Clock) -> None:
    browser = with_lamps(HOARDER, 10)
    page = attempt(HOARDER, browser=browser)
    shown = page.one("[data-set-aside-until]")["datetime"]
    assert shown == "2026-11-27T11:10:00Z"
    clock.move_to(OPENS + MINUTE)
    attempt(HOARDER, browser=browser)
    assert is_refused(attempt(HOARDER, PAYS))
    [lapses_at] = Order.objects.values_list("lapses_at", flat=True)
    assert lapses_at == OPENS + 10 * MINUTE
    assert browser.open("/checkout/").one("[data-set-aside-until]")["datetime"] == shown
    clock.move_to(OPENS + 10 * MINUTE - SECOND)
    assert expire_due(OPENS + 10 * MINUTE - SECOND) == 0
    assert attempt(HOARDER, PAYS, browser=browser).order_status == "paid"


def test_a_claim_that_should_have_lapsed_counts_no_more_though_nobody_has_settled_it(
    attempt: Attempt, clock: Clock
) -> None:
    browser = with_lamps(HOARDER)
    attempt(HOARDER, units=10)
    clock.move_to(OPENS + 10 * MINUTE - SECOND)
    assert is_refused(attempt(HOARDER, PAYS, browser=browser))
    clock.move_to(OPENS + 10 * MINUTE)
    assert Order.objects.get().status == "pending"
    assert attempt(HOARDER, PAYS, browser=browser).order_status == "paid"


# --- The price is kept -------------------------------------------------------------


@pytest.fixture
def waiting(attempt: Attempt, clock: Clock) -> ShopClient:
    """Someone who is refused at 12:26, whose price is held until 12:30; told to wait until 12:35.

    Both had looked at the sale when it opened.
    """
    hoarder, waiting = with_lamps(HOARDER, 10), with_lamps(HOARDER, 5)
    clock.move_to(OPENS + 25 * MINUTE)
    attempt(HOARDER, browser=hoarder)
    clock.move_to(OPENS + 26 * MINUTE)
    page = attempt(HOARDER, PAYS, browser=waiting)
    assert page.one("[data-try-again]")["datetime"] == "2026-11-27T11:35:00Z"
    assert "Your price is held until 12:40, Berlin time." in page.text
    return waiting


def held_until(page: HtmlPage) -> str:
    return str(page.one("[data-held-until]")["datetime"])


def test_the_refusal_says_what_happened_and_what_to_do(attempt: Attempt) -> None:
    attempt(HOARDER, units=10)
    page = attempt(HOARDER, PAYS)
    assert page.status == 422
    assert (
        "Nothing was ordered and nothing was charged. Orders from your internet connection keep "
        "10 units of Brass lamp that are not paid. We set more of it aside for this connection at "
        "12:10, Berlin time, or as soon as some of them are paid or canceled: order again then. If "
        "one of those orders is yours, pay or cancel it. Your price is held until 12:30, Berlin "
        "time."
    ) in page.text
    assert page.one("[data-try-again]")["datetime"] == "2026-11-27T11:10:00Z"
    assert page.one("input[name=city]")["value"] == "London", "what was typed is kept"


def test_a_program_is_told_when_to_come_again(attempt: Attempt, card: Card, clock: Clock) -> None:
    browser = with_lamps(HOARDER)
    attempt(HOARDER, units=10)
    clock.move_to(OPENS + 9 * MINUTE + SECOND)
    form = {**ADDRESS, "shown_total": 5 * 790, "confirmation_token": card(PAYS)}
    headers = {"X-CSRFToken": browser.client.cookies["csrftoken"].value}
    answer = browser.client.post("/checkout/", form, headers=headers)
    assert (answer.status_code, answer["Retry-After"]) == (422, "59")


def test_a_price_that_would_have_run_out_is_held_when_its_shopper_comes_back(
    waiting: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    assert held_until(waiting.bag()) == "2026-11-27T11:40:00Z"
    clock.move_to(OPENS + 35 * MINUTE - SECOND)
    assert is_refused(attempt(HOARDER, PAYS, browser=waiting))
    clock.move_to(OPENS + 35 * MINUTE)
    pays(attempt, waiting, 5 * 790)


def test_it_is_held_for_five_minutes_after_that_and_no_second_longer(
    waiting: ShopClient, clock: Clock
) -> None:
    clock.move_to(OPENS + 40 * MINUTE - SECOND)
    assert waiting.bag().verdicts == []
    assert waiting.open("/checkout/").total == 5 * 790
    clock.move_to(OPENS + 40 * MINUTE)
    assert waiting.bag().verdicts == ["expired"]


@pytest.fixture
def waiting_past_hold(attempt: Attempt, clock: Clock) -> ShopClient:
    """Someone who is refused at 12:00:59, whose price was to be held for another second."""
    Sale.objects.update(hold_seconds=60)
    showcase.clear()
    browser = with_lamps(HOARDER)
    attempt(HOARDER, units=10)
    clock.move_to(OPENS + 59 * SECOND)
    assert is_refused(attempt(HOARDER, PAYS, browser=browser))
    return browser


def test_the_price_is_held_also_when_the_deal_has_become_dearer(
    waiting_past_hold: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(price=990)
    clock.move_to(OPENS + 10 * MINUTE)
    pays(attempt, waiting_past_hold, 5 * 790)


def test_a_deal_that_became_cheaper_is_taken_at_its_new_price_and_held_as_long(
    sale: Sale, waiting_past_hold: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    lamp = sale.deals.get(product__sku="LMP-01")
    change(sale, OPENS + 59 * SECOND, lamp, price=690)
    assert held_until(waiting_past_hold.bag()) == "2026-11-27T11:15:00Z"
    change(sale, OPENS + 59 * SECOND, lamp, price=990)
    clock.move_to(OPENS + 10 * MINUTE)
    pays(attempt, waiting_past_hold, 5 * 690)


def test_a_claim_that_lapses_within_a_minute_is_told_with_the_minute_after(
    attempt: Attempt, clock: Clock
) -> None:
    clock.move_to(OPENS + 30 * SECOND)
    attempt(HOARDER, units=10)
    page = attempt(HOARDER, PAYS)
    assert "for this connection at 12:11, Berlin time" in page.text


def test_nobody_is_sent_away_for_longer_than_one_claim_past_their_hold(
    waiting: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    """Others hoard anew when the first claims lapse: whoever has waited already is served."""
    clock.move_to(OPENS + 36 * MINUTE)
    Order.objects.update(lapses_at=OPENS + 41 * MINUTE)
    assert is_refused(attempt(HOARDER, PAYS, browser=waiting)), "kept until 12:46"
    Order.objects.update(lapses_at=OPENS + 41 * MINUTE + SECOND)
    assert attempt(HOARDER, PAYS, browser=waiting).order_status == "paid"


def test_a_recall_voids_a_kept_price_too(
    sale: Sale, waiting: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    recall(sale=sale, reason="The lamps crack.", by=None, now=OPENS + 27 * MINUTE)
    assert waiting.bag().verdicts == ["recalled"]


def test_a_kept_price_is_worth_nothing_to_another_browser(
    waiting: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    thief = ShopClient(NEIGHBOR)
    for name in ("bag", "kept"):
        thief.client.cookies[name] = waiting.client.cookies[name].value
    assert thief.bag().verdicts == ["not_yours"]


def test_a_forged_promise_keeps_nothing(waiting: ShopClient, clock: Clock) -> None:
    waiting.client.cookies["kept"] = waiting.client.cookies["kept"].value[:-2] + "AA"
    clock.move_to(OPENS + HOLD)
    assert waiting.bag().verdicts == ["expired"]


def test_what_is_wanted_besides_keeps_its_price_as_well(attempt: Attempt, clock: Clock) -> None:
    hoarder, waiting = with_lamps(HOARDER, 10), with_lamps(HOARDER, 5)
    waiting.add(waiting.offer("MUG-01"))
    clock.move_to(OPENS + 29 * MINUTE)
    attempt(HOARDER, browser=hoarder)
    assert is_refused(attempt(HOARDER, PAYS, browser=waiting))
    clock.move_to(OPENS + 39 * MINUTE)
    pays(attempt, waiting, 5 * 790 + 499)


def test_the_order_shows_that_its_price_was_kept(
    waiting: ShopClient, attempt: Attempt, clock: Clock
) -> None:
    clock.move_to(OPENS + 35 * MINUTE)
    page = attempt(HOARDER, PAYS, browser=waiting)
    evidence = waiting.open(f"{page.path}offers/").text
    assert (
        "You were promised €7.90 until 12:30, Berlin time. The shop then held it until 12:40, "
        "Berlin time. You ordered at 12:35, Berlin time, before that, at that price." in evidence
    )


# --- What is recorded --------------------------------------------------------------


def test_the_network_of_a_claim_is_gone_with_it(attempt: Attempt, clock: Clock) -> None:
    lapsing, paying = with_lamps(HOARDER, 2), with_lamps(HOARDER, 2)
    attempt(HOARDER, browser=lapsing)
    attempt(HOARDER, browser=paying)
    assert ClaimOrigin.objects.count() == 2
    assert attempt(HOARDER, PAYS, browser=paying).order_status == "paid"
    assert ClaimOrigin.objects.count() == 1
    clock.move_to(OPENS + 10 * MINUTE)
    expire_due(OPENS + 10 * MINUTE)
    assert not ClaimOrigin.objects.exists()


def test_no_address_is_recorded(attempt: Attempt) -> None:
    attempt(HOARDER)
    [row] = ClaimOrigin.objects.values()
    assert HOARDER not in str(row)


def test_a_refusal_is_in_the_log_without_the_address(
    attempt: Attempt, caplog: pytest.LogCaptureFixture
) -> None:
    attempt(HOARDER, units=10)
    with caplog.at_level("INFO"):
        attempt(HOARDER, PAYS)
    assert "refused at checkout: TooManyUnpaid" in caplog.text
    assert HOARDER not in caplog.text
