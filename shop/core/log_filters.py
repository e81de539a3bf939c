"""Filters that remove from logs what does not belong there."""

import logging
import re
from http import HTTPStatus

from django.core.exceptions import PermissionDenied

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
    """Remove the traceback of a refused permission: nothing is broken."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = None
        return True


class NoFormsShownAgain(logging.Filter):
    """Remove Django's line about a form that is shown again (422): nothing is broken.

    The view has a line of its own where the reason is worth one.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "status_code", None) != HTTPStatus.UNPROCESSABLE_CONTENT
