"""The clock's JSON API: what other test tools send, and what they get."""

import json
from datetime import UTC, datetime

from shop.qa.time_machine.clock_file import Move, Reading, to_real_time


class InvalidChange(ValueError):
    """The message is no change of the clock."""

    def __init__(self) -> None:
        super().__init__(
            "Send JSON with at (an instant with its offset, such as 2026-11-27T12:14:59Z, or null "
            "for real time), running (true or false), or both."
        )


def read_change(body: bytes) -> tuple[Move | None, bool | None]:
    """The move and whether time shall run, None where the key is missing.

    ``{"at": null}`` returns to real time, which runs unless told otherwise.

    :raises InvalidChange: anything else, an instant without its offset included
    """
    try:
        wanted = json.loads(body)
        if not isinstance(wanted, dict) or wanted.keys() - {"at", "running"}:
            raise InvalidChange
        is_running = wanted.get("running")
        if "running" in wanted and not isinstance(is_running, bool):
            raise InvalidChange
        if "at" not in wanted:
            return None, is_running
        if wanted["at"] is None:
            return to_real_time, True if is_running is None else is_running
        instant = datetime.fromisoformat(wanted["at"])
        if instant.utcoffset() is None:
            raise InvalidChange
        instant = instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InvalidChange from None
    return lambda _: instant, is_running


def as_json(reading: Reading) -> dict[str, object]:
    """What the clock shows."""
    return {
        "at": _iso(reading.at),
        "running": reading.is_running,
        "real": _iso(reading.real),
        "travelling": reading.is_travelling,
    }


def _iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
