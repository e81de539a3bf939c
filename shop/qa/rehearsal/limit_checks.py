"""Purchases up to a bound, and one more: limits by browser, mail and card, and sizes."""

from shop.payments.stripe_amounts import obstacle
from shop.qa.rehearsal.checkout_checks import MOST_UNITS_TRIED
from shop.qa.rehearsal.oracle import Promise
from shop.qa.rehearsal.purchases import Customer, PurchaseRun, limit_of
from shop.qa.rehearsal.temporary_database import SampledDeal

#: Two cards besides the usual one, with numbers of their own.
OTHER_CARD, THIRD_CARD = "pm_card_mastercard", "pm_card_amex"


def check_limits(run: PurchaseRun) -> None:
    """One customer buys all that one may have, then tries for more under other names."""
    for sample in run.samples:
        first = run.customer("ada")
        promise = first.find(sample)
        if promise is not None and _can_be_reached(promise):
            _check_limit(run, sample, first, promise)
            return
    run.recorder.record_note(
        "No deal has a limit that one order can reach, so none was bought up to its limit."
    )


def _can_be_reached(promise: Promise) -> bool:
    most = limit_of(promise)
    return most <= MOST_UNITS_TRIED and not obstacle(promise.amount * most, promise.currency)


def _check_limit(run: PurchaseRun, sample: SampledDeal, first: Customer, promise: Promise) -> None:
    most = limit_of(promise)
    promised = f"{sample.name} is limited to {most} a shopper, by browser, mail address and card."
    if not run.expect(promised, f"A shopper ordered {most}", first.order_of(sample, most), "paid"):
        return
    others = [
        ("The same browser, with another mail address and card,", first, "bea", OTHER_CARD),
        ("Another browser, with the same mail address,", None, "ada", OTHER_CARD),
        ("Another browser, with the same mailbox as Ada+2@…,", None, "Ada+2", OTHER_CARD),
        ("Another browser, with the same card,", None, "cleo", first.card),
    ]
    for who, customer, name, card in others:
        other = run.customer(name, card)
        if customer is not None:
            other.browser = customer.browser
        run.expect(promised, f"{who} ordered 1 more", other.order_of(sample), "over_limit")
    stranger = run.customer("dora", THIRD_CARD)
    text = f"Another shopper, with another mail address and card, ordered {most}"
    run.expect(promised, text, stranger.order_of(sample, most), "paid")


def check_sizes(run: PurchaseRun) -> None:
    """The last unit of one size is bought; another size can still be had."""
    for sample in run.samples:
        sizes = run.database.sizes(sample.sku)
        if len(sizes) > 1:
            break
    else:
        return
    (scarce, scarce_name), (other, other_name) = sizes[:2]
    run.database.leave_units(sample.sku, 1)
    promised = f"The shop has one {sample.name} in each size."
    first, second = run.customer("ada"), run.customer("bea", OTHER_CARD)
    second.take(sample, variant=scarce)
    first.take(sample, variant=scarce)
    run.expect(promised, f"A shopper ordered {scarce_name}", first.buy(), "paid")
    text = f"Another shopper ordered {scarce_name}"
    run.expect(promised, text, second.buy(), "sold_out")
    third = run.customer("cleo", THIRD_CARD)
    outcome = third.order_of(sample, variant=other)
    run.expect(promised, f"A third shopper ordered {other_name}", outcome, "paid")
    if third.order is not None:
        got = ", ".join(third.order.lines.values_list("variant__sku", flat=True))
        run.expect(promised, f"The order of {other_name} was for", got, other)
