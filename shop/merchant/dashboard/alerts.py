"""Alerts of the start page: what needs attention, each with a link to the page to act on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.timezone import get_default_timezone

from offers import conf
from offers.keys import KeyRingError
from shop.core.durations import duration, several
from shop.core.formatting import day_and_clock, exactly
from shop.merchant.dashboard.schedule import SaleNow, Schedule
from shop.merchant.models import CsvImport
from shop.merchant.rehearsals.runs import rehearsals_of
from shop.orders.models import (
    IS_SET_ASIDE,
    UNRESOLVED,
    Dispute,
    Order,
    PaymentDiscrepancy,
    Refund,
    StripeEvent,
    overdue,
    stuck_refunds,
    unsent,
)
from shop.sales.availability import DealNow
from shop.sales.outages import affected_sales
from shop.sales.restorations import is_checkout_closed, undecided_sales
from shop.sales.sense_facts import check_sales
from shop.staff.models import Staff

#: How long before it opens a sale is checked.
READY_BEFORE = timedelta(hours=1)
#: For how long a lost dispute is told of.
LOSS_IS_TOLD_FOR = timedelta(days=7)
#: Alerts of one kind that are listed singly.
LISTED = 5


@dataclass(frozen=True, slots=True)
class Alert:
    """What needs attention, and a link with its label; urgent ones are listed first.

    With ``choices``, buttons by their values in place of the link: each sends ``answer`` to the
    address, and ``shown``, what the text says of it.
    """

    text: str
    address: str = ""
    action: str = ""
    is_urgent: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    shown: str = ""


def alerts(schedule: Schedule, staff: Staff, now: datetime) -> list[Alert]:
    """Everything that needs attention and that this member of staff may see, urgent first."""
    found = list(_keys(now)) if staff.has_perm("staff.view_staff") else []
    found += _restored()
    if staff.has_perm("sales.view_sale"):
        found += [
            *_outages(staff, now),
            *_forgotten_drafts(schedule, now),
            *_unread_warnings(schedule, now),
            *_broken_rehearsals(schedule),
            *_low_stock(schedule, staff),
        ]
    if staff.has_perm("catalog.change_product"):
        found += _interrupted_imports()
    if staff.has_perm("checkout.view_order"):
        found += [
            *_discrepancies(),
            *_disputes(now),
            *_stuck_refunds(now),
            *_stuck_orders(now),
            *_events_set_aside(),
        ]
    return sorted(found, key=lambda each: not each.is_urgent)


def _restored() -> Iterator[Alert]:
    """What waits for ``manage.py restored``."""
    if is_checkout_closed():
        text = "Checkout is closed: the database was restored from a backup, and has still to learn"
        text += " from Stripe which orders were paid. Whoever operates the shop has to run"
        yield Alert(f"{text} `manage.py restored`.", is_urgent=True)
    if slugs := undecided_sales():
        text = f"The shop was restored, and lines of {', '.join(slugs)} wait in every bag until it "
        text += "is said whether those offers are honored or recalled (`manage.py restored`)."
        yield Alert(text, is_urgent=True)


def _outages(staff: Staff, now: datetime) -> Iterator[Alert]:
    """What outages took from prices that were promised, and the way to give it back."""
    for each in affected_sales(now):
        times, ended_at = len(each.downtimes), each.downtimes[-1].ended_at
        often = f" {times} times" if times > 1 else ""
        away = f"for {duration(each.span)}{' in all, the last time' if often else ','}"
        text = f"Checkout was away{often} {away} until {exactly(ended_at, each.sale.zone)}, "
        text += f"while prices of {each.sale} were held."
        longer = several(each.seconds // 60, "minute")
        choices = {"extend": f"Hold them {longer} longer", "leave": "Leave them as they are"}
        if each.held_until <= now:
            text += " It is too late to give that time back: all of them have run out."
            choices = {"leave": "Close"}
        if not staff.has_perm("sales.change_sale"):
            choices = {}
        address = reverse("admin:sale_outage", args=[each.sale.slug]) if choices else ""
        yield Alert(text, address, is_urgent=True, choices=choices, shown=str(each.seconds))


def _forgotten_drafts(schedule: Schedule, now: datetime) -> Iterator[Alert]:
    for sale in schedule.upcoming:
        if not sale.is_draft or sale.sale.starts_at - now > READY_BEFORE:
            continue
        when = f"opens at {_at(sale, sale.sale.starts_at)}"
        if sale.sale.starts_at <= now:
            when = "should be live by now"
        text = f"{sale.sale} {when}, and is still a draft: nobody will see it."
        yield Alert(text, sale.address, "Open the sale", True)


def _unread_warnings(schedule: Schedule, now: datetime) -> Iterator[Alert]:
    """Warnings of published sales that nobody has acknowledged; urgent just before they open."""
    coming = [each for each in (*schedule.live, *schedule.upcoming) if not each.is_draft]
    deals = {each.sale.pk: [one.deal for one in each.deals] for each in coming}
    for checked in check_sales([each.sale for each in coming], now, deals=deals):
        sale, is_urgent = checked.sale, checked.sale.starts_at - now <= READY_BEFORE
        page = f"{reverse('admin:sales_sale_publish')}?sale={sale.pk}"
        for each in checked.unread[:LISTED]:
            yield Alert(f"{sale}: {each.text}", page, "Mend or acknowledge", is_urgent)
        if more := len(checked.unread[LISTED:]):
            text = f"{sale}: {several(more, 'more warning')}."
            yield Alert(text, page, "Mend or acknowledge", is_urgent)


def _at(sale: SaleNow, instant: datetime) -> str:
    return day_and_clock(instant, sale.sale.zone)


def _broken_rehearsals(schedule: Schedule) -> Iterator[Alert]:
    for sale in (*schedule.live, *schedule.upcoming):
        last = rehearsals_of(sale.sale.slug).reported
        if last is not None and not last.is_kept:
            text = f"{sale.sale} was rehearsed on {_at(sale, last.started_at)}, and promises were "
            address = reverse("admin:sale_rehearsal", args=[sale.sale.slug])
            yield Alert(f"{text}broken.", address, "Read what was found", True)


def _low_stock(schedule: Schedule, staff: Staff) -> Iterator[Alert]:
    may_sell = staff.has_perm("sales.change_sale")
    for sale in schedule.live:
        ending = [each for each in sale.deals if each.is_ending or each.is_gone]
        if sale.left + sale.claimed == 0:
            continue
        for each in ending[:LISTED]:
            yield _low_deal(sale, each, may_sell)
        if len(ending) > LISTED:
            more = len(ending) - LISTED
            yield Alert(f"{more} more deals of {sale.sale} run low.", sale.address, "Open the sale")


def _low_deal(sale: SaleNow, each: DealNow, may_sell: bool) -> Alert:
    what = f"{each.deal.product.name} in {sale.sale}"
    text = f"{what} is sold out." if each.is_gone else f"{what}: {each.left} of {each.supply} left."
    if each.is_bound_by_stock:
        address = reverse("admin:catalog_product_change", args=[each.deal.product_id])
        return Alert(text, address, "Add stock" if may_sell else "Open the product")
    return Alert(text, sale.address, "Set more aside" if may_sell else "Open the sale")


def _stuck_orders(now: datetime) -> Iterator[Alert]:
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
        yield Alert(text, _order_list(wait="overdue"), "Look at them", True)
    if count := counted["unsent"]:
        text = f"{several(count, 'receipt')} could not be mailed."
        yield Alert(text, _order_list(wait="receipt"), "Look at them")
    if count := counted["processing"]:
        text = f"{several(count, 'payment')} on the way at the bank, the oldest since "
        since = counted["since"].astimezone(get_default_timezone())
        text += f"{since:%-d %B}. Bank debits take days; there is nothing to do yet."
        yield Alert(text, _order_list(status__exact="processing"), "Look at them")


def _stuck_refunds(now: datetime) -> Iterator[Alert]:
    for refund in stuck_refunds(now)[:LISTED]:
        address = reverse("admin:checkout_order_change", args=[refund.order_id])
        what = f"{refund.amount_text} of {refund.order}"
        if refund.status == Refund.Status.FAILED:
            yield Alert(
                f"A refund failed: {what} did not go back.", address, "Open the order", True
            )
        else:
            yield Alert(f"Stripe has not taken on a refund yet: {what}.", address, "Open the order")


def _discrepancies() -> Iterator[Alert]:
    """Payments on which Stripe and the order book disagree."""
    found = list(PaymentDiscrepancy.objects.filter(UNRESOLVED)[: LISTED + 1])
    orders = Order.objects.in_bulk([row.order_number for row in found], field_name="number")
    for row in found[:LISTED]:
        order = orders.get(row.order_number)
        address = reverse("admin:checkout_order_change", args=[order.pk]) if order else ""
        yield Alert(_about_discrepancy(row), address, "Open the order" if order else "", True)
    if len(found) > LISTED:
        text = "There are more payments on which Stripe and the orders here disagree."
        yield Alert(f"{text} `manage.py reconcile` lists them.", is_urgent=True)


def _about_discrepancy(row: PaymentDiscrepancy) -> str:
    if row.kind == PaymentDiscrepancy.Kind.NOT_PAID:
        return (
            f"{row.order_number} counts as paid here, and Stripe has no such payment of "
            f"{row.amount_text}. Look for {row.payment_intent} at Stripe before anything is sent."
        )
    return (
        f"A payment of {row.amount_text} at Stripe has no order here: {row.payment_intent}, "
        f"order {row.order_number or 'unnamed'}. After a restored backup, `manage.py restored` "
        "brings the order back; otherwise refund the payment at Stripe."
    )


def _events_set_aside() -> Iterator[Alert]:
    if count := StripeEvent.objects.filter(IS_SET_ASIDE).count():
        them = "it" if count == 1 else "them"
        yield Alert(
            f"{several(count, 'event')} of Stripe's could not be acted on; the log says why. "
            f"`manage.py reconcile --retry-set-aside` tries {them} again.",
            is_urgent=True,
        )


def _disputes(now: datetime) -> Iterator[Alert]:
    unanswered = Q(outcome=Dispute.Outcome.OPEN, status__endswith="needs_response")
    just_lost = Q(outcome=Dispute.Outcome.LOST, closed_at__gt=now - LOSS_IS_TOLD_FOR)
    rows = Dispute.objects.filter(unanswered | just_lost).select_related("order")
    # Open ones first: they need an answer.
    found = list(rows.order_by("-outcome", "respond_by", "pk")[: LISTED + 1])
    for dispute in found[:LISTED]:
        address = reverse("admin:checkout_order_change", args=[dispute.order_id])
        yield Alert(_about(dispute, now), address, "Open the order", dispute.is_open)
    if len(found) > LISTED:
        yield Alert("There are more disputes.", _order_list(dispute="any"), "Look at them")


def _about(dispute: Dispute, now: datetime) -> str:
    what = f"{dispute.amount_text} of {dispute.order}"
    if not dispute.is_open:
        return f"A dispute was lost: the bank has {what} back."
    asks = "asks about" if dispute.is_refundable else "disputes"
    due = ""
    if dispute.respond_by:
        verb = "had to be" if dispute.respond_by <= now else "has to be"
        by = day_and_clock(dispute.respond_by, get_default_timezone())
        due = f" It {verb} answered at Stripe by {by}."
    return f"The bank {asks} {what}.{due}"


def _keys(now: datetime) -> Iterator[Alert]:
    for fault in conf.faults():
        yield Alert(
            f"{fault} The keys that were read before go on until a restart.", is_urgent=True
        )
    try:
        done = conf.keys_to_retire(now)
    except KeyRingError as error:
        yield Alert(f"No offer can be signed, and nothing sold: {error}", is_urgent=True)
        return
    for kid in done:
        yield Alert(
            f"All offers that key {kid} signed have run out. "
            f"Take it away: manage.py offer_keys retire {kid}."
        )


def _interrupted_imports() -> Iterator[Alert]:
    """CSV files of which some rows are written, and others are not."""
    for job in CsvImport.objects.exclude(status=CsvImport.Status.DONE).defer("content"):
        if not job.is_under_way:
            app, model = job.table.split(".")
            address = reverse(f"admin:{app}_{model}_import_progress", args=[job.pk])
            text = f"A file stopped halfway: {job.progress} are written."
            yield Alert(text, address, "See why", True)


def _order_list(**query: str) -> str:
    return f"{reverse('admin:checkout_order_changelist')}?{urlencode(query)}"
