"""Offers from a prepared prefix: ordinary messages, as joserfc would have made and reads them."""

import json
import os
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from offers.keys import KeyRing, SigningKey
from offers.prepared import PreparedOffer, Recipient, end_of, fresh_ends
from offers.terms import Offer
from offers.tokens import decode_segment, encode_segment, read_offer
from tests.offers.handmade_tokens import ES, HS, ISSUER, KEY_SETS, claims
from tests.offers.test_tokens import by_algorithm, offers

RING = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
TERMS = {name: claims()[name] for name in ("sale", "sku", "amount", "currency", "was", "max")}
TERMS["anchor"] = claims()["anchor"]
SHOPPER, OFFER_ID = claims()["sub"], claims()["jti"]
ISSUED, EXPIRES = claims()["iat"], claims()["exp"]


def terms_of(offer: Offer) -> Mapping[str, str | int]:
    return {name: value for name, value in offer.claims().items() if name in TERMS}


def signed(offer: Offer, key: SigningKey) -> str:
    recipient = Recipient(offer.shopper, offer.issued_at, offer.expires_at)
    return PreparedOffer(terms_of(offer), key).sign(recipient, end_of(offer.id))


def reference_key(key: SigningKey) -> OctKey | ECKey:
    jwk = (HS if key.kid == HS.kid else ES).jwk()
    return OctKey.import_key(jwk) if key.kid == HS.kid else ECKey.import_key(jwk)


@by_algorithm
@given(offer=offers())
def test_whatever_is_signed_from_a_prefix_reads_back_the_same(
    key: SigningKey, offer: Offer
) -> None:
    assert read_offer(signed(offer, key), RING) == offer


@by_algorithm
@given(offer=offers())
def test_a_message_from_a_prefix_is_an_ordinary_jws(key: SigningKey, offer: Offer) -> None:
    found = jws.deserialize_compact(
        signed(offer, key), reference_key(key), algorithms=[key.algorithm]
    )
    assert found.headers() == {"alg": key.algorithm, "kid": key.kid, "typ": "offer+jwt"}
    assert json.loads(found.payload) == {"iss": ISSUER, "aud": "checkout", **offer.claims()}


@given(offer=offers())
def test_hs256_from_a_prefix_is_to_the_letter_what_joserfc_signs(offer: Offer) -> None:
    message = signed(offer, RING[HS.kid])
    payload = decode_segment(message.split(".")[1])
    head = {"alg": "HS256", "kid": HS.kid, "typ": "offer+jwt"}
    assert message == jws.serialize_compact(head, payload, reference_key(RING[HS.kid]))


@by_algorithm
@given(
    given_to=st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z0-9_-]{22,64}", fullmatch=True),
            st.from_regex(r"[A-Za-z0-9_-]{22,64}", fullmatch=True),
        ),
        min_size=2,
        max_size=4,
    )
)
def test_an_offer_is_no_other_for_those_that_were_signed_before_it(
    key: SigningKey, given_to: list[tuple[str, str]]
) -> None:
    prepared = PreparedOffer(TERMS, key)
    for shopper, offer_id in given_to:
        message = prepared.sign(Recipient(shopper, ISSUED, EXPIRES), end_of(offer_id))
        expected = Offer.from_claims(claims(sub=shopper, jti=offer_id))
        assert read_offer(message, RING) == expected


@pytest.mark.parametrize(
    "shopper", ["", "short", "s" * 65, 's" , "amount":1,"sub":"sssss', "s" * 21 + "\n", "é" * 22]
)
def test_nothing_but_the_id_of_a_shopper_gets_into_a_message(shopper: str) -> None:
    with pytest.raises(ValueError, match="bad claim: sub"):
        Recipient(shopper, ISSUED, EXPIRES)


@pytest.mark.parametrize(
    ("issued_at", "expires_at", "claim"),
    [(-1, EXPIRES, "iat"), (ISSUED, 250_000_000_001, "exp"), (True, EXPIRES, "iat")],
)
def test_nothing_but_whole_seconds_get_into_a_message(
    issued_at: int, expires_at: int, claim: str
) -> None:
    with pytest.raises(ValueError, match=f"bad claim: {claim}"):
        Recipient(SHOPPER, issued_at, expires_at)


@pytest.mark.parametrize("offer_id", ["", 'p0UeJtLQR8mXyKzv3F2c1w","max":9,"x":"', "j" * 65])
def test_nothing_but_the_id_of_an_offer_gets_into_a_message(offer_id: str) -> None:
    with pytest.raises(ValueError, match="bad claim: jti"):
        end_of(offer_id)


@pytest.mark.parametrize("count", range(40))
def test_each_offer_of_a_page_has_a_fresh_id_that_a_reader_accepts(count: int) -> None:
    prepared, recipient = PreparedOffer(TERMS, RING.active), Recipient(SHOPPER, ISSUED, EXPIRES)
    offers = [read_offer(prepared.sign(recipient, end), RING) for end in fresh_ends(count)]
    assert len({offer.id for offer in offers}) == len(offers) == count


@pytest.mark.parametrize("count", range(1, 40))
def test_the_ids_of_a_page_are_all_of_its_random_bits_128_and_more_each(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    drawn: list[bytes] = []

    def urandom(octets: int) -> bytes:
        drawn.append(os.urandom(octets))
        return drawn[0]

    monkeypatch.setattr("offers.prepared.os", SimpleNamespace(urandom=urandom))
    ids = [decode_segment(end).decode().removesuffix('"}') for end in fresh_ends(count)]
    assert "".join(ids) == encode_segment(*drawn)
    assert len(drawn[0]) * 8 >= count * 128
