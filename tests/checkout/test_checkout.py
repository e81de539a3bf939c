"""Checkout: what was promised is what is charged, once, and every refusal keeps the bag."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from stripe import StripeClient

from shop.catalog.models import Variant
from shop.orders.emails import send_receipt
from shop.orders.models import Order
from shop.payments import charging
from shop.payments.settlement import settle_by_id
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product
from shop.sales.holds import recall
from shop.sales.models import Deal, LimitUse, Redemption, Sale
from shop.sales.showcase import showcase
from tests.support.fixtures import Card, Clock

SECOND = timedelta(seconds=1)
LAPSE = timedelta(minutes=10)


pytestmark = pytest.mark.django_db(transaction=True)


def claimed(sku: str = "MUG-01") -> tuple[int, int]:
    """Units claimed of the stock and of the deal."""
    variant = Variant.objects.get(sku=sku)
    return variant.claimed, Deal.objects.get(product=variant.product).claimed


def writes(queries: CaptureQueriesContext) -> list[str]:
    """The statements that change a row."""
    return [
        str(each["sql"])
        for each in queries.captured_queries
        if str(each["sql"]).startswith(("INSERT", "UPDATE", "DELETE"))
    ]


def test_an_order_in_the_window_is_paid_at_the_sale_price(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card())
    assert page.status == 303
    assert page.order_status == "paid"
    assert "€4.99" in page.text


def test_an_offer_is_honored_after_the_close(buyer: ShopClient, card: Card, clock: Clock) -> None:
    clock.move_to(OPENS + HOLD - SECOND)
    assert buyer.order(card()).order_status == "paid"
    assert Order.objects.get().total == 499


def test_the_second_the_hold_ends_the_price_is_gone_and_the_bag_is_not(
    buyer: ShopClient, card: Card, clock: Clock
) -> None:
    clock.move_to(OPENS + HOLD)
    page = buyer.order(card(), shown_total=499)
    assert (page.status, page.verdicts) == (422, ["expired"])
    assert "€49.90" in page.text
    assert not Order.objects.exists()
    assert buyer.bag().lines == {"MUG-01": 499}


def test_stripe_is_charged_exactly_what_was_ordered(
    buyer: ShopClient, card: Card, stripe_api: StripeClient
) -> None:
    buyer.order(card())
    order = Order.objects.get()
    intent = stripe_api.v1.payment_intents.retrieve(order.payment_intent)
    assert (intent.amount_received, intent.currency) == (499, "eur")
    assert intent.metadata is not None
    assert intent.metadata["order"] == order.number


def test_a_price_raised_after_the_page_is_not_charged(buyer: ShopClient, card: Card) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=4000)
    assert buyer.order(card()).order_status == "paid"
    assert Order.objects.get().total == 499


def test_a_sale_ended_early_after_the_page_was_served_is_honored(
    buyer: ShopClient, card: Card, sale: Sale, clock: Clock
) -> None:
    Sale.objects.filter(pk=sale.pk).update(ends_at=OPENS + timedelta(minutes=1))
    clock.move_to(OPENS + timedelta(minutes=20))
    assert buyer.order(card()).order_status == "paid"


def test_a_recall_between_bag_and_payment_is_said_and_nothing_is_charged(
    buyer: ShopClient, card: Card, sale: Sale
) -> None:
    recall(sale=sale, reason="A mistake of ours.", by=None, now=OPENS)
    page = buyer.order(card(), shown_total=499)
    assert (page.status, page.verdicts) == (422, ["recalled"])
    assert not Order.objects.exists()


def test_what_is_bought_leaves_the_bag(buyer: ShopClient, card: Card) -> None:
    buyer.order(card())
    assert buyer.bag().lines == {}


def test_stock_and_allocation_are_claimed_by_an_order(buyer: ShopClient, card: Card) -> None:
    buyer.order(card())
    assert claimed() == (1, 1)


def test_a_total_that_was_not_shown_is_never_charged(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card(), shown_total=498)
    assert page.status == 422
    assert page.total == 499
    assert "€4.99" in page.text
    assert not Order.objects.exists()


def test_a_price_that_fell_is_shown_before_it_is_charged(buyer: ShopClient, card: Card) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=399)
    page = buyer.order(card(), shown_total=499)
    assert (page.status, page.total) == (422, 399)
    assert buyer.order(card(), shown_total=399).order_status == "paid"


def test_twenty_lines_are_bought_in_one_order(sale: Sale, shopper: ShopClient, card: Card) -> None:
    for number in range(20):
        add_deal(sale, make_product(f"X{number:03d}", f"Thing {number}"), 1000 + number)
    shopper.offer()
    for sku, message in shopper.open("/sales/autumn/").offers.items():
        if sku.startswith("X"):
            assert shopper.add(message).status == 303
    assert len(shopper.cookie("bag")) < 4096
    page = shopper.order(card())
    assert page.order_status == "paid"
    assert Order.objects.get().lines.count() == 20
    assert Order.objects.get().total == sum(1000 + number for number in range(20))


def test_the_same_form_sent_twice_finds_the_same_order(buyer: ShopClient, card: Card) -> None:
    token, bag = card(), buyer.cookie("bag")
    first = buyer.order(token, shown_total=499)
    buyer.client.cookies["bag"] = bag
    second = buyer.order(token, shown_total=499)
    assert (second.status, second.path) == (303, first.path)
    assert Order.objects.count() == 1
    assert claimed() == (1, 1)


def test_a_form_sent_again_with_an_empty_bag_finds_the_order(buyer: ShopClient, card: Card) -> None:
    token = card()
    first = buyer.order(token)
    assert not buyer.bag().lines
    again = buyer.order(token, shown_total=499)
    assert (again.status, again.path) == (303, first.path)
    assert Order.objects.count() == 1


def test_the_same_offers_by_another_card_find_the_paid_order(buyer: ShopClient, card: Card) -> None:
    bag = buyer.cookie("bag")
    first = buyer.order(card())
    buyer.client.cookies["bag"] = bag
    assert buyer.order(card(), shown_total=499).path == first.path
    assert Order.objects.count() == 1


def test_some_offers_in_another_order_are_used(buyer: ShopClient, card: Card, clock: Clock) -> None:
    bag = buyer.cookie("bag")
    buyer.order(card())
    buyer.client.cookies["bag"] = bag
    buyer.add(buyer.offer("LMP-01"))
    page = buyer.order(card(), shown_total=499 + 790)
    assert (page.status, page.verdicts) == (422, ["used"])


def test_a_copy_of_the_browser_cannot_redeem_an_offer_again(buyer: ShopClient, card: Card) -> None:
    bag = buyer.cookie("bag")
    buyer.order(card())
    buyer.client.cookies["bag"] = bag
    assert buyer.bag().verdicts == ["used"]


@pytest.mark.parametrize("token", ["ctoken_unknown", "pm_card_visa", ""])
def test_a_token_that_stripe_does_not_know_claims_nothing(buyer: ShopClient, token: str) -> None:
    page = buyer.order(token, shown_total=499)
    assert page.status == 422
    assert not Order.objects.exists()
    assert claimed() == (0, 0)


def test_a_used_token_claims_nothing(
    buyer: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    token = card()
    another_shopper.add(another_shopper.offer())
    another_shopper.order(token)
    page = buyer.order(token, shown_total=499)
    assert page.status == 422
    assert Order.objects.count() == 1


def test_a_token_that_many_use_at_once_keeps_one_claim(
    buyer: ShopClient, another_shopper: ShopClient, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = card("pm_card_standIn_noFingerprint")
    unused = charging.retrieve_token(token)
    another_shopper.add(another_shopper.offer())
    assert another_shopper.order(token, email="grace@example.org").order_status == "paid"
    # Both had looked at it before either paid with it.
    monkeypatch.setattr(charging, "retrieve_token", lambda _: unused)
    page = buyer.order(token)
    assert page.status == 422
    assert "Enter the card again." in page.text
    assert Order.objects.get(email="ada@example.org").status == "canceled"
    assert claimed() == (1, 1)
    monkeypatch.undo()
    assert buyer.order(card()).order_status == "paid", "the offer is good again"


def test_a_decline_keeps_bag_address_and_claim(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card("pm_card_visa_chargeDeclined"), name="Grace Hopper")
    assert page.status == 422
    assert "declined" in page.text
    assert page.one("input[name=name]")["value"] == "Grace Hopper"
    assert claimed() == (1, 1)
    assert buyer.cookie("bag")


def test_another_card_pays_the_same_order_and_payment(buyer: ShopClient, card: Card) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    intent = Order.objects.get().payment_intent
    page = buyer.order(card(), shown_total=499)
    assert page.order_status == "paid"
    assert Order.objects.get().payment_intent == intent


def test_another_card_pays_after_the_hold_too(buyer: ShopClient, card: Card, clock: Clock) -> None:
    clock.move_to(OPENS + HOLD - SECOND)
    buyer.order(card("pm_card_visa_chargeDeclined"))
    clock.move_to(OPENS + HOLD + timedelta(minutes=5))
    assert buyer.order(card(), shown_total=499).order_status == "paid"


def test_a_lapsed_orders_offer_is_good_again(buyer: ShopClient, card: Card, clock: Clock) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    clock.move_to(OPENS + LAPSE)
    call_command("reconcile")
    assert Order.objects.get().status == "expired"
    assert claimed() == (0, 0)
    assert not Redemption.objects.filter(released_at__isnull=True).exists()
    assert set(LimitUse.objects.values_list("units", flat=True)) == {0}
    page = buyer.bag()
    assert (page.lines, page.verdicts) == ({"MUG-01": 499}, [])
    assert buyer.order(card()).order_status == "paid"


def test_no_order_lapses_a_second_early(buyer: ShopClient, card: Card, clock: Clock) -> None:
    buyer.order(card("pm_card_visa_chargeDeclined"))
    clock.move_to(OPENS + LAPSE - SECOND)
    call_command("reconcile")
    assert Order.objects.get().status == "pending"


def test_a_lapse_needs_no_cron_whoever_wants_the_last_one_settles_it(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=1)
    for someone in (shopper, another_shopper):
        someone.add(someone.offer())
    shopper.order(card("pm_card_visa_chargeDeclined"))
    assert another_shopper.order(card(), shown_total=499).verdicts == ["sold_out"]
    clock.move_to(OPENS + LAPSE)
    assert another_shopper.bag().verdicts == []
    assert another_shopper.order(card()).order_status == "paid"


def test_a_sold_out_line_stays_and_is_said(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=1)
    for someone in (shopper, another_shopper):
        someone.add(someone.offer())
    assert shopper.order(card()).order_status == "paid"
    page = another_shopper.order(card(), shown_total=499)
    assert (page.status, page.verdicts) == (422, ["sold_out"])
    assert claimed() == (1, 1)
    bag = another_shopper.bag()
    assert "MUG-01" in bag.lines
    assert "All are sold. Remove it to order the rest." in bag.text


@pytest.fixture
def waiting(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> ShopClient:
    """Someone whose mug others took at 12:00: one paid, one may until 12:10; held until 12:30."""
    Variant.objects.filter(sku="MUG-01").update(stock=2)
    waiting = ShopClient()
    for someone in (shopper, another_shopper, waiting):
        someone.add(someone.offer())
    shopper.order(card())
    another_shopper.order(
        card("pm_card_visa_chargeDeclinedInsufficientFunds"), email="grace@example.org"
    )
    return waiting


def test_a_sold_out_line_says_what_is_unpaid_and_when_it_comes_free(waiting: ShopClient) -> None:
    bag = waiting.bag()
    assert (
        "All are taken, and 1 of them is not paid yet. It comes free at 12:10, Berlin time, unless "
        "it is paid by then; your price is held until 12:30, Berlin time. "
        "Leave it here and look again then" in bag.text
    )
    assert bag.one("[data-comes-free]")["datetime"] == "2026-11-27T11:10:00Z"


def test_so_does_checkout_and_nothing_is_claimed(waiting: ShopClient, card: Card) -> None:
    page = waiting.order(card(), shown_total=499, email="joan@example.org")
    assert (page.status, page.verdicts) == (422, ["sold_out"])
    assert "It comes free at 12:10, Berlin time" in page.text
    assert claimed() == (2, 2)


def test_and_the_form_that_would_take_it_along(waiting: ShopClient) -> None:
    late = ShopClient()
    page = late.add(late.offer())
    assert (page.status, page.verdicts) == (422, ["sold_out"])
    assert "It comes free at 12:10, Berlin time, unless it is paid by then" in page.text


def test_a_second_before_a_claim_lapses_its_unit_cannot_be_bought(
    waiting: ShopClient, card: Card, clock: Clock
) -> None:
    clock.move_to(OPENS + LAPSE - SECOND)
    page = waiting.order(card(), shown_total=499, email="joan@example.org")
    assert page.verdicts == ["sold_out"]
    assert "It comes free at 12:10, Berlin time" in page.text


def test_the_second_it_lapses_whoever_waited_buys_it_at_the_price_that_was_held(
    waiting: ShopClient, card: Card, clock: Clock
) -> None:
    clock.move_to(OPENS + LAPSE)
    page = waiting.order(card("pm_card_mastercard"), shown_total=499, email="joan@example.org")
    assert page.order_status == "paid"
    assert claimed() == (2, 2)


def test_once_all_is_paid_nobody_is_told_to_wait(
    waiting: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    another_shopper.order(card("pm_card_mastercard"), email="grace@example.org", shown_total=499)
    assert "All are sold. Remove it to order the rest." in waiting.bag().text


def test_a_price_that_ends_before_the_claim_does_is_said(waiting: ShopClient) -> None:
    Order.objects.filter(status="pending").update(lapses_at=OPENS + HOLD)
    assert (
        "It comes free at 12:30, Berlin time, unless it is paid by then. Your price ends before "
        "that, at 12:30, Berlin time. Remove it to order the rest." in waiting.bag().text
    )
    Order.objects.filter(status="pending").update(lapses_at=OPENS + HOLD - SECOND)
    assert "your price is held until 12:30, Berlin time. Leave it here" in waiting.bag().text


def test_a_clock_without_seconds_says_the_minute_after(waiting: ShopClient) -> None:
    Order.objects.filter(status="pending").update(lapses_at=OPENS + LAPSE + SECOND)
    assert waiting.bag().one("[data-comes-free]")["datetime"] == "2026-11-27T11:11:00Z"
    Order.objects.filter(status="pending").update(lapses_at=OPENS + HOLD - SECOND)
    assert waiting.bag().one("[data-comes-free]")["datetime"] == "2026-11-27T11:29:59Z"


def test_what_waits_for_a_bank_has_no_instant(waiting: ShopClient) -> None:
    Order.objects.filter(status="pending").update(status="processing")
    assert (
        "1 of them is not paid yet. What is not paid in the end comes free; your price is held "
        "until 12:30, Berlin time." in waiting.bag().text
    )


def test_of_several_claims_the_next_is_said(waiting: ShopClient, card: Card, clock: Clock) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=3)
    clock.move_to(OPENS + timedelta(minutes=1))
    late = ShopClient()
    late.add(late.offer())
    late.order(card("pm_card_visa_chargeDeclinedLostCard"), email="joan@example.org")
    bag = waiting.bag()
    assert "2 of them are not paid yet. The next comes free at 12:10, Berlin time" in bag.text


def test_who_wants_more_than_are_left_is_told_both(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=2)
    another_shopper.add(another_shopper.offer(), 2)
    shopper.add(shopper.offer())
    shopper.order(card("pm_card_visa_chargeDeclined"))
    assert (
        "Of what you chose, 1 is left, and 1 is not paid yet. It comes free at 12:10"
        in another_shopper.bag().text
    )


def test_an_allocation_comes_free_by_its_own_deal_alone(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(allocation=1)
    for someone in (shopper, another_shopper):
        someone.add(someone.offer("LMP-01"))
    shopper.order(card("pm_card_visa_chargeDeclined"))
    clock.move_to(OPENS + timedelta(minutes=5))
    showcase.clear()
    at_list_price = ShopClient()
    at_list_price.add(at_list_price.open("/products/lmp-01/").offers["LMP-01"])
    at_list_price.order(card("pm_card_visa_chargeDeclinedLostCard"), email="joan@example.org")
    assert Order.objects.filter(status="pending").count() == 2
    assert "1 of them is not paid yet. It comes free at 12:10" in another_shopper.bag().text


def test_nothing_is_asked_of_stripe_for_a_bag_that_is_refused(
    sale: Sale, shopper: ShopClient, settings: Settings
) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    shopper.add(shopper.offer())
    Variant.objects.filter(sku="MUG-01").update(stock=0)
    page = shopper.order("ctoken_unused", shown_total=499)
    assert (page.status, page.verdicts) == (422, ["sold_out"])


def test_a_bag_with_a_sold_out_line_asks_two_queries(waiting: ShopClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        waiting.bag()
    assert len(queries) == 2


def test_a_purchase_changes_its_order_three_times(buyer: ShopClient, card: Card) -> None:
    with CaptureQueriesContext(connection) as queries:
        buyer.order(card())
    changes = [sql for sql in writes(queries) if sql.startswith('UPDATE "checkout_order"')]
    assert len(changes) == 3
    payment, status, receipt = changes
    assert "pi_" in payment and "ctoken_" in payment
    assert '"paid_at"' in status
    assert '"receipt_sent_at"' in receipt


def test_news_of_a_payment_that_is_settled_writes_nothing(buyer: ShopClient, card: Card) -> None:
    buyer.order(card())
    with CaptureQueriesContext(connection) as queries:
        settle_by_id(Order.objects.get(), cause="news", now=OPENS)
    assert writes(queries) == []


def test_a_limit_counts_units_of_earlier_orders(buyer: ShopClient, card: Card) -> None:
    buyer.order(card())
    buyer.add(buyer.offer())
    buyer.order(card())
    page = buyer.add(buyer.offer())
    assert page.verdicts == ["over_limit"]


@pytest.mark.parametrize(
    ("payment", "email"),
    [("pm_card_mastercard", "Ada+more@Example.ORG"), ("pm_card_visa", "someone@else.example")],
    ids=["mail address", "card"],
)
def test_a_limit_counts_a_mail_address_and_a_card_whatever_browser_they_come_from(
    buyer: ShopClient, another_shopper: ShopClient, card: Card, payment: str, email: str
) -> None:
    buyer.add(buyer.offer())
    buyer.order(card())
    another_shopper.add(another_shopper.offer())
    page = another_shopper.order(card(payment), shown_total=499, email=email)
    assert page.status == 422
    assert Order.objects.count() == 1


def test_an_incomplete_address_keeps_what_was_typed(buyer: ShopClient, card: Card) -> None:
    page = buyer.order(card(), shown_total=499, city="", name="Grace Hopper")
    assert page.status == 422
    assert page.one("input[name=name]")["value"] == "Grace Hopper"
    assert not Order.objects.exists()


def test_an_empty_bag_has_no_checkout(sale: Sale, shopper: ShopClient) -> None:
    assert shopper.open("/checkout/").path == "/bag/"


def test_the_receipt_is_mailed_with_the_signed_offers(buyer: ShopClient, card: Card) -> None:
    buyer.order(card())
    [receipt] = mail.outbox
    order = Order.objects.get()
    assert receipt.to == ["ada@example.org"]
    assert order.number in receipt.subject
    assert "€4.99" in receipt.body
    assert "/orders/" in receipt.body
    [attachment] = receipt.attachments
    assert order.lines.get().offer in str(attachment)


def test_the_receipt_adds_up(buyer: ShopClient, card: Card) -> None:
    buyer.add(buyer.offer())
    buyer.add(buyer.offer("LMP-01"))
    buyer.order(card())
    [receipt] = mail.outbox
    assert "2 × Stoneware mug, €4.99 each: €9.98\n1 × Brass lamp, €7.90 each: €7.90" in receipt.body
    assert "Total, with tax: €17.88" in receipt.body


def test_a_receipt_that_was_mailed_is_not_mailed_again(buyer: ShopClient, card: Card) -> None:
    buyer.order(card())
    send_receipt.call(Order.objects.get().pk)
    assert len(mail.outbox) == 1


def test_an_order_counts_as_after_the_close_from_the_close_on(
    buyer: ShopClient, another_shopper: ShopClient, card: Card, clock: Clock
) -> None:
    another_shopper.add(another_shopper.offer("LMP-01"))
    clock.move_to(CLOSES - SECOND)
    buyer.order(card())
    clock.move_to(CLOSES)
    another_shopper.order(card("pm_card_mastercard"), email="grace@example.org")
    late = Order.objects.order_by("pk").values_list("lines__seconds_late", flat=True)
    assert list(late) == [None, 0]


def test_a_fourth_unpaid_order_is_not_placed(
    sale: Sale, shopper: ShopClient, card: Card, clock: Clock
) -> None:
    for minute in range(4):
        clock.move_to(OPENS + timedelta(minutes=minute))
        shopper.add(shopper.offer("LMP-01"))
        page = shopper.order(card("pm_card_visa_chargeDeclined"))
    assert "Several of your orders wait to be paid." in page.text
    assert Order.objects.count() == 3


def test_a_size_is_claimed_from_its_own_stock(sale: Sale, shopper: ShopClient, card: Card) -> None:
    tee = make_product("TEE-01", "Organic tee", variants={"M": 1, "L": 5})
    add_deal(sale, tee, 999)
    shopper.add(shopper.offer("TEE-01"), variant="TEE-01-M")
    assert shopper.order(card()).order_status == "paid"
    assert Variant.objects.get(sku="TEE-01-M").claimed == 1
    assert Variant.objects.get(sku="TEE-01-L").claimed == 0


def test_two_currencies_are_not_one_charge(sale: Sale, shopper: ShopClient, card: Card) -> None:
    add_deal(sale, make_product("YEN-01", "Paper fan", currency="JPY"), 900)
    shopper.add(shopper.offer("MUG-01"))
    shopper.add(shopper.offer("YEN-01"))
    page = shopper.order(card(), shown_total=1399)
    assert page.status == 422
    assert not Order.objects.exists()


def test_yen_are_charged_without_minor_units(sale: Sale, shopper: ShopClient, card: Card) -> None:
    add_deal(sale, make_product("YEN-01", "Paper fan", currency="JPY"), 900)
    shopper.add(shopper.offer("YEN-01"))
    page = shopper.order(card())
    assert page.order_status == "paid"
    assert "¥900" in page.text


def test_the_last_second_of_the_window_buys_for_a_whole_hold(
    sale: Sale, shopper: ShopClient, card: Card, clock: Clock
) -> None:
    clock.move_to(CLOSES - SECOND)
    shopper.add(shopper.offer())
    clock.move_to(CLOSES - SECOND + HOLD - SECOND)
    assert shopper.order(card()).order_status == "paid"
