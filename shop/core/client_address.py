"""Who sends a request: the client's address and scheme, as far as somebody trusted tells them."""

import logging
from collections.abc import Mapping
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from shop.core.machine_clock import monotonic_seconds
from shop.core.proxies import TrustedProxies, network_of, parse_address, parse_proxies

logger = logging.getLogger(__name__)

#: Headers by which proxies tell of clients, as WSGI names them.
FORWARDED_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)
#: Seconds between two lines of the log about a proxy that is not trusted.
TOLD_EVERY_SECONDS = 3600


def trusted_proxies() -> TrustedProxies:
    """Those of the setting ``TRUSTED_PROXIES``."""
    return _parsed(tuple(settings.TRUSTED_PROXIES))


def client_address(request: HttpRequest) -> str:
    """The client's IP address; empty where it is unknown, as behind an untrusted unix socket."""
    address: str = request.META.get("REMOTE_ADDR", "")
    return address


def client_network(request: HttpRequest) -> str:
    """What counts as one client: an IPv4 address, or a /64 of IPv6; empty where it is unknown."""
    return network_of(client_address(request))


class ClientAddressMiddleware(MiddlewareMixin):
    """Sets ``REMOTE_ADDR`` to the client's address, before anything else reads it.

    Forwarded headers of a peer that ``TRUSTED_PROXIES`` does not name are removed.

    ``X-Forwarded-Proto`` is left where a trusted proxy sent it, for ``SECURE_PROXY_SSL_HEADER``.
    """

    def process_request(self, request: HttpRequest) -> None:
        meta, peer = request.META, request.META.get("REMOTE_ADDR", "")
        proxies = trusted_proxies()
        sent = {name: meta.pop(name) for name in FORWARDED_HEADERS if name in meta}
        if not proxies.include(peer):
            meta["REMOTE_ADDR"] = str(parse_address(peer) or "")
            if sent:
                request.untrusted_proxy = peer  # type: ignore[attr-defined]
                _tell_of_untrusted(peer, sent)
            return
        meta["REMOTE_ADDR"] = proxies.client_of(peer, sent.get("HTTP_X_FORWARDED_FOR", ""))
        if scheme := sent.get("HTTP_X_FORWARDED_PROTO"):
            meta["HTTP_X_FORWARDED_PROTO"] = scheme.rpartition(",")[2].strip().lower()


def is_forwarded_by_stranger(request: HttpRequest) -> bool:
    """Whether a request came with forwarded headers from a peer that is not trusted."""
    return hasattr(request, "untrusted_proxy")


class _LastTold:
    """When the log last told of an untrusted proxy, in seconds of the machine."""

    at = float("-inf")


def _tell_of_untrusted(peer: str, sent: Mapping[str, str]) -> None:
    now = monotonic_seconds()
    if now - _LastTold.at < TOLD_EVERY_SECONDS:
        return
    _LastTold.at = now
    names = ", ".join(name.removeprefix("HTTP_").replace("_", "-").title() for name in sent)
    logger.warning(
        "%s sends %s, and is not believed. If it is a proxy of yours, TRUSTED_PROXIES has to name "
        "it; until then all of its clients count as one, and none has come by https.",
        peer or "A unix socket",
        names,
    )


@cache
def _parsed(names: tuple[str, ...]) -> TrustedProxies:
    return parse_proxies(names)
