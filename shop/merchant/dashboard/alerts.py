"""What needs a hand: each thing in a sentence, with the page on which it is mended.

One query each for orders, refunds and disputes, however many there are; the
rest is known already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.urls import reverse

from offers.conf import ring
from offers.keys import KeyRingError, KeyStatus
from shop.core.durations import several
from shop.core.formatting import day_and_clock
from shop.merchant.dashboard.schedule import SaleNow, Schedule
from shop.merchant.rehearsals.runs import rehearsals_of
from shop.orders.models import GRACE, Dispute, Order, Refund, overdue, unsent
from shop.sales.availability import DealNow
from shop.staff.models import Staff

#: How long before it opens a sale has to be ready.
READY_BEFORE = timedelta(hours=1)


#: How many of a kind are named one by one.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should look at, and where; urgent: before anything else."""

    text: str
    address: str = ""
    act: str = ""
    is_urgent: bool = False


def alerts(agenda: Schedule, person: Staff, now: datetime) -> list[Alert]:
    """Everything that needs a hand and that this person may see, the urgent first."""
    found = list(_of_keys()) if person.has_perm("staff.view_staff") else []
    if person.has_perm("sales.view_sale"):
        found += [*_of_openings(agenda, now), *_of_rehearsals(agenda), *_of_stock(agenda, person)]
    if person.has_perm("checkout.view_order"):
        found += [*_of_disputes(now), *_of_refunds(now), *_of_orders(now)]
    return sorted(found, key=lambda each: not each.is_urgent)


def _of_openings(agenda: Schedule, now: datetime) -> Iterator[Alert]:
    for sale in (*agenda.live, *agenda.upcoming):
        if sale.sale.starts_at - now > READY_BEFORE:
            continue
        has_begun = sale.sale.starts_at <= now
        when = "is live" if has_begun else f"opens at {_at(sale, sale.sale.starts_at)}"
        for lack in _lacks(sale):
            if has_begun and sale.is_draft:
                when = "should be live by now"
            yield Alert(f"{sale.sale} {when}, and {lack}.", sale.address, "Open the sale", True)


def _lacks(sale: SaleNow) -> Iterator[str]:
    if sale.is_draft:
        yield "is still a draft: nobody will see it"
    if not sale.deals:
        yield "has no deals"
    elif not sale.left and not sale.claimed:
        yield "has nothing in stock"


def _at(sale: SaleNow, instant: datetime) -> str:
    return day_and_clock(instant, sale.sale.zone)


def _of_rehearsals(agenda: Schedule) -> Iterator[Alert]:
    for sale in (*agenda.live, *agenda.upcoming):
        reported = rehearsals_of(sale.sale.slug).reported
        if reported is not None and not reported.is_kept:
            text = (
                f"{sale.sale} was rehearsed on {_at(sale, reported.started_at)}, and promises were "
            )
            address = reverse("admin:sale_rehearsal", args=[sale.sale.slug])
            yield Alert(f"{text}broken.", address, "Read what was found", True)


def _of_stock(agenda: Schedule, person: Staff) -> Iterator[Alert]:
    may_sell = person.has_perm("sales.change_sale")
    for sale in agenda.live:
        ending = [each for each in sale.deals if each.is_ending or each.is_gone]
        if sale.left + sale.claimed == 0:
            continue
        for each in ending[:NAMED]:
            yield _stock_of(sale, each, may_sell)
        if len(ending) > NAMED:
            more = len(ending) - NAMED
            yield Alert(f"{more} more deals of {sale.sale} run low.", sale.address, "Open the sale")


def _stock_of(sale: SaleNow, each: DealNow, may_sell: bool) -> Alert:
    what = f"{each.deal.product.name} in {sale.sale}"
    text = f"{what} is sold out." if each.is_gone else f"{what}: {each.left} of {each.supply} left."
    if each.is_bound_by_stock:
        address = reverse("admin:catalog_product_change", args=[each.deal.product_id])
        return Alert(text, address, "Add stock" if may_sell else "Open the product")
    return Alert(text, sale.address, "Set more aside" if may_sell else "Open the sale")


def _of_orders(now: datetime) -> Iterator[Alert]:
    processing = Q(status=Order.Status.PROCESSING)
    counted = Order.objects.filter(overdue(now) | processing | unsent(now)).aggregate(
        overdue=Count("pk", filter=overdue(now)),
        processing=Count("pk", filter=processing),
        since=Min("placed_at", filter=processing),
        unsent=Count("pk", filter=unsent(now)),
    )
    if count := counted["overdue"]:
        text = f"{several(count, 'unpaid order')} should have lapsed: Stripe has not answered yet, "
        text += "or reconcile does not run."
        yield Alert(text, _orders(wait="overdue"), "Look at them", True)
    if count := counted["unsent"]:
        text = f"{several(count, 'receipt')} could not be mailed."
        yield Alert(text, _orders(wait="receipt"), "Look at them")
    if count := counted["processing"]:
        text = f"{several(count, 'payment')} on the way at the bank, the oldest since "
        text += f"{counted['since']:%-d %B}. Bank debits take days; there is nothing to do yet."
        yield Alert(text, _orders(status__exact="processing"), "Look at them")


def _of_refunds(now: datetime) -> Iterator[Alert]:
    later = Refund.objects.filter(order=OuterRef("order"), pk__gt=OuterRef("pk"))
    failed = Refund.objects.filter(status=Refund.Status.FAILED).exclude(Exists(later))
    unasked = Refund.objects.filter(
        status=Refund.Status.PENDING, stripe_id="", made_at__lt=now - GRACE
    )
    for refund in (failed | unasked).select_related("order").order_by("-pk")[:NAMED]:
        address = reverse("admin:checkout_order_change", args=[refund.order_id])
        what = f"{refund.amount_text} of {refund.order}"
        if refund.status == Refund.Status.FAILED:
            yield Alert(
                f"A refund failed: {what} did not go back.", address, "Open the order", True
            )
        else:
            yield Alert(f"Stripe has not taken on a refund yet: {what}.", address, "Open the order")


def _of_disputes(now: datetime) -> Iterator[Alert]:
    open_ones = Dispute.objects.filter(closed_at=None, status__endswith="needs_response")
    for dispute in open_ones.select_related("order").order_by("respond_by")[:NAMED]:
        address = reverse("admin:checkout_order_change", args=[dispute.order_id])
        due = ""
        if dispute.respond_by:
            verb = "had to be" if dispute.respond_by <= now else "has to be"
            due = f" It {verb} answered by {dispute.respond_by:%-d %B %Y, %H:%M} UTC."
        text = f"The bank disputes {dispute.order}.{due}"
        yield Alert(text, address, "Open the order", True)


def _of_keys() -> Iterator[Alert]:
    try:
        keys = list(ring().values())
    except KeyRingError as error:
        yield Alert(f"No offer can be signed, and nothing sold: {error}", is_urgent=True)
        return
    for key in keys:
        if key.status is KeyStatus.RETIRING:
            yield Alert(
                f"Offer key {key.kid} is retiring. Take it out of OFFER_KEYS once the longest "
                "hold since it last signed is over."
            )


def _orders(**query: str) -> str:
    return f"{reverse('admin:checkout_order_changelist')}?{urlencode(query)}"
