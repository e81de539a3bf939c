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

import os
from collections.abc import Mapping

from offers.keys import SigningKey
from offers.tokens import OFFER, compact_json, encode_segment, header_segment

#: Characters of an id: 132 random bits. With what closes the payload they are 24 bytes.
_ID_LENGTH = 22
_END_LENGTH = 32


class Recipient:
    """The shopper that offers of one instant are made for, and until when they are held.

    Offers of all deals with the same hold share it.
    """

    def __init__(self, shopper: str, issued_at: int, expires_at: int) -> None:
        """:raises ValueError: the id, or one of the times, is none that a reader would accept"""
        _check("sub", shopper)
        _check("iat", issued_at)
        _check("exp", expires_at)
        self.expires_at = expires_at
        # Spaces are taken between claims alone: the ``jti`` begins after a multiple of three bytes.
        claims, name = f'"sub":"{shopper}","iat":{issued_at},"exp":{expires_at},', '"jti":"'
        spaces = " " * (-len(claims + name) % 3)
        #: As it stands in the payload of each offer, up to the ``jti``.
        self.segment = encode_segment(f"{claims}{spaces}{name}".encode())


class PreparedOffer:
    """The terms of one deal, ready to be signed by one key for any shopper."""

    def __init__(self, terms: Mapping[str, str | int], key: SigningKey) -> None:
        """
        :param terms: the claims of the deal: all of an offer but ``sub``, ``iat``, ``exp``, ``jti``
        """
        claims = compact_json({"iss": key.issuer, "aud": OFFER.audience, **terms})
        opened = f"{claims[:-1]},".encode()
        payload = encode_segment(opened + b" " * (-len(opened) % 3))
        self._prefix = f"{header_segment(key.algorithm, key.kid, OFFER.typ)}.{payload}"
        self._sign_rest = key.signatures.started(self._prefix.encode())

    def sign(self, recipient: Recipient, end: str) -> str:
        """The signed message that promises the terms to a shopper, in compact form.

        :param end: the end of the payload with the ``jti``, of ``fresh_ends`` or ``end_of``
        """
        rest = recipient.segment + end
        return f"{self._prefix}{rest}.{encode_segment(self._sign_rest(rest.encode()))}"


def fresh_ends(count: int) -> list[str]:
    """The ends of so many payloads, each with an id of its own, of one call for random bits."""
    letters = encode_segment(os.urandom(count * _ID_LENGTH * 6 // 8))
    ids = [letters[at : at + _ID_LENGTH] for at in range(0, count * _ID_LENGTH, _ID_LENGTH)]
    ends = encode_segment('"}'.join([*ids, ""]).encode())
    return [ends[at : at + _END_LENGTH] for at in range(0, len(ends), _END_LENGTH)]


def end_of(offer_id: str) -> str:
    """The end of the payload of an offer with an id that is known already.

    :raises ValueError: it is none that a reader would accept
    """
    _check("jti", offer_id)
    return encode_segment(f'{offer_id}"}}'.encode())


def _check(claim: str, value: str | int) -> None:
    # They are put between quotation marks as they are.
    if not OFFER.claims[claim](value):
        raise ValueError(f"bad claim: {claim}")
