"""The request as our views see it: what the middleware has put on it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from shop.shopper import Shopper


class ShopRequest(HttpRequest):
    """A request with its shopper and what htmx said of it."""

    shopper: Shopper
    htmx: HtmxDetails
