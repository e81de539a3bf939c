"""The mail that tells a shopper that money goes back; sent at least once, as a receipt is."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.tasks import TaskResultStatus, task
from django.template.loader import render_to_string
from django.utils import timezone

from shop.orders.emails import TIME_TO_SEND, TIME_TO_TRY, deliver
from shop.orders.links import order_path
from shop.orders.models import Refund

logger = logging.getLogger(__name__)


@task
def send_refund_note(refund_id: int) -> None:
    """Mail the note of a refund that Stripe took on, unless it was mailed already."""
    refund = Refund.objects.select_related("order").get(pk=refund_id)
    if refund.note_sent_at is not None:
        return
    order = refund.order
    context = {
        "refund": refund,
        "order": order,
        "lines": refund.lines.select_related("order_line"),
        "shop_name": settings.SHOP_NAME,
        "address": settings.SHOP_URL + order_path(order),
    }
    note = EmailMessage(
        subject=f"{settings.SHOP_NAME}: {refund.amount_text} back for order {order.number}",
        body=render_to_string("checkout/refund.txt", context),
        to=[order.email],
    )
    deliver(note, f"The note that {refund}")
    Refund.objects.filter(pk=refund.pk).update(note_sent_at=timezone.now())


def send_missing_notes(now: datetime) -> None:
    """Mail the notes that a server that died, or a mail server that was away, has kept back."""
    unsent = Refund.objects.filter(
        note_sent_at=None,
        status__in=[Refund.Status.PENDING, Refund.Status.SUCCEEDED],
        made_at__range=(now - TIME_TO_TRY, now - TIME_TO_SEND),
    ).exclude(stripe_id="")
    for refund in unsent.order_by("?"):
        if send_refund_note.enqueue(refund.pk).status == TaskResultStatus.FAILED:
            logger.warning("The note that %s could not be sent yet", refund)
            return
