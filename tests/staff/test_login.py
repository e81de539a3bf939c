"""The door of the back office: sessions end in time, links to choose a password are good once."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.staff.conftest import PASSWORD
from tests.support.fixtures import Clock


def log_in(name: str, password: str, address: str = "192.0.2.1") -> Client:
    """Someone's browser, after they tried."""
    client = Client(REMOTE_ADDR=address)
    client.answer = client.post(  # type: ignore[attr-defined]
        "/merchant/login/", {"username": name, "password": password, "next": "/merchant/"}
    )
    return client


def is_in(client: Client) -> bool:
    """Whether the back office knows who this is."""
    return client.get("/merchant/").status_code == 200


# --- Sessions -----------------------------------------------------------------


def test_there_is_no_table_of_sessions(ada: Staff) -> None:
    assert is_in(log_in("ada", PASSWORD))
    assert "django_session" not in connection.introspection.table_names()


def test_log_out_everywhere_ends_every_session_at_once(ada: Staff) -> None:
    desk, phone = log_in("ada", PASSWORD), log_in("ada", PASSWORD)
    answer = desk.post("/merchant/account/log-out-everywhere/", follow=True)
    assert "You are logged out everywhere." in answer.content.decode()
    assert not is_in(desk)
    assert not is_in(phone)
    assert is_in(log_in("ada", PASSWORD))


def test_a_cookie_that_was_copied_before_is_worth_nothing_after(ada: Staff) -> None:
    desk = log_in("ada", PASSWORD)
    thief = Client()
    thief.cookies["sessionid"] = desk.cookies["sessionid"].value
    assert is_in(thief)
    desk.post("/merchant/account/log-out-everywhere/")
    assert not is_in(thief)


def test_log_out_everywhere_is_asked_for_by_a_form_and_not_by_a_link(ada: Staff) -> None:
    desk = log_in("ada", PASSWORD)
    assert desk.get("/merchant/account/log-out-everywhere/").status_code == 405
    assert is_in(desk)


def test_another_password_ends_the_other_sessions_and_keeps_this_one(ada: Staff) -> None:
    desk, phone = log_in("ada", PASSWORD), log_in("ada", PASSWORD)
    desk.post(
        "/merchant/password_change/",
        {
            "old_password": PASSWORD,
            "new_password1": "thaw at noon",
            "new_password2": "thaw at noon",
        },
    )
    assert is_in(desk)
    assert not is_in(phone)


def test_another_role_ends_all_sessions(ada: Staff) -> None:
    desk = log_in("ada", PASSWORD)
    give_role(ada, Role.VIEWER)
    assert not is_in(desk)


# --- Links to choose a password -------------------------------------------------


@pytest.fixture
def ask(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Callable[..., None]:
    """Ask for a link, and let the background mail it."""

    def send(email: str = "ada@example.org", **headers: str) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            Client().post("/merchant/password/forgotten/", {"email": email}, headers=headers)

    return send


def link_in_mail() -> str:
    """The path that the last mail leads to."""
    body = str(mail.outbox[-1].body)
    found = re.search(r"http://127\.0\.0\.1:8000(/merchant/password/new/\S+)", body)
    assert found
    return found[1]


def choose(path: str, password: str) -> Client:
    """Follow a link, and choose a password there."""
    client = Client()
    form = client.get(path, follow=True)
    address = form.redirect_chain[-1][0] if form.redirect_chain else path
    client.post(address, {"new_password1": password, "new_password2": password})
    return client


def test_a_link_is_mailed_by_which_a_password_is_chosen_once(
    ada: Staff, ask: Callable[..., None]
) -> None:
    desk = log_in("ada", PASSWORD)
    ask("Ada@example.org")
    path = link_in_mail()
    choose(path, "thaw at noon")
    assert not is_in(desk)
    assert is_in(log_in("ada", "thaw at noon"))
    choose(path, "another one yet")
    assert not is_in(log_in("ada", "another one yet"))


def test_the_link_leads_to_the_shop_wherever_it_was_asked_for(
    ada: Staff, settings: Settings, ask: Callable[..., None]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    ask(host="evil.example")
    assert "evil.example" not in mail.outbox[-1].body
    link_in_mail()


def test_a_link_is_good_for_three_days(ada: Staff, ask: Callable[..., None], clock: Clock) -> None:
    ask()
    clock.move_to(timezone.now() + timedelta(days=3, seconds=1))
    choose(link_in_mail(), "thaw at noon")
    assert not is_in(log_in("ada", "thaw at noon"))
