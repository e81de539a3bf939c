"""Guessing passwords gets slower and slower, by name and by network, and locks no owner out."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.cookies import SimpleCookie
from threading import Barrier
from time import sleep

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from shop.core.machine_clock import machine_time
from shop.staff import throttles
from shop.staff.models import Staff, TryCount
from shop.staff.throttles import Counted, Limit, TooManyTries, take
from tests.staff.conftest import PASSWORD
from tests.staff.doors import ELSEWHERE, HERE, Browser, fail
from tests.support.fixtures import Clock, MachineClock

LIMIT = Limit(5, timedelta(seconds=15), timedelta(minutes=15))


@pytest.mark.parametrize(
    ("tries", "seconds"),
    [(0, 0), (4, 0), (5, 15), (6, 30), (7, 60), (10, 480), (11, 900), (12, 900), (10_000, 900)],
)
def test_each_try_beyond_the_free_ones_doubles_the_wait_up_to_the_longest(
    tries: int, seconds: int
) -> None:
    assert LIMIT.wait_after(tries) == timedelta(seconds=seconds)


# --- At the log-in --------------------------------------------------------------


def test_four_wrong_passwords_and_the_right_one_let_in(ada: Staff) -> None:
    fail(4)
    assert Browser().log_in().is_in


def test_after_five_wrong_ones_the_right_one_waits_15_seconds(
    ada: Staff, machine: MachineClock
) -> None:
    fail(5)
    machine.tick(14)
    assert not Browser().log_in().is_in
    machine.tick(1)
    assert Browser().log_in().is_in


def test_a_wrong_one_after_the_wait_makes_the_next_wait_twice_as_long(
    ada: Staff, machine: MachineClock
) -> None:
    fail(5)
    for seconds in (15, 30, 60, 120, 240, 480, 900, 900):
        machine.tick(seconds - 1)
        assert fail(1) == [429]
        machine.tick(1)
        assert fail(1, address=ELSEWHERE) == [200]


def test_12_networks_that_try_one_name_are_slowed_down(ada: Staff, machine: MachineClock) -> None:
    statuses = [fail(1, address=f"203.0.113.{number}")[0] for number in range(12)]
    assert statuses == [200] * 5 + [429] * 7


def test_a_network_that_tries_12_names_is_slowed_down(ada: Staff, machine: MachineClock) -> None:
    statuses = [fail(1, name=f"name-{number}")[0] for number in range(12)]
    assert statuses == [200] * 10 + [429] * 2


def test_addresses_of_one_ipv6_network_are_one(ada: Staff, machine: MachineClock) -> None:
    for number in range(10):
        fail(1, name=f"name-{number}", address=f"2001:db8:1:2::{number:x}")
    assert fail(1, name="one-more", address="2001:db8:1:2:ffff::1") == [429]
    assert fail(1, name="one-more", address="2001:db8:1:3::1") == [200]


def test_a_client_behind_a_trusted_proxy_is_counted_by_its_own_address(
    ada: Staff, machine: MachineClock, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]

    def guess(forwarded: str) -> int:
        client = Client(REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
        answer = client.post("/merchant/login/", {"username": forwarded[:9], "password": "x"})
        return int(answer.status_code)

    assert [guess(f"9.9.9.{number}, {HERE}") for number in range(11)] == [200] * 10 + [429]
    assert guess(ELSEWHERE) == 200


def test_spellings_of_a_name_are_one_name(ada: Staff, machine: MachineClock) -> None:
    for name in ("ada", "Ada", "ADA", " ada ", "ａｄａ"):
        fail(1, name)
    assert fail(1) == [429]


def test_the_answer_says_how_long_and_keeps_the_name(ada: Staff, machine: MachineClock) -> None:
    fail(5)
    machine.tick(5)
    browser = Browser().log_in()
    assert browser.status == 429
    assert browser.answer.headers["Retry-After"] == "10"
    assert "no-store" in browser.answer.headers["Cache-Control"]
    assert "Try again in 10 seconds" in browser.text
    assert 'value="ada"' in browser.text
    assert PASSWORD not in browser.text


def test_trying_on_makes_the_wait_no_longer(ada: Staff, machine: MachineClock) -> None:
    fail(5)
    for _ in range(15):
        assert fail(1) == [429]
        machine.tick(1)
    assert Browser().log_in().is_in


def test_a_right_password_clears_the_count_of_its_name(ada: Staff, machine: MachineClock) -> None:
    fail(4)
    Browser().log_in().log_out()
    assert fail(5) == [200] * 5


def test_who_has_one_account_makes_no_room_to_guess_at_others(
    ada: Staff, machine: MachineClock
) -> None:
    Staff.objects.create_user("eve", "eve@example.org", PASSWORD, is_staff=True)
    for number in range(10):
        fail(1, name=f"name-{number}")
        Browser().log_in("eve")
    assert fail(1, name="one-more") == [429]


def test_right_passwords_count_for_nothing(ada: Staff, machine: MachineClock) -> None:
    for _ in range(25):
        assert Browser().log_in().status == 302
    fail(10, address=ELSEWHERE)
    machine.tick(900)
    assert Browser(ELSEWHERE).log_in().status == 302
    # A right one does not put off the next, of somebody else behind the same router.
    assert fail(1, name="bob", address=ELSEWHERE) == [200]


def test_a_count_is_forgotten_after_an_hour_without_a_try(
    ada: Staff, machine: MachineClock
) -> None:
    fail(5)
    machine.tick(3599)
    assert fail(1) == [200]
    assert fail(1) == [429]
    machine.tick(3600)
    assert fail(5) == [200] * 5


def test_no_travelling_clock_shortens_a_wait(
    ada: Staff, machine: MachineClock, clock: Clock
) -> None:
    fail(5)
    clock.tick(timedelta(days=400))
    assert fail(1) == [429]
    clock.tick(timedelta(days=-800))
    assert fail(1) == [429]
    machine.tick(15)
    assert Browser().log_in().status == 302


def test_the_settings_say_how_many_and_how_long(
    ada: Staff, machine: MachineClock, settings: Settings
) -> None:
    settings.LOGIN_TRIES, settings.LOGIN_WAIT_SECONDS = 2, 20
    assert fail(3) == [200, 200, 429]
    machine.tick(15)
    assert fail(1) == [200]
    machine.tick(19)
    assert fail(1) == [429]
    machine.tick(1)
    assert fail(1) == [200]


# --- Nobody is locked out -------------------------------------------------------


def test_an_owner_on_her_own_device_does_not_wait_for_who_guesses(
    ada: Staff, machine: MachineClock
) -> None:
    desk = Browser().log_in()
    desk.log_out()
    fail(30)
    fail(30, address=ELSEWHERE)
    assert desk.log_in().is_in


def test_her_device_has_tries_of_its_own_and_no_more(ada: Staff, machine: MachineClock) -> None:
    desk = Browser().log_in()
    desk.log_out()
    assert [desk.log_in(password="a guess").status for _ in range(6)] == [200] * 5 + [429]
    # They make nobody else wait.
    assert Browser().log_in().is_in


def test_her_device_is_known_for_her_name_alone(ada: Staff, machine: MachineClock) -> None:
    Staff.objects.create_user("bob", "bob@example.org", PASSWORD, is_staff=True)
    desk = Browser().log_in()
    desk.log_out()
    fail(5, "bob")
    assert desk.log_in("bob").status == 429


@pytest.mark.parametrize("forged", ["", "x", "a.b.c", "another name's"])
def test_a_device_that_is_not_known_is_none(ada: Staff, machine: MachineClock, forged: str) -> None:
    Staff.objects.create_user("bob", "bob@example.org", PASSWORD, is_staff=True)
    [name] = [each for each in Browser().log_in().client.cookies if each.startswith("device-")]
    bobs = Browser().log_in("bob").client.cookies
    [of_bob] = [bobs[each].value for each in bobs if each.startswith("device-")]
    fail(5)
    thief = Browser()
    thief.client.cookies[name] = of_bob if forged else forged
    assert thief.log_in().status == 429


def test_the_cookie_of_a_device_names_nobody_and_is_no_scripts_affair(
    ada: Staff, settings: Settings
) -> None:
    settings.HTTPS = True
    cookies = Browser().log_in().client.cookies
    [device] = [each for name, each in cookies.items() if "device" in name]
    assert device.key.startswith("__Host-device-")
    assert device["httponly"] and device["secure"] and device["samesite"] == "Lax"
    assert device["path"] == "/" and not device["domain"]
    assert "ada" not in device.value


def test_who_chose_a_password_by_mail_need_not_wait(
    ada: Staff,
    machine: MachineClock,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    fail(5)
    with django_capture_on_commit_callbacks(execute=True):
        Client().post(reverse("admin_password_reset"), {"email": "ada@example.org"})
    path = next(word for word in mail.outbox[-1].body.split() if "/password/new/" in word)
    browser = Browser()
    form = browser.client.get("/" + path.split("/", 3)[3])
    typed = {"new_password1": "thaw at noon", "new_password2": "thaw at noon"}
    browser.client.post(form["Location"], typed)
    assert browser.log_in(password="thaw at noon").is_in


# --- Other places that ask for the password -------------------------------------


def test_the_old_password_is_not_guessed_at_an_open_desk(ada: Staff, machine: MachineClock) -> None:
    desk = Browser().log_in()
    typed = {"old_password": "a guess", "new_password1": "thaw at noon", "new_password2": "x"}
    path = reverse("admin:password_change")
    statuses = [desk.client.post(path, typed).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    right = typed | {"old_password": PASSWORD, "new_password2": "thaw at noon"}
    answer = desk.client.post(path, right)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    assert "too many wrong passwords" in answer.content.decode()
    machine.tick(15)
    assert desk.client.post(path, right).status_code == 302


# --- What is kept ---------------------------------------------------------------


def test_neither_name_nor_address_nor_password_is_in_a_count(ada: Staff) -> None:
    Browser().log_in("my bank's password", "my bank's password")
    kept = str(list(TryCount.objects.values()))
    assert "bank" not in kept
    assert HERE not in kept
    assert TryCount.objects.count() == 2


def test_tries_that_wait_write_nothing(ada: Staff, machine: MachineClock) -> None:
    for number in range(10):
        fail(1, name=f"name-{number}")
    before = list(TryCount.objects.order_by("pk").values("key", "tries", "last_at"))
    fail(5, name="nobody-before")
    assert list(TryCount.objects.order_by("pk").values("key", "tries", "last_at")) == before


def test_forgotten_counts_are_deleted(ada: Staff, machine: MachineClock) -> None:
    fail(3, name="bob")
    machine.tick(3600)
    fail(1)
    assert TryCount.objects.count() == 2


# --- Races ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_32_parallel_tries_exactly_the_free_ones_get_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same name from as many networks: first-time rows, and every order of the locks."""
    at = machine_time()
    monkeypatch.setattr(throttles, "machine_time", lambda: at)
    barrier = Barrier(8)

    def attempt(number: int) -> str:
        if number < 8:
            barrier.wait(timeout=10)
        try:
            take(Counted("name", "ada", LIMIT), Counted("network", str(number % 6), LIMIT))
        except TooManyTries:
            return "waits"
        finally:
            connections.close_all()
        return "counted"

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(attempt, range(32)))
    assert outcomes == {"counted": 5, "waits": 27}
    assert TryCount.objects.get(key=Counted("name", "ada", LIMIT).key).tries == 5
    assert sum(TryCount.objects.values_list("tries", flat=True)) == 10


def test_a_try_that_waited_for_its_row_does_not_wait_for_a_later_one(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once: the one that took the time first may get the row second."""
    at = machine_time()
    ada = Counted("name", "ada", LIMIT)
    for seconds in (1, 0):
        now = at + timedelta(seconds=seconds)
        monkeypatch.setattr(throttles, "machine_time", lambda now=now: now)
        take(ada)
    row = TryCount.objects.get(key=ada.key)
    assert (row.tries, row.last_at) == (2, at + timedelta(seconds=1))


@pytest.fixture
def slow_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password takes as long to check as in production, so that log-ins overlap."""
    check = Staff.check_password

    def slowly(self: Staff, raw_password: str) -> bool:
        sleep(0.03)
        return check(self, raw_password)

    monkeypatch.setattr(Staff, "check_password", slowly)


def at_once(passwords: list[str], cookies: SimpleCookie | None = None) -> Counter[int]:
    """The statuses of as many log-ins of Ada at one moment, each by a browser with cookies."""
    barrier = Barrier(len(passwords))

    def attempt(password: str) -> int:
        browser = Browser()
        browser.client.cookies.update(cookies or {})
        barrier.wait(timeout=10)
        try:
            return browser.log_in(password=password).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(passwords)) as pool:
        return Counter(pool.map(attempt, passwords))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("where", ["on her device", "on new ones"])
def test_nine_right_passwords_of_one_person_at_once_all_let_in(
    where: str, slow_passwords: None
) -> None:
    Staff.objects.create_user("ada", "ada@example.org", PASSWORD, is_staff=True)
    desk = Browser().log_in()
    desk.log_out()
    known = desk.client.cookies if where == "on her device" else None
    assert at_once([PASSWORD] * 9, known) == {302: 9}


@pytest.mark.django_db(transaction=True)
def test_of_nine_wrong_passwords_at_once_no_more_than_the_free_ones_are_looked_at(
    slow_passwords: None,
) -> None:
    Staff.objects.create_user("ada", "ada@example.org", PASSWORD, is_staff=True)
    assert at_once(["a guess"] * 9) == {200: 5, 429: 4}


@pytest.mark.django_db(transaction=True)
def test_counts_are_forgotten_and_made_anew_at_once_without_a_circle_of_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = machine_time()
    monkeypatch.setattr(throttles, "machine_time", lambda: start)
    for number in range(20):
        take(Counted("network", str(number), LIMIT))
    later = start + LIMIT.memory
    monkeypatch.setattr(throttles, "machine_time", lambda: later)

    def attempt(number: int) -> None:
        try:
            take(*(Counted("network", str((number * 7 + step) % 20), LIMIT) for step in range(3)))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(attempt, range(20))) == [None] * 20
    assert sum(TryCount.objects.values_list("tries", flat=True)) == 60
