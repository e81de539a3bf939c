"""Purchases up to a bound, and one more: limits by browser, mail and card, and sizes."""

from shop.payments.stripe_amounts import obstacle
from shop.qa.rehearsal.checkout_checks import MOST_UNITS_TRIED
from shop.qa.rehearsal.oracle import Promise
from shop.qa.rehearsal.purchases import CARDS, Customer, PurchaseRun, limit_of
from shop.qa.rehearsal.temporary_database import SampledDeal


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
        ("The same browser with another mail address and card", first, "bea", CARDS[1]),
        ("Another browser with the same mail address", None, "ada", CARDS[1]),
        ("Another browser with the same mailbox, written Ada+2@…,", None, "Ada+2", CARDS[1]),
        ("Another browser with the same card", None, "cleo", first.card),
    ]
    for who, customer, name, card in others:
        other = run.customer(name, card)
        if customer is not None:
            other.browser = customer.browser
        run.expect(promised, f"{who} ordered 1 more", other.order_of(sample), "over_limit")
    stranger = run.customer("dora", CARDS[2])
    text = f"Another shopper with another mail address and card ordered {most}"
    run.expect(promised, text, stranger.order_of(sample, most), "paid")


def check_last_unit(run: PurchaseRun) -> None:
    """The last unit in stock is bought, then the last one that is set aside."""
    sample = run.payable_sample()
    if sample is None:
        return
    for what, leave in (
        ("in stock", run.database.leave_units),
        ("set aside for the sale", run.database.allocate_units),
    ):
        with run.database.savepoint():
            leave(sample.sku, 1)
            _check_last_unit(run, sample, f"One {sample.name} is {what}.")


def _check_last_unit(run: PurchaseRun, sample: SampledDeal, promised: str) -> None:
    first, second, third = run.customers()
    second.take(sample)
    run.expect(promised, "A shopper ordered it", first.order_of(sample), "paid")
    text = "Another shopper, who had it in the bag, ordered it"
    run.expect(promised, text, second.buy(), "sold_out")
    run.expect(promised, "A third shopper put it into the bag", third.take(sample), "sold_out")


def check_sizes(run: PurchaseRun) -> None:
    """The last unit of one size is bought; another size can still be had."""
    sample = run.payable_sample(lambda sample: len(run.database.sizes(sample.sku)) > 1)
    if sample is None:
        return
    (scarce, scarce_name), (other, other_name) = run.database.sizes(sample.sku)[:2]
    run.database.leave_units(sample.sku, 1)
    promised = f"The shop has one {sample.name} in each size."
    first, second, third = run.customers()
    second.take(sample, variant=scarce)
    outcome = first.order_of(sample, variant=scarce)
    run.expect(promised, f"A shopper ordered {scarce_name}", outcome, "paid")
    text = f"Another shopper, who had {scarce_name} in the bag, ordered it"
    run.expect(promised, text, second.buy(), "sold_out")
    text = f"A third shopper put {scarce_name} into the bag"
    run.expect(promised, text, third.take(sample, variant=scarce), "sold_out")
    outcome = third.order_of(sample, variant=other)
    run.expect(promised, f"The third shopper ordered {other_name}", outcome, "paid")
    if third.order is not None:
        got = ", ".join(third.order.lines.values_list("variant__sku", flat=True))
        run.expect(promised, f"What was sold as {other_name}", got, other)
