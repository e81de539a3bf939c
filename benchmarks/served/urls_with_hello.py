"""The shop's addresses, and that of a view that says hello."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def hello(request: HttpRequest) -> HttpResponse:
    """The least that a view can do."""
    return HttpResponse("hello")


urlpatterns = [path("hello/", hello), path("", include("shop.urls"))]
