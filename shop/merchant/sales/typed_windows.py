"""A sale's whole window, typed into the field of its opening: "today 18:00 for 20 minutes"."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from shop.core.formatting import exactly
from shop.core.typed.spelling import quoted
from shop.core.typed.times import read_time
from shop.core.typed.windows import TypedWindow, read_window
from shop.core.wall_time import written

_CLOSE_IS_WRITTEN = (
    "This says when it closes, too. Empty “closes at”, and both are taken from here."
)


def window_of_input(
    typed: Mapping[str, Any], zone: ZoneInfo, now: datetime | None
) -> TypedWindow | None:
    """The window that the field of the opening has; None if it has an opening alone.

    :param typed: ``starts_at`` and ``ends_at`` as they were sent
    :raises ValidationError: it may be an opening or a window, or the close is written as well; or
        one of its times comes twice, or never
    """
    text = str(typed.get("starts_at") or "")
    window = read_window(text, zone, now=now)
    if window is None:
        return None
    is_time, has_close = _is_time(text, zone, now), bool(str(typed.get("ends_at") or "").strip())
    if has_close and not is_time:
        raise ValidationError(_CLOSE_IS_WRITTEN)
    if is_time and not has_close:
        raise ValidationError(
            f"{quoted(text)} may be a time with its offset, or two times. For two, put blanks "
            "around the dash."
        )
    return None if has_close else window


def told(window: TypedWindow, zone: ZoneInfo) -> str:
    """ "open from Friday, 27 November 2026, 18:00:00 until …"."""
    return f"open from {exactly(window.starts_at, zone)}, until {exactly(window.ends_at, zone)}"


def texts_of(window: TypedWindow, zone: ZoneInfo) -> dict[str, str]:
    """The opening and the close as their own fields have them."""
    return {
        "starts_at": written(window.starts_at, zone),
        "ends_at": written(window.ends_at, zone),
    }


def _is_time(text: str, zone: ZoneInfo, now: datetime | None) -> bool:
    try:
        read_time(text, zone, now=now)
    except ValidationError:
        return False
    return True
