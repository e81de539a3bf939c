"""The door of the back office: tries are counted, sessions end in time, links are mailed."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from shop.qa.pytest_plugin.factories import OPENS
from shop.staff.login import client_address
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.support.fixtures import Clock

PASSWORD = "a long walk in the snow"
WAIT = timedelta(minutes=15)


@pytest.fixture
def ada(db: None, clock: Clock) -> Staff:
    person = Staff.objects.create_user("ada", "ada@example.org", PASSWORD, is_staff=True)
    give_role(person, Role.OWNER)
    return person


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


def fail(times: int, name: str = "ada", address: str = "192.0.2.1") -> None:
    for _ in range(times):
        log_in(name, "a guess", address)


# --- Tries --------------------------------------------------------------------


def test_four_wrong_passwords_and_the_right_one_let_in(ada: Staff) -> None:
    fail(4)
    assert is_in(log_in("ada", PASSWORD))


def test_after_five_wrong_ones_the_right_one_waits_15_minutes(ada: Staff, clock: Clock) -> None:
    fail(5)
    clock.move_to(OPENS + WAIT - timedelta(seconds=1))
    assert not is_in(log_in("ada", PASSWORD))
    clock.move_to(OPENS + WAIT + timedelta(seconds=1))
    assert is_in(log_in("ada", PASSWORD))


def test_it_says_until_when_and_trying_on_makes_it_no_later(ada: Staff, clock: Clock) -> None:
    fail(5)
    clock.tick(timedelta(minutes=10))
    answer = log_in("ada", PASSWORD).answer  # type: ignore[attr-defined]
    assert answer.status_code == 429
    assert 'data-until datetime="2026-11-27T11:15:00Z"' in answer.content.decode()
    assert answer.headers["Retry-After"] == "300"


def test_colleagues_behind_the_same_router_do_not_wait(ada: Staff) -> None:
    Staff.objects.create_user("bob", "bob@example.org", PASSWORD, is_staff=True)
    fail(5, "ada")
    assert is_in(log_in("bob", PASSWORD))


def test_who_guesses_elsewhere_does_not_lock_the_door_here(ada: Staff) -> None:
    fail(5, "ada", address="198.51.100.7")
    assert is_in(log_in("ada", PASSWORD))


def test_another_browser_is_no_way_around_it(ada: Staff) -> None:
    for browser in range(5):
        client = Client(REMOTE_ADDR="192.0.2.1", headers={"user-agent": f"browser {browser}"})
        client.post("/merchant/login/", {"username": "ada", "password": "a guess"})
    assert not is_in(log_in("ada", PASSWORD))


def test_a_right_password_clears_the_count(ada: Staff) -> None:
    fail(4)
    log_in("ada", PASSWORD)
    fail(4)
    assert is_in(log_in("ada", PASSWORD))


def test_no_password_is_kept_of_a_try(ada: Staff) -> None:
    from axes.models import AccessAttempt

    log_in("ada", "my bank's password")
    assert "my bank" not in str(AccessAttempt.objects.values().get())


@pytest.mark.parametrize(("behind_proxy", "address"), [(False, "10.0.0.1"), (True, "192.0.2.9")])
def test_a_client_cannot_choose_the_address_that_it_is_counted_by(
    settings: Settings, rf: RequestFactory, behind_proxy: bool, address: str
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "1.1.1.1, 192.0.2.9"})
    assert client_address(request) == address


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


def test_a_link_is_mailed_by_which_a_password_is_chosen_once(ada: Staff, client: Client) -> None:
    desk = log_in("ada", PASSWORD)
    client.post("/merchant/password/forgotten/", {"email": "Ada@example.org"})
    path = link_in_mail()
    choose(path, "thaw at noon")
    assert not is_in(desk)
    assert is_in(log_in("ada", "thaw at noon"))
    choose(path, "another one yet")
    assert not is_in(log_in("ada", "another one yet"))


def test_the_link_leads_to_the_shop_wherever_it_was_asked_for(
    ada: Staff, settings: Settings, client: Client
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client.post(
        "/merchant/password/forgotten/",
        {"email": "ada@example.org"},
        headers={"host": "evil.example"},
    )
    assert "evil.example" not in mail.outbox[-1].body
    link_in_mail()


def test_it_is_not_told_whether_an_address_is_one_of_the_staffs(ada: Staff, client: Client) -> None:
    known = client.post("/merchant/password/forgotten/", {"email": "ada@example.org"}, follow=True)
    unknown = client.post(
        "/merchant/password/forgotten/", {"email": "eve@example.org"}, follow=True
    )
    assert known.content == unknown.content
    assert len(mail.outbox) == 1


def test_who_chose_a_password_by_mail_need_not_wait(ada: Staff, client: Client) -> None:
    fail(5)
    client.post("/merchant/password/forgotten/", {"email": "ada@example.org"})
    choose(link_in_mail(), "thaw at noon")
    assert is_in(log_in("ada", "thaw at noon"))


def test_a_link_is_good_for_three_days(ada: Staff, client: Client, clock: Clock) -> None:
    client.post("/merchant/password/forgotten/", {"email": "ada@example.org"})
    clock.move_to(timezone.now() + timedelta(days=3, seconds=1))
    choose(link_in_mail(), "thaw at noon")
    assert not is_in(log_in("ada", "thaw at noon"))
