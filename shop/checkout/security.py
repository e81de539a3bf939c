"""Decorators: what pages that load Stripe.js let it do, and headers of confidential pages."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate

from django.conf import settings
from django.http import HttpResponse
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override

from shop.core.requests import ShopRequest
from shop.core.security_headers import OPENER, PERMISSIONS, permissions_policy

_SCRIPTS = ["https://js.stripe.com", "https://*.js.stripe.com"]
#: What the frames of Stripe.js may do.
_LENT = ("payment", "publickey-credentials-get")

type View[**P] = Callable[Concatenate[ShopRequest, P], HttpResponse]


def loads_stripe[**P](view: View[P]) -> View[P]:
    """Let a page load Stripe.js and its frames (docs.stripe.com/security/guide).

    Its frames open the payment sheets of wallets, ask for a passkey where a bank wants one, and may
    open a window, which has to be able to answer.
    """

    @wraps(view)
    def wrapped(request: ShopRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        allowed: View[P] = csp_override(_policy())(view)
        response = allowed(request, *args, **kwargs)
        response[PERMISSIONS] = permissions_policy(_LENT, to=_frames())
        response[OPENER] = "same-origin-allow-popups"
        return response

    return wrapped


def confidential[**P](view: View[P]) -> View[P]:
    """Keep a page whose address is its key out of caches, search engines and Referer headers."""

    @wraps(view)
    def wrapped(request: ShopRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"
        return response

    return never_cache(wrapped)


def _policy() -> dict[str, Collection[str] | str]:
    stand_in = [settings.STRIPE_API_BASE] if settings.STRIPE_API_BASE else []
    return {
        **settings.SECURE_CSP,
        "script-src": [CSP.SELF, *(stand_in or _SCRIPTS)],
        "frame-src": _frames(),
        "connect-src": [CSP.SELF, *(stand_in or ["https://api.stripe.com"])],
    }


def _frames() -> list[str]:
    """The origins whose frames Stripe.js brings."""
    if settings.STRIPE_API_BASE:
        return [settings.STRIPE_API_BASE]
    return [*_SCRIPTS, "https://hooks.stripe.com"]
