"""A database restored from a backup learns from Stripe what it forgot; no bag pays twice."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
import stripe as stripe_library
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connections

from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import move_stock
from shop.core.machine_clock import unix_seconds
from shop.operations.rebuild import Learned, learn_from_stripe
from shop.orders.links import order_path
from shop.orders.models import Dispute, Order, OrderLine, Refund, SaleMinute
from shop.payments import refunds
from shop.payments.intents import replace_intent
from shop.payments.refund_plans import Units, plan_refund
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import OPENS, add_deal, make_product
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Deal, LimitUse, Redemption, Sale
from tests.support.database_copy import DatabaseCopy
from tests.support.fixtures import Card, Clock
from tests.support.invariants import check_books

pytestmark = pytest.mark.django_db(transaction=True)

#: When the backup was restored.
NOW = OPENS + timedelta(minutes=5)
#: What a payment does not say of its order, or says in its own words.
NOT_KEPT = {"id", "paid_at", "receipt_sent_at", "confirmation_token", "decline_message"}
DECLINED = "pm_card_visa_chargeDeclined"


@pytest.fixture(autouse=True)
def shop(sale: Sale, stripe: Stripe) -> None:
    """The sale, and a Stripe without other payments."""


def learn(*, refund_unknown: bool = False) -> Learned:
    """Learn from all that Stripe did in the last hour, by its own clock."""
    since = datetime.fromtimestamp(unix_seconds() - 3600, UTC)
    return learn_from_stripe(since, NOW, refund_unknown=refund_unknown)


def counts(learned: Learned) -> dict[str, int]:
    """What was learned, without what was not."""
    names = ("rebuilt", "settled", "canceled", "refunded", "refunds", "disputes", "unfinished")
    return {name: number for name in names if (number := getattr(learned, name))}


def books() -> dict[str, Any]:
    """All that counts in the books: orders, claims, limits, redemptions and totals."""
    return {
        "orders": [
            {name: value for name, value in row.items() if name not in NOT_KEPT}
            for row in Order.objects.order_by("number").values()
        ],
        "lines": list(
            OrderLine.objects.order_by("order__number", "id").values_list(
                *("order__number", "variant", "deal", "sku", "name", "quantity", "amount"),
                *("was", "jti", "seconds_late", "refunded", "restocked"),
            )
        ),
        "charges": list(
            Order.objects.order_by("number", "charges__id").values_list(
                *("number", "charges__kind", "charges__label", "charges__amount"),
                *("charges__is_included", "charges__percent"),
            )
        ),
        "redemptions": sorted(
            Redemption.objects.filter(released_at=None).values_list("jti", "order_number")
        ),
        "limits": sorted(
            LimitUse.objects.filter(units__gt=0).values_list("deal", "kind", "key", "units")
        ),
        "variants": list(Variant.objects.order_by("id").values_list("sku", "stock", "claimed")),
        "deals": list(Deal.objects.order_by("id").values_list("id", "claimed")),
        "refunds": list(
            Refund.objects.order_by("idempotency_key").values_list(
                *("order__number", "amount", "shipping", "reason", "status", "stripe_id"),
                *("idempotency_key", "made_at", "lines__quantity", "lines__restock"),
            )
        ),
        "disputes": list(Dispute.objects.values_list("order__number", "amount", "status")),
    }


def totals(sale: Sale) -> Counter[str]:
    """What the report of a sale counts."""
    names = ("orders", "units", "revenue", "discount", "refunded_units", "refunded")
    sums: Counter[str] = Counter()
    for row in SaleMinute.objects.filter(sale=sale).values(*names):
        sums.update(row)
    return sums


def refund(order: Order, sku: str, units: int, *, restock: bool) -> None:
    """Refund units as the back office does."""
    lines = [Units(order.lines.get(sku=sku), units, restock)]
    plan = plan_refund(order, lines, shipping=False)
    seen = order.refunds.count()
    made = refunds.create_refund(plan, reason="It was chipped.", by=None, seen=seen, now=NOW)
    refunds.execute(made, cause="merchant", now=NOW)


def add_tees(sale: Sale, number: int = 18) -> list[Product]:
    """More products for a large bag, each with two sizes."""
    sizes = {"M": 10, "L": 10}
    tees = [make_product(f"TEE-{n:02d}", f"Tee {n}", variants=sizes) for n in range(number)]
    for tee in tees:
        add_deal(sale, tee, 990)
    return tees


# --- Forgotten orders ----------------------------------------------------------------


def test_bags_of_1_2_and_20_lines_are_rebuilt_with_all_that_they_claimed(
    sale: Sale, card: Card, stripe: Stripe, settings: Any
) -> None:
    """Shipping and tax, sizes, a decline before, a refund and a dispute since."""
    settings.SHIPPING_FLAT, settings.TAX_PERCENT = 390, "19"
    add_tees(sale)
    backup = DatabaseCopy()
    small, middle, large = ShopClient(), ShopClient(), ShopClient()
    small.add(small.offer(), 2)
    assert small.order(card(DECLINED), email="small@example.org", line2="c/o").status == 422
    assert small.order(card(), email="small@example.org").order_status == "paid"
    middle.add(middle.offer("LMP-01"), 2)
    middle.add(middle.offer("TEE-00"), 1, "TEE-00-M")
    middle.add(middle.offer("TEE-00"), 2, "TEE-00-L")
    assert middle.order(card("pm_card_mastercard"), email="m@example.org").order_status == "paid"
    page = large.open("/sales/autumn/")
    for sku, message in page.offers.items():
        large.add(message, 1, f"{sku}-M" if sku.startswith("TEE") else "")
    assert len(page.offers) == 20
    assert large.order(card("pm_card_createDispute"), email="l@example.org").order_status == "paid"
    refund(Order.objects.get(email="m@example.org"), "TEE-00-L", 1, restock=True)
    wait_for_dispute(stripe)
    call_command("reconcile")
    before, sold = books(), totals(sale)
    assert before["disputes"]

    backup.restore()
    assert not Order.objects.exists()
    learned = learn()

    assert counts(learned) == {"rebuilt": 3}
    after = books()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert totals(sale) == sold
    check_books(stripe.ledger(), settled=True)

    assert counts(learn()) == {}
    assert books() == after
    assert totals(sale) == sold


def wait_for_dispute(stripe: Stripe) -> None:
    """Until the stand-in has opened the dispute of its card."""
    for _ in range(100):
        if stripe.client.v1.disputes.list({"limit": 1}).data:
            return
        stripe.events()
    raise AssertionError("No dispute was opened.")


def test_the_same_bag_finds_its_order_and_pays_nothing_again(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    backup, bag = DatabaseCopy(), buyer.cookie("bag")
    paid = buyer.order(card())
    backup.restore()
    learn()
    buyer.client.cookies["bag"] = bag
    page = buyer.open("/checkout/")
    assert (page.path, page.order_status) == (paid.path, "paid")
    assert not buyer.bag().lines
    assert [intent["charged"] for intent in stripe.ledger()] == [499]


def test_a_rebuilt_order_says_what_it_is_without(buyer: ShopClient, card: Card) -> None:
    backup = DatabaseCopy()
    buyer.order(card())
    mail.outbox.clear()
    backup.restore()
    learn()
    order = Order.objects.get()
    assert order.is_rebuilt
    page = buyer.open(f"{order_path(order)}offers/")
    assert page.one("[data-check]")["data-check"] == "lost"
    assert "We have no copy of the signed promise." in page.text
    [receipt] = mail.outbox
    assert "You may have had this receipt before" in receipt.body
    assert not receipt.attachments


def test_an_unpaid_order_that_was_forgotten_is_canceled_and_its_offer_is_good_again(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    backup = DatabaseCopy()
    buyer.order(card(DECLINED))
    backup.restore()
    assert counts(learn()) == {"canceled": 1}
    assert [intent["status"] for intent in stripe.ledger()] == ["canceled"]
    assert counts(learn()) == {}
    assert buyer.order(card()).order_status == "paid"
    check_books(stripe.ledger())


def test_a_debit_that_is_on_its_way_is_rebuilt_as_such(
    buyer: ShopClient, card: Card, sale: Sale, stripe: Stripe
) -> None:
    Sale.objects.filter(pk=sale.pk).update(delayed_payment=True)
    backup = DatabaseCopy()
    buyer.order(card("pm_sepaDebit_standIn_success"))
    backup.restore()
    assert counts(learn()) == {"rebuilt": 1}
    order = Order.objects.get()
    assert order.status == "processing"
    assert Variant.objects.get(sku="MUG-01").claimed == 1
    check_books(stripe.ledger())


def test_payments_of_somebody_else_are_left_alone(
    buyer: ShopClient, card: Card, settings: Any
) -> None:
    backup = DatabaseCopy()
    buyer.order(card())
    backup.restore()
    settings.OFFER_ISSUER = "https://another.example"
    assert counts(learn()) == {}
    assert not Order.objects.exists()


# --- What cannot be kept -------------------------------------------------------------


def goes_back_in_full(stripe: Stripe, number: str) -> bool:
    """Whether the payment of an order was refunded, once and in full."""
    [intent] = [each for each in stripe.ledger() if each["metadata"]["order"] == number]
    return bool(intent["charged"] == intent["refunded"] > 0)


def test_what_was_sold_to_somebody_else_since_is_refunded(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=1)
    backup = DatabaseCopy()
    buyer.order(card())
    number = Order.objects.get().number
    backup.restore()
    other = ShopClient()
    other.add(other.offer())
    assert other.order(card("pm_card_mastercard"), email="b@example.org").order_status == "paid"
    mail.outbox.clear()
    learned = learn()
    assert counts(learned) == {"refunded": 1}
    assert "what it ordered has been sold since" in learned.lines[0]
    order = Order.objects.get(number=number)
    assert (order.status, order.lines.get().sku) == ("refunded", "MUG-01")
    assert goes_back_in_full(stripe, number)
    assert "could not be kept" in mail.outbox[0].body
    check_books(stripe.ledger(), settled=True)
    assert counts(learn()) == {}


def test_units_that_were_supplied_since_the_backup_are_proven_by_the_orders_that_took_them(
    buyer: ShopClient, card: Card, sale: Sale, stripe: Stripe
) -> None:
    mug = Variant.objects.get(sku="MUG-01")
    Variant.objects.filter(pk=mug.pk).update(stock=0)
    deal = sale.deals.get(product__sku="LMP-01")
    Deal.objects.filter(pk=deal.pk).update(allocation=1)
    backup = DatabaseCopy()
    move_stock(mug, 5, reason=StockMovement.Reason.SUPPLIED, now=NOW)
    Deal.objects.filter(pk=deal.pk).update(allocation=2)
    buyer.add(buyer.offer("LMP-01"), 2)
    buyer.order(card())
    backup.restore()
    learned = learn()
    assert counts(learned) == {"rebuilt": 1}
    assert "the stock of MUG-01 is raised by 1" in learned.lines[0]
    assert "what autumn sets aside of LMP-01 is raised by 1" in learned.lines[0]
    assert Variant.objects.values_list("stock", "claimed").get(pk=mug.pk) == (1, 1)
    assert Deal.objects.values_list("allocation", "claimed").get(pk=deal.pk) == (2, 2)
    check_books(stripe.ledger(), settled=True)


def test_a_bag_that_paid_again_after_the_restore_gets_its_first_payment_back(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    backup, bag = DatabaseCopy(), buyer.cookie("bag")
    buyer.order(card())
    first = Order.objects.get().number
    backup.restore()
    buyer.client.cookies["bag"] = bag
    assert buyer.order(card("pm_card_mastercard")).order_status == "paid"
    assert counts(learn()) == {"refunded": 1}
    assert goes_back_in_full(stripe, first)
    assert Redemption.objects.filter(released_at=None).count() == 1
    check_books(stripe.ledger(), settled=True)


@pytest.fixture
def paid_novelty(shopper: ShopClient, card: Card, sale: Sale) -> str:
    """The number of a forgotten order of a product that the backup does not know."""
    backup = DatabaseCopy()
    add_deal(sale, make_product("NEW-01", "Novelty"), 990)
    shopper.add(shopper.offer("NEW-01"))
    shopper.order(card())
    number = Order.objects.get().number
    backup.restore()
    return number


def test_an_order_of_a_product_that_is_gone_is_rebuilt_once_it_is_there_again(
    paid_novelty: str, sale: Sale, stripe: Stripe
) -> None:
    learned = learn()
    assert counts(learned) == {"unfinished": 1}
    assert "NEW-01 is not in this database" in learned.lines[0]
    assert not Order.objects.exists()
    deal = add_deal(sale, make_product("NEW-01", "Novelty"), 990)
    assert counts(learn()) == {"rebuilt": 1}
    assert OrderLine.objects.get(order__number=paid_novelty).deal == deal
    check_books(stripe.ledger(), settled=True)


def test_or_it_is_refunded_if_the_operator_says_so(paid_novelty: str, stripe: Stripe) -> None:
    assert counts(learn(refund_unknown=True)) == {"refunded": 1}
    assert goes_back_in_full(stripe, paid_novelty)
    assert Order.objects.get().status == "refunded"
    assert counts(learn()) == {}


def test_goods_of_a_sale_that_the_backup_does_not_know_are_kept(
    shopper: ShopClient, card: Card, stripe: Stripe
) -> None:
    pot = make_product("POT-01", "Enamel pot")
    backup = DatabaseCopy()
    winter = Sale.objects.create(
        slug="winter",
        title="Winter",
        starts_at=OPENS,
        ends_at=OPENS + timedelta(hours=1),
        state="published",
        published_at=OPENS,
    )
    add_deal(winter, pot, 990)
    shopper.add(shopper.offer("POT-01", sale="winter"))
    assert shopper.order(card()).order_status == "paid"
    backup.restore()
    learned = learn()
    assert counts(learned) == {"rebuilt": 1}
    assert "winter is not in this database" in learned.lines[0]
    line = OrderLine.objects.get()
    assert (line.deal, line.amount, line.order.status) == (None, 990, "paid")
    check_books(stripe.ledger(), settled=True)


def test_a_payment_that_does_not_say_what_was_ordered_is_refunded(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    backup = DatabaseCopy()
    buyer.order(card())
    order = Order.objects.get()
    stripe.client.v1.payment_intents.update(order.payment_intent, {"metadata": {"details_0": ""}})
    backup.restore()
    learned = learn()
    assert counts(learned) == {"refunded": 1}
    assert "€4.99 goes back" in learned.lines[0]
    assert goes_back_in_full(stripe, order.number)
    assert counts(learn()) == {}


# --- Orders that the backup knows from before ----------------------------------------


def test_an_order_that_was_paid_since_is_settled_with_its_last_address(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    buyer.order(card(DECLINED), city="Lodnon", email="adda@example.org")
    backup = DatabaseCopy()
    buyer.order(card())
    before = books()
    backup.restore()
    learned = learn()
    assert counts(learned) == {"settled": 1}
    after = books()
    # The card of the first attempt is what it was placed with.
    assert after["orders"] == before["orders"]
    assert after["limits"] == before["limits"]
    assert Order.objects.get().city == "London"
    check_books(stripe.ledger(), settled=True)


def test_a_payment_of_a_later_round_makes_an_order_that_lapsed_again(
    buyer: ShopClient, card: Card, stripe: Stripe, clock: Clock
) -> None:
    """Its bank's page was open at the dump, and another card paid it since."""
    buyer.order(card("pm_card_authenticationRequired"))
    backup = DatabaseCopy()
    order = Order.objects.get()
    assert order.status == "requires_action"
    intent = stripe.client.v1.payment_intents.retrieve(order.payment_intent)
    replaced = replace_intent(order, intent)
    stripe.client.v1.payment_intents.confirm(
        replaced.id, {"confirmation_token": card(), "return_url": "https://shop.example/"}
    )
    backup.restore()
    # The first payment is canceled at Stripe, which ends the order before anybody learns.
    with suppress(CommandError):
        call_command("reconcile")
    assert Order.objects.get().is_over
    assert counts(learn()) == {"rebuilt": 1}
    order = Order.objects.get()
    assert (order.status, order.payment_intent, order.payment_round) == ("paid", replaced.id, 2)
    assert order.lines.get().offer
    check_books(stripe.ledger(), settled=True)
    assert counts(learn()) == {}


def test_refunds_and_disputes_since_the_backup_are_recorded(
    buyer: ShopClient, card: Card, stripe: Stripe, sale: Sale
) -> None:
    buyer.add(buyer.offer("LMP-01"), 2)
    buyer.order(card("pm_card_createDisputeInquiry"))
    backup = DatabaseCopy()
    refund(Order.objects.get(), "LMP-01", 1, restock=True)
    wait_for_dispute(stripe)
    call_command("reconcile")
    before, sold = books(), totals(sale)
    mail.outbox.clear()
    backup.restore()
    learned = learn()
    assert counts(learned) == {"refunds": 1, "disputes": 1}
    assert books() == before
    assert totals(sale) == sold
    assert not mail.outbox, "nobody is told of the same money twice"
    assert counts(learn()) == {}


def test_a_unit_that_came_back_and_was_sold_again_is_claimed_once(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    Variant.objects.filter(sku="MUG-01").update(stock=1)
    backup = DatabaseCopy()
    buyer.order(card())
    refund(Order.objects.get(), "MUG-01", 1, restock=True)
    other = ShopClient()
    other.add(other.offer())
    assert other.order(card("pm_card_mastercard"), email="b@example.org").order_status == "paid"
    before = books()
    backup.restore()
    assert counts(learn()) == {"rebuilt": 2}
    assert books() == before
    check_books(stripe.ledger(), settled=True)


def test_events_before_and_after_it_change_nothing(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    """Those that came before are said to be processed: there was no order yet."""
    buyer.add(buyer.offer("LMP-01"), 2)
    backup = DatabaseCopy()
    buyer.order(card("pm_card_createDisputeInquiry"))
    refund(Order.objects.get(), "LMP-01", 1, restock=True)
    wait_for_dispute(stripe)
    call_command("reconcile")
    before = books()
    backup.restore()
    for event in stripe.events():
        assert stripe.deliver(event) == 200
    assert not Order.objects.exists()
    learn()
    assert books() == before
    for event in reversed(stripe.events()):
        assert stripe.deliver(event) == 200
    # Checkout stays closed until the operator has decided.
    with suppress(CommandError):
        call_command("reconcile")
    assert books() == before
    check_books(stripe.ledger(), settled=True)


# --- Faults and crowds ---------------------------------------------------------------


def test_of_four_that_learn_at_once_each_order_is_rebuilt_by_one(
    sale: Sale, card: Card, stripe: Stripe
) -> None:
    backup = DatabaseCopy()
    for number in range(4):
        someone = ShopClient()
        someone.add(someone.offer())
        someone.order(card("pm_card_standIn_noFingerprint"), email=f"{number}@example.org")
    before = books()
    backup.restore()
    ready = Barrier(4)

    def attempt(_: int) -> dict[str, int]:
        ready.wait(timeout=10)
        try:
            return counts(learn())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        learned = list(pool.map(attempt, range(4)))
    assert sum(each.get("rebuilt", 0) for each in learned) == 4
    assert not any(each.get("unfinished") for each in learned)
    assert books() == before
    check_books(stripe.ledger(), settled=True)


def test_what_stripe_does_not_answer_is_left_for_another_time(
    buyer: ShopClient, card: Card, stripe: Stripe
) -> None:
    """The others are rebuilt all the same."""
    backup = DatabaseCopy()
    buyer.order(card(DECLINED))
    other = ShopClient()
    other.add(other.offer())
    other.order(card("pm_card_mastercard"), email="b@example.org")
    backup.restore()
    stripe.fault("POST /v1/payment_intents/*/cancel", "error_500_before")
    learned = learn()
    assert counts(learned) == {"rebuilt": 1, "unfinished": 1}
    assert any("run this again" in line for line in learned.lines)
    assert Order.objects.get().email == "b@example.org"
    stripe.end_faults()
    assert counts(learn()) == {"canceled": 1}


def test_orders_that_are_paid_cost_no_call_each(
    card: Card, stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = DatabaseCopy()
    for number in range(3):
        someone = ShopClient()
        someone.add(someone.offer())
        someone.order(card("pm_card_standIn_noFingerprint"), email=f"{number}@example.org")
    backup.restore()
    asked: list[str] = []
    request = stripe_library.RequestsClient.request

    def count(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(f"{method} {url.partition('?')[0].rpartition('/v1/')[2]}")
        return request(self, method, url, *args, **kwargs)

    monkeypatch.setattr(stripe_library.RequestsClient, "request", count)
    assert counts(learn()) == {"rebuilt": 3}
    lists = {"get payment_intents": 1, "get refunds": 2, "get disputes": 2}
    assert Counter(asked) == Counter(lists)
