"""The one client that speaks to Stripe, or to the stand-in at ``STRIPE_API_BASE``."""

from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.core.signals import setting_changed

#: With one retry the worst case (``STRIPE_TIMEOUT_SECONDS``) ends well before a server gives a
#: worker up.
MOST_RETRIES = 1


@cache
def client() -> stripe.StripeClient:
    """The client, made once a process. Its defaults (80 s, two retries) hurt a checkout."""
    return new_client(timeout=settings.STRIPE_TIMEOUT_SECONDS, retries=MOST_RETRIES)


def new_client(*, timeout: float, retries: int) -> stripe.StripeClient:
    """A client with a time-out of its own for each try, in seconds."""
    base: dict[str, Any] = {}
    if settings.STRIPE_API_BASE:
        base["base_addresses"] = {"api": settings.STRIPE_API_BASE}
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        http_client=stripe.RequestsClient(timeout=timeout),
        max_network_retries=retries,
        **base,
    )


def reason_of(error: stripe.StripeError) -> str:
    """Why Stripe gave no answer, in a word for a log or an operator: no personal data."""
    return error.code or type(error).__name__


def script_url() -> str:
    """Where pages load Stripe.js from: the release that belongs to the library's API version."""
    if settings.STRIPE_API_BASE:
        return f"{settings.STRIPE_API_BASE}/stripe.js"
    release = stripe.api_version.rpartition(".")[2] if stripe.api_version else "v3"
    return f"https://js.stripe.com/{release}/stripe.js"


def _forget(*, setting: str, **_: Any) -> None:
    if setting.startswith("STRIPE_"):
        client.cache_clear()


setting_changed.connect(_forget)
