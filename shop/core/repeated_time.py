"""Times that a travelling clock has shown more than once, because it was set back.

What is on record of such times is in no order: what was done at 12:05 may have been done before
what was done at 12:04. They stand in a file beside the clock's, as one span from the earliest time
that the clock was set back to until the latest from which it was; real clocks have none.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of time, ``[since, until)``."""

    since: datetime
    until: datetime

    def overlaps(self, other: "TimeSpan") -> bool:
        """Whether both have an instant in common."""
        return self.since < other.until and other.since < self.until


def repeated_time() -> TimeSpan | None:
    """The times that this shop's clock may have shown more than once; None where it has not."""
    return _written() if settings.QA_CLOCK else None


def note_set_back(shown: datetime, to: datetime) -> None:
    """Add that the clock was set from a time back to an earlier one.

    Call it under the clock's lock.
    """
    known = _written()
    since, until = (min(to, known.since), max(shown, known.until)) if known else (to, shown)
    path = _path()
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps([since.isoformat(), until.isoformat()]))
    fresh.replace(path)


def _written() -> TimeSpan | None:
    try:
        return _parse(_path().read_bytes())
    except FileNotFoundError:
        return None


def _path() -> Path:
    path = Path(settings.QA_CLOCK_FILE)
    return path.with_name(path.name + ".repeated")


@lru_cache(maxsize=2)
def _parse(written: bytes) -> TimeSpan:
    return TimeSpan(*map(datetime.fromisoformat, json.loads(written)))
