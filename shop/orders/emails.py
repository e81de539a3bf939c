"""Mails to shoppers: the receipt of an order, and the note of a refund.

Each is sent at least once: when its cause is recorded, and again by ``reconcile`` where it is not
known that the mail server took it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.tasks import Task, task
from django.template.loader import render_to_string
from django.utils import timezone

from shop.orders.links import order_path
from shop.orders.models import HAS_GOODS, Order, Refund
from shop.staff.throttles import Counted, Limit, take

logger = logging.getLogger(__name__)

#: How often a receipt is mailed again: nobody fills a shopper's mailbox from the back office.
MAILED_AGAIN = Limit(3, timedelta(minutes=5), timedelta(minutes=15))
MAILED_TOO_OFTEN = "This receipt was mailed several times just now. Mail it again in {wait}."

#: How long a mail may be on its way before another is sent in its place.
TIME_TO_SEND = timedelta(minutes=1)
#: For how long it is tried: a mail server may be away so long.
TIME_TO_TRY = timedelta(days=3)


@task
def send_receipt(order_id: int) -> None:
    """Mail the receipt of a paid order, with its offers attached, unless it was mailed already.

    One that was rebuilt from its payment has no offers, and its receipt was probably mailed before.
    """
    order = Order.objects.prefetch_related("lines").get(pk=order_id)
    if order.receipt_sent_at is not None:
        return
    lines = order.lines.all()
    # A line that was rebuilt from its payment has none.
    offers = "\n".join(dict.fromkeys(line.offer for line in lines if line.offer))
    attachment = (f"offers-{order.number}.txt", offers, "text/plain")
    subject = f"your order {order.number}"
    context = {"lines": lines, "has_offers": bool(offers)}
    _mail(order, subject, "checkout/receipt.txt", context, [attachment] if offers else [])
    Order.objects.filter(pk=order.pk).update(receipt_sent_at=timezone.now())  # noqa: TID251


@task
def send_refund_note(refund_id: int) -> None:
    """Mail the note of a refund that Stripe accepted, unless it was mailed already."""
    refund = Refund.objects.select_related("order").get(pk=refund_id)
    if refund.note_sent_at is not None:
        return
    context = {"refund": refund, "lines": refund.lines.select_related("order_line")}
    subject = f"{refund.amount_text} back for order {refund.order.number}"
    _mail(refund.order, subject, "checkout/refund.txt", context)
    Refund.objects.filter(pk=refund.pk).update(note_sent_at=timezone.now())  # noqa: TID251


def mail_again(order: Order) -> bool:
    """Mail the receipt of an order once more; whether the mail server took it.

    One that it did not take is tried again by ``reconcile``, as a first one is.

    :raises TooManyTries: it was mailed too often of late
    """
    take(Counted("receipt of", order.number, MAILED_AGAIN), sentence=MAILED_TOO_OFTEN)
    Order.objects.filter(pk=order.pk).update(receipt_sent_at=None)
    return _is_sent(send_receipt, order.pk)


def send_missing(now: datetime) -> None:
    """Mail the receipts and notes that a crash or an absent mail server held back."""
    times = (now - TIME_TO_TRY, now - TIME_TO_SEND)
    unsent_receipts = Order.objects.filter(
        status__in=HAS_GOODS, receipt_sent_at=None, paid_at__range=times
    )
    unsent_notes = Refund.objects.filter(
        status__in=[Refund.Status.PENDING, Refund.Status.SUCCEEDED],
        note_sent_at=None,
        made_at__range=times,
    ).exclude(stripe_id="")
    _send_until_failure(send_receipt, unsent_receipts)
    _send_until_failure(send_refund_note, unsent_notes)


def _send_until_failure(mail: "Task[[int], None]", rows: QuerySet[Any]) -> None:
    # In random order: one that always fails must not always block the others.
    for pk in rows.order_by("?").values_list("pk", flat=True):
        if not _is_sent(mail, pk):
            return


def _is_sent(mail: "Task[[int], None]", pk: int) -> bool:
    """Run a mail's task now; whether it succeeded."""
    try:
        mail.call(pk)
    except Exception:
        logger.exception("%s: %d could not be mailed yet", mail.name, pk)
        return False
    return True


def _mail(
    order: Order,
    subject: str,
    template: str,
    context: dict[str, Any],
    attachments: Sequence[tuple[str, str, str]] = (),
) -> None:
    """Hand a mail to the mail server; a permanently refused address counts as delivered.

    :raises OSError: the mail server is away, or refuses for now
    """
    address = settings.SHOP_URL + order_path(order)
    shared = {"order": order, "shop_name": settings.SHOP_NAME, "address": address}
    message = EmailMessage(
        subject=f"{settings.SHOP_NAME}: {subject}",
        body=render_to_string(template, shared | context),
        to=[order.email],
        attachments=attachments,
    )
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        if any(code < 500 for code, _ in refusal.recipients.values()):
            raise
        logger.error("A mail is refused by its address: %s", subject)
