"""Confirmations by password: before a sensitive action, a password must have been typed lately.

A log-in is a confirmation. Its instant, by the machine's clock, stands in the session's signed
cookie, and is good for ``STAFF_CONFIRM_SECONDS``. So who sits down at somebody's open browser, or
has copied its cookie, is stopped by what only the person knows.

The acts: refunds from ``CONFIRM_REFUNDS_FROM`` on, recalls, changes of accounts and roles, and
exports of ``CONFIRM_EXPORTS_FROM`` orders or more. Ending sessions never asks.
"""

from django.conf import settings
from django.http import HttpRequest

from shop.core import machine_clock

_KEY = "confirmed_at"
#: How far machines' clocks may be apart, in seconds.
_CLOCK_TOLERANCE = 60


class PasswordNeeded(Exception):
    """The password has to be typed before this is done.

    ``act``: what is about to happen, after "You are about to". ``way_back``: the address of the
    page for whoever does not mean to.
    """

    def __init__(self, act: str, way_back: str) -> None:
        super().__init__(act)
        self.act, self.way_back = act, way_back


def confirm(request: HttpRequest) -> None:
    """Note that the right password has been typed; the rest of this request counts as confirmed."""
    request.session[_KEY] = int(machine_clock.unix_seconds())
    request.has_confirmed = True  # type: ignore[attr-defined]


def is_confirmed(request: HttpRequest) -> bool:
    """Whether who is logged in has typed their password lately."""
    if getattr(request, "has_confirmed", False):
        return True
    confirmed_at = request.session.get(_KEY)
    if not isinstance(confirmed_at, int):
        return False
    age = machine_clock.unix_seconds() - confirmed_at
    return -_CLOCK_TOLERANCE <= age < settings.STAFF_CONFIRM_SECONDS


def require_password(request: HttpRequest, act: str, way_back: str) -> None:
    """Go on only with a password that was typed lately.

    :raises PasswordNeeded: the back office answers it with a page that asks, and carries the form
    """
    if not is_confirmed(request):
        raise PasswordNeeded(act, way_back)
