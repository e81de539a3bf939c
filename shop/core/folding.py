"""Search that finds a name however it is written: in capitals or not, with its marks or without.

Both databases find alike. PostgreSQL's own comparisons depend on the locale that it was created
with, and SQLite's know the letters of English alone.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from django.db.backends.signals import connection_created
from django.db.models import CharField, Func, TextField
from django.db.models.lookups import PatternLookup

#: Combining marks over and under letters.
_MARKS = re.compile("[\u0300-\u036f]")
_FUNCTION = "shop_folded"


def folded(text: str) -> str:
    """A text without case, and without marks on its letters.

    >>> folded("MÜLLER"), folded("Straße")
    ('muller', 'strasse')
    """
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(_small_letters())


@lru_cache
def _small_letters() -> dict[int, str]:
    """The small one of each letter, by the letter's code."""
    letters = map(chr, range(0x110000))
    pairs = ((ord(each), each.lower()) for each in letters if each != each.lower())
    single = {code: small for code, small in pairs if len(small) == 1}
    # Greek writes another small sigma at the end of a word.
    return single | {ord("ß"): "ss", ord("ς"): "σ"}


@lru_cache
def _capitals_and_small_ones() -> tuple[str, str]:
    letters = {code: small for code, small in _small_letters().items() if len(small) == 1}
    return "".join(map(chr, letters)), "".join(letters.values())


class _Folded(Func):
    function = _FUNCTION

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        plain = f"regexp_replace(normalize({sql}, NFKD), '[\u0300-\u036f]', '', 'g')"
        return f"replace(translate({plain}, %s, %s), 'ß', 'ss')", (
            *params,
            *_capitals_and_small_ones(),
        )


@CharField.register_lookup
@TextField.register_lookup
class FoldedContains(PatternLookup):
    """``name__folded="muller"``: whether the text is in it, case and marks aside."""

    lookup_name = "folded"
    prepare_rhs = False

    def get_prep_lookup(self) -> str:
        return folded(str(self.rhs))

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        return compiler.compile(_Folded(lhs or self.lhs))

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        operator: str = connection.operators["contains"] % rhs
        return operator


def _teach_sqlite(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(
            _FUNCTION, 1, lambda text: text if text is None else folded(text), deterministic=True
        )


connection_created.connect(_teach_sqlite, dispatch_uid=_FUNCTION)
