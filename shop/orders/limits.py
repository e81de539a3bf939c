"""Keys of limit counts: keyed hashes of a browser, a mail address or a card."""

import re
from contextlib import suppress

from django.utils.crypto import salted_hmac

from shop.sales.models import LimitUse

_ESCAPED = re.compile(r"\\(.)")


def email_key(address: str) -> str:
    """The key of a mail address, the same for every spelling that reaches the same mailbox."""
    return limit_key(LimitUse.Kind.EMAIL, normalise_email(address))


def card_key(fingerprint: str) -> str:
    """The key of a card, by the fingerprint that Stripe gives its number; empty without one."""
    return limit_key(LimitUse.Kind.CARD, fingerprint) if fingerprint else ""


def normalise_email(address: str) -> str:
    """The address in lower case, its domain in ASCII (IDNA), without ``+tag`` and quotes."""
    local, _, domain = address.strip().lower().rpartition("@")
    if local.startswith('"'):
        # Quoted it is the same, and may be spelled in as many ways as it has letters (RFC 5322).
        local = _ESCAPED.sub(r"\1", local.strip('"'))
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local.partition('+')[0]}@{domain}"


def limit_key(kind: LimitUse.Kind, value: str) -> str:
    """The keyed hash under which units are counted."""
    return salted_hmac(f"limit use: {kind}", value, algorithm="sha256").hexdigest()
