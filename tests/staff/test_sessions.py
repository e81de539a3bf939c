"""Sessions of staff: what ends them, when, and by which clock."""

import runpy
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shop.qa.pytest_plugin.factories import OPENS, ROOT
from shop.sales.models import Sale
from shop.staff import open_sessions
from shop.staff.browser_names import browser_name
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from shop.staff.session_cookies import SessionStore
from tests.support.factories import refreshed
from tests.support.fixtures import Clock, MachineClock

PASSWORD = "a long walk in the snow"
MINUTE, HOUR = 60, 3600
COOKIE = settings.SESSION_COOKIE_NAME


def make(name: str = "ada") -> Staff:
    person = Staff.objects.create_user(name, f"{name}@example.org", PASSWORD, is_staff=True)
    give_role(person, Role.OWNER)
    return person


@pytest.fixture
def ada(db: None, clock: Clock) -> Staff:
    return make()


def log_in(client: Client | None = None, name: str = "ada") -> Client:
    """A browser in which somebody logged in."""
    client = client or Client()
    form = {"username": name, "password": PASSWORD, "next": "/merchant/"}
    assert client.post("/merchant/login/", form).status_code == 302
    return client


def copied(client: Client) -> Client:
    """Another browser, with the same session cookie."""
    thief = Client()
    thief.cookies[COOKIE] = client.cookies[COOKIE].value
    return thief


def is_in(client: Client) -> bool:
    return client.get("/merchant/").status_code == 200


# --- Logging out ----------------------------------------------------------------


def test_logging_out_ends_the_session_in_a_copied_cookie_too(ada: Staff) -> None:
    desk = log_in()
    thief = copied(desk)
    assert is_in(thief)
    desk.post("/merchant/logout/")
    assert not is_in(thief)
    assert not is_in(desk)


def test_logging_out_ends_no_session_elsewhere(ada: Staff) -> None:
    desk, phone = log_in(), log_in()
    desk.post("/merchant/logout/")
    assert is_in(phone)


def test_what_ended_stays_ended_after_another_log_in(ada: Staff) -> None:
    desk = log_in()
    thief = copied(desk)
    desk.post("/merchant/logout/")
    log_in(desk)
    assert is_in(desk)
    assert not is_in(thief)


def test_an_answer_that_was_under_way_opens_no_session_again(ada: Staff) -> None:
    desk = log_in()
    before = desk.cookies[COOKIE].value
    desk.post("/merchant/logout/")
    desk.cookies[COOKIE] = before
    assert not is_in(desk)


def test_each_log_in_has_an_id_of_its_own(ada: Staff) -> None:
    desk = log_in()
    first = desk.session["session_id"]
    thief = copied(desk)
    log_in(desk)
    assert desk.session["session_id"] != first
    assert not is_in(thief)
    assert len(refreshed(ada).open_sessions) == 1


def test_a_cookie_that_was_there_before_the_log_in_is_not_logged_in(ada: Staff) -> None:
    desk = Client()
    desk.get("/merchant/login/")
    session = desk.session
    session["planted"] = "by somebody"
    session.save()
    desk.cookies[COOKIE] = session.session_key or ""
    planted = copied(desk)
    log_in(desk)
    assert is_in(desk)
    assert not is_in(planted)


def test_who_logs_in_as_somebody_else_ends_the_session_that_was_there(ada: Staff) -> None:
    make("bob")
    desk = log_in()
    thief = copied(desk)
    log_in(desk, "bob")
    assert is_in(desk)
    assert not is_in(thief)


def test_the_row_has_no_id_that_a_cookie_has(ada: Staff) -> None:
    desk = log_in()
    assert desk.session["session_id"] not in str(refreshed(ada).open_sessions)


def test_the_twenty_first_log_in_ends_the_first(ada: Staff) -> None:
    first, second = log_in(), log_in()
    for _ in range(open_sessions.MOST - 1):
        log_in()
    assert not is_in(first)
    assert is_in(second)
    assert len(refreshed(ada).open_sessions) == open_sessions.MOST


# --- Passwords and accounts -----------------------------------------------------


def change_password(client: Client, password: str) -> None:
    new = dict.fromkeys(("new_password1", "new_password2"), password)
    client.post("/merchant/password_change/", {"old_password": PASSWORD, **new})


def test_another_password_ends_copies_of_this_session_too(ada: Staff) -> None:
    desk = log_in()
    thief = copied(desk)
    change_password(desk, "thaw at noon")
    assert is_in(desk)
    assert not is_in(thief)
    assert len(refreshed(ada).open_sessions) == 1


def test_a_password_that_is_refused_ends_nothing(ada: Staff) -> None:
    desk, phone = log_in(), log_in()
    change_password(desk, "1234")
    assert is_in(phone)


def test_a_password_set_by_the_operator_ends_all(ada: Staff) -> None:
    desk = log_in()
    ada.set_password("thaw at noon")
    ada.save()
    assert not is_in(desk)
    assert open_sessions.open_sessions(refreshed(ada)) == []


def test_saving_an_account_that_was_read_before_opens_nothing_again(ada: Staff) -> None:
    desk = log_in()
    thief, before = copied(desk), Staff.objects.get()
    desk.post("/merchant/logout/")
    before.first_name = "Ada"
    before.save()
    assert not is_in(thief)
    assert refreshed(ada).first_name == "Ada"


def test_saving_an_account_that_was_read_before_takes_no_epoch_back(ada: Staff) -> None:
    before, epoch = Staff.objects.get(), ada.session_epoch
    ada.end_sessions()
    before.save()
    assert refreshed(ada).session_epoch == epoch + 1


def test_a_log_in_that_log_out_everywhere_overtakes_is_not_open(ada: Staff) -> None:
    request = HttpRequest()
    request.session = SessionStore()
    before = Staff.objects.get()
    ada.end_sessions()
    open_sessions.begin(request, before)
    assert not open_sessions.is_open(refreshed(ada), request.session)


# --- Time -----------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "lasts"), [(HOUR - 1, True), (HOUR, False)])
def test_a_session_ends_when_nothing_was_done_for_an_hour(
    ada: Staff, machine: MachineClock, seconds: int, lasts: bool
) -> None:
    desk = log_in()
    machine.tick(seconds)
    assert is_in(desk) == lasts


def test_whoever_works_on_stays_logged_in(ada: Staff, machine: MachineClock) -> None:
    desk = log_in()
    for _ in range(11):
        machine.tick(HOUR - MINUTE)
        assert is_in(desk)


@pytest.mark.parametrize(("seconds", "lasts"), [(-1, True), (0, False)])
def test_a_session_ends_twelve_hours_after_its_log_in(
    ada: Staff, machine: MachineClock, seconds: int, lasts: bool
) -> None:
    desk = log_in()
    for _ in range(23):
        machine.tick(HOUR // 2)
        assert is_in(desk)
    machine.tick(HOUR // 2 + seconds)
    assert is_in(desk) == lasts


def test_a_copy_of_an_old_cookie_ends_while_its_owner_works_on(
    ada: Staff, machine: MachineClock
) -> None:
    desk = log_in()
    thief = copied(desk)
    machine.tick(HOUR - 1)
    assert is_in(desk)
    machine.tick(1)
    assert is_in(desk)
    assert not is_in(thief)


@pytest.mark.parametrize(("seconds", "is_renewed"), [(MINUTE - 1, False), (MINUTE, True)])
def test_the_cookie_is_written_anew_once_a_minute(
    ada: Staff, machine: MachineClock, seconds: int, is_renewed: bool
) -> None:
    desk = log_in()
    machine.tick(seconds)
    answer = desk.get("/merchant/")
    assert (COOKIE in answer.cookies) == is_renewed
    if is_renewed:
        assert answer.cookies[COOKIE]["max-age"] == HOUR


def test_no_jump_of_the_shops_clock_ends_a_session_or_prolongs_one(
    ada: Staff, clock: Clock, machine: MachineClock
) -> None:
    desk = log_in()
    for years in (100, -20):
        clock.move_to(OPENS + years * timedelta(days=365))
        assert is_in(desk)
    clock.move_to(OPENS)
    machine.tick(HOUR)
    assert not is_in(desk)


def test_a_shop_with_a_travelling_clock_has_the_same_time_outs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QA_CLOCK", "1")
    monkeypatch.setenv("VAR", str(tmp_path))
    given = runpy.run_path(str(ROOT / "shop" / "settings.py"))
    assert (given["SESSION_COOKIE_AGE"], given["STAFF_SESSION_SECONDS"]) == (HOUR, 12 * HOUR)


@pytest.mark.parametrize(("ahead", "is_read"), [(MINUTE, True), (MINUTE + 1, False)])
def test_a_cookie_from_the_future_is_read_as_far_as_clocks_may_be_apart(
    ada: Staff, machine: MachineClock, ahead: int, is_read: bool
) -> None:
    desk = log_in()
    machine.tick(-ahead)
    assert is_in(desk) == is_read


# --- Cookies that are none --------------------------------------------------------


@pytest.mark.parametrize("change", [str.upper, lambda cookie: cookie[:-1], lambda cookie: "x:y:z"])
def test_a_cookie_that_was_changed_is_none(ada: Staff, change: Callable[[str], str]) -> None:
    desk = log_in()
    desk.cookies[COOKIE] = change(desk.cookies[COOKIE].value)
    assert not is_in(desk)


def test_a_session_from_before_there_were_ids_has_to_log_in(ada: Staff) -> None:
    desk = log_in()
    session = signed_cookies.SessionStore()
    session.update({key: value for key, value in desk.session.items() if key != "session_id"})
    session.save()
    desk.cookies[COOKIE] = session.session_key or ""
    assert not is_in(desk)


# --- Many at once -----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_log_ins_and_log_outs_at_once_lose_none(clock: Clock) -> None:
    ada = make()
    leaving, staying = [log_in() for _ in range(4)], [log_in() for _ in range(4)]
    arriving = [Client() for _ in range(4)]
    barrier = Barrier(8)

    def at_once(act: Callable[[], object]) -> None:
        barrier.wait()
        act()
        connection.close()

    acts: list[Callable[[], object]] = [
        *(partial(each.post, "/merchant/logout/") for each in leaving),
        *(partial(each.force_login, ada) for each in arriving),
    ]
    threads = [Thread(target=at_once, args=[act]) for act in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [is_in(each) for each in (*staying, *arriving)] == [True] * 8
    assert len(Staff.objects.get().open_sessions) == 8


# --- Pages of the shop -------------------------------------------------------------


def test_a_warm_sale_page_asks_nothing_for_a_member_of_the_staff(ada: Staff, sale: Sale) -> None:
    desk = log_in()
    desk.get("/sales/autumn/")
    with CaptureQueriesContext(connection) as queries:
        assert desk.get("/sales/autumn/").status_code == 200
    assert queries.captured_queries == []


# --- Names of browsers ---------------------------------------------------------------

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"{_WINDOWS} Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{_WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.5.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_as_people_call_it(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
