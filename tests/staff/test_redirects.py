"""Where a redirect leads that a form or an address asks for: to a page of ours that is there."""

import pytest
from django.test import Client

from shop.qa.pytest_plugin.back_office import Merchant
from shop.staff.models import Staff

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "https:///evil.example",
    " //evil.example",
    "\t//evil.example",
    "x" * 5000 + "://evil.example",
    "http://[::1",
    "",
]
PASSWORD = "a long walk in the snow"


@pytest.fixture
def ada(db: None) -> Staff:
    return Staff.objects.create_user("ada", "ada@example.org", PASSWORD, is_staff=True)


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("where", ["address", "form"])
def test_a_log_in_that_names_no_page_of_ours_leads_to_the_start_page(
    client: Client, ada: Staff, where: str, target: str
) -> None:
    given = {"username": "ada", "password": PASSWORD}
    if where == "form":
        answer = client.post("/merchant/login/", given | {"next": target}, follow=True)
    else:
        query = {"next": target}
        answer = client.post("/merchant/login/", given, query_params=query, follow=True)
    assert answer.redirect_chain == [("/merchant/", 302)]
    assert answer.status_code == 200


def test_a_log_in_leads_on_to_the_page_that_asked_for_it(client: Client, ada: Staff) -> None:
    answer = client.get("/merchant/account/log-out-everywhere/")
    given = {"username": "ada", "password": PASSWORD, "next": "/merchant/password_change/"}
    assert answer["Location"].startswith("/merchant/login/?next=")
    assert client.post("/merchant/login/", given)["Location"] == "/merchant/password_change/"


def test_a_log_in_that_an_address_for_forms_alone_asked_for_leads_to_the_start_page(
    client: Client, ada: Staff
) -> None:
    given = {"username": "ada", "password": PASSWORD, "next": "/merchant/logout/"}
    answer = client.post("/merchant/login/", given, follow=True)
    assert answer.redirect_chain == [("/merchant/", 302)]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_who_is_logged_in_is_led_to_the_start_page(merchant: Merchant, target: str) -> None:
    answer = merchant.client.get("/merchant/login/", {"next": target})
    assert answer["Location"] == "/merchant/"


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("where", ["address", "form"])
def test_a_log_out_that_names_no_page_of_ours_ends_at_a_page_that_is_there(
    merchant: Merchant, where: str, target: str
) -> None:
    given = {"next": target}
    query, form = (given, {}) if where == "address" else ({}, given)
    answer = merchant.client.post("/merchant/logout/", form, query_params=query, follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] in {"/merchant/logout/", "/merchant/login/"}
