"""Realms: derived keys, so that two shops with one key set never accept each other's messages.

A test shop whose clock can be moved mints offers for any day. In a realm it
signs with keys derived from the configured ones, with another ``kid`` and
another issuer. A message signed in a realm names a key that does not exist
outside it, and the reverse.

``OFFER_REALM`` puts a site into a realm for good. A request can enter a further
realm (``entered``), which is derived from the site's.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, OctKey

from offers.keys import MOST_ISSUER, MOST_KID, KeyRing, SigningKey

#: The order of the group of P-256 (NIST SP 800-186, section 3.2.1.3).
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_in_force: ContextVar[str] = ContextVar("realm", default="")


def in_force() -> str:
    """The realm that this thread or task has entered; empty outside any."""
    return _in_force.get()


@contextmanager
def entered(realm: str) -> Iterator[None]:
    """Sign and read in a realm while the block runs."""
    token = _in_force.set(realm)
    try:
        yield
    finally:
        _in_force.reset(token)


def in_realm(ring: KeyRing, realm: str) -> KeyRing:
    """The ring of a realm: the derived keys, with the same status and algorithm.

    A key without its private part cannot be derived and is left out.

    :param realm: a short name, of characters that a ``kid`` may have
    :raises KeyRingError: two kids are too long to differ after the realm's name
    """
    return KeyRing([_derived(key, realm) for key in ring.values() if key.jwk.is_private])


def _derived(key: SigningKey, realm: str) -> SigningKey:
    return SigningKey(
        kid=f"{realm}-{key.kid}"[:MOST_KID],
        algorithm=key.algorithm,
        status=key.status,
        issuer=f"{key.issuer[: MOST_ISSUER - len(realm) - 1]}#{realm}",
        jwk=_derived_jwk(key.jwk, f"flashfreeze realm\0{realm}".encode()),
        times=key.times,
    )


def _derived_jwk(jwk: OctKey | ECKey, label: bytes) -> OctKey | ECKey:
    """An HMAC keyed with the secret: the derived secret does not reveal the first."""
    if isinstance(jwk, OctKey):
        return OctKey.import_key(hmac.digest(jwk.raw_value, label, "sha256"))
    secret = jwk.raw_value
    assert isinstance(secret, ec.EllipticCurvePrivateKey)
    octets = secret.private_numbers().private_value.to_bytes(32)
    # 128 bits more than the order, so that the remainder is not biased (FIPS 186-5, A.2.1).
    number = int.from_bytes(hmac.digest(octets, label, "sha384"))
    return ECKey.import_key(ec.derive_private_key(1 + number % (_P256_ORDER - 1), ec.SECP256R1()))
