"""A form that is sent when its writer was logged out meanwhile: nothing typed is lost, or saved."""

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import Tag
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from shop.catalog.models import Product
from shop.merchant.forms import interrupted_form
from shop.orders.models import Order, Refund
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import OPENS, ROOT
from shop.sales.models import Sale
from shop.staff.models import Staff, TryCount
from shop.staff.roles import Role, give_role
from tests.support.factories import make_order, mug, refreshed
from tests.support.fixtures import Clock, MachineClock

PASSWORD = "a long walk in the snow"
TWELVE_HOURS, HALF_AN_HOUR = 12 * 3600, 1800

type Fields = dict[str, str]


def make_staff(name: str, role: Role = Role.OWNER) -> Staff:
    person = Staff.objects.create_user(name, f"{name}@example.org", PASSWORD, is_staff=True)
    give_role(person, role)
    return person


@pytest.fixture
def ada(db: None, clock: Clock) -> Staff:
    return make_staff("ada")


class Browser:
    """A browser in which somebody writes; it sends what its page has."""

    def __init__(self, person: Staff) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.client.force_login(person)
        self.path = ""
        self.page = HtmlPage(0, "", "")

    def open(self, path: str) -> HtmlPage:
        self.path, self.page = path, HtmlPage.of(self.client.get(path), path)
        assert self.page.status == 200
        return self.page

    def log_out(self) -> None:
        """Her log-in ends, and she does not notice."""
        self.client.cookies.pop(settings.SESSION_COOKIE_NAME)

    def send(self, **typed: Any) -> HtmlPage:
        """Send the page's form, with what is typed into it; None takes a field out."""
        fields: dict[str, Any] = {**fields_of(self.form), **typed}
        sent = {name: value for name, value in fields.items() if value is not None}
        answer = self.client.post(self.path, sent, follow=True)
        self.page = HtmlPage.of(answer, self.path)
        return self.page

    def log_in(self, name: str = "ada", password: str = PASSWORD) -> HtmlPage:
        """Fill in the log-in page that stands at the form's address."""
        assert self.form.get("action") == self.path
        return self.send(username=name, password=password)

    @property
    def form(self) -> Tag:
        """The form that people type into."""
        forms = self.page.soup.select("#content form[method=post]")
        return max(forms, key=lambda form: len(form.select("[name]")))


def fields_of(form: Tag) -> Fields:
    """What a browser would send of a form, were it sent by Enter."""
    fields: Fields = {}
    for field in form.select("[name]"):
        name, kind = str(field["name"]), field.get("type", "")
        if kind in {"submit", "file"} or field.name == "button":
            continue
        if field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            fields[name] = str(chosen["value"]) if chosen else ""
        elif field.name == "textarea":
            fields[name] = field.get_text().removeprefix("\n")
        elif kind not in {"checkbox", "radio"}:
            fields[name] = str(field.get("value", ""))
        elif field.has_attr("checked"):
            fields[name] = str(field.get("value", "on"))
    return fields


@pytest.fixture
def desk(ada: Staff) -> Browser:
    """Ada's browser."""
    return Browser(ada)


@pytest.fixture
def change_sale(sale: Sale) -> str:
    return reverse("admin:sales_sale_change", args=[sale.pk])


@pytest.fixture
def hold_longer(sale: Sale) -> str:
    """A page that is smaller than a sale's."""
    return reverse("admin:sales_sale_extend", args=[sale.pk])


# --- A sale ---------------------------------------------------------------------


def test_what_was_typed_is_there_again_and_is_saved_by_the_next_press(
    desk: Browser, sale: Sale, change_sale: str
) -> None:
    before = sale.changes.count()
    desk.open(change_sale)
    desk.log_out()
    asked = desk.send(title="Autumn, at last", text="Warm things & more")
    assert asked.status == 403
    assert "Log in, and what you wrote is there again. Nothing of it is saved yet." in asked.text
    shown = desk.log_in()
    assert (shown.status, shown.path) == (200, change_sale)
    assert interrupted_form.AGAIN in shown.text
    typed = fields_of(desk.form)
    assert (typed["title"], typed["text"]) == ("Autumn, at last", "Warm things & more")
    assert "correct the error" not in shown.text
    assert refreshed(sale).title == "Autumn"
    assert sale.changes.count() == before
    desk.send()
    assert (refreshed(sale).title, sale.text) == ("Autumn, at last", "Warm things & more")


def test_deals_that_were_added_to_a_new_sale_are_there_again(desk: Browser, sale: Sale) -> None:
    desk.open(reverse("admin:sales_sale_add"))
    desk.log_out()
    window = {"starts_at": "2026-12-01 12:00", "ends_at": "2026-12-01 12:15"}
    rows = {"deals-TOTAL_FORMS": "2"}
    for number, sku in enumerate(("MUG-01", "LMP-01")):
        row = {"product": sku, "price": "3.99", "max_per_shopper": "2", "position": "0"}
        rows |= {f"deals-{number}-{name}": value for name, value in row.items()}
        rows |= {f"deals-{number}-id": "", f"deals-{number}-sale": "", "deals-0-allocation": ""}
    desk.send(title="Winter", slug="winter", **window, **rows)
    desk.log_in()
    typed = fields_of(desk.form)
    assert [typed[f"deals-{number}-product"] for number in (0, 1)] == ["MUG-01", "LMP-01"]
    assert typed["deals-1-price"] == "3.99"
    assert not Sale.objects.filter(slug="winter").exists()


@pytest.mark.parametrize(("seconds", "is_asked"), [(-1, False), (0, True)])
def test_a_log_in_ends_after_its_twelve_hours(
    desk: Browser, sale: Sale, change_sale: str, machine: MachineClock, seconds: int, is_asked: bool
) -> None:
    desk.client.force_login(Staff.objects.get())
    desk.open(change_sale)
    for _ in range(TWELVE_HOURS // HALF_AN_HOUR - 1):
        machine.tick(HALF_AN_HOUR)
        desk.client.get("/merchant/")
    machine.tick(HALF_AN_HOUR + seconds)
    page = desk.send(title="Later")
    assert (page.status == 403) == is_asked
    assert (refreshed(sale).title == "Later") != is_asked


def test_who_logged_out_everywhere_loses_nothing_either(
    desk: Browser, ada: Staff, sale: Sale, hold_longer: str
) -> None:
    desk.open(hold_longer)
    ada.end_sessions()
    desk.send(reason="Mine")
    desk.log_in()
    assert fields_of(desk.form)["reason"] == "Mine"


def test_a_wrong_password_loses_nothing(desk: Browser, hold_longer: str) -> None:
    desk.open(hold_longer)
    desk.log_out()
    desk.send(reason="Mine")
    again = desk.log_in(password="a guess")
    assert "enter the correct" in again.text.lower()
    desk.log_in()
    assert fields_of(desk.form)["reason"] == "Mine"


def test_a_log_in_that_has_to_wait_loses_nothing(desk: Browser, hold_longer: str) -> None:
    desk.open(hold_longer)
    desk.log_out()
    desk.send(reason="Mine")
    for _ in range(6):
        again = desk.log_in(password="a guess")
    assert again.status == 429
    assert "too many wrong passwords" in again.text.lower()
    TryCount.objects.all().delete()
    desk.log_in()
    assert fields_of(desk.form)["reason"] == "Mine"


def test_what_others_changed_meanwhile_is_told_with_what_was_typed(
    desk: Browser, sale: Sale, change_sale: str
) -> None:
    desk.open(change_sale)
    desk.log_out()
    desk.send(title="Mine")
    other = Browser(make_staff("olga"))
    other.open(change_sale)
    other.send(title="Theirs")
    assert refreshed(sale).title == "Theirs"
    assert "Somebody changed this too, to Theirs." in desk.log_in().text
    assert refreshed(sale).title == "Theirs"
    desk.send()
    assert refreshed(sale).title == "Mine"


# --- Other forms ------------------------------------------------------------------


@pytest.fixture
def order(sale: Sale) -> Order:
    return make_order(sale)


type Case = tuple[Callable[[Sale, Order], str], Fields]

OTHERS: dict[str, Case] = {
    "a product": (
        lambda sale, order: reverse("admin:catalog_product_change", args=[mug().pk]),
        {"name": "Tall mug", "list_price": "59.90"},
    ),
    "a new product": (
        lambda sale, order: reverse("admin:catalog_product_add"),
        {"sku": "NEW-01", "name": "New", "list_price": "5.00"},
    ),
    "stock": (
        lambda sale, order: reverse("admin:catalog_product_stock", args=[mug().pk]),
        {"units": "-3", "note": "Cracked"},
    ),
    "more time": (
        lambda sale, order: reverse("admin:sales_sale_extend", args=[sale.pk]),
        {"minutes": "5", "reason": "The bank was slow"},
    ),
    "a recall": (
        lambda sale, order: reverse("admin:sales_sale_recall", args=[sale.pk]),
        {"reason": "A price was wrong."},
    ),
    "a copy": (
        lambda sale, order: reverse("admin:sales_sale_copy", args=[sale.pk]),
        {"title": "Autumn again", "times": "3"},
    ),
    "a refund": (
        lambda sale, order: reverse("admin:checkout_order_refund", args=[order.pk]),
        {"reason": "It was chipped."},
    ),
    "a member of staff": (
        lambda sale, order: reverse("admin:staff_staff_add"),
        {"username": "bob", "email": "bob@example.org"},
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_every_long_form_is_there_again_and_nothing_was_done(
    desk: Browser, sale: Sale, order: Order, name: str
) -> None:
    path, typed = OTHERS[name][0](sale, order), OTHERS[name][1]
    counts = (Staff, Product, Sale, Refund)
    before = [model.objects.count() for model in counts]
    desk.open(path)
    desk.log_out()
    assert desk.send(**typed).status == 403
    assert desk.log_in().path == path
    shown = fields_of(desk.form)
    assert {name: shown[name] for name in typed} == typed
    assert interrupted_form.AGAIN in desk.page.text
    assert [model.objects.count() for model in counts] == before
    assert not sale.extensions.exists()
    assert mug().name == "Stoneware mug"


def test_every_form_of_a_row_is_restorable(ada: Staff, rf: RequestFactory) -> None:
    request = rf.get("/merchant/")
    request.user = ada
    request.now = OPENS  # type: ignore[attr-defined]
    for model, page in admin.site._registry.items():
        if page.has_change_permission(request) or page.has_add_permission(request):
            form = page.get_form(request)
            assert issubclass(form, interrupted_form.RestorableFormMixin), model


def test_every_page_that_writes_out_a_form_names_its_writer() -> None:
    """Of our own forms; those that Django writes out have one template."""
    pages = {page.name: page.read_text() for page in (ROOT / "templates/merchant").glob("*.html")}
    forms = {name for name, text in pages.items() if "hidden_fields" in text}
    assert forms >= {"_fields.html", "recall.html"}
    assert [name for name in forms if "merchant/_writer.html" not in pages[name]] == []


@pytest.mark.parametrize("part", ["window-summary", "sense-checks"])
def test_a_part_of_a_page_does_not_become_the_log_in_page(desk: Browser, part: str) -> None:
    page = "http://testserver" + reverse("admin:sales_sale_add")
    path = reverse(f"admin:sales_sale_{part.replace('-', '_')}")
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    ask = desk.client.post if part == "sense-checks" else desk.client.get
    desk.client.handler.enforce_csrf_checks = False
    desk.log_out()
    assert ask(path, {"typed_by": "x"}, headers=headers).status_code == 204


def test_an_address_of_a_page_that_is_none_breaks_nothing(desk: Browser, sale: Sale) -> None:
    desk.log_out()
    headers = {"HX-Request": "true", "HX-Current-URL": "http://[::1"}
    path = reverse("admin:sale_live", args=[sale.slug])
    assert desk.client.get(path, headers=headers).status_code == 204


def test_a_page_that_fetches_itself_anew_is_sent_to_the_log_in(desk: Browser, sale: Sale) -> None:
    path = reverse("admin:sale_live", args=[sale.slug])
    desk.log_out()
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}"}
    assert "/merchant/login/" in desk.client.get(path, headers=headers)["Location"]


def test_a_chosen_file_has_to_be_chosen_again(desk: Browser, sale: Sale) -> None:
    desk.open(reverse("admin:catalog_product_change", args=[mug().pk]))
    desk.log_out()
    desk.send(name="Tall mug", picture=SimpleUploadedFile("mug.png", b"x", "image/png"))
    desk.log_in()
    assert interrupted_form.CHOOSE_FILES_AGAIN in desk.page.text
    assert fields_of(desk.form)["name"] == "Tall mug"


# --- What is not shown again ------------------------------------------------------


def test_somebody_else_who_logs_in_is_not_shown_what_was_typed(
    desk: Browser, sale: Sale, hold_longer: str
) -> None:
    make_staff("bob")
    desk.open(hold_longer)
    desk.log_out()
    desk.send(reason="What Ada wrote")
    desk.log_in("bob")
    assert interrupted_form.NOT_YOURS in desk.page.text
    assert "What Ada wrote" not in desk.page.html
    assert fields_of(desk.form)["reason"] == ""


def test_who_may_not_see_the_page_any_more_is_told_so(
    desk: Browser, ada: Staff, hold_longer: str
) -> None:
    desk.open(reverse("admin:staff_staff_add"))
    give_role(ada, Role.VIEWER)
    desk.send(username="mallory", email="mallory@example.org")
    assert desk.log_in().status == 403
    assert not Staff.objects.filter(username="mallory").exists()


def test_a_message_that_is_not_ours_is_not_shown(
    desk: Browser, sale: Sale, hold_longer: str
) -> None:
    desk.open(hold_longer)
    desk.log_out()
    desk.send(reason="Mine")
    typed = fields_of(desk.form)["typed"]
    for forged in (f"{typed[:-2]}AA", "a.b.c"):
        desk.open("/merchant/login/")
        desk.path = hold_longer
        desk.send(username="ada", password=PASSWORD, typed=forged, next=None)
        assert fields_of(desk.form)["reason"] == ""
        desk.log_out()


def test_a_message_of_another_address_is_not_shown(desk: Browser, sale: Sale) -> None:
    desk.open(reverse("admin:sales_sale_recall", args=[sale.pk]))
    desk.log_out()
    desk.send(reason="Mine")
    desk.path = reverse("admin:sales_sale_extend", args=[sale.pk])
    desk.send(username="ada", password=PASSWORD)
    assert fields_of(desk.form)["reason"] == ""


def test_a_form_of_another_site_is_refused_and_not_shown(desk: Browser, hold_longer: str) -> None:
    desk.open(hold_longer)
    desk.log_out()
    page = desk.send(reason="Evil", csrfmiddlewaretoken="x" * 32)
    assert (page.status, "Evil" in page.html) == (403, False)
    assert "One cookie is missing" in page.text


def test_a_password_is_never_carried(desk: Browser) -> None:
    desk.open("/merchant/password_change/")
    desk.log_out()
    page = desk.send(
        old_password=PASSWORD, new_password1="secret word", new_password2="secret word"
    )
    assert page.path.startswith("/merchant/login/")
    assert "secret word" not in page.html


def test_a_button_is_not_pressed_by_logging_in(
    desk: Browser, order: Order, mailoutbox: Any
) -> None:
    desk.open(reverse("admin:checkout_order_change", args=[order.pk]))
    desk.path = reverse("admin:checkout_order_receipt", args=[order.pk])
    desk.log_out()
    assert desk.send().path.startswith("/merchant/login/")
    assert mailoutbox == []


def test_what_is_too_long_to_be_carried_leads_to_the_log_in_as_ever(
    desk: Browser, hold_longer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted_form, "MOST_CHARACTERS", 1000)
    desk.open(hold_longer)
    desk.log_out()
    assert desk.send(reason="long " * 500).path.startswith("/merchant/login/")


def test_nothing_is_kept_of_a_form_whose_view_does_not_see_the_mark(
    desk: Browser, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted_form, "SHOWN_AGAIN", "another mark")
    monkeypatch.setattr(
        interrupted_form.RestorableFormMixin,
        "is_valid",
        lambda form: form.is_bound and not form.errors,
    )
    desk.open(reverse("admin:sales_sale_extend", args=[sale.pk]))
    desk.log_out()
    desk.send(minutes="5")
    desk.log_in()
    assert not sale.extensions.exists()
