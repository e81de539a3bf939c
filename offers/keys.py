"""The key ring: a JWK Set (RFC 7517). One key signs, all living keys verify.

Rules:

* Exactly one key is ``active``: it signs. Keys that are ``next`` (published
  before they sign) or ``retiring`` (no longer sign) verify. Voiding a key
  removes it from the set, and voids every message that it signed.
* A key fixes its algorithm: ``oct`` is HS256, ``EC`` on P-256 is ES256. The
  message's ``alg`` is compared with it, never obeyed (RFC 8725 section 3.1).
* A key fixes its issuer: a message in another issuer's name is refused. A key
  with another issuer than the active key is a partner's; it signs only offers.
* An HS256 secret has at least 256 bits (RFC 7518 section 3.2).
* A key that says what it is for is used for nothing else: its ``use`` is ``sig``, its ``key_ops``
  have ``verify``, those of the active key ``sign`` too, and nothing besides (RFC 7517 sections 4.2
  and 4.3); its ``alg`` is the one of its type (section 4.4).
* A key may say when it was added, began to sign and stopped (``KeyTimes``);
  ``rotation`` decides by it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from offers.signatures import Es256, Hs256
from offers.terms import instant

MOST_KID = 64
#: Bounded, so that no offer exceeds the reader's size limit.
MOST_ISSUER = 100
_KID = re.compile(rf"[A-Za-z0-9._-]{{1,{MOST_KID}}}")
_ISSUER = re.compile(rf"[!-~]{{1,{MOST_ISSUER}}}")  # visible ASCII
_HS256_LEAST_BYTES = 32


class KeyRingError(ValueError):
    """The JWK Set cannot be used; the message names the key and the fault, never its secret."""


class KeyStatus(StrEnum):
    """The use of a living key."""

    ACTIVE = "active"
    NEXT = "next"
    RETIRING = "retiring"


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """When a key was put on the ring, last began to sign, and stopped.

    Whole seconds since 1970, rounded down; None: it did not, or nobody recorded it.
    """

    added_at: int | None = None
    active_at: int | None = None
    stopped_at: int | None = None

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> Self:
        """Read the members of these names.

        :raises KeyRingError: one of them is no time
        """
        times = {each.name: jwk.get(each.name) for each in fields(cls)}
        for name, value in times.items():
            if value is not None and not instant(value):
                problem = f"its {name} must be whole seconds since 1970"
                raise KeyRingError(f"Key {jwk.get('kid')}: {problem}.")
        return cls(**times)


@dataclass(frozen=True, eq=False)
class SigningKey:
    """One living key; it fixes algorithm and issuer of what it signs."""

    kid: str
    algorithm: str
    status: KeyStatus
    issuer: str
    jwk: OctKey | ECKey = field(repr=False)
    times: KeyTimes = KeyTimes()

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], issuer: str) -> Self:
        """Read one key of a set.

        Besides the members of RFC 7517 it has ``status`` (see ``KeyStatus``),
        maybe those of ``KeyTimes`` and, where it is a partner's, ``issuer``.

        :param issuer: the shop's; the ``iss`` of keys without an ``issuer``
        :raises KeyRingError: the key cannot sign or verify offers
        """
        kid = jwk.get("kid")
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise KeyRingError("A key has no usable kid (1 to 64 letters, digits, dots, dashes).")
        try:
            status = KeyStatus(jwk.get("status", ""))
        except ValueError:
            known = ", ".join(KeyStatus)
            raise KeyRingError(f"Key {kid}: its status must be one of {known}.") from None
        key, algorithm = _import(kid, jwk)
        if jwk.get("alg", algorithm) != algorithm:
            raise KeyRingError(f"Key {kid}: a key of this type signs with {algorithm} alone.")
        _check_purpose(kid, jwk, {"sign", "verify"} if status is KeyStatus.ACTIVE else {"verify"})
        if status is KeyStatus.ACTIVE and not key.is_private:
            raise KeyRingError(f"Key {kid} is active, and has no private part to sign with.")
        its_issuer = jwk.get("issuer", issuer)
        if not isinstance(its_issuer, str) or not _ISSUER.fullmatch(its_issuer):
            raise KeyRingError(f"Key {kid}: its issuer must be 1 to 100 visible ASCII characters.")
        if status is KeyStatus.ACTIVE and its_issuer != issuer:
            raise KeyRingError(f"Key {kid} is active, and has another issuer than the shop.")
        return cls(kid, algorithm, status, its_issuer, key, KeyTimes.from_jwk(jwk))

    @cached_property
    def signatures(self) -> Hs256 | Es256:
        """What signs and verifies by this key."""
        if isinstance(self.jwk, OctKey):
            return Hs256(self.jwk.raw_value)
        return Es256(self.jwk.public_key, self.jwk.private_key)

    def public_jwk(self) -> dict[str, Any] | None:
        """The public part, for partners to verify with; None for a shared secret."""
        if isinstance(self.jwk, OctKey):
            return None
        public = self.jwk.as_dict(private=False)
        members = {name: public[name] for name in ("kty", "crv", "x", "y")}
        return {**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}


def _check_purpose(kid: str, jwk: Mapping[str, Any], needed: set[str]) -> None:
    """:raises KeyRingError: the key says that it is for something else"""
    if jwk.get("use", "sig") != "sig":
        raise KeyRingError(f'Key {kid}: its use must be "sig", or left out.')
    operations = jwk.get("key_ops", ["sign", "verify"])
    if (
        not isinstance(operations, list)
        or not all(isinstance(each, str) for each in operations)
        or len(set(operations)) != len(operations)
        or not needed <= set(operations) <= {"sign", "verify"}
    ):
        what = " and ".join(f'"{each}"' for each in sorted(needed))
        raise KeyRingError(f"Key {kid}: its key_ops must have {what}, or be left out.")


def _import(kid: str, jwk: Mapping[str, Any]) -> tuple[OctKey | ECKey, str]:
    members = {name: jwk[name] for name in ("kty", "k", "crv", "x", "y", "d") if name in jwk}
    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "oct", None:
                secret = OctKey.import_key(members)
                if len(secret.raw_value) < _HS256_LEAST_BYTES:
                    raise KeyRingError(f"Key {kid}: an HS256 secret needs at least 32 bytes.")
                return secret, "HS256"
            case "EC", "P-256":
                # Imported twice: the set may give a coordinate in fewer or more bytes than the
                # 32 of RFC 7518 section 6.2.1.2, which we publish.
                return ECKey.import_key(ECKey.import_key(members).raw_value), "ES256"
    except (JoseError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, KeyRingError):
            raise
        raise KeyRingError(f"Key {kid}: its members do not make a key.") from None
    raise KeyRingError(f"Key {kid}: only oct keys (HS256) and EC keys on P-256 (ES256) serve.")


class KeyRing(Mapping[str, SigningKey]):
    """All living keys by kid. It is immutable: a rotation makes another ring."""

    def __init__(self, keys: list[SigningKey]) -> None:
        """:raises KeyRingError: two keys share a kid, or not exactly one key is active."""
        self._keys = {key.kid: key for key in keys}
        if len(self._keys) != len(keys):
            raise KeyRingError("Two keys have the same kid.")
        active = [key for key in keys if key.status is KeyStatus.ACTIVE]
        if len(active) != 1:
            raise KeyRingError(f"Exactly one key must be active; {len(active)} are.")
        self.active = active[0]

    @classmethod
    def from_jwk_set(cls, document: str | Mapping[str, Any], issuer: str) -> Self:
        """Read a private JWK Set.

        :param issuer: the ``iss`` of keys without an ``issuer``
        :raises KeyRingError: it is no JWK Set, or one of its keys cannot be used
        """
        if isinstance(document, str):
            try:
                document = json.loads(document)
            except (ValueError, RecursionError):
                raise KeyRingError("The key set is not JSON.") from None
        keys = document.get("keys") if isinstance(document, Mapping) else None
        if not isinstance(keys, list) or not all(isinstance(jwk, Mapping) for jwk in keys):
            raise KeyRingError("The key set must be an object with a list of keys.")
        return cls([SigningKey.from_jwk(jwk, issuer) for jwk in keys])

    def public_jwk_set(self) -> dict[str, list[dict[str, Any]]]:
        """The public keys, for partners to verify with; never a shared secret."""
        public = (key.public_jwk() for key in self._keys.values())
        return {"keys": [jwk for jwk in public if jwk is not None]}

    def __getitem__(self, kid: str) -> SigningKey:
        return self._keys[kid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
