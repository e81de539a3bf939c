"""Messages made by hand: signed with the standard library and ``cryptography`` alone.

The independent half of these tests: nothing here uses ``offers``, so that a message that the
reader believes was not merely written by the same mistake.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

type Json = dict[str, Any]
type Text = Mapping[str, Any] | str | bytes

ISSUER = "https://shop.example"
PARTNER = "partner:7"
SHOPPER = "kD3qv0mXTZ2yYk3m1b7f9A"
OTHER_SHOPPER = "Zw9hH0r5R0qk1lqQ2yq8Vg"
ANCHOR = "q83vEjRWeJCrze8S"
OTHER_ANCHOR = "AAAAAAAAAAAAAAAA"

#: The window is 11:00 to 11:15, the hold half an hour, the offer is of 11:05.
ISSUED = datetime(2026, 11, 27, 11, 5, tzinfo=UTC)
HOLD = timedelta(seconds=1800)
NOW = ISSUED + timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def latest_end(issued_before: datetime) -> datetime:
    """For ``OFFER_LATEST_END``: each offer is held for half an hour."""
    return issued_before + HOLD


# --- Keys ---------------------------------------------------------------------


def base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass(frozen=True)
class HmacKey:
    kid: str
    status: str
    issuer: str = ISSUER
    algorithm: str = "HS256"

    @property
    def secret(self) -> bytes:
        return sha256(self.kid.encode()).digest()

    def sign(self, message: bytes) -> bytes:
        return hmac.digest(self.secret, message, "sha256")

    def jwk(self) -> Json:
        return {"kty": "oct", "k": base64url(self.secret)}


@dataclass(frozen=True)
class EcKey:
    kid: str
    status: str
    issuer: str = ISSUER
    algorithm: str = "ES256"

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        scalar = int.from_bytes(sha256(self.kid.encode()).digest())
        return ec.derive_private_key(scalar, ec.SECP256R1())

    def sign_der(self, message: bytes) -> bytes:
        return self.private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.sign_der(message))
        return r.to_bytes(32) + s.to_bytes(32)

    def public_jwk(self) -> Json:
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32)) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def jwk(self) -> Json:
        return {**self.public_jwk(), "d": base64url(sha256(self.kid.encode()).digest())}


type Key = HmacKey | EcKey

HS = HmacKey("hs-2026-11", "active")
ES = EcKey("es-2026-12", "next")
OLD_HS = HmacKey("hs-2026-10", "retiring")
OLD_ES = EcKey("es-2026-10", "retiring")
PARTNERS = EcKey("partner-7", "next", issuer=PARTNER)
STRANGER = HmacKey("stranger", "active")
#: The order of P-256: (r, ORDER - s) verifies wherever (r, s) does.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def jwk_set(statuses: Mapping[Key, str]) -> Json:
    keys = []
    for key, status in statuses.items():
        own = {"issuer": key.issuer} if key.issuer != ISSUER else {}
        keys.append({**key.jwk(), "kid": key.kid, "alg": key.algorithm, "status": status, **own})
    return {"keys": keys}


KEY_SETS = {
    "shop": jwk_set({key: key.status for key in (HS, ES, OLD_HS, OLD_ES, PARTNERS)}),
    # The same shop later: another key signs, two were voided.
    "rotated": jwk_set({ES: "active", HS: "retiring", PARTNERS: "next"}),
}


# --- Messages -----------------------------------------------------------------


def instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def claims(**changed: Any) -> Json:
    """The payload of an ordinary offer, with these claims in place of its own."""
    return {
        "iss": ISSUER,
        "aud": "checkout",
        "sub": SHOPPER,
        "jti": "p0UeJtLQR8mXyKzv3F2c1w",
        "iat": seconds(ISSUED),
        "exp": seconds(ISSUED + HOLD),
        "sale": "autumn",
        "sku": "MUG-01",
        "amount": 499,
        "currency": "EUR",
        "was": 4990,
        "max": 2,
        "anchor": ANCHOR,
        **changed,
    }


def without(members: Json, name: str) -> Json:
    return {each: value for each, value in members.items() if each != name}


def header(key: Key, **changed: Any) -> Json:
    return {"alg": key.algorithm, "kid": key.kid, "typ": "offer+jwt", **changed}


def write(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def octets(text: Text) -> bytes:
    if isinstance(text, bytes):
        return text
    return (text if isinstance(text, str) else write(text)).encode()


def signing_input(head: Text, payload: Text) -> bytes:
    return f"{base64url(octets(head))}.{base64url(octets(payload))}".encode()


def message(
    payload: Text | None = None,
    *,
    key: Key = HS,
    head: Text | None = None,
    signature: bytes | None = None,
) -> str:
    """A message, properly signed by a key unless a signature is given."""
    signed = signing_input(header(key) if head is None else head, payload or claims())
    signature = key.sign(signed) if signature is None else signature
    return f"{signed.decode()}.{base64url(signature)}"


def instead(old: str, new: str, text: str | None = None) -> str:
    """The JSON of the ordinary payload with one piece replaced, to write what JSON refuses."""
    text = write(claims()) if text is None else text
    assert text.count(old) == 1, old
    return text.replace(old, new)
