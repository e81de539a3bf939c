"""Whether the process is up, and whether it can serve."""

import logging
from datetime import datetime

from django.db import Error as DatabaseError
from django.db import connection
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from offers import conf
from offers.anchors import ISSUE_LEEWAY_SECONDS
from offers.keys import KeyRingError
from shop.core.machine_clock import unix_seconds
from shop.core.requests import ShopRequest
from shop.sales.showcase import ShowcaseUnavailable, showcase

# The database's time measures the machine's clock, and decides nothing else.
_STANDARD_CLOCK_SQL = "SELECT extract(epoch FROM CURRENT_TIMESTAMP)"
_CLOCK_SQL = {
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
}

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: ShopRequest) -> JsonResponse:
    """The process is up; and its time, by which the countdown of an open page is set."""
    return JsonResponse({"status": "up", "now": request.now.isoformat(timespec="milliseconds")})


@require_safe
@never_cache
def readyz(request: ShopRequest) -> JsonResponse:
    """Whether pages can be served, by a warm showcase and a signing key; the body says what fails.

    A key file that cannot be read any more is reported, and its keys from before go on.
    A clock that differs from the database's is reported too, but stops nothing: if the
    database's is wrong, all machines would stop at once.
    """
    body = {
        "showcase": _showcase(request.now),
        "signing_key": _signing_key(),
        "key_files": " ".join(conf.faults()) or "ok",
        **_database(),
    }
    can_serve = body["showcase"] == body["signing_key"] == "ok"
    return JsonResponse(body, status=200 if can_serve else 503)


def _showcase(now: datetime) -> str:
    try:
        showcase.snapshot(now)
    except ShowcaseUnavailable:
        return "away"
    return "ok"


def _signing_key() -> str:
    try:
        conf.ring()
        conf.site_ring()
    except KeyRingError:
        return "missing"
    return "ok"


def _database() -> dict[str, str]:
    try:
        ahead = _seconds_ahead()
    except DatabaseError:
        return {"database": "away", "clock": "unknown"}
    if abs(ahead) <= ISSUE_LEEWAY_SECONDS:
        return {"database": "ok", "clock": "ok"}
    direction = "ahead of" if ahead > 0 else "behind"
    drift = f"{abs(ahead):.0f} s {direction} the database's"
    logger.warning("This machine's clock is %s", drift)
    return {"database": "ok", "clock": drift}


def _seconds_ahead() -> float:
    """How far this machine's clock is ahead of the database's, give or take half the query."""
    with connection.cursor() as cursor:
        asked = unix_seconds()
        cursor.execute(_CLOCK_SQL.get(connection.vendor, _STANDARD_CLOCK_SQL))
        there = float(cursor.fetchone()[0])
    return (asked + unix_seconds()) / 2 - there
