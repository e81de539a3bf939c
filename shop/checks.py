"""System checks: what is missing for production, each by its name."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from shop.core.money import is_currency


@register(Tags.compatibility)
def check_currency(**_: Any) -> list[CheckMessage]:
    """The shop's currency is one of ISO 4217's."""
    if is_currency(settings.SHOP_CURRENCY):
        return []
    code = settings.SHOP_CURRENCY
    return [Error(f"SHOP_CURRENCY={code} is not an ISO 4217 code, such as EUR.", id="shop.E001")]


@register(Tags.security, deploy=True)
def check_stripe(**_: Any) -> list[CheckMessage]:
    """Payment goes to Stripe, with keys and a webhook secret of the operator's own."""
    messages: list[CheckMessage] = [
        CheckWarning(f"{name} is not set: nobody can pay.", id=f"shop.W10{number}")
        for number, name in enumerate(
            ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
        )
        if not getattr(settings, name) or getattr(settings, name).endswith("development")
    ]
    if settings.STRIPE_API_BASE:
        messages.append(
            CheckWarning(
                "STRIPE_API_BASE is set: payments go to a stand-in, and no money moves.",
                id="shop.W104",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def check_addresses(**_: Any) -> list[CheckMessage]:
    """The shop knows its own address, which mails link to."""
    if urlsplit(settings.SHOP_URL).scheme == "https":
        return []
    return [
        CheckWarning(
            "SHOP_URL should be the shop's https address: receipts link to it.", id="shop.W105"
        )
    ]
