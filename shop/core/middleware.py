"""The middleware between the request and our views."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from shop.core.requests import ShopRequest
from shop.core.shopper import Shopper


class NowMiddleware:
    """Puts ``request.now`` on every request: the one instant at which all of it is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ShopRequest) -> HttpResponse:
        request.now, request.preview = timezone.now(), None  # noqa: TID251
        return self.get_response(request)


class ShopperMiddleware:
    """Puts ``request.shopper`` on every request and its cookie on the answers that may set it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ShopRequest) -> HttpResponse:
        request.shopper = Shopper.from_cookies(request.COOKIES)
        response = self.get_response(request)
        if _may_set_cookies(request) and "public" not in response.get("Cache-Control", ""):
            request.shopper.remember(response)
        return response


class SameOriginMiddleware:
    """Spares a form that the browser says is ours the token that proves the same.

    ``Sec-Fetch-Site: same-origin`` is set by the browser itself, out of reach of
    any script (W3C Fetch Metadata, section 2.4). Tokens alone would turn one of
    two tabs away that were opened on a first visit, since the later answer's
    takes the place of the earlier; where the header is missing, they decide.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.headers.get("Sec-Fetch-Site") == "same-origin":
            request.csrf_processing_done = True  # type: ignore[attr-defined]
        return self.get_response(request)


class BackMiddleware:
    """Lets the Back button show a private page as it was, with the promises that it made.

    Only the browser itself keeps such an answer, so that it need not vary by
    cookie; if it did, a bag that changed meanwhile would make the page a new one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "private" in response.get("Cache-Control", "") and response.has_header("Vary"):
            vary = (each.strip() for each in response["Vary"].split(","))
            response["Vary"] = ", ".join(each for each in vary if each.lower() != "cookie")
            if not response["Vary"]:
                del response["Vary"]
        return response


def _may_set_cookies(request: HttpRequest) -> bool:
    """Same-origin requests and top-level visits: no other site makes up who a browser is."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"}:
        return True
    is_visit = request.method in {"GET", "HEAD"}
    return is_visit and (site is None or request.headers.get("Sec-Fetch-Mode") == "navigate")
