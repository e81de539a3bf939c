"""The vocabulary: the phrases that scenarios consist of, and suggestions for unknown steps.

A phrase is text with ``{placeholders}`` (``PLACEHOLDERS``) and optional parts in
``[brackets]``. A ``when`` phrase may end in a moment, to which the shop's clock is moved
first: *Ada pays at 12:44:59*, *Ada pays one second before the hold ends*.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property, partial
from inspect import getdoc, signature
from typing import Any

import pytest_bdd
from pytest_bdd.parsers import StepParser

from shop.qa.pytest_plugin.parsing import (
    TENS,
    TO_NINETEEN,
    UNITS,
    WrongWords,
    duration,
    money,
    number,
)
from shop.qa.pytest_plugin.payment_vocabulary import CARDS, STATUSES, VERDICTS

type Table = list[list[str]]
type Action = Callable[..., None]


@dataclass(frozen=True)
class Placeholder:
    """The texts that a placeholder takes, and how they are read."""

    pattern: str
    example: str
    explanation: str
    read: Callable[[str], Any] = str


def _one_of(words: Any) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


#: A number in figures or words; the words one by one would make each phrase slow to compile.
_IN_WORDS = rf"(?:{_one_of(TO_NINETEEN)}|(?:{_one_of(TENS)})(?:-(?:{_one_of(UNITS)}))?)"
_COUNT = rf"(?:\d+|{_IN_WORDS})"
_QUOTED = r'"[^"]*"'
_SPAN = (
    r"(?:(?:half|a quarter of|three quarters of) an hour|"
    rf"(?:an?|{_COUNT}) (?:second|minute|hour|day|week)s?)"
)
_DURATION = rf"{_SPAN}(?: and {_SPAN})*"
_NAME = r"[A-Z][\w-]*(?: [A-Z][\w-]*)*"
_SALE = rf"(?:{_QUOTED}|the sale|{_NAME})"
_DAY = rf"(?: the next day| {_COUNT} days? later| on \d{{4}}-\d\d-\d\d)?"
_CLOCK = rf"(?:the (?:first|second) )?\d\d?:\d\d(?::\d\d)?{_DAY}"
_EVENT = rf"(?:{_SALE} (?:opens|closes)|the hold ends|the order lapses)"
_FROM_EVENT = rf"(?:when {_EVENT}|{_DURATION} (?:before|after) {_EVENT})"
_LATER = rf"{_DURATION} later"
#: A moment as it ends a phrase.
_AT = rf"(?: at (?P<clock>{_CLOCK})| (?P<other>{_FROM_EVENT}|{_LATER}))?"
#: A first name in Latin letters: Ada, Zoë, Łukasz, Anne-Marie.
_FIRST_NAME = r"[A-ZÀ-ÖØ-ÞĀ-ɏ][a-zß-öø-ÿĀ-ɏ]+(?:-[A-ZÀ-ÖØ-ÞĀ-ɏ][a-zß-öø-ÿĀ-ɏ]+)*"
_PERSON = (
    r"(?:an?|the|another|the other) shopper|(?!(?:The|Stripe|It|No|There|Nothing|One|Today)\b)"
    + _FIRST_NAME
)
#: A letter first, so that no number of a moment or of money is taken for a part of a name.
_WORD = r"[^\W\d_][\w'’-]*"
_WORDS = rf"{_WORD}(?: {_WORD}){{0,2}}"


def _unquoted(text: str) -> str:
    return text.strip('"')


PLACEHOLDERS: dict[str, Placeholder] = {
    "who": Placeholder(
        _PERSON,
        "Ada",
        "a shopper, each with a browser and a mail address of their own: any first name, "
        "`a shopper`, `the shopper`, `another shopper`, `the other shopper`; `{whom}` is the "
        "same, `{whose}` too with an `'s`",
    ),
    "whose": Placeholder(
        rf"(?:the|the other) shopper's|{_FIRST_NAME}'s", "Ada's", "the same", lambda text: text[:-2]
    ),
    "whom": Placeholder(_PERSON, "Bob", "the same"),
    "sale": Placeholder(
        _SALE, '"Autumn"', "a sale by its title, with or without quotes", _unquoted
    ),
    "deal": Placeholder(
        rf"(?:the|an?) (?:{_WORDS})|{_QUOTED}",
        "the mug",
        "what is sold, as the table calls it; a name of more than three words, or with a number "
        'in it, stands in quotes: `"set of 6 glasses"`',
    ),
    "deals": Placeholder(
        rf"{_WORDS}|{_QUOTED}",
        "mugs",
        "the same after a number, singular or plural: `1 scarf`, `3 scarves`",
    ),
    "n": Placeholder(_COUNT, "2", "a number, in figures or up to `ninety-nine` in words", number),
    "price": Placeholder(
        r"\d+(?:\.\d+)? [A-Z]{3}",
        "9.90 EUR",
        "money with its currency, and as many decimals as that has: `500 JPY`, `1.230 KWD`",
        money,
    ),
    "total": Placeholder(r"\d+(?:\.\d+)? [A-Z]{3}", "19.80 EUR", "the same", money),
    "moment": Placeholder(
        rf"(?:{_CLOCK}|{_FROM_EVENT}|{_LATER})",
        "12:14:59",
        "an instant: the time on the wall in the sale's zone, on the scenario's day unless it "
        "says otherwise (`12:14`, `12:14:59`, `00:10 the next day`, `12:00 3 days later`, "
        "`09:00 on 2026-11-30`, where clocks go back `the first 02:30` and `the second 02:30`), "
        "or seen from something "
        "(`one second before Autumn closes`, `when Autumn opens`, `5 minutes after the hold "
        "ends`, `when the order lapses`), or from now (`5 minutes later`). Time only goes forward",
    ),
    "opens": Placeholder(_CLOCK, "12:00", "the time on the wall in the sale's zone"),
    "closes": Placeholder(_CLOCK, "12:15", "the same; earlier than it opens is the next day"),
    "duration": Placeholder(
        _DURATION,
        "30 minutes",
        "`a second` to `two weeks`, `half an hour`, `a quarter of an hour`",
        duration,
    ),
    "date": Placeholder(r"\d{4}-\d\d-\d\d", "2026-11-27", "a day"),
    "zone": Placeholder(
        r"[A-Z][A-Za-z_]+/[A-Za-z_/]+|UTC", "Europe/Berlin", "a zone of the IANA list"
    ),
    "size": Placeholder(
        rf"[\w-]+|{_QUOTED}", "M", "a size of the table; one of several words in quotes", _unquoted
    ),
    "text": Placeholder(_QUOTED, '"The mugs crack."', "words in quotes", _unquoted),
    "card": Placeholder(_one_of(CARDS), "a card that works", f"one of: {', '.join(CARDS)}"),
    "verdict": Placeholder(_one_of(VERDICTS), "expired", f"one of: {', '.join(VERDICTS)}"),
    "status": Placeholder(_one_of(STATUSES), "not paid yet", f"one of: {', '.join(STATUSES)}"),
}


class Phrase(StepParser):
    """A phrase of the vocabulary, as pytest-bdd matches it."""

    def __init__(self, text: str, *, has_moment: bool) -> None:
        super().__init__(text)
        self.has_moment = has_moment
        self.placeholders = re.findall(r"{(\w+)}", text)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(_regex_of(self.name) + (_AT if self.has_moment else ""))

    @cached_property
    def _certain_words(self) -> list[str]:
        """What stands in every step that is this phrase; the first letter may be a capital."""
        certain = re.sub(r"\[.*?\]", "{}", self.name)
        first, *rest = re.split(r"{\w*}", certain)
        return [first[1:], *rest]

    def _match(self, name: str) -> re.Match[str] | None:
        # Compiling takes milliseconds, and there are a hundred phrases: most are ruled out without.
        if not all(words in name for words in self._certain_words):
            return None
        return self._regex.fullmatch(name)

    def is_matching(self, name: str) -> bool:
        """Whether a step is this phrase."""
        return self._match(name) is not None

    def parse_arguments(self, name: str) -> dict[str, Any] | None:
        """The values in a step; ``WrongWords`` where one is impossible."""
        found = self._match(name)
        if found is None:
            return None
        texts = {key: text for key, text in found.groupdict().items() if text is not None}
        at = texts.pop("clock", None) or texts.pop("other", None)
        try:
            words = {key: PLACEHOLDERS[key].read(text) for key, text in texts.items()}
        except ValueError as error:
            raise WrongWords(f"{name}: {error}") from None
        return {"words": words, "at": at}

    @property
    def example(self) -> str:
        """The whole phrase with an example for each placeholder."""
        whole = re.sub(r"\[(.*?)\]", r"\1", self.name)
        return re.sub(r"{(\w+)}", lambda place: PLACEHOLDERS[place[1]].example, whole)


@dataclass(frozen=True)
class Entry:
    """A phrase in the vocabulary."""

    phrase: Phrase
    keyword: str
    section: str
    explanation: str
    has_table: bool


VOCABULARY: list[Entry] = []


def _phrase(keyword: str, *texts: str) -> Callable[[Action], Action]:
    """Register the decorated function as what a step does. Scenarios may use any keyword."""

    def decorator(action: Action) -> Action:
        has_table = "table" in signature(action).parameters
        for text in texts:
            phrase = Phrase(text, has_moment=keyword == "When")
            section = action.__module__.rpartition(".")[2]
            VOCABULARY.append(Entry(phrase, keyword, section, getdoc(action) or "", has_table))
            # The frame above this one: pytest finds steps among the names of their module.
            step = _step(action, has_table, is_check=keyword == "Then")
            pytest_bdd.step(phrase, stacklevel=2)(step)
        return action

    return decorator


given, when, then = (partial(_phrase, keyword) for keyword in ("Given", "When", "Then"))


def _step(action: Action, has_table: bool, *, is_check: bool) -> Callable[..., None]:
    def run(
        world: Any, words: dict[str, Any], at: str | None, datatable: Table | None = None
    ) -> None:
        table = {"table": datatable} if has_table else {}
        if is_check:
            action(world, **words, **table)
            return
        # The database's transaction is the scenario's; what waits for its end comes after the step.
        with world.as_if_committed(execute=True):
            if at is not None:
                if "who" in words:
                    world.person(words["who"])  # Whose hold it is that ends.
                world.move_to(world.moment(at))
            action(world, **words, **table)
        with world.as_if_committed(execute=True):
            world.deliver_news()

    return run


def closest(step: str, most: int = 4) -> list[str]:
    """The phrases that are most like a step, the likest first."""
    bare = _with_placeholders(step)

    def likeness(entry: Entry) -> float:
        phrase = entry.phrase
        return max(
            SequenceMatcher(None, step, phrase.example).ratio(),
            SequenceMatcher(None, bare, re.sub(r"[\[\]]", "", phrase.name)).ratio(),
        )

    return [entry.phrase.name for entry in sorted(VOCABULARY, key=likeness, reverse=True)[:most]]


def _with_placeholders(step: str) -> str:
    """A step with what is plainly a moment, money or a name taken for what it is."""
    step = re.sub(rf"(?: at {_CLOCK}| {_FROM_EVENT}| {_LATER})\Z", "", step)
    for kind in ("price", "duration", "text"):
        step = re.sub(PLACEHOLDERS[kind].pattern, f"{{{kind}}}", step)
    return re.sub(rf"\A(?:{_PERSON})\b", "{who}", step)


def _regex_of(text: str) -> str:
    regex, is_first = "", True
    for part in re.split(r"({\w+}|\[|\])", text):
        if part == "[":
            regex += "(?:"
        elif part == "]":
            regex += ")?"
        elif part.startswith("{"):
            name = part[1:-1]
            regex += f"(?P<{name}>{PLACEHOLDERS[name].pattern})"
        elif part:
            regex += f"(?i:{part[0]}){re.escape(part[1:])}" if is_first else re.escape(part)
        is_first = is_first and not part
    return regex
