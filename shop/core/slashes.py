"""Addresses with a slash too few or too many."""

from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.middleware.common import CommonMiddleware
from django.urls import Resolver404, resolve

#: Asked by machines: a load balancer names a server by its IP address.
PROBES = frozenset({"/healthz", "/readyz"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class SlashMiddleware(CommonMiddleware):
    """Answers at an address as at the one that differs by its last slash, where only that exists.

    A visit is redirected to the address with the slash, as Django does it. A form is answered at
    once: a redirect would lose what was sent (RFC 9110, section 15.4.2), and Django refuses to
    make one with ``DEBUG`` on. So is a visit to ``/healthz/``: probes follow no redirect. They are
    answered whatever host they name; every other request has to name one of ``ALLOWED_HOSTS``.
    """

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        other = _other_spelling(request.path_info)
        is_visit = request.method in _SAFE and other.endswith("/")
        if not is_visit and not _has_page(request.path_info) and _has_page(other):
            prefix = request.path.removesuffix(request.path_info)
            request.path, request.path_info = f"{prefix}{other}", other
        if request.path_info in PROBES:
            return None
        return super().process_request(request)


def _other_spelling(path: str) -> str:
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"


def _has_page(path: str) -> bool:
    """Whether an address has a page of its own; the back office's last pattern takes any."""
    return _is_resolved(path, settings.ROOT_URLCONF)


@lru_cache(maxsize=256)
def _is_resolved(path: str, urlconf: str) -> bool:
    # Nothing comes or goes while a process runs, and most requests are for a few addresses.
    try:
        match = resolve(path, urlconf)
    except Resolver404:
        return False
    return bool(getattr(match.func, "should_append_slash", True))
