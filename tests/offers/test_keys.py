"""The key ring: what it takes, what it refuses, and that it never gives a secret away."""

import json
import pprint
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offers.keys import KeyRing, KeyRingError, KeyStatus
from offers.tokens import UnknownKey, Unreadable, read_offer, sign_offer
from tests.offers.handmade_tokens import (
    ES,
    HS,
    ISSUER,
    KEY_SETS,
    PARTNER,
    PARTNERS,
    EcKey,
    HmacKey,
    Json,
    base64url,
    claims,
    message,
)

ACTIVE: Json = {**HS.jwk(), "kid": "a", "status": "active"}
ACTIVE_ES: Json = {**ES.jwk(), "kid": "e", "status": "active"}
OTHER_ES = EcKey("other", "next")
OFFER = read_offer(message(), KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER))


def ring(*keys: Mapping[str, Any]) -> KeyRing:
    return KeyRing.from_jwk_set({"keys": list(keys)}, ISSUER)


def secrets_of(jwk: Mapping[str, Any]) -> list[str]:
    return [str(jwk[name]) for name in ("k", "d") if jwk.get(name)]


# --- What it takes ------------------------------------------------------------


def test_one_key_is_active_and_all_verify() -> None:
    keys = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
    assert keys.active is keys[HS.kid]
    assert len(keys) == 5
    for kid in keys:
        text = message(claims(iss=keys[kid].issuer), key=key_named(kid))
        assert read_offer(text, keys).issuer == keys[kid].issuer


def key_named(kid: str) -> HmacKey | EcKey:
    make = HmacKey if kid.startswith("hs") else EcKey
    return make(kid, "")


def test_a_set_may_be_json() -> None:
    keys = KeyRing.from_jwk_set(json.dumps(KEY_SETS["shop"]), ISSUER)
    assert list(keys) == list(KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER))


def test_a_key_of_an_issuer_of_its_own_keeps_it() -> None:
    keys = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
    assert keys[PARTNERS.kid].issuer == PARTNER
    assert keys.active.issuer == ISSUER


def test_a_public_key_verifies() -> None:
    public = {**ES.public_jwk(), "kid": ES.kid, "status": "retiring"}
    assert read_offer(message(key=ES), ring(ACTIVE, public)).sku == "MUG-01"


@pytest.mark.parametrize(
    "members",
    [
        {"use": "sig"},
        {"key_ops": ["verify", "sign"]},
        {"use": "sig", "key_ops": ["sign", "verify"], "alg": "HS256"},
        {"x5c": ["not a certificate"], "kid_": 1, "oth": None},
        {"alg": "HS256"},
    ],
)
def test_members_that_are_nothing_to_it_change_nothing(members: Json) -> None:
    keys = ring({**ACTIVE, **members})
    assert read_offer(sign_offer(OFFER, keys.active), keys) == OFFER


# --- What it refuses ----------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("", "The key set is not JSON."),
        ("{", "The key set is not JSON."),
        ("[" * 200_000, "The key set is not JSON."),
        ("[]", "The key set must be an object with a list of keys."),
        ("null", "The key set must be an object with a list of keys."),
        ("{}", "The key set must be an object with a list of keys."),
        ('{"keys": {}}', "The key set must be an object with a list of keys."),
        ('{"keys": ["a"]}', "The key set must be an object with a list of keys."),
        ('{"keys": []}', "Exactly one key must be active; 0 are."),
    ],
)
def test_what_is_no_key_set_is_refused(document: str, sentence: str) -> None:
    with pytest.raises(KeyRingError) as caught:
        KeyRing.from_jwk_set(document, ISSUER)
    assert str(caught.value) == sentence


def test_no_key_or_two_keys_active_are_refused() -> None:
    with pytest.raises(KeyRingError, match=r"^Exactly one key must be active; 0 are\.$"):
        ring({**ACTIVE, "status": "next"})
    with pytest.raises(KeyRingError, match=r"^Exactly one key must be active; 2 are\.$"):
        ring(ACTIVE, {**ACTIVE, "kid": "b"})


def test_two_keys_of_one_kid_are_refused() -> None:
    with pytest.raises(KeyRingError, match=r"^Two keys have the same kid\.$"):
        ring(ACTIVE, {**ACTIVE_ES, "kid": "a", "status": "next"})


NO_KID = "A key has no usable kid (1 to 64 letters, digits, dots, dashes)."
NO_STATUS = "Key a: its status must be one of active, next, retiring."
NO_KEY = "Key a: its members do not make a key."
NO_TYPE = "Key a: only oct keys (HS256) and EC keys on P-256 (ES256) serve."
NO_ISSUER = "Key a: its issuer must be 1 to 100 visible ASCII characters."


@pytest.mark.parametrize(
    ("jwk", "sentence"),
    [
        ({**ACTIVE, "kid": None}, NO_KID),
        ({**ACTIVE, "kid": ""}, NO_KID),
        ({**ACTIVE, "kid": 1}, NO_KID),
        ({**ACTIVE, "kid": ["a"]}, NO_KID),
        ({**ACTIVE, "kid": "a\n"}, NO_KID),
        ({**ACTIVE, "kid": "a b"}, NO_KID),
        ({**ACTIVE, "kid": "a" * 65}, NO_KID),
        ({**ACTIVE, "status": None}, NO_STATUS),
        ({**ACTIVE, "status": "voided"}, NO_STATUS),
        ({**ACTIVE, "status": ["active"]}, NO_STATUS),
        ({**ACTIVE, "status": "Active"}, NO_STATUS),
        ({**ACTIVE, "kty": None}, NO_TYPE),
        ({**ACTIVE, "kty": ["oct"]}, NO_TYPE),
        ({**ACTIVE, "kty": "OCT"}, NO_TYPE),
        ({**ACTIVE, "kty": "RSA"}, NO_TYPE),
        ({**ACTIVE, "kty": "OKP", "crv": "Ed25519"}, NO_TYPE),
        ({**ACTIVE, "crv": "P-256"}, NO_TYPE),
        ({**ACTIVE_ES, "kid": "a", "crv": "P-384"}, NO_TYPE),
        ({**ACTIVE_ES, "kid": "a", "crv": None}, NO_TYPE),
        ({**ACTIVE, "k": None}, NO_KEY),
        ({**ACTIVE, "k": ""}, NO_KEY),
        ({**ACTIVE, "k": "not base64!"}, NO_KEY),
        ({**ACTIVE, "k": "\ud800"}, NO_KEY),
        ({**ACTIVE, "k": ["x"]}, NO_KEY),
        ({**ACTIVE, "k": base64url(b"s" * 31)}, "Key a: an HS256 secret needs at least 32 bytes."),
        ({**ACTIVE, "alg": "HS512"}, "Key a: a key of this type signs with HS256 alone."),
        ({**ACTIVE, "alg": None}, "Key a: a key of this type signs with HS256 alone."),
        (
            {**ACTIVE_ES, "kid": "a", "alg": "HS256"},
            "Key a: a key of this type signs with ES256 alone.",
        ),
        ({**ACTIVE_ES, "kid": "a", "d": OTHER_ES.jwk()["d"]}, NO_KEY),
        ({**ACTIVE_ES, "kid": "a", "x": OTHER_ES.jwk()["x"]}, NO_KEY),
        ({**ACTIVE_ES, "kid": "a", "x": base64url(b"\xff" * 32)}, NO_KEY),
        ({**ACTIVE_ES, "kid": "a", "x": base64url(bytes(32)), "y": base64url(bytes(32))}, NO_KEY),
        ({**ACTIVE_ES, "kid": "a", "d": base64url(bytes(32))}, NO_KEY),
        ({**ACTIVE_ES, "kid": "a", "d": ""}, NO_KEY),
        ({**ACTIVE_ES, "kid": "a", "y": 5}, NO_KEY),
        (
            {**ES.public_jwk(), "kid": "a", "status": "active"},
            "Key a is active, and has no private part to sign with.",
        ),
        ({**ACTIVE, "issuer": None}, NO_ISSUER),
        ({**ACTIVE, "issuer": ""}, NO_ISSUER),
        ({**ACTIVE, "issuer": 7}, NO_ISSUER),
        ({**ACTIVE, "issuer": [ISSUER]}, NO_ISSUER),
        ({**ACTIVE, "issuer": "a shop"}, NO_ISSUER),
        ({**ACTIVE, "issuer": "i" * 101}, NO_ISSUER),
        ({**ACTIVE, "issuer": PARTNER}, "Key a is active, and has another issuer than the shop."),
    ],
)
def test_a_key_that_does_not_serve_is_refused_with_its_sentence(jwk: Json, sentence: str) -> None:
    with pytest.raises(KeyRingError) as caught:
        ring(jwk)
    assert str(caught.value) == sentence


NO_USE = 'Key a: its use must be "sig", or left out.'
CANNOT_SIGN = 'Key a: its key_ops must have "sign" and "verify", or be left out.'
CANNOT_VERIFY = 'Key a: its key_ops must have "verify", or be left out.'
NEXT: Json = {**ACTIVE, "status": "next"}
PUBLIC: Json = {**ES.public_jwk(), "kid": "a", "status": "retiring"}


@pytest.mark.parametrize(
    ("jwk", "sentence"),
    [
        *(({**ACTIVE, "use": use}, NO_USE) for use in ("enc", "SIG", "", None, ["sig"])),
        ({**PUBLIC, "use": "enc"}, NO_USE),
        *(
            ({**ACTIVE, "key_ops": operations}, CANNOT_SIGN)
            for operations in ([], ["sign"], ["verify"], ["encrypt", "decrypt"], ["Sign", "verify"])
        ),
        # RFC 7517 section 4.3: no duplicates, and nothing that has nothing to do with signatures.
        ({**ACTIVE, "key_ops": ["sign", "verify", "verify"]}, CANNOT_SIGN),
        ({**ACTIVE, "key_ops": ["sign", "verify", "wrapKey"]}, CANNOT_SIGN),
        ({**ACTIVE, "key_ops": "sign verify"}, CANNOT_SIGN),
        ({**ACTIVE, "key_ops": None}, CANNOT_SIGN),
        ({**ACTIVE, "key_ops": [1]}, CANNOT_SIGN),
        *(({**NEXT, "key_ops": each}, CANNOT_VERIFY) for each in ([], ["sign"], ["deriveKey"])),
        ({**PUBLIC, "key_ops": ["encrypt"]}, CANNOT_VERIFY),
    ],
)
def test_a_key_that_is_for_something_else_neither_signs_nor_verifies(
    jwk: Json, sentence: str
) -> None:
    others = [] if jwk["status"] == "active" else [{**ACTIVE, "kid": "b"}]
    with pytest.raises(KeyRingError) as caught:
        ring(jwk, *others)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("members", [{"use": "sig"}, {"key_ops": ["verify"]}])
def test_a_public_key_for_signatures_verifies(members: Json) -> None:
    keys = ring(ACTIVE, {**ES.public_jwk(), "kid": ES.kid, "status": "retiring", **members})
    assert read_offer(message(key=ES), keys).sku == "MUG-01"


@pytest.mark.parametrize("issuer", ["", "a shop", "https://sh\u00f6p.example", "x" * 101])
def test_a_shop_has_to_have_a_plain_issuer(issuer: str) -> None:
    with pytest.raises(KeyRingError, match="its issuer must be"):
        KeyRing.from_jwk_set({"keys": [ACTIVE]}, issuer)


names = ("kty", "k", "crv", "x", "y", "d", "alg", "kid", "status", "issuer", "use", "key_ops")
members = st.sampled_from(names)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(st.characters(codec=None), max_size=50)
    | st.binary(max_size=40).map(base64url)
    | st.lists(st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    | st.sampled_from([*ACTIVE.values(), *ACTIVE_ES.values(), *OTHER_ES.jwk().values()])
)


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("jwk", [ACTIVE, ACTIVE_ES], ids=["HS256", "ES256"])
@given(changed=st.dictionaries(members, values, max_size=4))
def test_any_members_make_a_ring_or_a_sentence_without_secrets(jwk: Json, changed: Json) -> None:
    # A kid is public: it stands in every message.
    weird = {**jwk, **changed, "kid": jwk["kid"] if changed.get("kid") else None}
    try:
        ring(weird)
    except KeyRingError as error:
        sentence = str(error)
    else:
        return
    assert not any(secret in sentence for secret in secrets_of(jwk))


# --- Secrets stay inside ------------------------------------------------------


def test_no_text_form_of_a_key_or_a_ring_says_a_secret() -> None:
    keys = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
    shown = "".join(
        form(each)
        for each in (keys, list(keys.items()), keys.active, keys[ES.kid])
        for form in (repr, str, pprint.pformat)
    )
    for jwk in KEY_SETS["shop"]["keys"]:
        for secret in secrets_of(jwk):
            assert secret not in shown
    assert str(HS.secret) not in shown


def test_the_public_set_has_public_parts_of_es256_keys_alone() -> None:
    public = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER).public_jwk_set()
    assert public["keys"][0] == {**ES.public_jwk(), "kid": ES.kid, "alg": "ES256", "use": "sig"}
    for jwk in public["keys"]:
        assert jwk.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert HS.kid not in str(public)


def test_the_public_set_of_secrets_is_empty() -> None:
    assert ring(ACTIVE).public_jwk_set() == {"keys": []}


@pytest.mark.parametrize("zeros", [0, 1, 5])
def test_a_coordinate_is_published_in_its_32_bytes_however_it_was_spelled(zeros: int) -> None:
    # The y of this key begins with a zero byte, which careless writers drop.
    key = next(
        key
        for key in (EcKey(f"short-{number}", "active") for number in range(10_000))
        if key.public_jwk()["y"].startswith("AA") and key.public_jwk()["y"][2] < "Q"
    )
    number = key.private.public_key().public_numbers().y
    y = base64url(bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8))
    keys = ring({**key.jwk(), "y": y, "kid": "short", "status": "active"})
    assert keys.public_jwk_set()["keys"][0]["y"] == base64url(number.to_bytes(32))


# --- Rotation -----------------------------------------------------------------


def test_a_rotation_voids_no_offer_until_its_key_is_voided() -> None:
    old = {**HS.jwk(), "kid": "old", "status": "active"}
    new = {**ES.jwk(), "kid": "new", "status": "next"}
    before = ring(old)
    outstanding = sign_offer(OFFER, before.active)

    added = ring(old, new)
    assert added.active.kid == "old"
    assert read_offer(outstanding, added) == OFFER

    activated = ring({**old, "status": "retiring"}, {**new, "status": "active"})
    fresh = sign_offer(OFFER, activated.active)
    assert read_offer(outstanding, activated) == read_offer(fresh, activated) == OFFER
    # Processes that were not restarted since `add` read what those that were now sign.
    assert read_offer(fresh, added) == OFFER

    voided = ring({**new, "status": "active"})
    assert read_offer(fresh, voided) == OFFER
    with pytest.raises(UnknownKey):
        read_offer(outstanding, voided)


def test_a_key_that_comes_back_under_the_same_name_honors_nothing_of_the_old_one() -> None:
    text = message(key=HS)
    other = {**HmacKey("another secret", "").jwk(), "kid": HS.kid, "status": "active"}
    with pytest.raises(Unreadable, match="bad signature"):
        read_offer(text, ring(other))


def test_a_ring_is_never_changed() -> None:
    keys = ring(ACTIVE)
    with pytest.raises(TypeError):
        keys["b"] = keys.active  # type: ignore[index]
    with pytest.raises(AttributeError):
        keys.active.status = KeyStatus.NEXT  # type: ignore[misc]
