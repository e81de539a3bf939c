"""What a fuzz target is: it takes bytes as a stranger sends them, and says what became of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of an input; any exception that a target lets through is a finding."""

    READ = "read"
    REFUSED = "refused"


type Run = Callable[[bytes], Outcome]


@dataclass(frozen=True, slots=True)
class Target:
    """One reader of the shop, and what has to be true of each of its answers.

    ``run`` raises AssertionError where an answer is false. ``most_bytes`` bounds what is tried.
    """

    name: str
    run: Run
    most_bytes: int = 2048
    asks_database: bool = False
    #: What it needs around all of its runs.
    around: Callable[[], AbstractContextManager[None]] = nullcontext


def text_of(data: bytes) -> str:
    """The text of an input; bytes that are no UTF-8 become halves of characters."""
    return data.decode(errors="surrogateescape")
