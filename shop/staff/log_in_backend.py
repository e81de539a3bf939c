"""Django's way to check a name and a password, with a limit to how often.

Whoever asks for a password goes through ``django.contrib.auth.authenticate``, and so through here:
the log-in, a change of the password, a confirmation.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin
from django.views.decorators.debug import sensitive_variables

from shop.staff.log_in_limits import password_tries
from shop.staff.log_in_trail import record_event
from shop.staff.models import Staff
from shop.staff.records import LogInKind
from shop.staff.throttles import Counted, Taken, TooManyTries, forget, take
from shop.staff.turns import in_turn

TOO_MANY = (
    "There were too many wrong passwords. Try again in {wait}; until then the right one is not "
    "looked at either. Whoever chooses a new password by mail need not wait."
)


class StaffBackend(ModelBackend):
    """The accounts of staff. Wrong passwords are counted, and written into the log-in trail."""

    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> Staff | None:
        """Whoever has this name and this password; otherwise None.

        :raises TooManyTries: the password was not looked at; the form that asks shows the error
        """
        if not username or password is None:
            return None
        counted = password_tries(request, username)
        # A right one is given back before the next is counted: however many of one person log in
        # at once, none of them has to wait for the others' tries.
        with in_turn(counted[0].key):
            return self._try(request, username, password, counted)

    @sensitive_variables("password")
    def _try(
        self,
        request: HttpRequest | None,
        username: str,
        password: str,
        counted: tuple[Counted, ...],
    ) -> Staff | None:
        taken = _take(request, username, counted)
        found = super().authenticate(request, username=username, password=password)
        if not isinstance(found, Staff):
            record_event(LogInKind.REFUSED, request, _named(username))
            return None
        taken.give_back()
        # Not of the network: who has one account would make room to guess at others.
        forget(counted[0])
        return found


class ThrottleMiddleware(MiddlewareMixin):
    """Answers 429, with ``Retry-After``, where a try has to wait; the page says so."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if refusal := getattr(request, "refused_try", None):
            response.status_code = 429
            response["Retry-After"] = str(refusal.seconds)
            # The trail has a line for the first of them; more would only fill the log.
            response._has_been_logged = True  # type: ignore[attr-defined]
        return response


def note_wait(request: HttpRequest | None, refusal: TooManyTries) -> None:
    """Let the answer to a request say that what it tries has to wait."""
    if request is not None:
        request.refused_try = refusal  # type: ignore[attr-defined]


def _take(request: HttpRequest | None, username: str, counted: tuple[Counted, ...]) -> Taken:
    """Count a try; one that has to wait is noted in the trail and for the answer.

    :raises TooManyTries: it has to wait
    """
    try:
        return take(*counted, sentence=TOO_MANY)
    except TooManyTries as refusal:
        if refusal.is_first:
            record_event(LogInKind.THROTTLED, request, _named(username))
        note_wait(request, refusal)
        raise


def _named(username: str) -> Staff | None:
    return Staff.objects.filter(username=username).first()
