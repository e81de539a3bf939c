"""The text of a file, whatever encoding it was saved in."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from itertools import islice
from typing import NamedTuple

from charset_normalizer import from_bytes
from django.core.exceptions import ValidationError

#: UTF-32 first: its mark begins as that of UTF-16 does.
_MARKS = (
    (BOM_UTF32_LE, "utf-32"),
    (BOM_UTF32_BE, "utf-32"),
    (BOM_UTF8, "utf-8-sig"),
    (BOM_UTF16_LE, "utf-16"),
    (BOM_UTF16_BE, "utf-16"),
)
_WESTERN = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ")
_CENTRAL = _WESTERN | frozenset("ąćęłńśźżčďěňřšťůžľĺŕőűăâîșțşţĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮŽĽŐŰĂȘȚŞŢ")
_CYRILLIC = frozenset(map(chr, range(0x0400, 0x0460)))
#: What else spreadsheets write, by what people call it, with the letters that are usual in it.
_OLD_ONES = {
    "cp1252": ("Western European (Windows)", _WESTERN),
    "mac_roman": ("Western European (Mac)", _WESTERN),
    "cp1250": ("Central European (Windows)", _CENTRAL),
    "cp1251": ("Cyrillic (Windows)", _CYRILLIC),
}
_SIGNS = frozenset("–—‘’‚“”„«»‹›€£°§®™©·•…½¼¾²³\u00a0¡¿")
_OTHER = r"[^\W\d_a-zA-Z]"
#: Four letters in a row that are not ASCII: in the west no word has them.
_MANY = re.compile(f"{_OTHER}{{4,}}")
#: A letter within a word of small ones: there it is no capital.
_MIXED = re.compile(f"(?<=[a-z]){_OTHER}|(?<=[A-Z]){_OTHER}(?=[a-z])")
#: A sign within a word; apostrophes stand there.
_WITHIN = re.compile(r"(?<=[^\W\d_])(?:[^\w\s’‘·\x00-\x7f]|[²³½¼¾])(?=[^\W\d_])")
_BESIDE_LATIN = re.compile(f"[a-zA-Z]{_OTHER}|{_OTHER}[a-zA-Z]")
#: Bytes that are looked at to tell old encodings apart.
_SAMPLE, _SAMPLE_LINES = 20_000, 500
_REFUSED = (
    "Its letters cannot be made out. Save it as “CSV UTF-8”, or as an Excel workbook (.xlsx)."
)
_NO_TEXT = "This is no table: it has characters in it that are no text."


class DecodedText(NamedTuple):
    """A text, and what there is to say of how it was read: empty where it is sure."""

    text: str
    note: str


def decode(content: bytes) -> DecodedText:
    """The text of a file.

    Of encodings of one byte a letter, the file does not say which it is: the note tells which was
    taken.

    :raises ValidationError: it is no text, or in none of the encodings that are known
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return DecodedText(_strictly(content, encoding), "")
    if b"\0" in content[:_SAMPLE]:
        return DecodedText(_strictly(content, _utf_16(content)), "")
    try:
        return DecodedText(_checked(content.decode()), "")
    except UnicodeDecodeError:
        return _in_old_encoding(content)


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return _checked(content.decode(encoding))
    except UnicodeDecodeError:
        raise ValidationError(_REFUSED) from None


def _checked(text: str) -> str:
    """:raises ValidationError: it has NUL characters"""
    if "\0" in text:
        raise ValidationError(_NO_TEXT)
    return text


def _utf_16(content: bytes) -> str:
    """Which UTF-16 it is without a mark: of letters, digits and signs one byte of two is zero."""
    sample = content[:_SAMPLE]
    return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"


def _in_old_encoding(content: bytes) -> DecodedText:
    # What is ASCII is the same in all of them.
    lines = (line for line in content.splitlines(keepends=True) if not line.isascii())
    sample = b"".join(islice(lines, _SAMPLE_LINES))[:_SAMPLE]
    found = from_bytes(sample, cp_isolation=list(_OLD_ONES))
    able = {name for match in found for name in (match.encoding, *match.could_be_from_charset)}
    # Of short texts the library is not sure: what reads best is taken, the commonest first.
    known = [each for each in _OLD_ONES if each in {"cp1252", *able} or not able]
    strange = {each: _strangeness(sample, each) for each in known if _can(content, each)}
    encoding = min(strange, key=lambda each: strange[each], default="")
    if not encoding or strange[encoding] * 2 > sum(byte > 127 for byte in sample):
        raise ValidationError(_REFUSED)
    return DecodedText(
        _strictly(content, encoding),
        f"The file does not say in which encoding its letters are. They were read as "
        f"{_OLD_ONES[encoding][0]}: look at umlauts and accents. If they are wrong, save the file "
        "as “CSV UTF-8”.",
    )


def _can(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _strangeness(sample: bytes, encoding: str) -> int:
    """How many letters and signs are none that people write in that encoding's languages."""
    text, (_, letters) = sample.decode(encoding), _OLD_ONES[encoding]
    others = sum(not each.isascii() and each not in letters | _SIGNS for each in text)
    others += len(_WITHIN.findall(text))
    wrong_case = sum(found[0].isupper() for found in _MIXED.finditer(text))
    if letters is _CYRILLIC:
        return others + len(_BESIDE_LATIN.findall(text))
    many = sum(len(found) for found in _MANY.findall(text)) if letters is _WESTERN else 0
    return others + wrong_case + many
