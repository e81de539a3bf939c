"""The answer while the shop cannot answer: its database is away, or it has nothing to show."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from shop.core.outages import is_outage
from shop.core.requests import ShopRequest
from shop.core.unavailable import unavailable
from shop.sales.outage_watch import shop_outages


class UnavailableMiddleware:
    """Answers 503 where a view met an outage, and notes since when nobody can buy.

    What a middleware met itself ends in ``handler500``, which answers alike.
    """

    def __init__(self, get_response: Callable[[ShopRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: ShopRequest) -> HttpResponse:
        response = self.get_response(request)
        # Whatever the reason: whoever wanted to buy could not.
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE and _is_purchase(request):
            shop_outages.failed(request.now)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not is_outage(exception):
            return None
        return unavailable(request, exception)


def _is_purchase(request: ShopRequest) -> bool:
    """Whether somebody wanted to buy; a preview's instant is no time of ours."""
    match = request.resolver_match
    return match is not None and match.app_name in {"bag", "checkout"} and request.preview is None
