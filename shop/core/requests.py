"""The request as our views see it."""

from datetime import datetime

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from shop.core.shopper import Shopper


class ShopRequest(HttpRequest):
    """A request with its shopper, its instant and what htmx said of it.

    ``now`` is asked for once, when the request comes; in a preview it is the
    previewed instant, and ``preview`` is what the bar on top of its pages says.
    """

    shopper: Shopper
    now: datetime
    preview: object | None
    htmx: HtmxDetails


def now_of(request: HttpRequest) -> datetime:
    """The instant of a request, in methods whose signature Django gives."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return now
