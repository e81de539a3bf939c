"""Keys set apart: for a shop that must never be taken for another, though both have one key set.

A test shop whose clock can be moved mints offers for any day. Under a realm it
signs with keys derived from the configured ones, each with another ``kid``, and
in the name of another issuer: what is signed inside a realm names a key that
nobody outside has, and the other way round.

A site may be in a realm for good, or enter one for as long as it answers a
single request: then that one is within the first, and apart from it too.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey

from offers.keys import MOST_ISSUER, MOST_KID, KeyRing, SigningKey

#: The order of the group that P-256 is (NIST SP 800-186, section 3.2.1.3).
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_in_force: ContextVar[str] = ContextVar("realm", default="")


def in_force() -> str:
    """The realm that was entered, by this thread or task alone; empty outside any."""
    return _in_force.get()


@contextmanager
def entered(realm: str) -> Iterator[None]:
    """Sign and read in a realm for as long as the block runs."""
    token = _in_force.set(realm)
    try:
        yield
    finally:
        _in_force.reset(token)


def in_realm(ring: KeyRing, realm: str) -> KeyRing:
    """The ring of a realm: every key that can be derived, with its status and algorithm.

    A key of which only the public part is known has nothing to derive from, and
    is left out.

    :param realm: a short name, of letters that a ``kid`` may have
    :raises KeyRingError: two names of keys are too long to be told apart
    """
    return KeyRing([_derived(key, realm) for key in ring.values() if key.jwk.is_private])


def _derived(key: SigningKey, realm: str) -> SigningKey:
    return SigningKey(
        kid=f"{realm}-{key.kid}"[:MOST_KID],
        algorithm=key.algorithm,
        status=key.status,
        issuer=f"{key.issuer[: MOST_ISSUER - len(realm) - 1]}#{realm}",
        jwk=_derived_jwk(key.jwk, f"flashfreeze realm\0{realm}".encode()),
    )


def _derived_jwk(jwk: OctKey | ECKey, label: bytes) -> OctKey | ECKey:
    """HMAC keyed with the secret: who has one secret can make the other, but not undo it."""
    if isinstance(jwk, OctKey):
        return OctKey.import_key(hmac.digest(jwk.raw_value, label, "sha256"))
    secret = jwk.raw_value
    assert isinstance(secret, ec.EllipticCurvePrivateKey)
    octets = secret.private_numbers().private_value.to_bytes(32)
    # 128 bits more than the order has, so that the remainder favours no number (FIPS 186-5, A.2.1).
    number = int.from_bytes(hmac.digest(octets, label, "sha384"))
    return ECKey.import_key(ec.derive_private_key(1 + number % (_P256_ORDER - 1), ec.SECP256R1()))
