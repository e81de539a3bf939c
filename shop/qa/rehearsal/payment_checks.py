"""Payments that are late, declined, questioned by the bank, or given back."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Sum

from shop.catalog.models import Variant
from shop.core.money import format_money
from shop.orders.models import Order
from shop.payments.refund_plans import Units, plan_refund
from shop.payments.refunds import at_stripe, create_refund, execute
from shop.payments.stripe_amounts import from_stripe_amount
from shop.qa.rehearsal.boundary_plan import SECOND
from shop.qa.rehearsal.checkout_checks import DECLINED_CARD, GOOD_CARD
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.oracle import Promise
from shop.qa.rehearsal.purchases import CARDS, Customer, PurchaseRun
from shop.qa.rehearsal.temporary_database import SampledDeal
from shop.qa.stand_in import answer_bank, end_faults, order_fault

#: Cards of which the bank asks something; the second one is declined whatever it is told.
BANK_CARDS = (
    "pm_card_threeDSecure2Required",
    "pm_card_threeDSecureRequiredChargeDeclined",
    "pm_card_authenticationRequired",
)
#: The call that cancels a payment at Stripe.
_CANCEL = "POST /v1/payment_intents/*/cancel"
_NOTHING = "nothing"


def check_unpaid_order(run: PurchaseRun) -> None:
    """The last unit is in an order that is not paid; it is sold again once Stripe has canceled."""
    sample = run.payable_sample()
    if sample is None:
        return
    claim = timedelta(seconds=settings.CLAIM_SECONDS)
    run.database.leave_units(sample.sku, 1)
    first, second = run.customers((DECLINED_CARD, GOOD_CARD))
    for each in (first, second):
        each.take(sample)
    _hold_on(run, claim)
    lapses_at = run.now + claim
    until = run.recorder.format_time(lapses_at)
    promised = f"One {sample.name} is left, and an unpaid order keeps it until {until}."
    text = "A shopper whose card is declined ordered it"
    if not run.expect(promised, text, first.buy(), "pending"):
        return
    run.move_to(lapses_at - SECOND)
    run.expect(promised, "Another shopper ordered it", second.buy(), "sold_out")
    run.move_to(lapses_at)
    promised += " It is free once Stripe has canceled the payment, which may be made until then."
    text = "While Stripe did not answer, another shopper ordered it"
    order_fault(settings.STRIPE_API_BASE, _CANCEL, "error_500_before", times=100)
    try:
        run.expect(promised, text, second.buy(), "sold_out")
    finally:
        end_faults(settings.STRIPE_API_BASE)
    run.expect(promised, "When Stripe answered, another shopper ordered it", second.buy(), "paid")
    run.expect(promised, "The first shopper's order became", first.status(), "expired")
    run.expect(promised, "Its payment at Stripe became", first.payment().status, "canceled")


def check_bank_question(run: PurchaseRun) -> None:
    """The bank asks three shoppers: it approves one, declines one, and one answers too late."""
    sample = run.payable_sample()
    if sample is None:
        return
    approved, declined, late = run.customers(BANK_CARDS)
    for each in (approved, declined, late):
        each.take(sample)
    promise = approved.promise
    if promise is None:
        return
    held_until = run.recorder.format_time(promise.held_until)
    promised = f"{run.recorder.describe(promise)}. {promise.amount_text}, held until {held_until}."
    run.move_to(promise.held_until - SECOND)
    links = []
    for number, each in enumerate((approved, declined, late), 1):
        text = f"Shopper {number}, of whom the bank asks something, ordered it"
        if not run.expect(promised, text, each.buy(), "requires_action"):
            return
        _expect_charge(run, promised, "Before the answer, Stripe had charged", each, None)
        links.append(each.link_to_bank())
    if not all(links):
        run.recorder.record_broken(f"{promised} The order's page had no link to the bank.")
        return
    ordered_at = run.now
    run.move_to(ordered_at + timedelta(seconds=min(30, settings.CLAIM_SECONDS - 1)))
    text = "After the hold, the bank approved of shopper 1, and the order became"
    run.expect(promised, text, approved.answer_bank(links[0], approve=True), "paid")
    _expect_charge(run, promised, "After the bank's yes, Stripe had charged", approved, promise)
    text = "After the hold, the bank declined shopper 2, and the order was"
    run.expect(promised, text, declined.answer_bank(links[1], approve=False), "pending")
    _expect_charge(run, promised, "After the bank's no, Stripe had charged", declined, None)
    text = "Shopper 2 took another card, and the order became"
    run.expect(promised, text, declined.buy(CARDS[2]), "paid")
    _expect_charge(run, promised, "After the other card, Stripe had charged", declined, promise)
    run.move_to(ordered_at + timedelta(seconds=settings.CLAIM_SECONDS))
    late.open_order()
    run.expect(promised, "Shopper 3 did not answer, and the order became", late.status(), "expired")
    answer_bank(links[2], approve=True)
    late.open_order()
    _expect_charge(
        run, promised, "The bank's yes came too late, and Stripe had charged", late, None
    )


def check_refund(run: PurchaseRun) -> None:
    """A merchant refunds one unit and puts it back on sale, then all the rest."""
    sample = run.payable_sample()
    if sample is None:
        return
    customer = run.customer("ada")
    most = min(2, run.database.deal(sample.sku).max_per_shopper)
    quantity = most if run.database.is_payable(sample.sku, most) else 1
    outcome = customer.order_of(sample, quantity)
    promise = customer.promise
    if promise is None:
        return
    promised = f"{run.recorder.describe(promise)}, {promise.amount_text} each."
    if not run.expect(promised, f"A shopper ordered {quantity}", outcome, "paid"):
        return
    order = customer.order
    assert order is not None
    claimed = _claimed(sample)
    if quantity > 1:
        _refund(run, order, 1, shipping=False)
        if not order.charge.added_tax:
            got = format_money(_refunded(order), promise.currency)
            run.expect(promised, "For one unit went back", got, promise.amount_text)
        run.expect(promised, "The order became", customer.status(), "partially_refunded")
        run.expect(
            promised,
            "Units in orders, when one had gone back",
            str(_claimed(sample)),
            str(claimed - 1),
        )
    _refund(run, order, quantity - 1 or 1, shipping=True)
    got = format_money(_refunded(order), promise.currency)
    run.expect(promised, "For all units and shipping went back", got, order.total_text)
    run.expect(promised, "The order became then", customer.status(), "refunded")
    claims = str(_claimed(sample))
    run.expect(promised, "Units in orders, when all had gone back", claims, str(claimed - quantity))
    again = customer.browser.add(promise)
    run.expect(promised, "The offer was presented again", again.verdict, "used")


def _hold_on(run: PurchaseRun, at_least: timedelta) -> None:
    """Extend what was shown until now, where it is not held for so long."""
    seconds = int(at_least.total_seconds()) + 60
    if run.database.sale.hold.total_seconds() <= seconds:
        at = run.now + SECOND
        run.move_to(at)
        run.database.apply(
            MerchantAction(kind=ActionKind.EXTENSION, at=at, seconds=seconds, issued_before=at)
        )


def _expect_charge(
    run: PurchaseRun, promised: str, text: str, customer: Customer, promise: Promise | None
) -> None:
    """What Stripe has charged: nothing, or the whole order, whose goods cost what was promised."""
    received, order = customer.payment().amount_received, customer.order
    assert order is not None
    got = expected = _NOTHING
    if received:
        got = format_money(from_stripe_amount(received, order.currency), order.currency)
    if promise is not None:
        expected = format_money(promise.amount + order.added, order.currency)
    run.expect(promised, text, got, expected)


def _refund(run: PurchaseRun, order: Order, quantity: int, *, shipping: bool) -> None:
    """Refund units of an order's only line, and restock them."""
    order.refresh_from_db()
    line = order.lines.get()
    plan = plan_refund(order, [Units(line, quantity, restock=True)], shipping=shipping)
    seen = order.refunds.count()
    refund = create_refund(plan, reason="As rehearsed.", by=None, seen=seen, now=run.now)
    execute(refund, cause="merchant", now=run.now)


def _refunded(order: Order) -> int:
    """What Stripe has refunded of an order, in minor units."""
    refunds = at_stripe(order.payment_intent)
    return from_stripe_amount(sum(each.amount for each in refunds), order.currency)


def _claimed(sample: SampledDeal) -> int:
    variants = Variant.objects.filter(product__sku=sample.sku)
    claimed: int = variants.aggregate(sum=Sum("claimed"))["sum"]
    return claimed
