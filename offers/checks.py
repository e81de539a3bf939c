"""System checks: a misconfigured key ring stops the process at start and names the fault."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from offers import conf
from offers.keys import KeyRingError


@register(Tags.security)
def check_key_ring(**_: Any) -> list[CheckMessage]:
    """Check that the settings make a key ring with one active key."""
    try:
        conf.ring()
    except KeyRingError as error:
        return [
            Error(
                str(error),
                hint="`manage.py offer_keys add` makes a key set; point OFFER_KEYS at it.",
                id="offers.E001",
            )
        ]
    return []


@register(Tags.security, deploy=True)
def check_production_keys(**_: Any) -> list[CheckMessage]:
    """Check that in production the operator has set the keys and the issuer."""
    messages: list[CheckMessage] = []
    if settings.DEBUG and not settings.OFFER_KEYS:
        messages.append(
            CheckWarning(
                "OFFER_KEYS is not set: offers are signed with a key derived from SECRET_KEY.",
                hint="`manage.py offer_keys add` makes a key set; point OFFER_KEYS at it.",
                id="offers.W001",
            )
        )
    if not settings.OFFER_ISSUER.startswith("https://"):
        messages.append(
            CheckWarning(
                "OFFER_ISSUER should be the shop's https address.",
                hint="Partners tell shops apart by it.",
                id="offers.W002",
            )
        )
    return messages
