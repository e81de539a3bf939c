"""Text in Stripe's metadata: split into values that are short enough, and joined again.

Stripe takes 50 keys of at most 40 characters, with values of at most 500
(docs.stripe.com/metadata).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

MOST_KEYS = 50
MOST_CHARACTERS = 500


class WithMetadata(Protocol):
    """An object of Stripe's that may carry metadata."""

    @property
    def metadata(self) -> Any: ...


def metadata_in(answer: WithMetadata) -> dict[str, str]:
    """The metadata of an object of Stripe's; empty where it has none."""
    return dict(answer.metadata.to_dict()) if answer.metadata else {}


def metadata_text(answer: WithMetadata, name: str) -> str:
    """A value of an object's metadata; empty where it has none."""
    return metadata_in(answer).get(name, "")


def split(name: str, text: str) -> dict[str, str]:
    """A text as values ``name_0``, ``name_1`` and so on."""
    return {f"{name}_{number}": part for number, part in enumerate(_parts(text))}


def join(name: str, metadata: Mapping[str, str]) -> str:
    """The text that was split under a name; empty where there is none."""
    parts: list[str] = []
    while (part := metadata.get(f"{name}_{len(parts)}")) is not None:
        parts.append(part)
    return "".join(parts)


def _parts(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = min(start + MOST_CHARACTERS, len(text))
        # No value begins or ends with a space, which might be cut off on the way.
        while end < len(text) and " " in text[end - 1 : end + 1] and end > start + 1:
            end -= 1
        yield text[start:end]
        start = end
