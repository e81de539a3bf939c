"""An address with a slash too few or too many answers as the one that is right."""

import pytest
from django.test import Client
from pytest_django import Settings

from shop.orders.models import StripeEvent
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.stripe import Stripe
from shop.sales.models import Sale
from shop.staff.models import Staff

pytestmark = pytest.mark.django_db

each_mode = pytest.mark.parametrize("debug", [True, False], ids=["debugging", "in production"])


@each_mode
def test_stripes_events_arrive_without_the_last_slash_too(settings: Settings, debug: bool) -> None:
    settings.DEBUG = debug
    for path in ("/stripe/webhook/", "/stripe/webhook"):
        event = {"id": f"evt_{path}", "type": "charge.updated", "data": {}}
        assert Stripe.deliver(event, path=path) == 200
    assert StripeEvent.objects.count() == 2


@each_mode
def test_what_stripe_did_not_sign_is_refused_there_too(
    client: Client, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    assert client.post("/stripe/webhook", {}).status_code == 400


@each_mode
def test_a_form_sent_without_the_last_slash_loses_nothing(
    sale: Sale, shopper: ShopClient, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    page = shopper.send("/bag/add", {"offer": shopper.offer(), "quantity": 2})
    assert (page.status, page.path, page.lines) == (303, "/bag/", {"MUG-01": 499})


def test_a_form_without_its_last_slash_needs_its_token_all_the_same(sale: Sale) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/bag/add", {"offer": ""}).status_code == 403


def test_a_form_of_the_back_office_loses_nothing_either(sale: Sale, admin_client: Client) -> None:
    path = f"/merchant/sales/sale/{sale.pk}/extend"
    seen = HtmlPage.of(admin_client.get(f"{path}/")).one("[name=seen]")["value"]
    assert admin_client.post(path, {"minutes": "5", "seen": seen}).status_code == 302
    assert sale.extensions.get().seconds == 300


def test_a_form_in_a_preview_loses_nothing_either(sale: Sale, admin_client: Client) -> None:
    path = f"/merchant/sales/autumn/preview/{sale.starts_at:%Y-%m-%dT%H:%M:%SZ}/bag/add"
    assert admin_client.post(path, {"offer": ""}).status_code == 422


@each_mode
@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/.well-known/jwks.json"])
def test_a_probe_with_a_slash_too_many_is_answered(
    sale: Sale, client: Client, settings: Settings, address: str, debug: bool
) -> None:
    settings.DEBUG = debug
    for method in ("GET", "HEAD", "POST"):
        right, wrong = (client.generic(method, each) for each in (address, f"{address}/"))
        assert (wrong.status_code, wrong.headers.keys()) == (
            right.status_code,
            right.headers.keys(),
        )


def test_a_probe_by_http_is_answered_where_people_are_sent_to_https(
    client: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert [client.get(path).status_code for path in ("/healthz", "/healthz/")] == [200, 200]


def test_a_visit_is_redirected_to_the_one_right_address(sale: Sale, client: Client) -> None:
    answer = client.get("/sales/autumn?from=mail")
    assert (answer.status_code, answer["Location"]) == (301, "/sales/autumn/?from=mail")


@each_mode
def test_what_is_no_page_with_or_without_a_slash_is_not_found(
    client: Client, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    for path in ("/api", "/api/", "/nothing", "/nothing/"):
        assert [client.generic(each, path).status_code for each in ("GET", "POST")] == [404, 404]


def test_a_stranger_learns_nothing_of_the_back_offices_addresses(client: Client) -> None:
    Staff.objects.create_user("ada", is_staff=True)
    for path in ("/merchant/sales/sale/1/extend", "/merchant/no/such/page"):
        assert "/merchant/login/" in client.post(path)["Location"]
