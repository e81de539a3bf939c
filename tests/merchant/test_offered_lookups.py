"""Lists of the back office answer what their pages offer: no free lookup, no hostile search."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from shop.catalog.models import Product
from shop.merchant.forms.offered_lookups import MOST_SEARCHED, NotOffered, OfferedChangeList
from shop.merchant.site import MerchantSite
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.models import Deal, Sale
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.support.factories import make_order

ADMINS = sorted(admin.site._registry.values(), key=lambda each: each.opts.label)
LISTS = [f"{each.opts.app_label}_{each.opts.model_name}" for each in ADMINS]
#: Columns that no page shows, filters, orders or searches by.
SECRET = re.compile(r"password|secret|token|nonce|epoch|hash|\bkey\b|^offer$")

#: What no list offers, and an attacker asks for.
FREE = [
    "text__regex=^(.|.){24}!!$",
    "password__regex=^pbkdf2",
    "password__startswith=p",
    "pk__in=1,2",
    "id=1",
    "nope=1",
    "nope__nope=1",
    "e=1&nope=1",
    "groups__permissions__codename__regex=a",
    "deals__sale__recalls__reason__regex=a",
    "lines__offer__startswith=a",
    "deals__nonce__startswith=a",
    "_changelist_filters=q%3Da",
]
PRODUCTS, SALES, DEALS = "catalog_product", "sales_sale", "sales_deal"
ORDERS, STAFF = "checkout_order", "staff_staff"
#: What a list offers, asked for in a way that no page of ours does; and what is said of it.
WRONG = {
    SALES: [
        ("state__exact=draft&state__exact=draft", "takes one value"),
        (f"state__exact={'x' * 201}", "takes one value, and a short one"),
        ("state__isnull=1&state__regex=a", "no filter state__regex"),
    ],
    DEALS: [
        ("sale__id__exact=x", "no such value"),
        (f"sale__id__exact={'9' * 190}x", "no such value"),
        ("withdrawn__exact=perhaps", "no such value"),
    ],
    ORDERS: [
        ("placed_at__gte=yesterday", "no such value"),
        ("placed_at__gte=2026-11-27", "no such value"),
        ("placed_at__gte=2026-02-30+00:00:00%2B01:00", "no such value"),
        ("placed_at__gte=0001-01-01+00:00:00%2B14:00", "no such value"),
        (f"sale={'x' * 201}", "takes one value, and a short one"),
    ],
    STAFF: [("is_active__exact=2026", "no such value")],
    PRODUCTS: [("sku=MUG-01", "no filter sku")],
}
WRONG_ANYWHERE = [
    (f"q={'a' * 101}", "100 characters and 10 words at most"),
    (f"q={'a+' * 11}", "100 characters and 10 words at most"),
    ("o=1.1", "ordered by its own columns"),
    (f"o={'1.' * 3000}1", "ordered by its own columns"),
    ("o=99", "ordered by its own columns"),
    (f"o={'9' * 5000}", "ordered by its own columns"),
    ("o=password", "ordered by its own columns"),
    ("o=--1", "ordered by its own columns"),
    ("_to_field=password", "by their keys alone"),
    ("_to_field=deals", "by their keys alone"),
    ("_to_field=nope", "by their keys alone"),
]


@pytest.fixture
def order(sale: Sale) -> Order:
    return make_order(sale)


@pytest.fixture
def another_sale(sale: Sale) -> Sale:
    """A draft, so that there are two sales to choose from."""
    return Sale.objects.create(slug="winter", title="Winter", starts_at=OPENS, ends_at=CLOSES)


def list_of(name: str, page: str = "changelist") -> str:
    return reverse(f"admin:{name}_{page}")


def sentences(answer: Any) -> list[str]:
    return [str(each) for each in get_messages(answer.wsgi_request)]


# --- One rule, which no list can go without -----------------------------------


@pytest.mark.parametrize("model_admin", ADMINS, ids=LISTS)
def test_every_list_is_one_that_answers_what_its_page_offers(
    merchant: Merchant, rf: RequestFactory, model_admin: Any
) -> None:
    request = rf.get("/", {"pk__regex": "."})
    request.user = merchant.user
    assert issubclass(model_admin.get_changelist(request), OfferedChangeList)
    request.now = OPENS  # type: ignore[attr-defined]
    with pytest.raises(NotOffered):
        model_admin.get_changelist_instance(request)


def test_an_admin_that_is_registered_without_a_thought_answers_no_free_lookup(
    merchant: Merchant, rf: RequestFactory
) -> None:
    site = MerchantSite("another")
    site.register(Staff)
    request = rf.get("/", {"password__regex": "^md5"})
    request.user = merchant.user
    with pytest.raises(NotOffered, match="no filter password__regex"):
        site.get_model_admin(Staff).get_changelist_instance(request)


_TABLES_OF_COLUMNS = ("list_display", "search_fields", "ordering", "fields", "readonly_fields")


def columns_of(model_admin: Any) -> Iterator[str]:
    """Everything that an admin names a column of a row by."""
    for each in getattr(model_admin, "list_filter", ()):
        yield each[0] if isinstance(each, tuple) else getattr(each, "parameter_name", each)
    for names in (
        *(getattr(model_admin, name, None) or () for name in _TABLES_OF_COLUMNS),
        [getattr(model_admin, "date_hierarchy", None) or ""],
    ):
        yield from (str(name).lstrip("-^=@") for name in names)
    for resource in getattr(model_admin, "resource_classes", ()):
        yield from (str(field.attribute) for field in resource().fields.values())
    for inline in getattr(model_admin, "inlines", ()):
        yield from columns_of(inline(model_admin.model, admin.site))


@pytest.mark.parametrize("model_admin", ADMINS, ids=LISTS)
def test_no_list_names_a_column_of_secrets(model_admin: Any) -> None:
    names = [name.split("__")[-1] for name in columns_of(model_admin) if name]
    assert names
    assert not [name for name in names if SECRET.search(name)]


def test_columns_of_secrets_are_known_by_their_names() -> None:
    """So that the test above finds them."""
    for name in ("password", "nonce", "session_epoch", "offer", "mail_hash", "token"):
        assert SECRET.search(name)
    assert not SECRET.search("offered") and not SECRET.search("sku")


# --- Lists --------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_shown_without_a_filter_that_it_does_not_offer_and_says_so(
    merchant: Merchant, order: Order, name: str
) -> None:
    for query in FREE:
        with CaptureQueriesContext(connection) as asked:
            answer = merchant.client.get(f"{list_of(name)}?{query}")
        assert answer.status_code == 302, query
        assert parse_qs(urlsplit(answer["Location"]).query).keys() <= {"e"}, query
        assert "This list has no filter" in sentences(answer)[0], query
        assert not [each["sql"] for each in asked if re.search("REGEXP|LIKE|~", each["sql"])]
    page = merchant.client.get(answer["Location"])
    assert page.status_code == 200
    assert "The list is shown without it." in page.content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_says_what_is_wrong_with_what_it_is_asked_for(
    merchant: Merchant, order: Order, another_sale: Sale, name: str
) -> None:
    for query, said in WRONG.get(name, []) + WRONG_ANYWHERE:
        answer = merchant.client.get(f"{list_of(name)}?{query}")
        assert answer.status_code == 302, query[:60]
        assert said in sentences(answer)[-1], query[:60]
    assert merchant.client.get(answer["Location"]).status_code == 200


def test_a_filter_with_nothing_to_choose_from_is_not_offered(
    merchant: Merchant, order: Order
) -> None:
    answer = merchant.client.get(f"{list_of(DEALS, 'export')}?sale__id__exact=0")
    assert answer.status_code == 400


def test_what_the_page_does_offer_is_kept(merchant: Merchant, order: Order) -> None:
    answer = merchant.client.get(f"{list_of(ORDERS)}?sale=autumn&q=mug&name__regex=a&o=-1")
    assert parse_qs(urlsplit(answer["Location"]).query) == {
        "sale": ["autumn"],
        "q": ["mug"],
        "o": ["-1"],
    }


def test_the_filters_of_a_page_narrow_its_list(
    merchant: Merchant, order: Order, another_sale: Sale
) -> None:
    for name, query, rows in (
        (ORDERS, "status__exact=paid", 1),
        (ORDERS, "status__exact=failed", 0),
        (ORDERS, "sale=autumn&wait=receipt&came=within&dispute=any", 0),
        (ORDERS, "placed_at__gte=2026-11-27+00:00:00%2B01:00", 1),
        (ORDERS, "placed_at__gte=2026-11-28+00:00:00%2B01:00", 0),
        (ORDERS, "q=mug&o=-1.2&p=1", 1),
        (ORDERS, "o=", 1),
        (SALES, "state__exact=published", 1),
        (SALES, "_popup=1&_to_field=id", 2),
        (DEALS, "withdrawn__exact=0", 2),
        (DEALS, f"sale__id__exact={'9' * 40}", 0),
        (STAFF, "is_active__exact=1&role=owner", 0),
        (PRODUCTS, "q=MUG-01&all=", 1),
    ):
        page = merchant.open(f"{list_of(name)}?{query}")
        assert page.status == 200, query
        assert len(page.soup.select("#result_list tbody tr")) == rows, query


@pytest.mark.parametrize("name", LISTS)
def test_every_link_of_a_list_leads_to_a_list(merchant: Merchant, order: Order, name: str) -> None:
    page = merchant.open(list_of(name))
    links = [str(each["href"]) for each in page.soup.select("a[href^='?']")]
    assert links
    # One for each parameter.
    for link in {frozenset(parse_qs(link[1:])): link for link in links}.values():
        assert merchant.client.get(list_of(name) + link).status_code == 200, link


@pytest.mark.parametrize("page", ["0", "-1", "3", "9" * 40])
def test_a_page_that_is_not_there_leads_to_the_first(
    merchant: Merchant, sale: Sale, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(admin.site.get_model_admin(Order), "list_per_page", 1)
    make_order(sale)
    make_order(sale, "FF-ANOTHER1")
    assert merchant.client.get(f"{list_of(ORDERS)}?p=2&e=1").status_code == 200
    answer = merchant.client.get(f"{list_of(ORDERS)}?p={page}&e=1")
    assert sentences(answer)[0].startswith("This list has no such page.")
    assert answer["Location"] == f"{list_of(ORDERS)}?e=1"


def test_an_action_on_a_list_that_is_not_offered_does_nothing(
    merchant: Merchant, sale: Sale
) -> None:
    path, data = list_of(STAFF), {"action": "end_sessions", "_selected_action": merchant.user.pk}
    answer = merchant.client.post(f"{path}?password__regex=a", data)
    assert "no filter" in sentences(answer)[0]
    assert Staff.objects.get().session_epoch == 0


@pytest.mark.parametrize(
    ("name", "action"), [(SALES, "publish_sales"), (ORDERS, "refund"), (STAFF, "end_sessions")]
)
def test_what_is_no_row_cannot_be_chosen(
    merchant: Merchant, order: Order, name: str, action: str
) -> None:
    for chosen in ("x", "1.5", "9" * 19, "9" * 30, "9" * 5000, "", "1 or 1"):
        data = {"action": action, "index": "0", "_selected_action": chosen}
        answer = merchant.client.post(list_of(name), data)
        assert answer.status_code == 302, chosen[:20]
        assert "choose again" in sentences(answer)[-1], chosen[:20]


def test_the_search_field_takes_no_more_than_is_searched_for(merchant: Merchant) -> None:
    field = merchant.open(list_of(ORDERS)).one("#searchbar")
    assert field["maxlength"] == str(MOST_SEARCHED)
    assert merchant.open(f"{list_of(ORDERS)}?q={'a' * MOST_SEARCHED}").status == 200


# --- Dates --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "is_offered"),
    [
        ("placed_at__year=2026", True),
        ("placed_at__year=2026&placed_at__month=11&placed_at__day=27", True),
        ("placed_at__year=9999", False),
        ("placed_at__year=0", False),
        ("placed_at__year=x", False),
        ("placed_at__year=2026&placed_at__month=13", False),
        ("placed_at__year=2026&placed_at__month=2&placed_at__day=30", False),
        (f"placed_at__year={'9' * 190}", False),
        ("placed_at__year__regex=2", False),
        ("placed_at__hour=1", False),
    ],
)
def test_a_list_by_dates_answers_years_months_and_days(
    merchant: Merchant, rf: RequestFactory, order: Order, query: str, is_offered: bool
) -> None:
    class ByDates(admin.ModelAdmin):  # type: ignore[type-arg]
        date_hierarchy = "placed_at"

    site = MerchantSite("another")
    site.register(Order, ByDates)
    request = rf.get(f"/?{query}")
    request.user = merchant.user
    if is_offered:
        found = site.get_model_admin(Order).get_changelist_instance(request)
        assert [each.pk for each in found.result_list] == [order.pk]
    else:
        with pytest.raises(NotOffered):
            site.get_model_admin(Order).get_changelist_instance(request)


# --- Exports ------------------------------------------------------------------


@pytest.mark.parametrize("name", [PRODUCTS, DEALS, ORDERS])
def test_a_file_is_not_made_of_what_its_list_does_not_offer(
    merchant: Merchant, order: Order, another_sale: Sale, name: str
) -> None:
    # What a form carries back to its list is left out of a file, as its links have it.
    free = [query for query in FREE if not query.startswith("_changelist")]
    for query in [*free, *(query for query, _ in WRONG.get(name, []) + WRONG_ANYWHERE)]:
        answer = merchant.client.get(f"{list_of(name, 'export')}?{query}")
        assert answer.status_code == 400, query[:60]
        assert answer["Content-Type"].startswith("text/html")
    assert "To the back office" in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "query", "lines"),
    [
        (PRODUCTS, "q=MUG-01", 2),
        (PRODUCTS, "q=MUG-01&_changelist_filters=q%3Da", 2),
        (DEALS, "withdrawn__exact=0", 3),
        (ORDERS, "sale=autumn&q=mug", 2),
        (ORDERS, "sale=another", 1),
    ],
)
def test_a_file_has_the_rows_of_its_list(
    merchant: Merchant, order: Order, name: str, query: str, lines: int
) -> None:
    answer = merchant.client.get(f"{list_of(name, 'export')}?{query}")
    text = b"".join(answer) if answer.streaming else answer.content
    assert len(text.decode().splitlines()) == lines


# --- Forms --------------------------------------------------------------------


@pytest.mark.parametrize("to_field", ["password", "deals", "nope", "slug"])
@pytest.mark.parametrize("name", [SALES, PRODUCTS, STAFF])
def test_a_form_names_rows_by_their_keys_alone(
    merchant: Merchant, name: str, to_field: str
) -> None:
    path = f"{list_of(name, 'add')}?_popup=1&_to_field={to_field}"
    assert merchant.client.get(path).status_code == 400
    assert merchant.client.post(path, {"_to_field": to_field}).status_code == 400


def test_an_address_does_not_fill_in_a_form(merchant: Merchant) -> None:
    query = urlencode({"username": "mallory", "email": "mallory@example.org", "role": "owner"})
    form = merchant.form(f"{list_of(STAFF, 'add')}?{query}")
    assert (form["username"], form["email"], form["role"]) == ("", "", "viewer")


def test_no_form_completes_what_is_typed_and_so_nothing_is_completed(
    merchant: Merchant, sale: Sale
) -> None:
    asked = {"app_label": "sales", "model_name": "deal", "field_name": "product", "term": "mug"}
    assert merchant.client.get(f"/merchant/autocomplete/?{urlencode(asked)}").status_code == 403


def test_a_field_that_completes_what_is_typed_is_answered_where_a_form_has_it(
    merchant: Merchant, rf: RequestFactory, sale: Sale
) -> None:
    class Completing(admin.ModelAdmin):  # type: ignore[type-arg]
        autocomplete_fields = ("product",)
        search_fields = ("name",)

    site = MerchantSite("another")
    site.register(Deal, Completing)
    site.register(Product, Completing.__mro__[1], search_fields=("name",))
    asked = {"app_label": "sales", "model_name": "deal", "field_name": "product", "term": "mug"}
    request = rf.get("/", asked)
    request.user = merchant.user
    assert b"mug" in site.autocomplete_view(request).content
    request = rf.get("/", asked | {"term": "a" * 101})
    request.user = merchant.user
    with pytest.raises(NotOffered):
        site.autocomplete_view(request)


# --- Who may ------------------------------------------------------------------


def test_a_colleagues_password_cannot_be_read_sign_by_sign(db: None) -> None:
    owner = Staff.objects.create_user("owner", password="a long walk", is_staff=True)
    give_role(owner, Role.OWNER)
    Staff.objects.create_user("victim", password="another walk", is_staff=True)
    client = Client()
    client.force_login(owner)
    right = Staff.objects.get(username="victim").password[:12]
    answers = []
    for guess in (right, "x" * 12):
        query = urlencode({"username": "victim", "password__startswith": guess})
        answer = client.get(f"{list_of(STAFF)}?{query}", follow=True)
        found = HtmlPage.of(answer, "").soup.select("#result_list tbody tr")
        answers.append(len(found))
    assert answers == [2, 2]


def test_a_refused_lookup_is_in_the_log_without_its_value(
    merchant: Merchant, caplog: pytest.LogCaptureFixture
) -> None:
    merchant.client.get(f"{list_of(STAFF)}?password__regex=^md5secret")
    [line] = [each.getMessage() for each in caplog.records if "lookup refused" in each.message]
    assert "password__regex" in line
    assert "md5secret" not in line
