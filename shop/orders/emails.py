"""The receipt: a mail with the order, its address, and the signed offers as evidence.

Sent when the order is paid, and by ``reconcile`` where that came to nothing: at
least once, since nobody can say of a server that died whether its mail went out.
"""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage
from django.tasks import TaskResultStatus, task
from django.template.loader import render_to_string
from django.utils import timezone

from shop.orders.links import order_path
from shop.orders.models import HAS_GOODS, Order

logger = logging.getLogger(__name__)

#: How long a receipt may be on its way before another is sent in its place.
TIME_TO_SEND = timedelta(minutes=1)
#: How long a mail server may be away.
TIME_TO_TRY = timedelta(days=3)


@task
def send_receipt(order_id: int) -> None:
    """Mail the receipt of a paid order, with its offers attached, unless it was mailed already."""
    order = Order.objects.prefetch_related("lines").get(pk=order_id)
    if order.receipt_sent_at is not None:
        return
    context = {
        "order": order,
        "lines": order.lines.all(),
        "shop_name": settings.SHOP_NAME,
        "address": settings.SHOP_URL + order_path(order),
    }
    message = EmailMessage(
        subject=f"{settings.SHOP_NAME}: your order {order.number}",
        body=render_to_string("checkout/receipt.txt", context),
        to=[order.email],
    )
    offers = "\n".join(dict.fromkeys(line.offer for line in order.lines.all()))
    message.attach(f"offers-{order.number}.txt", offers, "text/plain")
    deliver(message, f"The receipt of {order}")
    Order.objects.filter(pk=order.pk).update(receipt_sent_at=timezone.now())


def mail_again(order: Order) -> bool:
    """Mail the receipt of an order once more; whether the mail server took it.

    One that it did not take is tried again by ``reconcile``, as a first one is.
    """
    Order.objects.filter(pk=order.pk).update(receipt_sent_at=None)
    return send_receipt.enqueue(order.pk).status != TaskResultStatus.FAILED


def deliver(message: EmailMessage, what: str) -> None:
    """Hand a mail to the mail server; what its address refuses for good counts as handed over."""
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        if any(code < 500 for code, _ in refusal.recipients.values()):
            raise  # Not now.
        logger.error("%s is refused by its mail address", what)


def send_missing(now: datetime) -> None:
    """Mail the receipts that a server that died, or a mail server that was away, has kept back."""
    unsent = Order.objects.filter(
        receipt_sent_at=None,
        status__in=HAS_GOODS,
        paid_at__range=(now - TIME_TO_TRY, now - TIME_TO_SEND),
    )
    # In any order: one that always fails is not always in the way of the others.
    for order in unsent.order_by("?"):
        if send_receipt.enqueue(order.pk).status == TaskResultStatus.FAILED:
            logger.warning("The receipt of %s could not be sent yet", order.number)
            return
