"""The owner's page for the staff: making someone, giving roles, and ending their sessions."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from shop.qa.pytest_plugin.back_office import fields_of
from shop.qa.pytest_plugin.client import HtmlPage
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role, role_of
from tests.support.factories import refreshed

pytestmark = pytest.mark.django_db


def hire(name: str, role: Role) -> tuple[Staff, Client]:
    """Someone with a role, and their browser, logged in."""
    person = Staff.objects.create_user(name, f"{name}@example.org", is_staff=True)
    give_role(person, role)
    client = Client()
    client.force_login(person)
    return person, client


@pytest.fixture
def owner() -> Client:
    return hire("olga", Role.OWNER)[1]


def page_of(person: Staff) -> str:
    return reverse("admin:staff_staff_change", args=[person.pk])


def send(client: Client, path: str, **changes: Any) -> HtmlPage:
    """Fill in the form of a page, and send it; a field set to None is left empty."""
    page = HtmlPage(200, path, client.get(path).content.decode())
    form = page.one("form:has([name=_save])")
    fields = fields_of(form)
    chosen = form.select_one("[name=role][checked]")
    fields["role"] = chosen["value"] if chosen else ""
    fields |= changes
    sent = {name: value for name, value in fields.items() if value is not None}
    answer = client.post(path, sent | {"_save": "Save"}, follow=True)
    return HtmlPage.of(answer, path)


def role_now(person: Staff) -> Role | None:
    return role_of(Staff.objects.get(pk=person.pk))


def is_in(client: Client) -> bool:
    return client.get("/merchant/").status_code == 200


def test_someone_new_gets_a_role_and_a_link_to_choose_a_password(
    owner: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    path = reverse("admin:staff_staff_add")
    with django_capture_on_commit_callbacks(execute=True):
        page = send(owner, path, username="bob", email="bob@example.org", role="support")
    bob = Staff.objects.get(username="bob")
    assert role_of(bob) is Role.SUPPORT
    assert bob.is_staff
    assert not bob.is_superuser
    assert "on its way to bob@example.org" in page.text
    assert [message.to for message in mail.outbox] == [["bob@example.org"]]
    assert "Your name there: bob" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("email", "said"),
    [("", "This field is required."), ("OLGA@example.org", "has this mail address already")],
)
def test_everyone_has_a_mail_address_of_their_own(owner: Client, email: str, said: str) -> None:
    path = reverse("admin:staff_staff_add")
    page = send(owner, path, username="bob", email=email, role="support")
    assert said in page.text
    assert not Staff.objects.filter(username="bob").exists()


def test_another_role_counts_from_the_next_request_on(owner: Client) -> None:
    bob, browser = hire("bob", Role.SUPPORT)
    send(owner, page_of(bob), role="viewer")
    assert role_now(bob) is Role.VIEWER
    assert not is_in(browser)


def test_saving_someone_unchanged_ends_no_session(owner: Client) -> None:
    bob, browser = hire("bob", Role.SUPPORT)
    send(owner, page_of(bob), first_name="Bob")
    assert is_in(browser)


def test_a_deactivated_login_is_out_at_once_and_its_session_stays_dead(owner: Client) -> None:
    bob, browser = hire("bob", Role.SUPPORT)
    send(owner, page_of(bob), is_active=None)
    assert not is_in(browser)
    cookie = browser.cookies["sessionid"].value
    send(owner, page_of(bob), is_active="on")
    browser.cookies["sessionid"] = cookie
    assert not is_in(browser)


def test_the_owner_logs_somebody_out_everywhere(owner: Client) -> None:
    bob, browser = hire("bob", Role.SUPPORT)
    data = {"action": "end_sessions", "_selected_action": [bob.pk]}
    owner.post(reverse("admin:staff_staff_changelist"), data)
    assert not is_in(browser)
    assert is_in(owner)


def test_the_owner_mails_somebody_a_link_and_no_mailbox_full_of_them(
    owner: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    bob, _ = hire("bob", Role.SUPPORT)
    data = {"action": "mail_link", "_selected_action": [bob.pk]}
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(5):
            answer = owner.post(reverse("admin:staff_staff_changelist"), data, follow=True)
    assert [message.to for message in mail.outbox] == [["bob@example.org"]] * 3
    assert "bob: links were mailed several times just now" in answer.content.decode().lower()


@pytest.mark.parametrize("role", [Role.MERCHANDISER, Role.SUPPORT, Role.VIEWER])
def test_nobody_below_the_owner_gives_themselves_a_role(role: Role) -> None:
    bob, browser = hire("bob", role)
    assert browser.post(page_of(bob), {"username": "bob", "role": "owner"}).status_code == 403
    assert role_now(bob) is role


def test_an_owner_neither_drops_their_own_role_nor_locks_themselves_out() -> None:
    olga, browser = hire("olga", Role.OWNER)
    send(browser, page_of(olga), role="viewer", is_active=None)
    olga.refresh_from_db()
    assert role_now(olga) is Role.OWNER
    assert olga.is_active


def test_nobody_makes_a_superuser_of_anyone(owner: Client) -> None:
    bob, _ = hire("bob", Role.SUPPORT)
    send(owner, page_of(bob), is_superuser="on", is_staff="on", user_permissions="1")
    assert not refreshed(bob).is_superuser
    assert not bob.user_permissions.exists()


def test_an_owner_does_not_take_over_a_superusers_account(owner: Client) -> None:
    root = Staff.objects.create_superuser("root", "root@example.org")
    answer = owner.post(page_of(root), {"username": "root", "email": "olga@example.org"})
    assert answer.status_code == 403
    data = {"action": "end_sessions", "_selected_action": [root.pk]}
    owner.post(reverse("admin:staff_staff_changelist"), data)
    assert (refreshed(root).email, root.session_epoch) == ("root@example.org", 0)
