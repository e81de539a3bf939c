"""The mail that tells a shopper that money goes back."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.tasks import task
from django.template.loader import render_to_string
from django.utils import timezone

from shop.checkout.links import order_path
from shop.checkout.models import Refund


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
    EmailMessage(
        subject=f"{settings.SHOP_NAME}: {refund.amount_text} back for order {order.number}",
        body=render_to_string("checkout/refund.txt", context),
        to=[order.email],
    ).send()
    Refund.objects.filter(pk=refund.pk).update(note_sent_at=timezone.now())
