"""Words for months, weekdays and days near today, in the languages that are read.

The names are CLDR's, the full and the abbreviated ones. Words are compared folded: in small
letters, without accents, so that "Decembre" is read too.
"""

import re
import unicodedata
from functools import lru_cache

from babel import Locale

from shop.core.typed.money import LANGUAGES
from shop.core.typed.spelling import plain

#: Spellings that CLDR lacks.
_MORE_MONTHS = {"jaenner": 1, "janner": 1, "feber": 2, "maerz": 3, "sept": 9, "setiembre": 9}
_MORE_WEEKDAYS = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3, "sonnabend": 5}
#: Days by how many after today they are.
DAYS_FROM_TODAY = {
    **dict.fromkeys(("today", "heute", "heut", "aujourd'hui", "hoy", "oggi"), 0),
    **dict.fromkeys(("tomorrow", "morgen", "demain", "manana", "domani"), 1),
    **dict.fromkeys(
        ("day after tomorrow", "ubermorgen", "uebermorgen", "apres-demain", "apres demain",
         "pasado manana", "dopodomani"), 2),
    **dict.fromkeys(("yesterday", "gestern", "hier", "ayer", "ieri"), -1),
    **dict.fromkeys(
        ("day before yesterday", "vorgestern", "avant-hier", "avant hier", "anteayer",
         "altroieri", "l'altroieri"), -2),
}  # fmt: skip
#: One word for a day and a part of it.
_TOGETHER = {
    "tonight": ("today", "evening"),
    "stasera": ("oggi", "sera"),
    "stamattina": ("oggi", "mattina"),
}
NOW = frozenset(
    {"now", "right now", "jetzt", "sofort", "maintenant", "ahora", "ahora mismo", "adesso", "ora"}
)
#: "Next Friday" is the coming one for some, and the one after it for others.
NEXT = frozenset(
    {"next", "nachster", "nachsten", "naechsten", "prochain", "proximo", "que viene", "prossimo"}
)
_MERIDIEM = re.compile(r"(?<![a-z])([ap])(?:\. ?m\.?|m\.)(?![a-z])")


def words_of(text: object) -> list[str]:
    """The words of a text, folded; commas and brackets divide words, points end abbreviations.

    >>> words_of("Fr., 25. Dez. 2026 (5:30 p. m.)")
    ['fr', '25.', 'dez', '2026', '5:30', 'pm']
    """
    spread = unicodedata.normalize("NFD", plain(text).casefold())
    folded = "".join(each for each in spread if not unicodedata.combining(each))
    words = re.sub(r"[,()]", " ", _MERIDIEM.sub(r"\1m", folded)).split()
    ended = [word.rstrip(".") if word[0].isalpha() else word for word in words]
    return [part for word in ended for part in _TOGETHER.get(word, (word,))]


@lru_cache
def months() -> dict[str, int]:
    """The numbers of months, 1 to 12, by their names."""
    return _names("months") | _MORE_MONTHS


@lru_cache
def weekdays() -> dict[str, int]:
    """The numbers of weekdays, from 0 for Monday, by their names."""
    return _names("days") | _MORE_WEEKDAYS


def _names(kind: str) -> dict[str, int]:
    names: dict[str, int] = {}
    for language in LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                named = getattr(Locale(language), kind)[context][width]
                names |= {" ".join(words_of(name)): number for number, name in named.items()}
    return names
