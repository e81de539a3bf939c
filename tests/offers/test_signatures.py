"""HS256 and ES256 as we sign and verify them, held to joserfc's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry

from offers.keys import KeyRing, SigningKey
from tests.offers.handmade_tokens import ES, HS, ISSUER, KEY_SETS, ORDER

RING = KeyRing.from_jwk_set(KEY_SETS["shop"], ISSUER)
KEYS = [RING[HS.kid], RING[ES.kid]]
JWKS = {HS.kid: OctKey.import_key(HS.jwk()), ES.kid: ECKey.import_key(ES.jwk())}
ALGORITHMS = JWSRegistry(algorithms=["HS256", "ES256"])

by_algorithm = pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.algorithm))


def reference_verifies(key: SigningKey, message: bytes, signature: bytes) -> bool:
    return ALGORITHMS.get_alg(key.algorithm).verify(message, signature, JWKS[key.kid])


@by_algorithm
@given(message=st.binary(max_size=300))
def test_what_we_sign_joserfc_verifies(key: SigningKey, message: bytes) -> None:
    assert reference_verifies(key, message, key.signatures.sign(message))


@by_algorithm
@given(message=st.binary(max_size=300))
def test_what_joserfc_signs_we_verify(key: SigningKey, message: bytes) -> None:
    signature = ALGORITHMS.get_alg(key.algorithm).sign(message, JWKS[key.kid])
    assert key.signatures.verify(message, signature)


@by_algorithm
@given(message=st.binary(max_size=300), at=st.integers(0, 300))
def test_a_message_of_which_the_beginning_was_read_before_is_signed_as_a_whole(
    key: SigningKey, message: bytes, at: int
) -> None:
    signature = key.signatures.started(message[:at])(message[at:])
    assert reference_verifies(key, message, signature)


@by_algorithm
@given(message=st.binary(max_size=50), data=st.data())
def test_a_changed_signature_is_taken_for_what_joserfc_takes_it(
    key: SigningKey, message: bytes, data: st.DataObject
) -> None:
    signature = key.signatures.sign(message)
    start = data.draw(st.integers(0, len(signature)))
    end = data.draw(st.integers(start, len(signature)))
    changed = signature[:start] + data.draw(st.binary(max_size=70)) + signature[end:]
    ours = key.signatures.verify(message, changed)
    assert ours == reference_verifies(key, message, changed)
    assert ours == (changed == signature)


@by_algorithm
@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 63, 64, 65, 200])
@pytest.mark.parametrize("octet", [b"\0", b"\xff"])
def test_a_signature_of_any_length_that_nobody_made_is_refused(
    key: SigningKey, length: int, octet: bytes
) -> None:
    assert not key.signatures.verify(b"a message", octet * length)


def test_an_integer_of_es256_has_exactly_32_bytes() -> None:
    signature = RING[ES.kid].signatures.sign(b"a message")
    for longer in (b"\0" + signature, signature[:32] + b"\0" + signature[32:]):
        assert not RING[ES.kid].signatures.verify(b"a message", longer)
        assert not reference_verifies(RING[ES.kid], b"a message", longer)


def test_the_other_signature_that_es256_allows_is_allowed() -> None:
    """Whoever has (r, s) has (r, n - s): so no signature is anything's id."""
    signature = RING[ES.kid].signatures.sign(b"a message")
    other = signature[:32] + (ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    assert RING[ES.kid].signatures.verify(b"a message", other)
    assert reference_verifies(RING[ES.kid], b"a message", other)
