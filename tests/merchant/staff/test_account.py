"""One's own account: where one is logged in, and how to end that."""

import pytest
from django.test import Client

from shop.qa.pytest_plugin.client import HtmlPage
from shop.staff.models import Staff

pytestmark = pytest.mark.django_db

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/26.0 Safari/604.1"
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def log_in(user_agent: str, name: str = "ada") -> Client:
    """A browser in which somebody logged in."""
    client = Client(headers={"user-agent": user_agent})
    form = {"username": name, "password": "thaw at noon", "next": "/merchant/"}
    assert client.post("/merchant/login/", form).status_code == 302
    return client


@pytest.fixture
def desk() -> Client:
    Staff.objects.create_superuser("ada", "ada@example.org", "thaw at noon")
    return log_in(DESK)


def rows(client: Client) -> list[str]:
    """The sessions that the page lists: the browser, and whether it is this one."""
    page = HtmlPage.of(client.get("/merchant/account/"), "/merchant/account/")
    return [
        each.get_text(" ", strip=True).split(" since")[0]
        for each in page.soup.select(".sessions li")
    ]


def is_in(client: Client) -> bool:
    return client.get("/merchant/").status_code == 200


def test_it_lists_the_browsers_in_which_one_is_logged_in(desk: Client) -> None:
    phone = log_in(PHONE)
    assert rows(desk) == ["Safari on iPhone", "Firefox on Linux here"]
    phone.post("/merchant/logout/")
    assert rows(desk) == ["Firefox on Linux here"]


def test_one_logs_out_of_another_browser(desk: Client) -> None:
    phone = log_in(PHONE)
    page = HtmlPage.of(desk.get("/merchant/account/"), "/merchant/account/")
    session = page.one("[name=session]")["value"]
    answer = desk.post("/merchant/account/log-out-there/", {"session": session}, follow=True)
    assert "You are logged out there." in answer.content.decode()
    assert not is_in(phone)
    assert is_in(desk)


def test_nobody_ends_the_session_of_somebody_else(desk: Client) -> None:
    bob = Staff.objects.create_superuser("bob", "bob@example.org", "thaw at noon")
    his = log_in(PHONE, "bob")
    bob.refresh_from_db()
    desk.post("/merchant/account/log-out-there/", {"session": bob.open_sessions[0]["id"]})
    assert is_in(his)


def test_ending_the_session_that_one_is_in_logs_out(desk: Client) -> None:
    ada = Staff.objects.get()
    answer = desk.post("/merchant/account/log-out-there/", {"session": ada.open_sessions[0]["id"]})
    assert answer["Location"] == "/merchant/login/"
    assert not is_in(desk)


@pytest.mark.parametrize("session", ["", "no such", "é" * 5000])
def test_a_session_that_is_none_ends_none(desk: Client, session: str) -> None:
    answer = desk.post("/merchant/account/log-out-there/", {"session": session})
    assert answer["Location"] == "/merchant/account/"
    assert is_in(desk)


def test_a_session_is_ended_by_a_form_and_not_by_a_link(desk: Client) -> None:
    assert desk.get("/merchant/account/log-out-there/").status_code == 405
