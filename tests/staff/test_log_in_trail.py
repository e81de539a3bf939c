"""The log-in trail: an owner sees who came in and who was refused, everybody their own."""

import logging
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from shop.qa.pytest_plugin.client import HtmlPage
from shop.staff import log_in_trail
from shop.staff.models import LogInEvent, Staff
from shop.staff.records import LogInKind
from shop.staff.roles import Role, give_role
from tests.staff.conftest import PASSWORD
from tests.staff.doors import ELSEWHERE, HERE, Browser, fail
from tests.support.fixtures import Clock, MachineClock

#: What docs/operating.md gives fail2ban, with an address in the place of <HOST>.
FAILREGEX = re.compile(r"log-in (?:refused|throttled) name=.* from (?P<host>[0-9a-f.:]+)$")


def kinds() -> list[str]:
    """What happened, the first of it first."""
    return list(LogInEvent.objects.order_by("pk").values_list("kind", flat=True))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.name == log_in_trail.__name__]


def page(client: Client, name: str, query: str = "") -> HtmlPage:
    path = reverse(name) + query
    return HtmlPage.of(client.get(path), path)


def test_log_in_and_log_out_are_written_down(ada: Staff, machine: MachineClock) -> None:
    browser = Browser()
    browser.client.defaults["HTTP_USER_AGENT"] = "Firefox on Linux"
    browser.log_in().log_out()
    browser.log_in()
    first, out, again = LogInEvent.objects.order_by("pk")
    assert kinds() == [LogInKind.LOGGED_IN, LogInKind.LOGGED_OUT, LogInKind.LOGGED_IN]
    assert [each.is_known_device for each in (first, out, again)] == [False, True, True]
    assert {each.person for each in (first, out, again)} == {ada}
    assert (first.address, first.browser, first.at.timestamp()) == (
        HERE,
        "Firefox on Linux",
        machine.seconds,
    )


def test_a_wrong_password_and_one_that_has_to_wait_are_written_down(
    ada: Staff, machine: MachineClock
) -> None:
    fail(5)
    fail(40)
    assert kinds() == [LogInKind.REFUSED] * 5 + [LogInKind.THROTTLED]
    machine.tick(15)
    fail(40)
    assert kinds()[6:] == [LogInKind.REFUSED, LogInKind.THROTTLED]
    assert set(LogInEvent.objects.values_list("person", "address")) == {(ada.pk, HERE)}


def test_a_changed_password_is_written_down(ada: Staff) -> None:
    typed = {"new_password1": "thaw at noon", "new_password2": "thaw at noon"}
    path = reverse("admin:password_change")
    Browser().log_in().client.post(path, {"old_password": PASSWORD, **typed})
    assert kinds()[:2] == [LogInKind.LOGGED_IN, LogInKind.PASSWORD_CHANGED]


def test_a_name_that_nobody_has_may_be_a_password_and_is_written_nowhere(
    ada: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        Browser().log_in("my bank's password", "x")
        Browser().log_in("ada", "my other password")
    assert "bank" not in caplog.text + str(list(LogInEvent.objects.values()))
    assert "other password" not in caplog.text + str(list(LogInEvent.objects.values()))
    assert list(LogInEvent.objects.order_by("pk").values_list("person", flat=True)) == [
        None,
        ada.pk,
    ]


def test_the_log_has_what_an_operator_blocks_addresses_by(
    ada: Staff, machine: MachineClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        fail(6)
        Browser(ELSEWHERE).log_in("nobody", "x")
        Browser("2001:db8::7").log_in("a from 1.1.1.1", "x")
        machine.tick(15)
        Browser().log_in()
    lines = told(caplog)
    hosts = [found["host"] for each in lines if (found := FAILREGEX.search(each))]
    assert hosts == [HERE] * 6 + [ELSEWHERE, "2001:db8::7"]
    assert lines[0] == f"log-in refused name=ada device=new from {HERE}"
    assert lines[-1] == f"log-in logged_in name=ada device=new from {HERE}"


def test_an_owner_sees_all_and_finds_a_person(ada: Staff) -> None:
    Staff.objects.create_user("bob", "bob@example.org", PASSWORD, is_staff=True)
    fail(1, "bob", ELSEWHERE)
    fail(1, "a-name-of-nobodys", ELSEWHERE)
    browser = Browser().log_in()
    everything = page(browser.client, "admin:staff_loginevent_changelist").text
    assert "nobody here" in everything
    assert "bob" in everything and "ada" in everything
    bobs = page(browser.client, "admin:staff_loginevent_changelist", "?q=bob")
    rows = [row.get_text(" ") for row in bobs.soup.select("#result_list tbody tr")]
    assert len(rows) == 1
    assert ELSEWHERE in rows[0] and "refused: wrong password" in rows[0]


@pytest.mark.parametrize("role", [Role.MERCHANDISER, Role.SUPPORT, Role.VIEWER])
def test_others_see_their_own_alone(ada: Staff, role: Role) -> None:
    bob = Staff.objects.create_user("bob", "bob@example.org", PASSWORD, is_staff=True)
    give_role(bob, role)
    fail(1, "ada", ELSEWHERE)
    fail(1, "bob", "203.0.113.9")
    browser = Browser().log_in("bob")
    list_of_all = reverse("admin:staff_loginevent_changelist")
    assert browser.client.get(list_of_all).status_code == 403
    own = page(browser.client, "admin:own_log_ins")
    assert [row["data-log-in"] for row in own.soup.select("[data-log-in]")] == [
        LogInKind.LOGGED_IN,
        LogInKind.REFUSED,
    ]
    assert "203.0.113.9" in own.text
    assert ELSEWHERE not in own.text


def test_nobody_changes_the_trail(ada: Staff) -> None:
    client = Browser().log_in().client
    event = LogInEvent.objects.get()
    for page_name in ("change", "delete"):
        path = reverse(f"admin:staff_loginevent_{page_name}", args=[event.pk])
        client.post(path, {"post": "yes", "kind": "refused"})
    data = {"action": "delete_selected", "_selected_action": [event.pk], "post": "yes"}
    client.post(reverse("admin:staff_loginevent_changelist"), data)
    client.post(reverse("admin:staff_loginevent_add"), {"kind": "refused"})
    event.refresh_from_db()
    assert event.kind == LogInKind.LOGGED_IN
    assert LogInEvent.objects.count() == 1


def test_nothing_that_a_browser_says_of_itself_is_on_the_page(ada: Staff) -> None:
    browser = Browser()
    browser.client.defaults["HTTP_USER_AGENT"] = "<script>x</script> Firefox" + "x" * 10_000
    browser.log_in()
    assert LogInEvent.objects.get().browser == "Firefox"
    own = page(browser.client, "admin:own_log_ins")
    assert not own.soup.select("#content script")


def test_events_are_deleted_after_90_days_by_the_machines_clock(
    ada: Staff, machine: MachineClock, clock: Clock
) -> None:
    Browser().log_in()
    clock.tick(timedelta(days=400))
    machine.tick(90 * 86_400)
    Browser().log_in()
    assert LogInEvent.objects.count() == 2
    machine.tick(1)
    Browser().log_in()
    assert LogInEvent.objects.count() == 2


def test_who_tries_many_names_fills_no_disk_and_hides_nobody(
    ada: Staff, machine: MachineClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_in_trail, "MOST_OF_NOBODY", 5)
    fail(1, "ada")
    for number in range(20):
        fail(1, f"name-{number}", f"203.0.113.{number}")
    assert LogInEvent.objects.filter(person=None).count() == 5
    assert LogInEvent.objects.filter(person=ada).count() == 1
