"""The key ring that the settings describe.

``OFFER_KEYS``: a private JWK Set, as JSON or as a file's path.
``OFFER_ISSUER``: the ``iss`` of every message that this site signs.
``OFFER_REALM``: optional; the realm of all this site's keys (see ``realms``).
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from offers.keys import KeyRing, KeyRingError
from offers.realms import in_force, in_realm
from offers.tokens import encode_segment


def ring() -> KeyRing:
    """The living keys in the current realm.

    :raises KeyRingError: the settings do not make a key ring
    """
    return ring_in(in_force())


@cache
def ring_in(realm: str) -> KeyRing:
    """The living keys in a realm of this site; each process reads them once.

    :param realm: empty for the site's own keys
    :raises KeyRingError: the settings do not make a key ring
    """
    try:
        ring = KeyRing.from_jwk_set(key_document(), settings.OFFER_ISSUER)
        for each in (getattr(settings, "OFFER_REALM", ""), realm):
            ring = in_realm(ring, each) if each else ring
        return ring
    except KeyRingError as error:
        # Raised anew: an error page shows frames, and those of the first error hold secrets.
        raise KeyRingError(str(error)) from None


def key_document() -> str | dict[str, Any]:
    """The private JWK Set as configured, not yet checked.

    :raises KeyRingError: its file cannot be read, or it is missing in production
    """
    configured: str = settings.OFFER_KEYS
    if configured.lstrip().startswith("{"):
        return configured
    if configured:
        try:
            return Path(configured).read_text()
        except (OSError, ValueError) as error:
            # Without the configured value: it may be a key set with wrong quotes.
            reason = getattr(error, "strerror", None) or "not a file of text"
            raise KeyRingError(f"OFFER_KEYS: {reason}.") from None
    if settings.DEBUG:
        return _development_keys(settings.SECRET_KEY)
    raise KeyRingError("OFFER_KEYS is not set: a private JWK Set, as JSON or a file's path.")


def _development_keys(secret_key: str) -> dict[str, Any]:
    secret = sha256(b"flashfreeze development offer key\0" + secret_key.encode()).digest()
    kid = "development-" + sha256(secret).hexdigest()[:8]
    return {"keys": [{"kty": "oct", "k": encode_segment(secret), "kid": kid, "status": "active"}]}


def _forget(*, setting: str, **_: Any) -> None:
    if setting in {"OFFER_KEYS", "OFFER_ISSUER", "OFFER_REALM", "SECRET_KEY", "DEBUG"}:
        ring_in.cache_clear()


setting_changed.connect(_forget)
