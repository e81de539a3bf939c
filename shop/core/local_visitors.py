"""A WSGI application that answers visitors from this machine alone.

A server that is not ours imports ``shop.wsgi`` and listens wherever it was told to: the shop cannot
ask it where. With settings of development (``shop.core.exposure``) each visitor is looked at.
"""

from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from django.http.response import HttpResponseBase

from shop.core.exposure import is_this_machine
from shop.core.wsgi_refusals import Application, refuse

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
        return refuse(HTTPStatus.FORBIDDEN, TEXT, start_response)

    return answer
