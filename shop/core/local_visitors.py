"""A WSGI application that answers visitors from this machine alone.

A server that is not ours imports ``shop.wsgi`` and listens wherever it was told to: the shop cannot
ask it where. With settings of development (``shop.core.exposure``) each visitor is looked at.
"""

from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from shop.core.exposure import is_this_machine

TEXT = (
    "This shop has settings of development, so it answers the machine that it runs on, and nobody "
    "else: errors would show its settings, and its keys are no secret. For a shop that others "
    "visit, set DEBUG=0, a SECRET_KEY of its own, OFFER_KEYS and SITE_KEYS (docs/operating.md, "
    "Install).\n"
)


def local_visitors_only(application: WSGIApplication) -> WSGIApplication:
    """The application for visitors from this machine; all others get 403, and why."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if is_this_machine(environ.get("REMOTE_ADDR", "")):
            return application(environ, start_response)
        body = TEXT.encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "private, no-store"),
        ]
        status = HTTPStatus.FORBIDDEN
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    return answer
