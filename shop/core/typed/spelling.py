"""How a text is spelled: blanks of all kinds are one, and signs of one meaning are one sign."""

import re
import unicodedata

#: A blank, a no-break space, a thin one, and every other; and the tabulator.
_BLANKS = re.compile(r"[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
#: Marks that have no width: they come along with text that is copied from other programs.
_WIDTHLESS = re.compile(r"[\u200b-\u200f\u2060\ufeff\u061c\u00ad\u202a-\u202e\u2066-\u2069]")
#: Signs that people use for one another.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4`", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d", "-"),
    }
)


def plain(text: object) -> str:
    """A text with single blanks, without what cannot be seen, and with one sign for alike ones.

    Text is for reading by a machine then: what a person wrote is kept as it is.

    >>> plain(" 1\u202f299,50\u00a0€ ")
    '1 299,50 €'
    """
    composed = unicodedata.normalize("NFC", str(text)).translate(_ALIKE)
    return _BLANKS.sub(" ", _WIDTHLESS.sub("", composed)).strip()


def quoted(text: object, most: int = 40) -> str:
    """A text to repeat in a sentence, shortened where it is long."""
    shown = plain(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
