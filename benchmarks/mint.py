"""Minting the offers of a page, against the same messages made by hand.

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
from benchmarks.shop import DEALS, SLUG
from offers import conf, tokens
from offers.anchors import new_id
from offers.keys import KeyRing
from offers.prepared import PreparedOffer, Recipient
from offers.terms import Offer
from shop.sales.minting import freeze_all, terms_of
from shop.sales.showcase import showcase
from shop.sales.snapshot import DealSnapshot

GOAL = 0.3
CALLS = 20

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def run(rounds: int) -> list[Row]:
    """One row: HS256; ES256 stands beside it."""
    now = timezone.now()
    deals = showcase.snapshot(now).sales[SLUG].deals_on_show
    shopper = new_id()

    def ours() -> list[str]:
        return [message for message, _ in freeze_all(deals, shopper, now)]

    by_hand = [Handmade(message) for message in ours()]

    def theirs() -> list[str]:
        return [each.message() for each in by_hand]

    check_same(ours(), theirs())
    times = compare(ours, theirs, rounds=rounds, calls=CALLS)
    return [Row("mint", times, GOAL, notes(deals[0], shopper, now, times, rounds))]


class Handmade:
    """A message like another one, without any of our code."""

    def __init__(self, message: str) -> None:
        offer, key = tokens.read_offer(message, conf.ring()), conf.ring().active
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


def check_same(ours: list[str], by_hand: list[str]) -> None:
    """Both say the same, but for the ids; else the comparison would be worth nothing."""

    def terms(messages: list[str]) -> list[Offer]:
        offers = (tokens.read_offer(message, conf.ring()) for message in messages)
        return [replace(offer, id="") for offer in offers]

    if len(ours) != DEALS or terms(ours) != terms(by_hand):
        raise AssertionError("The messages do not say the same.")


def notes(
    deal: DealSnapshot, shopper: str, now: datetime, hs256: Comparison, rounds: int
) -> tuple[str, str]:
    """What one offer takes, with either algorithm."""
    jwk = {**ECKey.generate_key("P-256").as_dict(private=True), "kid": "es256", "status": "active"}
    key = KeyRing.from_jwk_set({"keys": [jwk]}, settings.OFFER_ISSUER).active
    prepared = PreparedOffer(terms_of(deal), key)
    issued_at = int(now.timestamp())

    def ours() -> str:
        return prepared.sign(Recipient(shopper, issued_at, issued_at + 1800), new_id())

    seconds = sorted(seconds_per_call(ours, CALLS) for _ in range(rounds))[rounds // 2]
    each = hs256.ours / DEALS
    return (
        f"{DEALS} offers of {each * 1e6:.1f} µs",
        f"with ES256 {seconds * 1e6:.0f} µs, {seconds / each:.1f} times HS256",
    )
