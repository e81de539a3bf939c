"""Signed messages: what is written reads back, and nothing else does."""

import json
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offers.anchors import Extension, OfferState, judge
from offers.keys import KeyRing, SigningKey
from offers.terms import Offer
from offers.tokens import (
    OFFER,
    Kind,
    UnknownKey,
    Unreadable,
    decode_segment,
    encode_segment,
    hint,
    read,
    read_offer,
    sign,
    sign_offer,
)
from offers.verdicts import Verdict
from tests.offers import handmade_tokens
from tests.offers.handmade_tokens import (
    ES,
    HS,
    ISSUER,
    KEY_SETS,
    NOW,
    PARTNER,
    PARTNERS,
    SHOPPER,
    STRANGER,
    EcKey,
    Json,
    claims,
    header,
    message,
    write,
)

RING = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
KEYS = [RING[HS.kid], RING[ES.kid]]
SHOPPERS = Kind(typ="shopper+jwt", audience="shop", claims={"sub": OFFER.claims["sub"]})

by_algorithm = pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.algorithm))
by_crafted_key = pytest.mark.parametrize("key", [HS, ES], ids=lambda key: str(key.algorithm))

ids = st.from_regex(r"[A-Za-z0-9_-]{22,64}", fullmatch=True)
most = st.integers(1, 2**53 - 1)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Any terms that an offer may have."""
    issued_at = draw(st.integers(0, 250_000_000_000 - 1))
    drawn = claims(
        sub=draw(ids),
        jti=draw(ids),
        iat=issued_at,
        exp=draw(st.integers(issued_at + 1, 250_000_000_000)),
        sale=draw(st.from_regex(r"[a-z0-9]{1,20}(-[a-z0-9]{1,20}){0,2}", fullmatch=True)),
        sku=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)),
        amount=draw(most),
        currency=draw(st.from_regex(r"[A-Z]{3}", fullmatch=True)),
        was=draw(most),
        max=draw(st.integers(1, 1_000_000)),
        anchor=draw(st.from_regex(r"[A-Za-z0-9_-]{16}", fullmatch=True)),
    )
    return Offer.from_claims(drawn)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**53 - 2, 2**53 + 2)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=30)
    | st.sampled_from([*claims().values(), *header(HS).values()]),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=6,
)


def verdict_on(text: str) -> Verdict:
    """Reads and judges as the shop does; any exception but ``Unreadable`` comes through."""
    hint(text, "sku")
    try:
        offer = read_offer(text, RING)
    except Unreadable as unreadable:
        return unreadable.verdict
    late = Extension(datetime.max.replace(tzinfo=UTC), 2_592_000)
    state = OfferState(anchor=offer.anchor, extensions=[late])
    return judge(offer, now=NOW, shoppers=None, state=state, quantity=1)


# --- What is signed reads back ------------------------------------------------


@by_algorithm
@given(offer=offers())
def test_whatever_is_signed_reads_back_the_same(key: SigningKey, offer: Offer) -> None:
    assert read_offer(sign_offer(offer, key), RING) == offer


@by_crafted_key
@given(offer=offers())
def test_what_other_code_signs_reads_the_same(key: handmade_tokens.Key, offer: Offer) -> None:
    text = message({"iss": ISSUER, "aud": "checkout", **offer.claims()}, key=key)
    assert read_offer(text, RING) == offer


def test_hs256_is_signed_to_the_letter_as_other_code_signs_it() -> None:
    offer = read_offer(message(), RING)
    assert sign_offer(offer, RING[HS.kid]) == message()


@by_algorithm
def test_a_message_says_alg_kid_and_typ_and_nothing_else_of_itself(key: SigningKey) -> None:
    first = sign(SHOPPERS, {"sub": SHOPPER}, key).split(".")[0]
    assert json.loads(decode_segment(first)) == {
        "alg": key.algorithm,
        "kid": key.kid,
        "typ": "shopper+jwt",
    }


def test_the_longest_terms_a_shop_can_have_fit_into_a_message() -> None:
    issuer = "https://" + "i" * 92
    jwk = {**ES.jwk(), "kid": "k" * 64, "status": "active"}
    ring = KeyRing.from_jwk_set({"keys": [jwk]}, issuer)
    longest = claims(
        iss=issuer,
        sub="s" * 43,
        jti="j" * 43,
        iat=250_000_000_000 - 1,
        exp=250_000_000_000,
        sale="s" * 80,
        sku="s" * 64,
        amount=2**53 - 1,
        was=2**53 - 1,
        max=1_000_000,
    )
    offer = Offer.from_claims(longest)
    assert read_offer(sign_offer(offer, ring.active), ring) == offer


# --- What was changed does not ------------------------------------------------


@by_crafted_key
def test_any_changed_bit_of_a_message_is_refused(key: handmade_tokens.Key) -> None:
    text = message(key=key)
    for position, letter in enumerate(text):
        for bit in range(8):
            changed = f"{text[:position]}{chr(ord(letter) ^ 1 << bit)}{text[position + 1 :]}"
            assert verdict_on(changed) in {Verdict.FORGED, Verdict.UNKNOWN_KEY}


@by_crafted_key
@given(data=st.data())
def test_any_other_edit_of_a_message_is_refused(
    key: handmade_tokens.Key, data: st.DataObject
) -> None:
    text = message(key=key)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    edited = text[:start] + data.draw(st.text() | st.sampled_from(text)) + text[end:]
    if edited != text:
        assert verdict_on(edited) in {Verdict.FORGED, Verdict.UNKNOWN_KEY}


def test_pieces_of_different_messages_do_not_go_together() -> None:
    one, other = message(key=HS).split("."), message(claims(amount=1), key=HS).split(".")
    for pieces in (
        [one[0], other[1], one[2]],
        [one[0], one[1], other[2]],
        [*message(key=ES).split(".")[:1], *one[1:]],
    ):
        assert verdict_on(".".join(pieces)) is Verdict.FORGED


def test_a_signature_says_nothing_of_a_message_under_another_key() -> None:
    for key in (HS, ES):
        other = (
            handmade_tokens.HmacKey("other", "active") if key is HS else EcKey("other", "active")
        )
        text = message(key=other, head=header(key))
        assert verdict_on(text) is Verdict.FORGED


# --- Whatever comes in ends in a verdict --------------------------------------


@given(text=st.text(st.characters(codec=None), max_size=1100))
@example(text="")
@example(text="\ud800.\udfff.\x00")
@example(text="A.A.A")
def test_any_text_ends_in_a_verdict(text: str) -> None:
    assert verdict_on(text) is Verdict.FORGED


@given(octets=st.binary(max_size=1100))
def test_any_bytes_end_in_a_verdict(octets: bytes) -> None:
    assert verdict_on(octets.decode("latin-1")) is Verdict.FORGED


@given(pieces=st.lists(st.binary(max_size=300), min_size=3, max_size=3))
def test_any_three_segments_end_in_a_verdict(pieces: list[bytes]) -> None:
    assert verdict_on(".".join(map(encode_segment, pieces))) is Verdict.FORGED


@by_crafted_key
@given(payload=st.binary(max_size=300) | json_values.map(json.dumps))
def test_any_payload_that_is_properly_signed_ends_in_a_verdict(
    key: handmade_tokens.Key, payload: bytes | str
) -> None:
    assert verdict_on(message(payload or "{}", key=key)) is Verdict.FORGED


@given(changed=st.dictionaries(st.sampled_from([*claims(), "x"]), json_values, max_size=4))
@example(changed={"iat": 0, "exp": 250_000_000_000})
@example(changed={"exp": 10**300})
@example(changed={"amount": -0.0})
def test_any_claims_that_are_properly_signed_end_in_a_verdict(changed: Json) -> None:
    assert isinstance(verdict_on(message(claims(**changed))), Verdict)


@given(
    changed=st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "zip"]), json_values, max_size=3
    )
)
def test_any_header_that_is_properly_signed_ends_in_a_verdict(changed: Json) -> None:
    head = {**header(HS), **changed}
    verdict = verdict_on(message(head=head))
    assert (verdict is Verdict.HONORED) == (head == header(HS))


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":[', '"\\ud800', "1", "-", "1e9"])
def test_the_most_hostile_json_of_full_length_ends_in_a_verdict(opening: str) -> None:
    repeated = opening * (650 // len(opening))
    assert verdict_on(message(repeated)) is Verdict.FORGED
    assert verdict_on(message(head=repeated[:400])) is Verdict.FORGED


def test_what_is_far_too_long_is_refused_without_a_copy_of_it() -> None:
    text = "." * 10_000_000
    tracemalloc.start()
    verdict_on(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000


# --- What is said of it -------------------------------------------------------


@pytest.mark.parametrize("name", claims())
def test_the_reason_names_the_defect_and_nothing_of_the_message(name: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_offer(message(claims(**{name: "<not-to-be-repeated>"})), RING)
    reasons = {"iss": "not the key's issuer", "aud": "another audience"}
    assert str(caught.value) == reasons.get(name, f"bad claim: {name}")
    assert caught.value.__cause__ is None


def test_a_key_that_is_not_on_the_ring_has_a_verdict_of_its_own() -> None:
    with pytest.raises(UnknownKey) as caught:
        read_offer(message(key=STRANGER), RING)
    assert caught.value.verdict is Verdict.UNKNOWN_KEY


@pytest.mark.parametrize("key", [STRANGER, HS])
def test_a_hint_gives_what_even_an_unbelievable_message_says(key: handmade_tokens.Key) -> None:
    assert hint(message(key=key, signature=b"none"), "sku") == "MUG-01"


@pytest.mark.parametrize(
    "text",
    ["", "x", "x.y", "..", message(claims(sku="<script>")), message(claims(sku=1)), message("[]")],
)
def test_a_hint_is_empty_where_nothing_fit_for_use_is_said(text: str) -> None:
    assert hint(text, "sku") == ""


# --- One kind never passes for another ----------------------------------------


def test_a_message_of_another_kind_is_refused() -> None:
    text = sign(SHOPPERS, {"sub": SHOPPER}, RING.active)
    assert read(text, SHOPPERS, RING)["sub"] == SHOPPER
    assert verdict_on(text) is Verdict.FORGED
    with pytest.raises(Unreadable, match="another type"):
        read(message(), SHOPPERS, RING)


@pytest.mark.parametrize(
    "kind", [replace(SHOPPERS, typ="offer+jwt"), replace(SHOPPERS, audience="checkout")]
)
def test_type_and_audience_must_both_be_right(kind: Kind) -> None:
    text = sign(kind, claims(), RING.active)
    assert verdict_on(message()) is Verdict.HONORED
    changed = {**claims(), "aud": kind.audience}
    text = message(changed, head=header(HS, typ=kind.typ))
    assert verdict_on(text) is Verdict.FORGED


def test_a_partner_signs_offers_in_its_own_name() -> None:
    offer = read_offer(message(claims(iss=PARTNER), key=PARTNERS), RING)
    assert offer.issuer == PARTNER


def test_a_partner_makes_no_shoppers_and_no_orders() -> None:
    payload: dict[str, Any] = {"iss": PARTNER, "aud": "shop", "sub": SHOPPER}
    text = message(payload, key=PARTNERS, head=header(PARTNERS, typ="shopper+jwt"))
    with pytest.raises(Unreadable, match="a partner's key"):
        read(text, SHOPPERS, RING)


# --- Base64url ----------------------------------------------------------------


@given(octets=st.binary(min_size=1))
def test_any_bytes_have_a_spelling_that_is_taken_back(octets: bytes) -> None:
    assert decode_segment(encode_segment(octets)) == octets


@given(segment=st.text("ABab09-_+/= \n", max_size=12) | st.text(max_size=12))
def test_bytes_have_no_second_spelling(segment: str) -> None:
    try:
        octets = decode_segment(segment)
    except Unreadable:
        return
    assert encode_segment(octets) == segment


def test_the_payload_is_plain_json_for_any_reader() -> None:
    payload = json.loads(
        decode_segment(sign_offer(read_offer(message(), RING), KEYS[1]).split(".")[1])
    )
    assert payload == json.loads(write(claims()))
