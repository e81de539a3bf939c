"""Keys of limit counts: keyed hashes of a browser, a mail address or a card."""

import re
import unicodedata

from django.utils.crypto import salted_hmac

from shop.core.typed.mail_addresses import ascii_domain
from shop.sales.models import LimitUse

_ESCAPED = re.compile(r"\\(.)")
#: Gmail's two names; it leaves out an address's periods (support.google.com/mail/answer/7436150).
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


def email_key(address: str) -> str:
    """The key of a mail address, the same for every spelling that reaches the same mailbox."""
    return limit_key(LimitUse.Kind.EMAIL, normalise_email(address))


def card_key(fingerprint: str) -> str:
    """The key of a card, by the fingerprint that Stripe gives its number; empty without one."""
    return limit_key(LimitUse.Kind.CARD, fingerprint) if fingerprint else ""


def normalise_email(address: str) -> str:
    """One spelling for all that reach the same mailbox, as far as that can be known from outside.

    It is in lower case, its domain in ASCII (IDNA 2008), without ``+tag`` and quotes. Gmail's has
    no periods before the @, and is at gmail.com.
    """
    composed = unicodedata.normalize("NFC", address).strip().lower()
    local, _, domain = composed.rpartition("@")
    if local.startswith('"'):
        # Quoted it is the same, and may be spelled in as many ways as it has letters (RFC 5322).
        local = _ESCAPED.sub(r"\1", local.strip('"'))
    local, domain = local.partition("+")[0], ascii_domain(domain)
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def limit_key(kind: LimitUse.Kind, value: str) -> str:
    """The keyed hash under which units are counted."""
    return salted_hmac(f"limit use: {kind}", value, algorithm="sha256").hexdigest()
