"""Requests with what our middleware sets on them."""

from datetime import datetime

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from shop.core.shopper import Shopper


class ShopRequest(HttpRequest):
    """A request; in a preview, ``now`` is the previewed instant and ``preview`` its bar."""

    shopper: Shopper
    now: datetime
    preview: object | None
    htmx: HtmxDetails


def now_of(request: HttpRequest) -> datetime:
    """The instant of a request, in methods whose signature Django gives."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return now
