"""Addresses in settings, such as ``smtp://user:password@host``, split without losing a letter.

The parsers of the standard library leave out line ends and tabs, and put a sign of their own in
the place of what is no UTF-8: a password of that kind would be another one.
"""

import re
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

#: Nine digits of seconds are thirty years; more would be too large for whatever waits.
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_WHITE_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")


def check_letters(address: str) -> None:
    """:raises ValueError: something in it cannot be taken as it is written"""
    if _WHITE_SPACE_OR_CONTROL.search(address):
        raise ValueError("it has white space in it, which is written %20, or no text at all")
    try:
        address.encode()
        is_text = "\0" not in unquote(address, errors="strict")
    except UnicodeError:
        is_text = False
    if not is_text:
        raise ValueError("it has letters in it, as they are or after %, that are not UTF-8")


def split_address(address: str) -> SplitResult:
    """The parts of an address.

    :raises ValueError: something in it cannot be taken as it is written
    """
    check_letters(address)
    try:
        return urlsplit(address)
    except ValueError:
        problem = "what follows :// is no host: an address of IPv6 is written [::1]"
        raise ValueError(problem) from None


def whole_seconds(text: str) -> int | None:
    """A number of seconds; None where it is none, or longer than thirty years."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else None


def is_there(path: str) -> bool:
    """Whether there is a file or folder of that name."""
    try:
        return Path(path).exists()
    except OSError:
        # It is too long for one, or lies where this process may not look.
        return False
