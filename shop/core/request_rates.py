"""How many pages with prices, and requests of the bag, one network may send to a process.

A carrier has many phones behind one address, so the bounds are wide; they keep a single machine
from taking all of a process. Whoever cannot be told from others is not bounded: what comes from
this machine, as all does behind a proxy that TRUSTED_PROXIES does not name.
"""

from collections.abc import Callable
from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

from shop.core.client_address import client_address, client_network, trusted_proxies
from shop.core.machine_clock import monotonic_seconds
from shop.core.proxies import parse_address
from shop.core.token_buckets import TokenBuckets
from shop.core.unavailable import typed_fields

#: The apps whose requests are counted, by the names of their URLs.
COUNTED = frozenset({"bag", "sales"})
MOST_NETWORKS = 10_000

_buckets = TokenBuckets(MOST_NETWORKS)


class RequestRateMiddleware(MiddlewareMixin):
    """Answers 429 to a network that sends more than NETWORK_RATE and NETWORK_BURST allow."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *_: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or match.app_name not in COUNTED or not settings.NETWORK_RATE:
            return None
        if not _can_be_told(request):
            return None
        wait = _buckets.take(
            client_network(request),
            rate=settings.NETWORK_RATE,
            burst=settings.NETWORK_BURST,
            now=monotonic_seconds(),
        )
        return _too_many(request, max(1, ceil(wait))) if wait else None


def _can_be_told(request: HttpRequest) -> bool:
    """Whether a request is some client's, and not of this machine or of a proxy of ours."""
    address = parse_address(client_address(request))
    if address is None or address.is_loopback:
        return False
    return not trusted_proxies().include(str(address))


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    context = {
        "seconds": seconds,
        "was_sent": request.method == "POST",
        "typed": typed_fields(request),
    }
    page = render(request, "errors/429.html", context, status=429)
    page["Retry-After"] = str(seconds)
    # By the answer itself: a line for each of them would help who sends them.
    page._has_been_logged = True  # type: ignore[attr-defined]
    return page
