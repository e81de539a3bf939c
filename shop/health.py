"""Whether the process is up, and whether it can serve."""

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from offers import conf
from offers.keys import KeyRingError
from shop.sales.showcase import ShowcaseUnavailable, showcase


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process is up, and this is its time: what an open page's countdown sets itself by."""
    return JsonResponse({"status": "up", "now": timezone.now().isoformat(timespec="milliseconds")})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Pages can be served: a warm showcase and a signing key; the body says what is away."""
    body = {"showcase": _showcase(), "signing_key": _signing_key(), "database": _database()}
    can_serve = body["showcase"] == body["signing_key"] == "ok"
    return JsonResponse(body, status=200 if can_serve else 503)


def _showcase() -> str:
    try:
        showcase.goods(timezone.now())
    except ShowcaseUnavailable:
        return "away"
    return "ok"


def _signing_key() -> str:
    try:
        conf.ring()
    except KeyRingError:
        return "missing"
    return "ok"


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "away"
    return "ok"
