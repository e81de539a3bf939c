"""Decorators: the CSP of pages that load Stripe.js, and headers of confidential pages."""

from collections.abc import Callable, Collection
from functools import wraps
from typing import Concatenate

from django.conf import settings
from django.http import HttpResponse
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.csp import csp_override

from shop.core.requests import ShopRequest

type View[**P] = Callable[Concatenate[ShopRequest, P], HttpResponse]


def loads_stripe[**P](view: View[P]) -> View[P]:
    """Let a page load Stripe.js and its frames (docs.stripe.com/security/guide)."""

    @wraps(view)
    def wrapped(request: ShopRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        allowed: View[P] = csp_override(_policy())(view)
        return allowed(request, *args, **kwargs)

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
    if settings.STRIPE_API_BASE:
        scripts = frames = connections = [settings.STRIPE_API_BASE]
    else:
        scripts = ["https://js.stripe.com", "https://*.js.stripe.com"]
        frames = [*scripts, "https://hooks.stripe.com"]
        connections = ["https://api.stripe.com"]
    return {
        **settings.SECURE_CSP,
        "script-src": [CSP.SELF, *scripts],
        "frame-src": frames,
        "connect-src": [CSP.SELF, *connections],
    }
