"""The answer while no recent snapshot of the sales can be shown."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shop.sales.showcase import ShowcaseUnavailable


class UnavailableMiddleware:
    """Answers 503 where there is nothing recent enough to show."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ShowcaseUnavailable):
            response = render(request, "errors/503.html", status=503)
            response["Retry-After"] = "10"
            return response
        return None
