"""A private JWK Set that is edited: keys added, activated and taken away, each with its times.

Members that this package does not know are kept. Whether a step is wise is for ``rotation``.
"""

import json
import secrets
from datetime import UTC, datetime
from typing import Any, Self

from joserfc.jwk import ECKey, OctKey

from offers.keys import KeyRing, KeyRingError, KeyStatus

type Jwk = dict[str, Any]


class KeySet:
    """The keys of a file, and the ring that they make; none make no ring."""

    def __init__(self, keys: list[Jwk], issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    @classmethod
    def from_json(cls, document: str, issuer: str) -> Self:
        """Read a set.

        :param issuer: the shop's
        :raises KeyRingError: it does not make a key ring
        """
        KeyRing.from_jwk_set(document, issuer)
        return cls(json.loads(document)["keys"], issuer)

    def to_json(self) -> str:
        """The document of the set.

        :raises KeyRingError: what it has become does not make a key ring
        """
        self.ring()
        return json.dumps({"keys": self._keys}, indent=2)

    def ring(self) -> KeyRing:
        """The ring that it makes.

        :raises KeyRingError: it makes none
        """
        return KeyRing.from_jwk_set({"keys": self._keys}, self._issuer)

    def add(self, algorithm: str, kid: str | None, now: datetime) -> KeyStatus:
        """Make a key; the first one is active, a further one next.

        :param kid: None: one that begins with the day
        :raises KeyRingError: there is a key of that name
        """
        kid = kid or f"{now.astimezone(UTC).date():%Y-%m-%d}-{secrets.token_hex(2)}"
        if any(jwk.get("kid") == kid for jwk in self._keys):
            raise KeyRingError(f"There is a key {kid} already.")
        made = ECKey.generate_key("P-256") if algorithm == "ES256" else OctKey.generate_key(256)
        status = KeyStatus.NEXT if self._keys else KeyStatus.ACTIVE
        jwk: Jwk = {
            **made.as_dict(private=True),
            "kid": kid,
            "alg": algorithm,
            "status": status.value,
        }
        jwk["added_at"] = _seconds(now)
        if status is KeyStatus.ACTIVE:
            jwk["active_at"] = _seconds(now)
        self._keys.append(jwk)
        return status

    @property
    def newest_kid(self) -> str:
        """The name of the key that was added last."""
        kid: str = self._keys[-1]["kid"]
        return kid

    def activate(self, kid: str, now: datetime) -> None:
        """Have a key sign, and no other."""
        for jwk in self._keys:
            if jwk["kid"] == kid:
                jwk |= {"status": KeyStatus.ACTIVE.value, "active_at": _seconds(now)}
                jwk.pop("stopped_at", None)
            elif jwk["status"] == KeyStatus.ACTIVE:
                jwk |= {"status": KeyStatus.RETIRING.value, "stopped_at": _seconds(now)}

    def remove(self, kid: str) -> None:
        """Take a key away: nothing that it signed is valid any more."""
        self._keys[:] = [jwk for jwk in self._keys if jwk["kid"] != kid]


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
