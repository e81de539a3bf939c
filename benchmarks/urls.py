"""The shop's addresses, and those of what it is measured against."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from benchmarks import stored_offers


def hello(request: HttpRequest) -> HttpResponse:
    """The least that a view can do."""
    return HttpResponse("hello")


urlpatterns = [
    path("hello/", hello),
    *(
        path(f"{way}/<slug:database>/<slug:slug>/", stored_offers.sale, {"way": way})
        for way in stored_offers.WAYS
    ),
    path("", include("shop.urls")),
]
