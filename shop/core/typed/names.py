"""Names and titles: what people read as one line, and what lists and links are made of."""

import re
import unicodedata

from django.core.exceptions import ValidationError

#: They turn the text around them, wherever it is shown (Unicode Standard Annex 9).
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
#: They have no width, and no meaning in a name: copied along from other programs. Joiners and marks
#: of direction have one in Persian, Hindi, Hebrew and in emoji, and stay.
_MEANINGLESS = re.compile(r"[\u00ad\u200b\u2060-\u2064\ufeff\u180e]")
_JOINERS_AND_MARKS = "\u200c\u200d\u200e\u200f\u061c\ufe0e\ufe0f"
#: Letters and a symbol that are drawn as nothing: fillers of Hangul, and Braille without a dot.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
#: Letters, numbers, punctuation and symbols.
_VISIBLE = frozenset("LNPS")


def read_name(text: str) -> str:
    """A name as it is kept: composed (NFC), with single blanks, without what has no width.

    >>> read_name(" Mu\u0308ller\u00a0\u200b& So\u0308hne ")
    'Müller & Söhne'

    :raises ValidationError: it turns the direction of text, or nothing of it can be seen
    """
    if _TURNING.search(text):
        raise ValidationError(
            "There is a character in it that turns the direction of the text around it. It cannot "
            "be seen: type the name anew."
        )
    name = re.sub(r"\s+", " ", _MEANINGLESS.sub("", unicodedata.normalize("NFC", text))).strip()
    if text.strip() and not any(map(_is_visible, name)):
        raise ValidationError("It has only characters that cannot be seen.")
    return name.strip(_JOINERS_AND_MARKS) if not name.isascii() else name


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in _VISIBLE and character not in _BLANK_LETTERS
