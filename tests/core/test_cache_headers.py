"""Who may keep an answer: every address, method and state of the shop against one table."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, include, path
from pytest_django import Settings

from shop import urls
from shop.orders.links import order_path
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.models import Sale
from shop.sales.showcase import ShowcaseUnavailable, showcase
from tests.support.factories import make_order
from tests.support.fixtures import Clock

#: The shop's addresses, with those of the clock: tests name this module as their ROOT_URLCONF.
urlpatterns = [*urls.urlpatterns, path("qa/", include("shop.qa.urls"))]
handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500

#: What is for everybody, and for how long.
PUBLIC = {
    "/.well-known/jwks.json": {"public", "max-age=300"},
    "/.well-known/security.txt": {"public", "max-age=86400"},
    "/media/products/mug.svg": {"public", "max-age=86400"},
}
#: Where nothing is kept at all, whatever the answer: forms with addresses, orders, the back office.
KEPT_NOWHERE = ("/checkout/", "/orders/", "/merchant/", "/healthz", "/readyz", "/qa/")
#: Pages of the back office that tell nothing of it.
WITHOUT_SECRETS = (
    "/merchant/password/",
    "/merchant/password_change/",
    "/merchant/jsi18n/",
    "/merchant/account/",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS")
#: What htmx swaps into a page is no page for the Back button.
FRAGMENTS = ("/bag/",)
#: A value for each kind of converter of a route, and for those of which another is more telling.
BY_KIND = {"int": "1", "slug": "autumn", "str": "none", "path": "no/such/page/"}
VALUES = {
    "slug": "autumn",
    "token": "none",
    "number": "1",
    "pk": "1",
    "object_id": "1",
    "content_type_id": "1",
    "at": "2026-11-27T11:00:00Z",
    "page": "bag/",
    "path": "products/mug.svg",
    "url": "no/such/page/",
    "uidb64": "MQ",
    "app_label": "sales",
}


def addresses() -> list[str]:
    """A path to every address that the resolver knows."""
    return sorted({f"/{route}" for route in _routes(get_resolver(), "")})


def _routes(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern).lstrip("^")
        if isinstance(each, URLResolver):
            yield from _routes(each, route)
            continue
        route = re.sub(r"<(?:(\w+):)?(\w+)>", _value, route)
        # A regular expression's group; Django's admin names its applications by one.
        route = re.sub(r"\(\?P(?:<(\w+)>)?(\w+)[^)]*\)", lambda found: VALUES["url"], route)
        yield re.sub(r"\(\?P[^)]*\)", "sales", route).removesuffix("$").replace("\\", "")


def _value(found: re.Match[str]) -> str:
    kind, name = found[1] or "str", found[2]
    return VALUES[name] if name in VALUES else BY_KIND[kind]


def directives(answer: Any) -> set[str]:
    return {each.strip() for each in answer.get("Cache-Control", "").split(",")}


def complaint(method: str, address: str, answer: Any) -> str:
    """What is wrong with an answer's headers by the table, or nothing."""
    given, status = directives(answer), answer.status_code
    said = f"{method} {address} {status}: {sorted(given)}, Vary: {answer.get('Vary', '')}"
    if address in PUBLIC and status in {200, 304}:
        is_right = given == PUBLIC[address] and not answer.cookies
        return "" if is_right else said
    kept_nowhere = address.startswith(KEPT_NOWHERE) and not address.startswith(WITHOUT_SECRETS)
    if "HX-Request" in answer.wsgi_request.headers and status == 200:
        kept_nowhere = kept_nowhere or address in FRAGMENTS
    if (status >= 400 and status != 422) or kept_nowhere:
        is_right = {"private", "no-store"} <= given
    else:
        is_right = {"private", "no-cache"} <= given
    return "" if is_right and "Cookie" not in answer.get("Vary", "") else said


def complaints(client: Client, methods: tuple[str, ...], **options: Any) -> list[str]:
    """What is wrong anywhere."""
    found = []
    for address in addresses():
        for method in methods:
            answer = client.generic(method, address, **options)
            found.append(complaint(method, address, answer))
    return [each for each in found if each]


@pytest.fixture(autouse=True)
def _with_the_clock(settings: Settings, tmp_path: Path) -> None:
    settings.ROOT_URLCONF = __name__
    settings.QA_CLOCK_FILE = str(tmp_path / "clock.json")


@pytest.fixture
def stranger(db: None) -> Client:
    """A browser that is not logged in; what breaks is an answer of 500."""
    return Client(raise_request_exception=False)


@pytest.fixture
def owner(admin_client: Client) -> Client:
    admin_client.raise_request_exception = False
    return admin_client


def test_every_address_is_visited() -> None:
    found = addresses()
    assert len(found) > 80
    assert {"/", "/stripe/webhook/", "/qa/clock", "/merchant/sales/sale/1/change/"} <= set(found)
    assert not [each for each in found if re.search(r"[<>()?^]", each)]


def test_every_answer_to_a_stranger_says_who_may_keep_it(sale: Sale, stranger: Client) -> None:
    assert complaints(stranger, METHODS) == []


def test_every_answer_to_staff_says_who_may_keep_it(sale: Sale, owner: Client) -> None:
    make_order(sale)
    assert complaints(owner, ("GET", "POST")) == []


def test_every_answer_to_htmx_says_who_may_keep_it(sale: Sale, stranger: Client) -> None:
    headers = {"HX-Request": "true", "HX-Target": "bag"}
    assert complaints(stranger, ("GET", "POST"), headers=headers) == []


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("state", ["draft", "upcoming", "live", "over"])
def test_a_sales_page_is_no_shared_caches_at_any_time(
    sale: Sale, stranger: Client, clock: Clock, settings: Settings, state: str, debug: bool
) -> None:
    settings.DEBUG = debug
    if state == "draft":
        Sale.objects.update(state=Sale.State.DRAFT)
    clock.move_to({"upcoming": OPENS.replace(hour=9), "over": CLOSES}.get(state, OPENS))
    showcase.clear()
    for address in ("/sales/autumn/", "/sales/autumn", "/sales/autumn/reminder.ics", "/sales/no/"):
        for method in ("GET", "HEAD", "POST"):
            answer = stranger.generic(method, address)
            assert complaint(method, address, answer) == ""


def test_a_404_shows_the_bag_to_its_visitor_alone(sale: Sale, shopper: ShopClient) -> None:
    shopper.add(shopper.offer(), quantity=2)
    answer = shopper.client.get("/sales/secret/")
    assert (answer.status_code, answer["Cache-Control"]) == (404, "private, no-store")
    assert "2" in shopper.open("/sales/secret/").one("#bag-link").text


def test_a_refused_form_is_kept_for_the_back_button(sale: Sale, shopper: ShopClient) -> None:
    shopper.open("/sales/autumn/")
    headers = {"X-CSRFToken": shopper.client.cookies["csrftoken"].value}
    answer = shopper.client.post("/bag/add/", {"offer": "no offer"}, headers=headers)
    assert (answer.status_code, answer["Cache-Control"]) == (422, "private, no-cache")


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("error", [RuntimeError("broken"), ShowcaseUnavailable("away")])
def test_what_broke_is_kept_by_nobody(
    sale: Sale,
    stranger: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    debug: bool,
) -> None:
    def fail(*_: object) -> None:
        raise error

    settings.DEBUG = debug
    monkeypatch.setattr(showcase, "snapshot", fail)
    answer = stranger.get("/")
    assert answer.status_code in {500, 503}
    assert answer["Cache-Control"] == "private, no-store"


def test_a_host_that_is_not_ours_is_refused_and_kept_by_nobody(stranger: Client) -> None:
    answer = stranger.get("/", headers={"host": "evil.example"})
    assert (answer.status_code, answer["Cache-Control"]) == (400, "private, no-store")


def test_a_redirect_to_https_is_kept_by_no_shared_cache(
    stranger: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().get("/")
    assert (answer.status_code, answer["Cache-Control"]) == (301, "private, no-cache")


def test_what_is_for_everybody_may_be_kept_and_carries_no_cookie(
    sale: Sale, stranger: Client, settings: Settings, tmp_path: Path
) -> None:
    stranger.get("/sales/autumn/")
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "mug.svg").write_text("<svg/>")
    for address, expected in PUBLIC.items():
        for method in ("GET", "HEAD"):
            answer = stranger.generic(method, address)
            assert (answer.status_code, directives(answer)) == (200, expected)
            assert not answer.cookies


def test_an_orders_page_is_kept_nowhere(sale: Sale, shopper: ShopClient) -> None:
    answer = shopper.client.get(order_path(make_order(sale)))
    assert answer.status_code == 200
    assert {"private", "no-store"} <= directives(answer)


def test_static_files_are_for_everybody_and_one_that_is_missing_is_not(
    db: None, settings: Settings
) -> None:
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    client = Client()
    found = client.get("/static/shop.css")
    again = client.get("/static/shop.css", headers={"if-modified-since": found["Last-Modified"]})
    assert (found.status_code, again.status_code) == (200, 304)
    for answer in (found, again):
        assert "public" in directives(answer)
        assert not answer.cookies
    missing = client.get("/static/none.css")
    assert (missing.status_code, missing["Cache-Control"]) == (404, "private, no-store")
