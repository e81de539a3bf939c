"""The middleware between the request and our views."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from shop.core.requests import ShopRequest
from shop.core.shopper import Shopper


class NowMiddleware(MiddlewareMixin):
    """Sets ``request.now``: the one instant at which all of a request is answered."""

    def process_request(self, request: ShopRequest) -> None:
        request.now, request.preview = timezone.now(), None  # noqa: TID251


class ShopperMiddleware:
    """Sets ``request.shopper``, and its cookie on the responses that may set one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ShopRequest) -> HttpResponse:
        request.shopper = Shopper.from_cookies(request.COOKIES)
        response = self.get_response(request)
        if _may_set_cookies(request) and "public" not in response.get("Cache-Control", ""):
            request.shopper.remember(response)
        return response


class SameOriginMiddleware(MiddlewareMixin):
    """Accepts forms that the browser says are ours without a CSRF token.

    The browser itself sets ``Sec-Fetch-Site: same-origin``, out of reach of any script (W3C Fetch
    Metadata, section 2.4). Tokens decide where it is missing; alone they would refuse one of two
    tabs of a first visit, whose token the other has replaced.
    """

    def process_request(self, request: HttpRequest) -> None:
        if request.headers.get("Sec-Fetch-Site") == "same-origin":
            request.csrf_processing_done = True  # type: ignore[attr-defined]


class BackMiddleware(MiddlewareMixin):
    """Lets the Back button show a private page as it was, with the promises that it made.

    Only the browser keeps it, so it need not vary by cookie: a changed bag would renew the page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if "private" in response.get("Cache-Control", "") and response.has_header("Vary"):
            vary = (each.strip() for each in response["Vary"].split(","))
            response["Vary"] = ", ".join(each for each in vary if each.lower() != "cookie")
            if not response["Vary"]:
                del response["Vary"]
        return response


def _may_set_cookies(request: HttpRequest) -> bool:
    """Same-origin requests and top-level visits: no other site may choose a browser's ids."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"}:
        return True
    is_visit = request.method in {"GET", "HEAD"}
    return is_visit and (site is None or request.headers.get("Sec-Fetch-Mode") == "navigate")
