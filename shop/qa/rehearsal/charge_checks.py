"""What is struck through, and what is charged: reference prices, shipping and tax."""

from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.test import override_settings

from shop.core.currencies import payable_step
from shop.core.money import format_money
from shop.payments.stripe_amounts import obstacle
from shop.qa.rehearsal.charge_oracle import expected_shipping, expected_tax, hard_sums, is_known
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.purchases import PurchaseRun
from shop.qa.rehearsal.temporary_database import SampledDeal

#: A rate with sums whose tax ends in half a unit, for shops whose own rate has none.
HARD_RATE = "20"
#: Orders for each rate, at most.
_MOST_ORDERS = 5
#: The least sum that is ordered, in minor units: cards pay that much in any currency.
_LEAST = 20_000


def check_tax(run: PurchaseRun) -> None:
    """Orders of sums at which floating point is wrong, at the shop's rate or another one."""
    sample = run.payable_sample()
    if sample is None or not is_known():
        return
    own = str(settings.TAX_PERCENT)
    rate = own if next(hard_sums(_LEAST), None) else HARD_RATE
    with override_settings(TAX_PERCENT=rate):
        for gross in islice(hard_sums(_LEAST), _MOST_ORDERS):
            _check_tax(run, sample, gross, rate)


def _check_tax(run: PurchaseRun, sample: SampledDeal, gross: int, rate: str) -> None:
    currency = run.database.deal(sample.sku).product.currency
    subtotal = gross - expected_shipping(gross, currency)
    is_hard = subtotal + expected_shipping(subtotal, currency) == gross
    if not is_hard or subtotal % payable_step(currency) or obstacle(gross, currency):
        return
    run.database.set_price(sample.sku, subtotal, now=run.now)
    run.move_to(run.now)
    customer = run.customer("ada")
    price = format_money(subtotal, currency)
    promised = f"{sample.name} costs {price}, with {rate}% tax in it and in the shipping."
    outcome = customer.order_of(sample)
    if not run.expect(promised, f"A shopper ordered it for {price}", outcome, "paid"):
        return
    assert customer.order is not None
    charge = customer.order.charge
    got = format_money(sum(line.amount for line in charge.included_taxes), currency)
    expected = format_money(expected_tax(gross), currency)
    run.expect(promised, "The tax on the receipt", got, expected)
    got, expected = (format_money(each, currency) for each in (charge.total, gross))
    run.expect(promised, "The whole charge", got, expected)


def check_changed_total(run: PurchaseRun) -> None:
    """A price falls while a shopper fills in the checkout form, which shows the older total."""
    sample = run.payable_sample(lambda each: run.database.deal(each.sku).price > 1)
    if sample is None:
        return
    customer = run.customer("ada")
    customer.take(sample)
    shown = customer.open("/checkout/").total
    run.database.apply(MerchantAction(kind=ActionKind.PRICE_CUT, at=run.now))
    run.move_to(run.now)
    if customer.promise is None or shown is None:
        return
    currency = customer.promise.currency
    promised = f"The checkout page of {sample.name} asked for {format_money(shown, currency)}."
    text = "The price fell, and a shopper sent the form of that page"
    run.expect(promised, text, customer.send(shown), "asked again")
    run.expect(promised, "The shopper agreed to the new total", customer.buy(), "paid")


def check_reference_price(run: PurchaseRun) -> None:
    """An earlier sale has asked less than what would be struck through without it."""
    for sample in run.samples:
        deal = run.database.deal(sample.sku)
        step, currency = payable_step(deal.product.currency), deal.product.currency
        known = [each for each in (deal.was, deal.product.list_price) if each and each > deal.price]
        lower = (deal.price + min(known, default=0)) // 2 // step * step
        if lower > deal.price:
            break
    else:
        return
    opened = run.opens - timedelta(days=5)
    closed = opened + timedelta(hours=1)
    run.move_to(closed)
    run.database.add_earlier_sale(sample.sku, lower, opens=opened, closes=closed)
    run.move_to(run.opens)
    page = run.customer("ada").open(run.database.sale.get_absolute_url())
    format_time, expected = run.recorder.format_time, format_money(lower, currency)
    promised = (
        f"{sample.name} had cost {expected} in another sale, from {format_time(opened)} to "
        f"{format_time(closed)}. What is struck through is the lowest price of the 30 days before."
    )
    got = page.struck_price(run.database.sale.slug, sample.sku) or "nothing"
    run.expect(promised, "The page struck through", got, expected)
