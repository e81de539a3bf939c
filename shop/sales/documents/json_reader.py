"""A strict JSON reader that collects all problems, each with its place in the document.

It refuses repeated and unknown keys, and ``true`` or ``1.0`` in place of 1.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: ``deals[1].price``; an empty place is the whole document."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place or 'The document'}: {self.message}"


class DocumentError(Exception):
    """A document that cannot be loaded, with all its ``problems``."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def member(place: str, name: str) -> str:
    """The place of a member of what is at a place."""
    return f"{place}.{name}" if place else name


def problems_of(error: ValidationError, place: str) -> Iterator[Problem]:
    """A model's errors; its fields are members of what is at a place."""
    for name, messages in error.message_dict.items():
        where = place if name == NON_FIELD_ERRORS else member(place, name)
        yield from (Problem(where, message) for message in messages)


class _Object(dict[str, Any]):
    """A JSON object that remembers its repeated keys."""

    repeated: tuple[str, ...] = ()


def decode(content: bytes | str) -> object:
    """The value of a JSON text; objects remember their repeated keys.

    :raises DocumentError: it is not JSON, or not in UTF-8
    """
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        value: object = json.loads(
            text, object_pairs_hook=_remember_repeated, parse_constant=_no_constant
        )
    except UnicodeDecodeError as error:
        raise DocumentError(Problem("", f"not UTF-8 at byte {error.start}")) from None
    except (ValueError, RecursionError) as error:
        raise DocumentError(Problem("", f"not JSON: {error}")) from None
    return value


def _remember_repeated(pairs: list[tuple[str, Any]]) -> _Object:
    members = _Object(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        members.repeated = tuple(name for name in members if names.count(name) > 1)
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


class ObjectReader:
    """Reads one object of a document, and adds what is wrong with it to ``problems``.

    Where a value is wrong or missing, a method still returns one of the right type.
    """

    def __init__(
        self, value: object, *, known: frozenset[str], place: str, problems: list[Problem]
    ) -> None:
        self.place = place
        self.problems = problems
        self._is_object = isinstance(value, dict)
        self._members: dict[str, Any] = value if isinstance(value, dict) else {}
        if not self._is_object:
            problems.append(Problem(place, f"an object is needed, not {_kind(value)}"))
        for name in self._members:
            if name not in known:
                self.add_problem(name, "unknown key; known are " + ", ".join(sorted(known)))
        for name in value.repeated if isinstance(value, _Object) else ():
            self.add_problem(name, "this key stands here more than once")

    def add_problem(self, name: str, message: str) -> None:
        """Add a problem of one of its members."""
        self.problems.append(Problem(member(self.place, name), message))

    def has(self, name: str) -> bool:
        """Whether it has this member, of any value."""
        return name in self._members

    def text(
        self,
        name: str,
        *,
        most: int,
        lines: bool = False,
        check: Callable[[str], str | None] | None = None,
    ) -> str:
        """A text that is not blank, of at most so many characters.

        :param lines: whether it may have line breaks, or be empty
        :param check: returns what is wrong with it, or None
        """
        value = self._required(name, str, "a text")
        if value is None:
            return ""
        problem = _text_problem(value, most, lines) or (check(value) if check else None)
        if problem:
            self.add_problem(name, problem)
        return value

    def integer(
        self,
        name: str,
        *,
        least: int,
        most: int,
        default: int | None = None,
        why: Callable[[int], str] = lambda _: "",
    ) -> int:
        """A whole number in a range, both ends included.

        :param default: its value if absent; None if it is required
        :param why: what to add of a number out of range, or ""
        """
        if default is not None and not self.has(name):
            return default
        value = self._required(name, int, "a whole number")
        if value is None:
            return least
        if not least <= value <= most:
            text = f"a whole number from {least} to {most} is needed, not {value}"
            reason = why(value)
            self.add_problem(name, f"{text}: {reason}" if reason else text)
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false."""
        if not self.has(name):
            return default
        value = self._required(name, bool, "true or false")
        return default if value is None else value

    def objects(self, name: str, *, known: frozenset[str]) -> Iterator["ObjectReader"]:
        """Readers of the objects of a list that is not empty."""
        values = self._required(name, list, "a list")
        if values is None:
            return
        if not values:
            self.add_problem(name, "at least one is needed")
        for index, value in enumerate(values):
            place = f"{member(self.place, name)}[{index}]"
            yield ObjectReader(value, known=known, place=place, problems=self.problems)

    def _required[T](self, name: str, wanted: type[T], called: str) -> T | None:
        if not self._is_object:
            return None
        value = self._members.get(name, _ABSENT)
        if value is _ABSENT:
            self.add_problem(name, f"{called} is needed here")
            return None
        # type() and not isinstance(): to Python, True is an int.
        if type(value) is not wanted:
            self.add_problem(name, f"{called} is needed, not {_kind(value)}")
            return None
        return value


def _text_problem(value: str, most: int, lines: bool) -> str | None:
    if not lines and not value.strip():
        return "a text that says something is needed"
    if not lines and value != value.strip():
        return "there is white space around it"
    if len(value) > most:
        return f"at most {most} characters, not {len(value)}"
    allowed = "\n\t" if lines else ""
    for character in value:
        if character not in allowed and unicodedata.category(character) in {"Cc", "Cs"}:
            return f"U+{ord(character):04X} is not a character of text"
    return None


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
    return "an object"
