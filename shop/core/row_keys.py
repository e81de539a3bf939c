"""Keys of rows, as addresses and forms name them."""

from django.db.models import BigIntegerField

_MOST_DIGITS = 19


def row_key(text: str) -> int | None:
    """The key that a text names; None for what no key can be.

    Databases have integers of 64 bits: a longer one is an error in SQLite, not a row that is
    missing, and Python reads none of thousands of digits.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    key = int(text)
    return key if key <= BigIntegerField.MAX_BIGINT else None
