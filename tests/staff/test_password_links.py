"""Links to choose a password: mailed in the background, and no way to learn who works here."""

import re
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Never

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from shop.operations import stuck
from shop.qa.pytest_plugin.factories import OPENS
from shop.staff import password_links
from shop.staff.models import LogInEvent, PasswordLink, Staff
from shop.staff.records import LogInKind
from tests.staff.doors import ELSEWHERE, HERE
from tests.support.fixtures import MachineClock

_VALUES = re.compile(r"'[^']*'|\"s\d+_x\d+\"|\d+")

KNOWN, UNKNOWN = "ada@example.org", "eve@example.org"


def ask(email: str = KNOWN, address: str = HERE) -> Any:
    """Send the form; its answer."""
    client = Client(REMOTE_ADDR=address)
    return client.post(reverse("admin_password_reset"), {"email": email})


@pytest.fixture
def mailing(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Callable[[], Any]:
    """The background, whose tasks run at the end of a block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@contextmanager
def mail_server_away(monkeypatch: pytest.MonkeyPatch, error: OSError) -> Iterator[None]:
    def refuse(*_: Any, **__: Any) -> Never:
        raise error

    with monkeypatch.context() as away:
        away.setattr(EmailMessage, "send", refuse)
        yield


def test_no_mail_is_sent_while_the_page_waits(ada: Staff, mailing: Callable[[], Any]) -> None:
    with mailing():
        answer = ask()
        assert answer.status_code == 302
        assert mail.outbox == []
        assert PasswordLink.objects.count() == 1
    assert [message.to for message in mail.outbox] == [[KNOWN]]
    assert PasswordLink.objects.count() == 0


def test_a_known_and_an_unknown_address_get_the_same_answer_after_the_same_work(
    ada: Staff, mailing: Callable[[], Any]
) -> None:
    def asked(email: str, address: str) -> tuple[int, str, list[str]]:
        with CaptureQueriesContext(connection) as queries:
            answer = ask(email, address)
        # Savepoints have numbers, and statements values.
        kinds = [_VALUES.sub("", each["sql"]) for each in queries.captured_queries]
        return answer.status_code, answer["Location"], kinds

    ask("warm@example.org", "203.0.113.1")
    with mailing():
        known, unknown = asked(KNOWN, HERE), asked(UNKNOWN, ELSEWHERE)
    assert known == unknown
    assert len(mail.outbox) == 1
    assert PasswordLink.objects.filter(email=UNKNOWN).count() == 0


def test_ten_requests_in_a_quarter_of_an_hour_are_one_mail(
    ada: Staff, machine: MachineClock, mailing: Callable[[], Any]
) -> None:
    with mailing():
        answers = [ask(address=f"203.0.113.{number}") for number in range(10)]
    assert {answer["Location"] for answer in answers} == {reverse("password_reset_done")}
    assert len(mail.outbox) == 1
    machine.tick(899)
    with mailing():
        ask("ADA@example.org")
    assert len(mail.outbox) == 1
    machine.tick(1)
    with mailing():
        ask()
        ask()
    assert len(mail.outbox) == 2


def test_who_asks_for_many_addresses_has_to_wait_and_loses_nothing(
    ada: Staff, machine: MachineClock
) -> None:
    for number in range(10):
        assert ask(f"name-{number}@example.org").status_code == 302
    answer = ask()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    page = answer.content.decode()
    assert "Too many links were asked for from your network. Try again in 15 seconds." in page
    assert f'value="{KNOWN}"' in page
    assert ask(address=ELSEWHERE).status_code == 302
    machine.tick(15)
    assert ask().status_code == 302


def test_what_is_no_mail_address_is_said_and_counts_for_nothing(
    ada: Staff, machine: MachineClock
) -> None:
    for _ in range(30):
        assert ask("ada").status_code == 200
    assert ask().status_code == 302


def test_it_is_in_the_trail_who_asked_and_from_where(
    ada: Staff, mailing: Callable[[], Any]
) -> None:
    with mailing():
        ask(address=ELSEWHERE)
    event = LogInEvent.objects.get()
    assert (event.person, event.kind, event.address) == (
        ada,
        LogInKind.LINK_ASKED,
        ELSEWHERE,
    )


def test_a_mail_that_the_server_did_not_take_is_sent_later(
    ada: Staff,
    machine: MachineClock,
    mailing: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mail_server_away(monkeypatch, ConnectionRefusedError()):
        with mailing():
            ask()
        machine.tick(61)
        password_links.send_waiting_links()
        [found] = stuck.mails_that_wait(OPENS)
        assert found.text == "1 link to choose a password could not be mailed."
    password_links.send_waiting_links()
    assert len(mail.outbox) == 1
    assert list(stuck.mails_that_wait(OPENS)) == []


def test_a_mail_that_is_refused_for_good_is_not_tried_again(
    ada: Staff,
    machine: MachineClock,
    mailing: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = smtplib.SMTPRecipientsRefused({KNOWN: (550, b"no such user")})
    with mail_server_away(monkeypatch, refused), mailing():
        ask()
    assert PasswordLink.objects.count() == 0


def test_what_could_not_be_mailed_for_a_day_is_dropped(
    ada: Staff, machine: MachineClock, mailing: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server_away(monkeypatch, ConnectionRefusedError()), mailing():
        ask()
    machine.tick(86_401)
    password_links.send_waiting_links()
    assert (len(mail.outbox), PasswordLink.objects.count()) == (0, 0)


def test_somebody_who_may_not_log_in_gets_no_link(ada: Staff, mailing: Callable[[], Any]) -> None:
    Staff.objects.update(is_active=False)
    with mailing():
        ask()
    assert mail.outbox == []
