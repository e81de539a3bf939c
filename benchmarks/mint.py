"""Minting and signing one offer, against the same message made by hand.

By hand is: no types, no key ring, no library; the claims as a dictionary, a
fresh ``jti``, ``json``, ``hmac`` and base64.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.utils import timezone
from joserfc.jwk import ECKey, OctKey

from benchmarks.measure import Comparison, Row, compare, seconds_per_call
from benchmarks.shop import SLUG
from offers import conf, tokens
from offers.anchors import new_id
from offers.keys import KeyRing
from shop.sales.minting import freeze, mint
from shop.sales.showcase import showcase
from shop.sales.snapshot import DealSnapshot

GOAL = 2.5
CALLS = 500

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def run(rounds: int) -> list[Row]:
    """One row: HS256; ES256 stands beside it."""
    now = timezone.now()
    deal = showcase.snapshot(now).sales[SLUG].deals[0]
    shopper = new_id()
    by_hand = Handmade(deal, shopper, now)

    def ours() -> str:
        return freeze(mint(deal, shopper=shopper, now=now))

    check_same(ours(), by_hand.message())
    times = compare(ours, by_hand.message, rounds=rounds, calls=CALLS)
    return [Row("mint", times, GOAL, (es256_note(deal, shopper, now, times, rounds),))]


class Handmade:
    """The message without any of our code."""

    def __init__(self, deal: DealSnapshot, shopper: str, now: datetime) -> None:
        offer = mint(deal, shopper=shopper, now=now)
        key = conf.ring().active
        self.header = {"alg": key.algorithm, "kid": key.kid, "typ": "offer+jwt"}
        self.claims = {"iss": offer.issuer, "aud": "checkout", **offer.claims()}
        assert isinstance(key.jwk, OctKey)
        self.secret = key.jwk.raw_value

    def message(self) -> str:
        """One message, with an id of its own."""
        claims = {**self.claims, "jti": secrets.token_urlsafe(16)}
        header = urlsafe_b64encode(_to_json(self.header).encode()).rstrip(b"=")
        payload = urlsafe_b64encode(_to_json(claims).encode()).rstrip(b"=")
        signed = header + b"." + payload
        signature = urlsafe_b64encode(hmac.digest(self.secret, signed, "sha256")).rstrip(b"=")
        return (signed + b"." + signature).decode()


def check_same(ours: str, by_hand: str) -> None:
    """Both say the same, but for the id; else the comparison would be worth nothing."""
    offer, other = (tokens.read_offer(message, conf.ring()) for message in (ours, by_hand))
    if replace(offer, id=other.id) != other or len(ours) != len(by_hand):
        raise AssertionError("The two messages do not say the same.")


def es256_note(
    deal: DealSnapshot, shopper: str, now: datetime, hs256: Comparison, rounds: int
) -> str:
    """What it takes with the other algorithm."""
    jwk = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "es256", "status": "active"}
    key = KeyRing.from_jwk_set({"keys": [jwk]}, settings.OFFER_ISSUER).active

    def ours() -> str:
        return tokens.sign_offer(mint(deal, shopper=shopper, now=now), key)

    seconds = sorted(seconds_per_call(ours, CALLS // 5) for _ in range(rounds))[rounds // 2]
    return f"with ES256 {seconds * 1e6:.0f} µs, {seconds / hs256.ours:.1f} times HS256"
