"""Targets: signed messages and the cookies that carry them.

A message is believed only if it is one that was signed, to the letter of its content.
"""

import json
import zlib
from http.cookies import SimpleCookie

from django.http import HttpResponse, parse_cookie

from offers import tokens
from offers.keys import KeyRing
from offers.terms import CHECKS, Offer
from offers.tokens import encode_segment
from offers.verdicts import Verdict
from shop.bag import cookie
from shop.bag.lines import Bag
from shop.core.shopper import MOST_IDS, Shopper
from shop.orders.links import ORDER
from shop.sales.kept_prices import KeptPrices
from tests.fuzz import genuine
from tests.fuzz.genuine import known_keys, signed_part
from tests.fuzz.target import Outcome, Target, text_of
from tests.offers.handmade_tokens import (
    HS,
    ISSUED,
    ISSUER,
    KEY_SETS,
    OTHER_SHOPPER,
    SHOPPER,
    base64url,
    claims,
    header,
    signing_input,
    write,
)

_RING = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
_SITE_RING = KeyRing.from_jwk_set(genuine.SITE_KEYS, ISSUER)
_OFFERS, _SHOPPERS, _ORDERS, _KEPT = (
    frozenset(map(signed_part, messages.values()))
    for messages in (genuine.OFFERS, genuine.SHOPPERS, genuine.ORDERS, genuine.KEPT)
)
_OFFER = Offer.from_claims(claims())


def _read_offer(text: str) -> Offer | None:
    tokens.hint(text, "sku")
    tokens.key_hint(text)
    try:
        return tokens.read_offer(text, _RING)
    except tokens.Unreadable as error:
        assert error.verdict in {Verdict.FORGED, Verdict.UNKNOWN_KEY}
        return None


def offer_token(data: bytes) -> Outcome:
    """The text of an offer, as forms and cookies bring it."""
    text = text_of(data)
    if _read_offer(text) is None:
        return Outcome.REFUSED
    assert signed_part(text) in _OFFERS, "nobody has signed this"
    return Outcome.READ


def offer_claims(data: bytes) -> Outcome:
    """A payload that the shop's own key has signed, whatever it says."""
    offer = _read_offer(_signed(write(header(HS)).encode(), data))
    if offer is None:
        return Outcome.REFUSED
    said = json.loads(data)
    assert (said["iss"], said["aud"]) == (ISSUER, "checkout")
    for name, value in offer.claims().items():
        assert (type(said[name]), said[name]) == (type(value), value)
        assert CHECKS[name](value)
    assert offer.issued_at < offer.expires_at
    assert tokens.read_offer(tokens.sign_offer(offer, _RING.active), _RING) == offer
    return Outcome.READ


def offer_header(data: bytes) -> Outcome:
    """A header that the shop's own key has signed, with the payload of an ordinary offer."""
    if _read_offer(_signed(data, write(claims()).encode())) is None:
        return Outcome.REFUSED
    assert json.loads(data) == header(HS)
    return Outcome.READ


def _signed(head: bytes, payload: bytes) -> str:
    signed = signing_input(head, payload)
    return f"{signed.decode()}.{base64url(HS.sign(signed))}"


def bag_cookie(data: bytes) -> Outcome:
    """The value of the bag's cookie."""
    return _bag(text_of(data))


def bag_lines(data: bytes) -> Outcome:
    """What is in the bag's cookie before it is compressed: the lengths, then all the rest."""
    count = data[0] if data else 0
    lengths, rest = data[1 : count + 1], data[count + 1 :]
    signatures, text = rest[: sum(lengths)], rest[sum(lengths) :]
    deflate = zlib.compressobj(9, wbits=-15, zdict=cookie._DICTIONARY)
    packed = deflate.compress(text) + deflate.flush()
    return _bag(encode_segment(bytes([1, count]) + lengths + signatures + packed))


def _bag(value: str) -> Outcome:
    lines, is_damaged = cookie.unpack(value)
    for line in lines:
        assert line.quantities
        assert all(0 < units < 1_000_000 for units in line.quantities.values())
        if _read_offer(line.message) is not None:
            assert signed_part(line.message) in _OFFERS, "damage has made a good message"
    if lines and not is_damaged:
        _packs_again(lines)
    bag = Bag(value)
    for each in bag.lines:
        assert each.id
        assert each.total_text or each.defect
    while bag.lines:
        # Whatever a browser brought can be removed, line by line.
        bag.remove(bag.lines[0])
        bag.save(HttpResponse())
    return Outcome.REFUSED if is_damaged else Outcome.READ


def _packs_again(lines: tuple[cookie.Packed, ...]) -> None:
    try:
        value = cookie.pack(lines)
    except cookie.BagFull:
        # Another program may compress better than ours.
        return
    assert cookie.unpack(value) == (lines, False)


def cookie_header(data: bytes) -> Outcome:
    """The header with all cookies of a browser, where one of them is its shopper's."""
    cookies = parse_cookie(text_of(data))
    shopper = Shopper.from_cookies(cookies)
    assert set(shopper.ids) <= {SHOPPER, OTHER_SHOPPER}
    assert len(shopper.ids) <= MOST_IDS
    Bag(cookies.get("bag", ""), cookies.get("kept", ""))
    outcome = Outcome.READ if shopper.is_known else Outcome.REFUSED
    response = HttpResponse()
    assert shopper.id
    shopper.remember(response)
    _one_is_left(response.cookies)
    return outcome


def _one_is_left(cookies: SimpleCookie) -> None:
    kept = [name for name, morsel in cookies.items() if morsel["max-age"] != 0]
    assert len(kept) <= 1


def shopper_cookie(data: bytes) -> Outcome:
    """The value of a cookie that says who a browser is."""
    text = text_of(data)
    shopper = Shopper.from_cookies({"shopper-0000000a": text})
    if not shopper.is_known:
        return Outcome.REFUSED
    assert signed_part(text) in _SHOPPERS, "nobody has signed this"
    return Outcome.READ


def order_link(data: bytes) -> Outcome:
    """The token in the address of an order's page."""
    text = text_of(data)
    try:
        tokens.read(text, ORDER, _SITE_RING)
    except tokens.Unreadable:
        return Outcome.REFUSED
    assert signed_part(text) in _ORDERS, "nobody has signed this"
    return Outcome.READ


def kept_prices_cookie(data: bytes) -> Outcome:
    """The value of the cookie that keeps prices past their hold."""
    text = text_of(data)
    kept = KeptPrices.read(text)
    extensions = kept.extensions(_OFFER, ISSUED)
    if not kept.until:
        assert extensions == []
        return Outcome.REFUSED
    assert signed_part(text) in _KEPT, "nobody has signed this"
    return Outcome.READ


TARGETS = [
    Target("offer-token", offer_token, most_bytes=1200),
    Target("offer-claims", offer_claims, most_bytes=700),
    Target("offer-header", offer_header, most_bytes=300),
    Target("bag-cookie", bag_cookie, most_bytes=4200, around=known_keys),
    Target("bag-lines", bag_lines, most_bytes=8192, around=known_keys),
    Target("cookie-header", cookie_header, around=known_keys),
    Target("shopper-cookie", shopper_cookie, most_bytes=1200, around=known_keys),
    Target("order-link", order_link, most_bytes=1200),
    Target("kept-prices-cookie", kept_prices_cookie, around=known_keys),
]
