"""The middleware between the request and our views."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from shop.core.requests import ShopRequest
from shop.core.shopper import Shopper


class NowMiddleware(MiddlewareMixin):
    """Sets ``request.now``: the one instant at which all of a request is answered.

    ``Shop-Now`` tells it to a page that asks by script, whose countdown it sets right. ``Date``
    cannot: it has whole seconds, and those of the machine, whatever time the shop shows.
    """

    def process_request(self, request: ShopRequest) -> None:
        request.now, request.preview = timezone.now(), None  # noqa: TID251

    def process_response(self, request: ShopRequest, response: HttpResponse) -> HttpResponse:
        if "HTTP_HX_REQUEST" in request.META:
            response["Shop-Now"] = request.now.isoformat(timespec="milliseconds")
        return response


class ShopperMiddleware:
    """Sets ``request.shopper``, and its cookie on the responses that may set one.

    Cookies are read once somebody asks who the shopper is, and kept where nobody does.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ShopRequest) -> HttpResponse:
        asked: list[Shopper] = []

        def shopper() -> Shopper:
            asked.append(Shopper.from_cookies(request.COOKIES))
            return asked[0]

        request.shopper = SimpleLazyObject(shopper)  # type: ignore[assignment]
        response = self.get_response(request)
        if asked and _may_set_cookies(request) and _is_private(response):
            asked[0].remember(response)
        return response


class SameOriginMiddleware(MiddlewareMixin):
    """Accepts forms that the browser says are ours without a CSRF token.

    The browser itself sets ``Sec-Fetch-Site: same-origin``, out of reach of any script (W3C Fetch
    Metadata, section 2.4). Tokens decide where it is missing; alone they would refuse one of two
    tabs of a first visit, whose token the other has replaced.
    """

    def process_request(self, request: HttpRequest) -> None:
        if request.META.get("HTTP_SEC_FETCH_SITE") == "same-origin":
            request.csrf_processing_done = True  # type: ignore[attr-defined]


def _is_private(response: HttpResponse) -> bool:
    return "public" not in response.get("Cache-Control", "")


def _may_set_cookies(request: HttpRequest) -> bool:
    """Same-origin requests and top-level visits: no other site may choose a browser's ids."""
    site = request.META.get("HTTP_SEC_FETCH_SITE")
    if site in {"same-origin", "none"}:
        return True
    is_visit = request.method in {"GET", "HEAD"}
    return is_visit and (site is None or request.headers.get("Sec-Fetch-Mode") == "navigate")
