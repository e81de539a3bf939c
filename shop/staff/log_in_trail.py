"""The log-in trail: who came in, or was refused, when, from where and how.

Each event is a row for the back office and a line of the log. A name that nobody here has is in
neither: people type their passwords into the field of the name. Times are the machine's.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from shop.core.client_address import client_address
from shop.core.machine_clock import machine_time
from shop.core.proxies import parse_address
from shop.staff.browser_names import browser_name
from shop.staff.devices import device_of, remember_device
from shop.staff.log_in_limits import normalized_name
from shop.staff.records import LogInEvent, LogInKind

logger = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=90)
#: The newest events that are kept of names that nobody has, whoever tries how many.
MOST_OF_NOBODY = 10_000


def record_event(kind: LogInKind, request: HttpRequest | None, person: Any | None) -> None:
    """Write down what happened, as a row and as a line of the log; delete what is too old."""
    meta = request.META if request is not None else {}
    name = person.get_username() if person is not None else ""
    record_from(
        kind,
        person,
        address=client_address(request) if request is not None else "",
        browser=browser_name(meta.get("HTTP_USER_AGENT", "")),
        is_known_device=bool(request and name and device_of(request, normalized_name(name))),
    )


def record_from(
    kind: LogInKind,
    person: Any | None,
    *,
    address: str,
    browser: str = "",
    is_known_device: bool = False,
) -> None:
    """The same of a request that is over."""
    now = machine_time()
    event = LogInEvent.objects.create(
        at=now,
        person=person,
        kind=kind,
        address=address if parse_address(address) else None,
        browser=browser,
        is_known_device=is_known_device,
    )
    _delete_old(event, now)
    level = logging.WARNING if kind in _REFUSALS else logging.INFO
    device = "known" if is_known_device else "new"
    # Whatever is added, an address stays last: programs that block addresses look for it there.
    name = person.get_username() if person is not None else "(nobody)"
    logger.log(level, "log-in %s name=%s device=%s from %s", kind, name, device, address or "-")


_REFUSALS = frozenset({LogInKind.REFUSED, LogInKind.THROTTLED})


def _delete_old(event: LogInEvent, now: datetime) -> None:
    LogInEvent.objects.filter(at__lt=now - KEPT_FOR).delete()
    if event.person is None:
        # By their numbers, which other events share: so there may be somewhat fewer.
        of_nobody = LogInEvent.objects.filter(person=None)
        of_nobody.filter(pk__lte=event.pk - MOST_OF_NOBODY).delete()


def logged_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Record a log-in, and remember its device; Django's signal calls it."""
    record_event(LogInKind.LOGGED_IN, request, user)
    remember_device(request, normalized_name(user.get_username()))


def logged_out(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Record that somebody logged out; Django's signal calls it."""
    if user is not None and user.is_authenticated:
        record_event(LogInKind.LOGGED_OUT, request, user)
