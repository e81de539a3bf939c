"""The password is asked for once more before a sensitive action, and nothing typed is lost."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.urls import reverse

from shop.merchant.forms import interrupted_form, password_prompt
from shop.orders.models import Order, Refund
from shop.sales.models import Sale
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role, role_of
from tests.merchant.forms.test_interrupted_form import PASSWORD, Browser, fields_of, make_staff
from tests.support.factories import make_order, refreshed
from tests.support.fixtures import Clock, MachineClock

QUARTER = 900


@pytest.fixture
def ada(db: None, clock: Clock) -> Staff:
    return make_staff("ada")


@pytest.fixture
def desk(ada: Staff, machine: MachineClock) -> Browser:
    """Ada's browser, a quarter of an hour after she logged in."""
    browser = Browser(ada)
    machine.tick(QUARTER)
    return browser


@pytest.fixture
def order(sale: Sale) -> Order:
    return make_order(sale)


def is_asked(desk: Browser) -> bool:
    """Whether her page asks for the password."""
    return bool(desk.page.soup.select("[data-password-prompt]"))


@dataclass(frozen=True)
class Act:
    """Something that asks for the password: how it is done, and whether it was.

    ``looks``: it is sent twice, since the first answer shows the consequences.
    """

    path: Callable[[Sale, Order], str]
    typed: dict[str, str]
    is_done: Callable[[Sale], bool]
    looks: bool = False


def _of_sale(name: str) -> Callable[[Sale, Order], str]:
    return lambda sale, order: reverse(f"admin:sales_sale_{name}", args=[sale.pk])


def _bob(sale: Sale, order: Order) -> str:
    bob, _ = Staff.objects.get_or_create(username="bob", email="bob@example.org", is_staff=True)
    give_role(bob, Role.VIEWER)
    return reverse("admin:staff_staff_change", args=[bob.pk])


def _is_promoted(sale: Sale) -> bool:
    return role_of(Staff.objects.get(username="bob")) is Role.OWNER


ACTS = {
    "a recall": Act(
        _of_sale("recall"),
        {"deal": "all", "reason": "A price was wrong.", "prices": "leave"},
        lambda sale: sale.recalls.exists(),
        looks=True,
    ),
    "a cancellation with a recall": Act(
        _of_sale("cancel"),
        {"recall": "on", "reason": "The goods are broken."},
        lambda sale: sale.recalls.exists(),
    ),
    "hiding with a recall": Act(
        _of_sale("unpublish"),
        {"recall": "on", "reason": "The goods are broken."},
        lambda sale: sale.recalls.exists(),
    ),
    "another role": Act(_bob, {"role": "owner"}, _is_promoted),
    "somebody new": Act(
        lambda sale, order: reverse("admin:staff_staff_add"),
        {"username": "eve", "email": "eve@example.org", "role": "owner"},
        lambda sale: Staff.objects.filter(username="eve").exists(),
    ),
}

each_act = pytest.mark.parametrize("act", ACTS.values(), ids=ACTS.keys())


def do(desk: Browser, act: Act, sale: Sale, order: Order) -> None:
    """Fill in the form of an act, and press its button."""
    desk.open(act.path(sale, order))
    if act.looks:
        desk.send(**{name: value for name, value in act.typed.items() if name != "prices"})
        assert not is_asked(desk)
    desk.send(**act.typed)


@each_act
def test_it_is_asked_for_before_the_act_and_the_act_follows(
    desk: Browser, sale: Sale, order: Order, act: Act
) -> None:
    do(desk, act, sale, order)
    assert (desk.page.status, is_asked(desk)) == (403, True)
    assert not act.is_done(sale)
    desk.send(password_again=PASSWORD)
    assert not is_asked(desk)
    assert act.is_done(sale)


@each_act
@pytest.mark.parametrize(("seconds", "asked"), [(-1, False), (0, True)])
def test_it_is_asked_for_once_in_a_quarter_of_an_hour(
    ada: Staff, machine: MachineClock, sale: Sale, order: Order, act: Act, seconds: int, asked: bool
) -> None:
    desk = Browser(ada)
    machine.tick(QUARTER + seconds)
    do(desk, act, sale, order)
    assert is_asked(desk) == asked
    assert act.is_done(sale) != asked


def test_what_it_confirms_is_good_for_a_quarter_of_an_hour_too(
    desk: Browser, machine: MachineClock, sale: Sale, order: Order
) -> None:
    do(desk, ACTS["another role"], sale, order)
    desk.send(password_again=PASSWORD)
    machine.tick(QUARTER - 1)
    do(desk, ACTS["a recall"], sale, order)
    assert sale.recalls.exists()


def test_a_wrong_password_does_nothing_and_loses_nothing(
    desk: Browser, sale: Sale, order: Order
) -> None:
    do(desk, ACTS["a recall"], sale, order)
    for wrong in ("a guess", ""):
        desk.send(password_again=wrong)
        assert (desk.page.status, is_asked(desk)) == (403, True)
        assert "take back offers of Autumn" in desk.page.text
        assert not sale.recalls.exists()
    desk.send(password_again=PASSWORD)
    assert sale.recalls.get().reason == "A price was wrong."


def test_the_password_of_somebody_else_does_not_count(
    desk: Browser, sale: Sale, order: Order
) -> None:
    bob = make_staff("bob")
    bob.set_password("thaw at noon")
    bob.save()
    do(desk, ACTS["a recall"], sale, order)
    desk.send(password_again="thaw at noon")
    assert is_asked(desk)
    assert not sale.recalls.exists()


def test_guesses_count_as_they_do_at_the_log_in(
    desk: Browser, sale: Sale, order: Order, settings: LazySettings
) -> None:
    do(desk, ACTS["a recall"], sale, order)
    asked = desk.page
    for _ in range(settings.LOGIN_TRIES + 1):
        desk.page = asked
        desk.send(password_again="a guess")
    assert desk.page.status == 429
    desk.page = asked
    desk.send(password_again=PASSWORD)
    assert desk.page.status == 429
    assert not sale.recalls.exists()


def test_a_recall_needs_one_page_more_at_the_most(
    desk: Browser, sale: Sale, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = Mock(wraps=desk.client.post)
    monkeypatch.setattr(desk.client, "post", post)
    do(desk, ACTS["a recall"], sale, order)
    desk.send(password_again=PASSWORD)
    assert sale.recalls.exists()
    assert post.call_count == 3


@pytest.mark.parametrize("name", ["extend", "unpublish", "cancel"])
def test_what_breaks_no_promise_asks_nobody(desk: Browser, sale: Sale, name: str) -> None:
    desk.open(reverse(f"admin:sales_sale_{name}", args=[sale.pk]))
    desk.send(**({"minutes": "5"} if name == "extend" else {}))
    assert not is_asked(desk)
    sale.refresh_from_db()
    assert sale.extensions.exists() if name == "extend" else sale.state != Sale.State.PUBLISHED


def test_ending_sessions_asks_nobody(desk: Browser) -> None:
    bob = make_staff("bob")
    his = Browser(bob)
    desk.client.handler.enforce_csrf_checks = False
    data = {"action": "end_sessions", "_selected_action": [bob.pk]}
    desk.client.post(reverse("admin:staff_staff_changelist"), data)
    assert his.client.get("/merchant/").status_code == 302
    assert desk.client.post("/merchant/account/log-out-everywhere/").status_code == 302
    assert refreshed(Staff.objects.get(username="ada")).open_sessions == []


# --- Refunds and exports ------------------------------------------------------------


@pytest.mark.parametrize(("limit", "asked"), [(499, True), (500, False)])
@pytest.mark.parametrize("before", [0, 499])
def test_a_refund_asks_from_a_sum_on_together_with_those_before(
    desk: Browser,
    order: Order,
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    before: int,
    limit: int,
    asked: bool,
) -> None:
    settings.CONFIRM_REFUNDS_FROM = before + limit
    # The payment is at no Stripe: a refund is written down, and made later.
    monkeypatch.setattr("shop.merchant.orders.refund_form.execute", lambda *a, **k: None)
    units = f"units_{order.lines.get().pk}"
    path = reverse("admin:checkout_order_refund", args=[order.pk])
    if before:
        fresh = Browser(Staff.objects.get())
        fresh.open(path)
        fresh.send(**{units: "1", "reason": "It was chipped."})
        fresh.send()
    desk.open(path)
    desk.send(**{units: "1", "reason": "It was chipped."})
    assert desk.page.soup.select("#consequences")
    desk.send()
    assert is_asked(desk) == asked
    assert ("refund €4.99 of FF-12345678" in desk.page.text) == asked
    assert Refund.objects.count() == (1 if before else 0) + (0 if asked else 1)
    if asked:
        desk.send(password_again=PASSWORD)
    assert [each.amount for each in Refund.objects.all()] == [499] * (2 if before else 1)


EXPORT = "/merchant/checkout/order/export/?status__exact=paid"


def export(desk: Browser) -> Any:
    return desk.client.get(EXPORT)


@pytest.mark.parametrize(("limit", "asked"), [(1, True), (2, False)])
def test_an_export_asks_from_a_number_of_orders_on(
    desk: Browser, order: Order, settings: LazySettings, limit: int, asked: bool
) -> None:
    settings.CONFIRM_EXPORTS_FROM = limit
    answer = export(desk)
    assert (answer.status_code == 403) == asked
    assert ("attachment" in answer.get("Content-Disposition", "")) != asked


def test_the_file_comes_by_itself_once_the_password_was_right(
    desk: Browser, order: Order, settings: LazySettings
) -> None:
    settings.CONFIRM_EXPORTS_FROM = 1
    desk.path = EXPORT
    desk.page = desk.page.of(export(desk), EXPORT)
    assert "the names and addresses of 1 order out" in desk.page.text
    desk.send(password_again="a guess")
    assert is_asked(desk)
    page = desk.send(password_again=PASSWORD)
    assert page.status == 200
    refresh = page.one("meta[http-equiv=refresh]")["content"]
    assert refresh == f"0; url={EXPORT}"
    assert b"Ada Lovelace" in b"".join(export(desk).streaming_content)


# --- What is not carried ----------------------------------------------------------


def test_the_password_stands_nowhere(
    desk: Browser, sale: Sale, order: Order, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    do(desk, ACTS["a recall"], sale, order)
    assert "What you wrote is kept" in desk.page.text
    desk.send(password_again="another secret")
    assert "another secret" not in desk.page.html
    desk.send(password_again=PASSWORD)
    assert f"password confirmed by={Staff.objects.get().pk}" in caplog.text
    assert "another secret" not in caplog.text
    assert PASSWORD not in caplog.text


def test_a_form_that_somebody_else_wrote_is_not_sent(
    desk: Browser, sale: Sale, order: Order, machine: MachineClock
) -> None:
    his = Browser(make_staff("bob"))
    machine.tick(QUARTER)
    do(his, ACTS["a recall"], sale, order)
    typed = fields_of(his.form)["typed"]
    do(desk, ACTS["a recall"], sale, order)
    desk.send(password_again=PASSWORD, typed=typed)
    assert not sale.recalls.exists()
    assert password_prompt.SEND_AGAIN in desk.page.text


@pytest.mark.parametrize("damage", [lambda typed: f"{typed[:-2]}AA", lambda typed: "a.b.c"])
def test_a_form_that_is_not_ours_is_not_sent(
    desk: Browser, sale: Sale, order: Order, damage: Callable[[str], str]
) -> None:
    do(desk, ACTS["a recall"], sale, order)
    desk.send(password_again=PASSWORD, typed=damage(fields_of(desk.form)["typed"]))
    assert not sale.recalls.exists()


def test_a_form_of_another_address_is_not_sent(desk: Browser, sale: Sale, order: Order) -> None:
    do(desk, ACTS["a recall"], sale, order)
    desk.path = reverse("admin:sales_sale_cancel", args=[sale.pk])
    desk.send(password_again=PASSWORD)
    sale.refresh_from_db()
    assert sale.state == Sale.State.PUBLISHED
    assert not sale.recalls.exists()


def test_a_form_of_another_site_is_refused(desk: Browser, sale: Sale, order: Order) -> None:
    do(desk, ACTS["a recall"], sale, order)
    page = desk.send(password_again=PASSWORD, csrfmiddlewaretoken="x" * 32)
    assert page.status == 403
    assert not sale.recalls.exists()


def test_a_form_that_is_too_long_to_be_carried_is_sent_again_by_hand(
    desk: Browser, sale: Sale, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted_form, "MOST_CHARACTERS", 100)
    do(desk, ACTS["a cancellation with a recall"], sale, order)
    desk.send(password_again="a guess")
    assert password_prompt.WRONG in desk.page.text
    do(desk, ACTS["a cancellation with a recall"], sale, order)
    desk.send(password_again=PASSWORD)
    assert password_prompt.SEND_AGAIN in desk.page.text
    assert not sale.recalls.exists()
    do(desk, ACTS["a cancellation with a recall"], sale, order)
    assert sale.recalls.exists()


def test_who_is_logged_out_meanwhile_finds_the_form_again_and_sends_it(
    desk: Browser, sale: Sale, order: Order
) -> None:
    act = ACTS["a cancellation with a recall"]
    do(desk, act, sale, order)
    desk.log_out()
    desk.send(password_again=PASSWORD)
    desk.log_in()
    assert interrupted_form.AGAIN in desk.page.text
    assert fields_of(desk.form)["reason"] == act.typed["reason"]
    assert not sale.recalls.exists()
    desk.send()
    assert sale.recalls.exists()


def test_a_change_that_was_made_meanwhile_is_told_and_nothing_is_done(
    desk: Browser, sale: Sale, order: Order
) -> None:
    do(desk, ACTS["a cancellation with a recall"], sale, order)
    other = Browser(make_staff("olga"))
    other.open(reverse("admin:sales_sale_extend", args=[sale.pk]))
    other.send(minutes="5")
    desk.send(password_again=PASSWORD)
    assert "since this page was opened" in desk.page.text
    assert not sale.recalls.exists()


def test_nobody_gets_further_by_the_password_than_by_their_role(
    desk: Browser, ada: Staff, sale: Sale, order: Order
) -> None:
    do(desk, ACTS["a recall"], sale, order)
    ada.groups.set([Group.objects.get(name=Role.VIEWER)])
    desk.send(password_again=PASSWORD)
    assert desk.page.status == 403
    assert not is_asked(desk)
    assert not sale.recalls.exists()
