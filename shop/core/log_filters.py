"""Filters that remove from logs what does not belong there."""

import logging
import re
from copy import copy
from http import HTTPStatus
from threading import Lock

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation

from shop.core.machine_clock import monotonic_seconds
from shop.core.outages import is_outage, is_silence, reason_of

#: Among them a host that is not ours, which anybody may ask for as often as they like.
_REFUSALS = (PermissionDenied, BadRequest, SuspiciousOperation)
_ORDER_LINK = re.compile(r"/orders/[A-Za-z0-9_.-]{20,}")


class MaskOrderLinks(logging.Filter):
    """Mask the token in an order's address: it grants access to the order."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "/orders/" in message:
            record.msg = _ORDER_LINK.sub("/orders/…", message)
            record.args = ()
        return True


class NoTraceOfRefusals(logging.Filter):
    """Remove the traceback of a request that was refused or cannot be read: nothing is broken."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], _REFUSALS):
            record.exc_info = None
        return True


class NoFormsShownAgain(logging.Filter):
    """Remove Django's line about a form that is shown again (422): nothing is broken.

    The view has a line of its own where the reason is worth one.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.UNPROCESSABLE_CONTENT


class BriefOutages(logging.Filter):
    """Tell of an outage without tracebacks, and each kind of record once a second at most.

    It may be ours, or a mail server's. A busy shop has hundreds of requests a second, and each of
    them meets the same outage. The next line tells how many were left out.
    """

    SECONDS = 1.0

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        #: By logger and message: when it was told last, and how many were left out since.
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not (is_outage(error) or is_silence(error)):
            return True
        left_out = self._left_out((record.name, str(record.msg)))
        if left_out is None:
            return False
        more = f" ({left_out} more since the last line)" if left_out else ""
        # A copy: what else a shop sends its records to may want all of it.
        brief = copy(record)
        brief.msg, brief.args = f"{record.getMessage()}: {reason_of(error)}{more}", ()
        brief.exc_info = brief.exc_text = None
        return brief

    def _left_out(self, kind: tuple[str, str]) -> int | None:
        """How many of a kind were left out since the last that was told; None: so is this one."""
        now = monotonic_seconds()
        with self._lock:
            told_at, left_out = self._told.get(kind, (float("-inf"), 0))
            if now - told_at < self.SECONDS:
                self._told[kind] = told_at, left_out + 1
                return None
            self._told[kind] = now, 0
            return left_out
