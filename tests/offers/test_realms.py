"""Keys set apart: what is signed in one realm is unknown in every other."""

import json

import pytest
from pytest_django import Settings

from offers import conf
from offers.keys import KeyRing, KeyRingError, KeyStatus
from offers.realms import in_realm
from offers.tokens import UnknownKey, read_offer, sign_offer
from tests.offers.handmade_tokens import ES, HS, ISSUER, KEY_SETS, message

RING = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
QA = in_realm(RING, "qa")
OFFER = read_offer(message(), RING)
KIDS = [HS.kid, ES.kid]


@pytest.mark.parametrize("kid", KIDS)
def test_what_is_signed_inside_is_unknown_outside_and_the_other_way_round(kid: str) -> None:
    inside, outside = QA[f"qa-{kid}"], RING[kid]
    with pytest.raises(UnknownKey):
        read_offer(sign_offer(OFFER, inside), RING)
    with pytest.raises(UnknownKey):
        read_offer(sign_offer(OFFER, outside), QA)
    with pytest.raises(UnknownKey):
        read_offer(sign_offer(OFFER, inside), in_realm(RING, "staging"))


@pytest.mark.parametrize("kid", KIDS)
def test_not_even_with_another_name_on_it(kid: str) -> None:
    """The key itself is another one, not only what it is called by."""
    document = {"keys": [{**jwk, "kid": f"qa-{jwk['kid']}"} for jwk in KEY_SETS["shop"]["keys"]]}
    renamed = KeyRing.from_jwk_set(document, f"{ISSUER}#qa")
    signed = sign_offer(OFFER, QA[f"qa-{kid}"])
    with pytest.raises(ValueError, match=r"[Ss]ignature"):
        read_offer(signed, renamed)


def test_a_ring_has_the_same_keys_in_a_realm_each_time() -> None:
    again = in_realm(KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER), "qa")
    mine = [(key.algorithm, key.status, key.issuer.removesuffix("#qa")) for key in QA.values()]
    assert mine == [(key.algorithm, key.status, key.issuer) for key in RING.values()]
    for kid, key in QA.items():
        assert again[kid].jwk.as_dict(private=True) == key.jwk.as_dict(private=True)
    assert QA.active.issuer == f"{ISSUER}#qa"


def test_a_key_without_its_private_part_is_left_out() -> None:
    public = {**ES.public_jwk(), "kid": "theirs", "status": "next", "issuer": "partner:7"}
    ring = KeyRing.from_jwk_set({"keys": [*KEY_SETS["shop"]["keys"], public]}, ISSUER)
    assert "theirs" in ring
    assert list(in_realm(ring, "qa")) == list(QA)


def test_the_longest_names_stay_within_what_a_message_may_say() -> None:
    jwk = {**HS.jwk(), "kid": "k" * 64, "status": KeyStatus.ACTIVE}
    key = in_realm(KeyRing.from_jwk_set({"keys": [jwk]}, "i" * 100), "qa").active
    assert (len(key.kid), len(key.issuer)) == (64, 100)
    assert key.issuer.endswith("#qa")
    document = {
        "keys": [{**jwk, "kid": "k" * 64}, {**jwk, "kid": "k" * 63 + "j", "status": "next"}]
    }
    with pytest.raises(KeyRingError):
        in_realm(KeyRing.from_jwk_set(document, ISSUER), "qa")


def test_a_site_signs_in_the_realm_that_its_settings_name(settings: Settings) -> None:
    settings.OFFER_KEYS = json.dumps(KEY_SETS["shop"])
    settings.OFFER_ISSUER = ISSUER
    kids = []
    for settings.OFFER_REALM in ("", "qa", ""):
        kids.append(conf.ring().active.kid)
    assert kids == [HS.kid, f"qa-{HS.kid}", HS.kid]
