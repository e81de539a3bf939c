"""What is kept of an event of Stripe's: its type, and the ids by which its object is retrieved.

A signature says who sent an event, not that it has the form of one. Types that nothing handles are
only acknowledged, so little is asked of them.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Stripe's ids, and ours in its metadata. PostgreSQL stores neither NUL nor half a character.
_WORD = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_TYPE = re.compile(r"[\x20-\x7e]+", re.ASCII)
_ROUND = re.compile(r"[0-9]{1,4}", re.ASCII)
_MOST_TYPE = 64
_told: deque[str] = deque(maxlen=1000)


class MalformedEvent(ValueError):
    """What Stripe signed has not the form of an event; the text names the part, not its value."""


@dataclass(frozen=True, slots=True)
class EventFacts:
    """The parts of an event that are stored: no personal data."""

    id: str
    type: str
    about: dict[str, Any]


def facts_of(event: object, *, is_handled: bool = True) -> EventFacts:
    """The facts of an event as Stripe sent it, parsed from JSON.

    :param is_handled: whether its object will be retrieved
    :raises MalformedEvent: it has not the form of an event
    """
    whole = _mapping(event, "the event")
    event_type = whole.get("type")
    if not isinstance(event_type, str) or not _TYPE.fullmatch(event_type):
        raise MalformedEvent("type is no name of a type")
    facts: dict[str, Any] = {"id": "", "payment_intent": "", "metadata": {}}
    if is_handled:
        about = _mapping(_mapping(whole.get("data"), "data").get("object"), "data.object")
        facts = {
            "id": _word(about.get("id"), "data.object.id"),
            "payment_intent": _word_or_nothing(about.get("payment_intent"), "payment_intent"),
            "metadata": _own_metadata(about.get("metadata")),
        }
    return EventFacts(_word(whole.get("id"), "id"), event_type[:_MOST_TYPE], facts)


def is_untold(key: str) -> bool:
    """Whether this process tells of a malformed event for the first time; Stripe sends it often."""
    if key in _told:
        return False
    _told.append(key)
    return True


def _mapping(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedEvent(f"{name} is no object")
    return value


def _word(value: object, name: str) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise MalformedEvent(f"{name} is no id")
    return value


def _word_or_nothing(value: object, name: str) -> str:
    return "" if value is None or value == "" else _word(value, name)


def _own_metadata(value: object) -> dict[str, str]:
    """Our names in an object's metadata; none where another program's values are under them."""
    metadata = {} if value is None else _mapping(value, "metadata")
    own = {name: metadata[name] for name in ("order", "round", "issuer") if metadata.get(name)}
    if not all(isinstance(each, str) and each.isprintable() for each in own.values()):
        return {}
    texts = {name: str(each) for name, each in own.items()}
    if not _WORD.fullmatch(texts.get("order", "-")) or not _ROUND.fullmatch(
        texts.get("round", "1")
    ):
        return {}
    return texts
