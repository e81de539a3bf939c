"""Reading signed offers, against the same messages read by hand.

By hand is: no types, no library, nothing that is strict; three segments of base64url, ``json``
and ``hmac``. Ours gives an ``Offer`` whose form, key, type and claims have all been checked.
"""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from statistics import median
from typing import Any

from django.conf import settings
from joserfc.jwk import ECKey, OctKey

from benchmarks.measure import Row, compare, seconds_per_call
from benchmarks.shop import new_secret
from offers import tokens
from offers.anchors import anchor_digest, new_id, new_nonce
from offers.keys import KeyRing, SigningKey
from offers.terms import Offer

GOAL, KEYS_GOAL = 1.5, 1.1
CALLS = 20
KEYS = 10


def run(rounds: int) -> list[Row]:
    """Ten messages: of one key against those by hand, and of ten keys against those of one."""
    alone, among_ten = ring_of([new_secret("benchmark-0")]), ring_of(ten_secrets())
    of_one = messages([alone.active] * KEYS)
    of_ten = messages(list(among_ten.values()))
    by_hand = Handmade(alone)
    if by_hand.read(of_one[0]) != tokens.read(of_one[0], tokens.OFFER, alone):
        raise AssertionError("The two readers do not say the same.")

    def ours() -> list[Offer]:
        return [tokens.read_offer(message, alone) for message in of_one]

    def ours_of_ten() -> list[Offer]:
        return [tokens.read_offer(message, among_ten) for message in of_ten]

    def theirs() -> list[dict[str, Any]]:
        return [by_hand.read(message) for message in of_one]

    times = compare(ours, theirs, rounds=rounds, calls=CALLS)
    each = times.ours / KEYS
    notes = (f"an offer {each * 1e6:.1f} µs", es256_note(each, rounds))
    keys = compare(ours_of_ten, ours, rounds=rounds, calls=CALLS)
    return [
        Row("verify", times, GOAL, notes),
        Row("verify, ten keys", keys, KEYS_GOAL, ("the baseline is one key",)),
    ]


class Handmade:
    """A reader without any of our code."""

    def __init__(self, ring: KeyRing) -> None:
        self.secrets: dict[str, bytes] = {}
        for kid, key in ring.items():
            assert isinstance(key.jwk, OctKey)
            self.secrets[kid] = key.jwk.raw_value

    def read(self, message: str) -> dict[str, Any]:
        """The payload, if the signature is right."""
        header, payload, signature = message.split(".")
        secret = self.secrets[json.loads(_decoded(header))["kid"]]
        expected = hmac.digest(secret, f"{header}.{payload}".encode(), "sha256")
        if not hmac.compare_digest(expected, _decoded(signature)):
            raise AssertionError("This is not signed by that key.")
        claims: dict[str, Any] = json.loads(_decoded(payload))
        return claims


def _decoded(segment: str) -> bytes:
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def ten_secrets() -> list[dict[str, str]]:
    """Keys of a ring that has been rotated nine times."""
    retiring = ({**new_secret(f"benchmark-{at}"), "status": "retiring"} for at in range(1, KEYS))
    return [new_secret("benchmark-0"), *retiring]


def ring_of(jwks: list[dict[str, Any]]) -> KeyRing:
    """A ring of this shop."""
    return KeyRing.from_jwk_set({"keys": jwks}, settings.OFFER_ISSUER)


def messages(keys: Sequence[SigningKey]) -> list[str]:
    """An offer by each key."""
    return [tokens.sign_offer(an_offer(), key) for key in keys]


def an_offer() -> Offer:
    """An offer with ids of its own."""
    return Offer(
        issuer=settings.OFFER_ISSUER,
        shopper=new_id(),
        id=new_id(),
        issued_at=1_795_777_500,
        expires_at=1_795_779_300,
        sale="autumn",
        sku="MUG-01",
        amount=499,
        currency="EUR",
        was=4990,
        max=2,
        anchor=anchor_digest(new_nonce(), new_nonce()),
    )


def es256_note(hs256: float, rounds: int) -> str:
    """What an offer takes with the other algorithm."""
    jwk = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "es256", "status": "active"}
    ring = ring_of([jwk])
    message = tokens.sign_offer(an_offer(), ring.active)
    seconds = median(
        seconds_per_call(lambda: tokens.read_offer(message, ring), CALLS) for _ in range(rounds)
    )
    return f"with ES256 {seconds * 1e6:.0f} µs, {seconds / hs256:.1f} times HS256"
