"""Offers signed from a prepared prefix: for a page with many, of which most is the same for all.

The offers of one deal under one key differ in ``sub``, ``iat``, ``exp`` and ``jti`` alone. Those
come last; header and all other claims are encoded and hashed once. This is possible because

* the order of claims and the spaces between them mean nothing (RFC 8259 sections 2 and 4),
* base64 makes four characters of three bytes (RFC 4648 section 4): after a text whose length in
  bytes is a multiple of three, which spaces see to, the next one is encoded by itself,
* HMAC reads its message from front to back: an ``hmac`` object that has read the prefix is copied
  for each offer, and reads the rest.

The result is an ordinary message: ``tokens.read_offer`` reads it as it does one of ``sign_offer``.
"""

from collections.abc import Mapping

from offers.keys import SigningKey
from offers.tokens import OFFER, compact_json, encode_segment, header_segment


class Recipient:
    """The shopper that offers of one instant are made for, and until when they are held.

    Offers of all deals with the same hold share it.
    """

    def __init__(self, shopper: str, issued_at: int, expires_at: int) -> None:
        """:raises ValueError: the id, or one of the times, is none that a reader would accept"""
        _check("sub", shopper)
        _check("iat", issued_at)
        _check("exp", expires_at)
        #: As it stands in the payload of each offer.
        self.segment = _open_segment(f'"sub":"{shopper}","iat":{issued_at},"exp":{expires_at}')


class PreparedOffer:
    """The terms of one deal, ready to be signed by one key for any shopper."""

    def __init__(self, terms: Mapping[str, str | int], key: SigningKey) -> None:
        """
        :param terms: the claims of the deal: all of an offer but ``sub``, ``iat``, ``exp``, ``jti``
        """
        claims = compact_json({"iss": key.issuer, "aud": OFFER.audience, **terms})
        header = header_segment(key.algorithm, key.kid, OFFER.typ)
        self._prefix = f"{header}.{_open_segment(claims[:-1])}"
        self._sign_rest = key.signatures.started(self._prefix.encode())

    def sign(self, recipient: Recipient, offer_id: str) -> str:
        """The signed message that promises the terms to a shopper, in compact form.

        :param offer_id: its ``jti``
        :raises ValueError: it is none that a reader would accept
        """
        _check("jti", offer_id)
        rest = recipient.segment + encode_segment(f'"jti":"{offer_id}"}}'.encode())
        return f"{self._prefix}{rest}.{encode_segment(self._sign_rest(rest.encode()))}"


def _open_segment(members: str) -> str:
    """Members of a JSON object in base64url, so that further members can follow."""
    octets = f"{members},".encode()
    return encode_segment(octets + b" " * (-len(octets) % 3))


def _check(claim: str, value: str | int) -> None:
    # They are put between quotation marks as they are.
    if not OFFER.claims[claim](value):
        raise ValueError(f"bad claim: {claim}")
