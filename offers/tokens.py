"""Signed messages: writing and strictly reading them.

Every message is a JWT in JWS compact form (RFC 7515, 7519) with the header
``{"alg", "kid", "typ"}`` and nothing else. Each kind of message has its own
``typ`` and audience, so that none passes for another (RFC 8725 section 3.11).

The reader checks, in this order:

1. Form: three segments of canonical, unpadded base64url, within the size
   limit; a header and a payload that are JSON objects without duplicate names.
2. Key: ``kid`` names a living key, else ``UnknownKey``.
3. Signature, by the key's own algorithm, before any claim is used.
4. Type: exactly the kind's ``typ`` and audience, and the key's issuer; a
   partner's key only for kinds that partners may sign.
5. Claims: all that the kind requires, each of its exact type and range.

Unknown claims are ignored (RFC 7519 section 4), so that a rolling deployment
may add one. ``anchors`` judges the time, not this module.
"""

import json
from base64 import urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from offers.keys import KeyRing, SigningKey
from offers.terms import CHECKS, Check, Offer
from offers.verdicts import Verdict

_ALPHABET = ascii_uppercase + ascii_lowercase + digits + "-_"  # RFC 4648 section 5
#: To the alphabet of section 4, whose own two letters are none here.
_FROM_URL_SAFE = bytes.maketrans(b"-_+/", b"+/!!")
#: By the number of letters beyond a multiple of four: the last ones whose unused bits are zero.
_LAST_LETTERS = tuple(map(frozenset, (_ALPHABET, "", _ALPHABET[::16], _ALPHABET[::4])))
#: Likewise: what the decoder wants added.
_PADDING = (b"", b"", b"==", b"=")
_HEADER = {"alg", "kid", "typ"}

type Claims = dict[str, Any]


class Unreadable(ValueError):
    """A message that is not valid; ``verdict`` is the answer to the shopper.

    The text names the defect and never quotes the message, so that it can be logged.
    """

    verdict = Verdict.FORGED


class UnknownKey(Unreadable):
    """The message names a key that is not, or no longer, on the ring."""

    verdict = Verdict.UNKNOWN_KEY


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message: its type, audience, required claims and size limit.

    ``from_partners``: whether a partner's key may sign it. A partner who mints
    offers must not be able to sign our shoppers and orders.
    """

    typ: str
    audience: str
    claims: Mapping[str, Check]
    most_characters: int = 1024
    from_partners: bool = False


OFFER = Kind(typ="offer+jwt", audience="checkout", claims=CHECKS, from_partners=True)


def sign(kind: Kind, claims: Mapping[str, Any], key: SigningKey) -> str:
    """The signed message, in compact form.

    The signature guarantees its author and its integrity. It is not encrypted:
    its bearer can read every claim.
    """
    payload = compact_json({"iss": key.issuer, "aud": kind.audience, **claims})
    header = header_segment(key.algorithm, key.kid, kind.typ)
    signed = f"{header}.{encode_segment(payload.encode())}"
    return f"{signed}.{encode_segment(key.signatures.sign(signed.encode()))}"


def header_segment(algorithm: str, kid: str, typ: str) -> str:
    """The first segment of a message."""
    header = {"alg": algorithm, "kid": kid, "typ": typ}
    return encode_segment(compact_json(header).encode())


def read(blob: str, kind: Kind, ring: KeyRing) -> Claims:
    """The claims of a message of exactly this kind, signed by a living key.

    :raises UnknownKey: its ``kid`` is not on the ring
    :raises Unreadable: it has any other defect; no text raises another error
    """
    if len(blob) > kind.most_characters:
        raise Unreadable("too long")
    segments = blob.split(".")
    if len(segments) != 3:
        raise Unreadable("not three segments")
    algorithm, kid, typ = _header(segments[0])
    payload = _strict_object(decode_segment(segments[1]))
    signature = decode_segment(segments[2])
    key = ring.get(kid)
    if key is None:
        raise UnknownKey("unknown key")
    if algorithm != key.algorithm:
        raise Unreadable("not the key's algorithm")
    if not key.signatures.verify(f"{segments[0]}.{segments[1]}".encode(), signature):
        raise Unreadable("bad signature")
    if typ != kind.typ:
        raise Unreadable("another type")
    if key.issuer != ring.active.issuer and not kind.from_partners:
        raise Unreadable("a partner's key")
    _check_claims(payload, kind, key)
    return payload


@lru_cache(maxsize=64)
def _header(segment: str) -> tuple[str, str, str]:
    # All messages of one kind and key have the same.
    header = _strict_object(decode_segment(segment))
    if header.keys() != _HEADER or not all(isinstance(member, str) for member in header.values()):
        raise Unreadable("not our header")
    return header["alg"], header["kid"], header["typ"]


def sign_offer(offer: Offer, key: SigningKey) -> str:
    """The signed message that carries an offer's terms."""
    return sign(OFFER, offer.claims(), key)


def read_offer(blob: str, ring: KeyRing) -> Offer:
    """The offer that a message carries.

    :raises Unreadable: as in ``read``, with the verdict
    """
    claims = read(blob, OFFER, ring)
    if claims["exp"] <= claims["iat"]:
        raise Unreadable("held for no time")
    return Offer.from_claims(claims)


def hint(blob: str, claim: str) -> str:
    """The unverified value of a text claim, to look up the product that a message may mean.

    Anyone can have written it: use it as a search term, never as a fact. Empty
    where the claim is missing or not well-formed.
    """
    try:
        payload = _strict_object(decode_segment(blob[: OFFER.most_characters].split(".")[1]))
    except (Unreadable, IndexError):
        return ""
    value = payload.get(claim)
    return value if isinstance(value, str) and OFFER.claims[claim](value) else ""


def key_hint(blob: str) -> str:
    """The ``kid`` that a message names, to say whose it is; "" where it names none.

    Of a message that was read, it is the key that signed it.
    """
    try:
        kid = _strict_object(decode_segment(blob.split(".")[0])).get("kid")
    except Unreadable:
        return ""
    return kid if isinstance(kid, str) else ""


def decode_segment(segment: str) -> bytes:
    """The bytes of one base64url segment without padding (RFC 7515 section 2).

    :raises Unreadable: it is not the canonical encoding of those bytes
    """
    more = len(segment) % 4
    if segment[-1:] not in _LAST_LETTERS[more]:
        raise Unreadable("not canonical base64url")
    try:
        padded = segment.encode("ascii").translate(_FROM_URL_SAFE) + _PADDING[more]
        return a2b_base64(padded, strict_mode=True)
    except ValueError:
        raise Unreadable("not base64url") from None


def encode_segment(octets: bytes) -> str:
    """Base64url without padding, the only encoding that ``decode_segment`` accepts."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _strict_object(octets: bytes) -> Claims:
    try:
        decoded = _read_json(octets.decode())
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(decoded, dict):
        raise Unreadable("not a JSON object")
    return decoded


def _without_duplicates(pairs: list[tuple[str, Any]]) -> Claims:
    # Readers differ in which of two equal names they use (RFC 8725 section 2.4).
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_read_json = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_constant=_no_constant
).decode


def _check_claims(payload: Claims, kind: Kind, key: SigningKey) -> None:
    if payload.get("iss") != key.issuer:
        raise Unreadable("not the key's issuer")
    if payload.get("aud") != kind.audience:
        raise Unreadable("another audience")
    for name, is_well_formed in kind.claims.items():
        if not is_well_formed(payload.get(name)):
            raise Unreadable(f"bad claim: {name}")


#: Writes JSON without spaces.
compact_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
