"""Packing a bag into one cookie, and back into the very same messages.

A cookie holds 4,096 bytes and an offer has some 450, most of them the same in
every offer. So the messages are decoded (neither a signature nor its base64
compresses), and all but the signatures is compressed together.

    version  1 byte
    lines    1 byte
    lengths  1 byte a line: of its signature
    signatures
    DEFLATE (RFC 1951, raw) of, for each line:
        header, payload, quantities; each 2 bytes of length, then its bytes

The cookie itself is not signed: each offer in it is, and the shopper chooses
the quantities. A damaged cookie gives back every line before the damage.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from offers.tokens import Unreadable, decode_segment, encode_segment

#: RFC 6265 section 6.1: name, value and attributes together.
MOST_BYTES = 4096
_ATTRIBUTES_BYTES = 160
_VERSION = 1
_MOST_LINES = 60
#: Far more than any bag of that many lines; it bounds a decompression bomb.
_MOST_UNPACKED_BYTES = 64 * 1024
#: What two bytes of length can say.
_MOST_PART_BYTES = 0xFFFF
_UNITS = re.compile(r"[1-9][0-9]{0,5}")
_DICTIONARY = (
    b'=1,=2{"alg":"ES256","kid":"{"alg":"HS256","kid":"development-","typ":"offer+jwt"}'
    b'{"iss":"https://","aud":"checkout","sub":"","jti":"","iat":17,"exp":17,"sale":"list",'
    b'"sku":"","amount":99,"currency":"EUR","was":90,"max":10,"anchor":""}'
)


class BagFull(Exception):
    """The lines do not fit into one cookie."""


@dataclass(frozen=True)
class Packed:
    """One line in the cookie: the signed message and the units wanted by variant's sku."""

    message: str
    quantities: Mapping[str, int]


class Unpacked(NamedTuple):
    """The lines of a cookie, and whether some of it could not be read."""

    lines: tuple[Packed, ...]
    damaged: bool


def pack(lines: Sequence[Packed]) -> str:
    """The cookie's value; empty for an empty bag.

    :raises BagFull: it would not fit into a cookie
    """
    if not lines:
        return ""
    if len(lines) > _MOST_LINES:
        raise BagFull
    signatures: list[bytes] = []
    text = bytearray()
    for line in lines:
        header, payload, signature = map(decode_segment, line.message.split("."))
        signatures.append(signature)
        quantities = ",".join(f"{sku}={units}" for sku, units in line.quantities.items())
        for part in (header, payload, quantities.encode()):
            if len(part) > _MOST_PART_BYTES:
                raise BagFull
            text += len(part).to_bytes(2) + part
    if len(text) > _MOST_UNPACKED_BYTES:
        raise BagFull
    deflate = zlib.compressobj(9, wbits=-15, memLevel=9, zdict=_DICTIONARY)
    head = bytes([_VERSION, len(lines), *map(len, signatures)])
    octets = head + b"".join(signatures) + deflate.compress(text) + deflate.flush()
    value = encode_segment(octets)
    if len(value) > MOST_BYTES - _ATTRIBUTES_BYTES:
        raise BagFull
    return value


def unpack(value: str) -> Unpacked:
    """The lines of a cookie's value, in order; never an exception, whatever it holds."""
    return _unpack(value) if len(value) <= MOST_BYTES else Unpacked((), damaged=True)


# Of the bags that came last: a page and its form bring the same one.
@lru_cache(maxsize=128)
def _unpack(value: str) -> Unpacked:
    lines: list[Packed] = []
    try:
        for line in _lines(_octets(value)) if value else ():
            lines.append(line)
    except (ValueError, IndexError, zlib.error):
        return Unpacked(tuple(lines), damaged=True)
    return Unpacked(tuple(lines), damaged=False)


def _octets(value: str) -> bytes:
    # A cookie that was cut off is read as far as it goes.
    whole = value if len(value) % 4 != 1 else value[:-1]
    try:
        return decode_segment(whole)
    except Unreadable:
        return decode_segment(whole[: len(whole) // 4 * 4])


def _lines(octets: bytes) -> Iterator[Packed]:
    if octets[0] != _VERSION:
        raise ValueError("another version")
    count = octets[1]
    if count > _MOST_LINES:
        raise ValueError("more lines than a bag")
    position = 2 + count
    signatures: list[bytes] = []
    for length in octets[2:position]:
        signatures.append(octets[position : position + length])
        position += length
    text = _inflate(octets[position:])
    position = 0
    for signature in signatures:
        parts: list[bytes] = []
        for _ in range(3):
            length = int.from_bytes(text[position : position + 2])
            part = text[position + 2 : position + 2 + length]
            position += 2 + length
            if position > len(text):
                raise ValueError("cut off")
            parts.append(part)
        header, payload, quantities = parts
        if not (header and payload and signature):
            raise ValueError("no message")
        message = ".".join(map(encode_segment, (header, payload, signature)))
        yield Packed(message, _read_quantities(quantities))
    if position != len(text):
        raise ValueError("more than its lines")


def _inflate(deflated: bytes) -> bytes:
    inflate = zlib.decompressobj(wbits=-15, zdict=_DICTIONARY)
    text = bytearray()
    # In small steps, so that the text before a damage is kept.
    for start in range(0, len(deflated), 64):
        try:
            text += inflate.decompress(deflated[start : start + 64], _MOST_UNPACKED_BYTES)
        except zlib.error:
            break
        if len(text) > _MOST_UNPACKED_BYTES:
            raise ValueError("more than a bag")
    return bytes(text)


def _read_quantities(text: bytes) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for pair in text.decode().split(","):
        sku, _, units = pair.partition("=")
        if not sku or sku in quantities or not _UNITS.fullmatch(units):
            raise ValueError("bad quantity")
        quantities[sku] = int(units)
    return quantities
