"""Targets: settings. What is written in one is honored, or the shop refuses to start."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.core.exceptions import ImproperlyConfigured
from joserfc.jwk import ECKey, OctKey

from offers.key_set import KeySet
from offers.keys import KeyRing, KeyRingError, SigningKey
from offers.terms import Offer
from offers.tokens import decode_segment, encode_segment, read_offer, sign_offer
from shop.core.database_url import database_settings
from shop.core.mail_url import mail_settings
from shop.core.proxies import parse_proxies
from tests.fuzz.target import Outcome, Target, text_of
from tests.offers.handmade_tokens import ISSUER, claims

_OFFER = Offer.from_claims(claims())
#: What no address has: it would be dropped, or end a line.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


# --- Keys -----------------------------------------------------------------------


def key_set(data: bytes) -> Outcome:
    """A private JWK Set, as ``OFFER_KEYS`` and ``SITE_KEYS`` have it."""
    text = text_of(data)
    try:
        ring = KeyRing.from_jwk_set(text, ISSUER)
    except KeyRingError as error:
        assert not any(secret in str(error) for secret in _secrets(text))
        return Outcome.REFUSED
    message = sign_offer(_OFFER, ring.active)
    assert read_offer(message, ring) == _OFFER
    for jwk in json.loads(text)["keys"]:
        if "k" in jwk and jwk["kty"] == "oct":
            key = ring[jwk["kid"]].jwk
            assert isinstance(key, OctKey)
            # Another program that reads the set has to find the same secret.
            assert encode_segment(key.raw_value) == jwk["k"].rstrip("=")
    _check_published(ring, message)
    edited = KeySet.from_json(text, ISSUER)
    assert list(KeyRing.from_jwk_set(edited.to_json(), ISSUER)) == list(ring)
    return Outcome.READ


def _secrets(text: str) -> Iterator[str]:
    """The private parts of what may be keys, but for those too short to be told from words."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    keys = document.get("keys") if isinstance(document, dict) else None
    for jwk in keys if isinstance(keys, list) else ():
        for name in ("k", "d") if isinstance(jwk, dict) else ():
            if isinstance(jwk.get(name), str) and len(jwk[name]) > 20:
                yield jwk[name]


def _check_published(ring: KeyRing, message: str) -> None:
    """What partners get has no secret in it, and verifies what the ring signs."""
    published = ring.public_jwk_set()["keys"]
    pairs = [key for key in ring.values() if isinstance(key.jwk, ECKey)]
    assert [jwk["kid"] for jwk in published] == [key.kid for key in pairs]
    for jwk in published:
        assert jwk.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
        point = [int.from_bytes(decode_segment(jwk[name])) for name in ("x", "y")]
        assert {len(decode_segment(jwk[name])) for name in ("x", "y")} == {32}
        public = ec.EllipticCurvePublicNumbers(point[0], point[1], ec.SECP256R1()).public_key()
        if jwk["kid"] == ring.active.kid:
            _verify(public, message, ring.active)


def _verify(public: ec.EllipticCurvePublicKey, message: str, key: SigningKey) -> None:
    assert key.algorithm == "ES256"
    signed, _, last = message.rpartition(".")
    signature = decode_segment(last)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))


# --- Addresses ------------------------------------------------------------------


def database_address(data: bytes) -> Outcome:
    """``DATABASE_URL``."""
    text = text_of(data)
    try:
        found = database_settings(text, timeout=20)
    except ImproperlyConfigured:
        return Outcome.REFUSED
    assert not _UNPRINTABLE.search(text), "something in it has been left out"
    if found["ENGINE"].endswith("sqlite"):
        assert quote(found["NAME"], safe="/") == quote(unquote(text.split("?")[0][10:]), safe="/")
        return Outcome.READ
    assert found["NAME"] or "service" in found["OPTIONS"]
    for place in ("USER", "PASSWORD", "NAME"):
        _stands_in(text, found[place])
    return Outcome.READ


def mail_address(data: bytes) -> Outcome:
    """``EMAIL_URL``."""
    text = text_of(data)
    try:
        found = mail_settings(text)
    except ImproperlyConfigured:
        return Outcome.REFUSED
    assert not _UNPRINTABLE.search(text), "something in it has been left out"
    options: dict[str, Any] = found["OPTIONS"]
    assert options.get("port") is None or 0 < options["port"] < 65536
    for name in ("username", "password", "file_path"):
        _stands_in(text, options.get(name) or "")
    assert (options.get("host") or "").lower() in text.lower()
    return Outcome.READ


def _stands_in(text: str, value: str) -> None:
    """A value is what an address says, escaped or not."""
    assert value in unquote(text, errors="surrogateescape"), "this is not what it says"
    value.encode()


def trusted_proxies(data: bytes) -> Outcome:
    """``TRUSTED_PROXIES``, divided already."""
    names = [name for name in text_of(data).split(",") if name]
    try:
        proxies = parse_proxies(names)
    except ValueError:
        return Outcome.REFUSED
    assert bool(proxies) == bool(names)
    assert all(network.prefixlen for network in proxies.networks)
    return Outcome.READ


TARGETS = [
    Target("key-set", key_set, most_bytes=2500),
    Target("database-url", database_address, most_bytes=400),
    Target("mail-url", mail_address, most_bytes=400),
    Target("trusted-proxies", trusted_proxies, most_bytes=200),
]
