"""HS256 and ES256: the signatures of the two algorithms (RFC 7518 sections 3.2 and 3.4).

By ``hmac`` and by ``cryptography``'s keys themselves, because a page signs two dozen messages.
The tests hold both to joserfc. A key's ``signatures`` has the class of its algorithm.
"""

import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

#: Returns the signature of a message, of which the beginning is known, by its rest.
type SignRest = Callable[[bytes], bytes]

_ECDSA = ec.ECDSA(SHA256())
#: Bytes of each of the two integers of an ES256 signature.
_INTEGER_BYTES = 32


class Hs256:
    """HMAC with SHA-256 by one secret."""

    def __init__(self, secret: bytes) -> None:
        # Copied for each message, so that the secret is read only once.
        self._keyed = hmac.new(secret, digestmod="sha256")

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        mac = self._keyed.copy()
        mac.update(message)
        return mac.digest()

    def started(self, prefix: bytes) -> SignRest:
        """A function that signs messages with this beginning, and reads it only once."""
        begun = self._keyed.copy()
        begun.update(prefix)

        def sign_rest(rest: bytes) -> bytes:
            mac = begun.copy()
            mac.update(rest)
            return mac.digest()

        return sign_rest

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is the message's; takes the same time for each wrong one."""
        return hmac.compare_digest(self.sign(message), signature)


class Es256:
    """ECDSA on P-256 with SHA-256 by one key; without its private part it only verifies."""

    def __init__(
        self, public: ec.EllipticCurvePublicKey, private: ec.EllipticCurvePrivateKey | None
    ) -> None:
        self._public = public
        self._private = private

    def sign(self, message: bytes) -> bytes:
        """The signature of a message: r and s, one after the other."""
        assert self._private is not None
        r, s = decode_dss_signature(self._private.sign(message, _ECDSA))
        return r.to_bytes(_INTEGER_BYTES) + s.to_bytes(_INTEGER_BYTES)

    def started(self, prefix: bytes) -> SignRest:
        """A function that signs messages with this beginning."""
        return lambda rest: self.sign(prefix + rest)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the signature is the message's."""
        if len(signature) != 2 * _INTEGER_BYTES:
            return False
        r, s = signature[:_INTEGER_BYTES], signature[_INTEGER_BYTES:]
        der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
        try:
            self._public.verify(der, message, _ECDSA)
        except InvalidSignature:
            return False
        return True
