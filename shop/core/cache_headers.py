"""Who may keep an answer, decided for all of them in one place (RFC 9111).

===================================  ==========================================================
answer                               Cache-Control
===================================  ==========================================================
for everybody: its view says so      ``public`` and its age, as the view says
4xx but 422, and 5xx                  ``private, no-store``: it may be wrong a second later
any other, 422 and redirects too     ``private, no-cache``, or ``no-store`` where its view says so
===================================  ==========================================================

Without a header a shared cache may keep a 404, a 405 and a permanent redirect as long as it likes
(RFC 9110, section 15.1); and each page carries its visitor's bag.
"""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

PRIVATE = "private, no-cache"
NOT_STORED = "private, no-store"


class CacheControlMiddleware(MiddlewareMixin):
    """Sets ``Cache-Control`` of every answer; the outermost, so that no answer escapes it.

    No private answer varies by cookie: one browser alone keeps it, and can so show a page again as
    it was, with the promises that it made. A changed bag would renew the page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        given = response.get("Cache-Control", "")
        if "public" in given and not _is_refusal(response):
            return response
        if "no-store" not in given:
            response["Cache-Control"] = NOT_STORED if _is_refusal(response) else PRIVATE
        _drop_cookie_from_vary(response)
        return response


def _is_refusal(response: HttpResponse) -> bool:
    """Whether an answer says that there is nothing here for this request; a refused form stays."""
    status = response.status_code
    return status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.UNPROCESSABLE_ENTITY


def _drop_cookie_from_vary(response: HttpResponse) -> None:
    names = [each.strip() for each in response.get("Vary", "").split(",")]
    others = [name for name in names if name and name.lower() != "cookie"]
    if others:
        response["Vary"] = ", ".join(others)
    elif response.has_header("Vary"):
        del response["Vary"]
