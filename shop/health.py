"""Whether the process is up, and whether it can serve."""

import logging
from datetime import datetime

from django.db import Error as DatabaseError
from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from offers import conf
from offers.keys import KeyRingError
from shop.core.client_address import is_forwarded_by_stranger
from shop.core.requests import ShopRequest
from shop.operations.database_clock import clock_drift
from shop.operations.schema import schema_watch
from shop.sales.showcase import ShowcaseUnavailable, showcase

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(request: ShopRequest) -> JsonResponse:
    """The process is up; and its time, by which the countdown of an open page is set."""
    return JsonResponse({"status": "up", "now": request.now.isoformat(timespec="milliseconds")})


@require_safe
@never_cache
def readyz(request: ShopRequest) -> JsonResponse:
    """Whether pages can be served; the body says what fails.

    That takes a warm showcase, a signing key, and a schema with all migrations, as the database
    said when it last answered: it may be away. A key file that cannot be read any more is
    reported, and its keys from before go on. A clock that differs from the database's is reported
    too, but stops nothing: if the database's is wrong, all machines would stop at once. So is
    that this very request was forwarded by a proxy that TRUSTED_PROXIES does not name.
    """
    body = {
        "showcase": _showcase(request.now),
        "signing_key": _signing_key(),
        "key_files": " ".join(conf.faults()) or "ok",
        "proxy": "not trusted" if is_forwarded_by_stranger(request) else "ok",
        **_database(),
    }
    can_serve = body["showcase"] == body["signing_key"] == "ok" and not schema_watch.lack
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
        drift = clock_drift()
        schema_watch.ask()
    except DatabaseError:
        return {"database": "away", "clock": "unknown", "schema": schema_watch.lack or "unknown"}
    if drift:
        logger.warning("This machine's clock is %s", drift)
    return {"database": "ok", "clock": drift or "ok", "schema": schema_watch.lack or "ok"}
