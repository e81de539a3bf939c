"""A WSGI application that answers visitors from this machine alone.

A server that is not ours imports ``shop.wsgi`` and listens wherever it was told to: the shop cannot
ask it where. With settings of development (``shop.core.exposure``) each visitor is looked at.
"""

from collections.abc import Callable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.http import HttpResponseForbidden
from django.http.response import HttpResponseBase

from shop.core.cache_headers import NOT_STORED
from shop.core.exposure import is_this_machine

#: What Django's ``get_wsgi_application`` gives: an answer of its is a response.
type Application = Callable[[WSGIEnvironment, StartResponse], HttpResponseBase]

TEXT = (
    "This shop has settings of development, so it answers the machine that it runs on, and nobody "
    "else: errors would show its settings, and its keys are no secret. For a shop that others "
    "visit, set DEBUG=0, a SECRET_KEY of its own, OFFER_KEYS and SITE_KEYS (docs/operating.md, "
    "Install).\n"
)


def local_visitors_only(application: Application) -> Application:
    """The application for visitors from this machine; all others get 403, and why."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> HttpResponseBase:
        if is_this_machine(environ.get("REMOTE_ADDR", "")):
            return application(environ, start_response)
        refusal = HttpResponseForbidden(TEXT, content_type="text/plain; charset=utf-8")
        refusal["Cache-Control"] = NOT_STORED
        start_response(f"{refusal.status_code} {refusal.reason_phrase}", [*refusal.items()])
        return refusal

    return answer
