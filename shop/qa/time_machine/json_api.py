"""What other test tools send to the clock, and what they are answered: JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shop.qa.time_machine.clock_file import Move, Reading, stay, to_real_time


class InvalidChange(ValueError):
    """The message is no change of the clock; the text says why."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """Where the clock shall go, and whether time shall run; None leaves that as it is."""

    move: Move
    is_running: bool | None


def read_change(body: bytes) -> ClockChange:
    """``{"at": "2026-11-27T12:14:59Z", "running": true}``; a key that is missing keeps its value.

    ``{"at": null}`` returns to real time, which runs.

    :raises NotUnderstood: anything else, an instant without its offset among it
    """
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidChange("The body must be JSON.") from None
    if not isinstance(wanted, dict):
        raise InvalidChange("The body must be an object with at, running or both.")
    if unknown := set(wanted) - {"at", "running"}:
        raise InvalidChange(f"Only at and running can be set, not {', '.join(sorted(unknown))}.")
    is_running = wanted.get("running")
    if "running" in wanted and not isinstance(is_running, bool):
        raise InvalidChange("running must be true or false.")
    if "at" not in wanted:
        return ClockChange(stay, is_running)
    if wanted["at"] is None:
        return ClockChange(to_real_time, True if is_running is None else is_running)
    instant = _instant(wanted["at"])
    return ClockChange(lambda _: instant, is_running)


def as_json(reading: Reading) -> dict[str, object]:
    """What the clock shows, for machines."""
    return {
        "at": _iso(reading.at),
        "running": reading.is_running,
        "real": _iso(reading.real),
        "travelling": reading.is_travelling,
    }


def _instant(text: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.utcoffset() is None:
            raise ValueError("naive")
        return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise InvalidChange(
            "at must be an instant with its offset, such as 2026-11-27T12:14:59Z, or null."
        ) from None


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
