"""The receipt: a mail with the order, its address, and the signed offers as evidence."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.tasks import task
from django.template.loader import render_to_string

from shop.checkout.links import order_path
from shop.checkout.models import Order


@task
def send_receipt(order_id: int) -> None:
    """Mail the receipt of a paid order, with the offers it was bought at attached."""
    order = Order.objects.prefetch_related("lines").get(pk=order_id)
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
    message.send()
