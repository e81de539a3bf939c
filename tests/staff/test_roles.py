"""Who may do what in the back office: every page and every action, for every role."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from shop.merchant.models import CsvImport
from shop.orders.models import Order
from shop.sales.models import Sale
from shop.staff.models import LogInEvent, Staff
from shop.staff.records import LogInKind
from shop.staff.roles import PERMISSIONS, Role, give_role, role_of, write_roles
from tests.support.factories import make_order
from tests.support.fixtures import MachineClock

ANYONE = "anyone"  # of the staff, whatever the role
PUBLIC = "public"
NOBODY = "nobody"


@dataclass(frozen=True)
class Needs:
    """What a page asks for: to be looked at, and to be sent something."""

    to_look: str
    to_send: str
    query: str = ""


def _model(name: str, label: str, *, add: str, change: str, delete: str) -> dict[str, Needs]:
    """The pages that Django's admin has for a model."""
    app, model = label.split(".")
    view = f"{app}.view_{model}"
    prefix = f"admin:{app}_{model}"
    return {
        f"{prefix}_changelist": Needs(view, view),
        f"{prefix}_add": Needs(add, add),
        f"{prefix}_change": Needs(view, change),
        f"{prefix}_delete": Needs(delete, delete),
        f"{prefix}_history": Needs(view, view),
        f"merchant/{app}/{model}/<path:object_id>/": Needs(ANYONE, ANYONE),
    }


#: Every address under /merchant/, by its name, or by its route where it has none. A page that is
#: not here fails a test: whoever adds one says here who may enter.
PAGES: dict[str, Needs] = {
    "admin_password_reset": Needs(PUBLIC, PUBLIC),
    "password_reset_done": Needs(PUBLIC, PUBLIC),
    "password_reset_confirm": Needs(PUBLIC, PUBLIC),
    "password_reset_complete": Needs(PUBLIC, PUBLIC),
    "admin:login": Needs(PUBLIC, PUBLIC),
    "admin:logout": Needs(PUBLIC, PUBLIC),
    "admin:index": Needs(ANYONE, ANYONE),
    "admin:account": Needs(ANYONE, NOBODY),
    "admin:log_out_everywhere": Needs(ANYONE, ANYONE),
    "admin:log_out_there": Needs(ANYONE, ANYONE),
    "admin:own_log_ins": Needs(ANYONE, ANYONE),
    "admin:delivery_countries": Needs(
        "checkout.view_deliverycountry", "checkout.change_deliverycountry"
    ),
    "admin:password_change": Needs(ANYONE, ANYONE),
    "admin:password_change_done": Needs(ANYONE, ANYONE),
    "admin:jsi18n": Needs(ANYONE, ANYONE),
    "admin:view_on_site": Needs(ANYONE, ANYONE),
    "admin:app_list": Needs(ANYONE, ANYONE),
    "merchant/(?P<url>.*)$": Needs(ANYONE, ANYONE),
    "admin:autocomplete": Needs(
        NOBODY, NOBODY, "?app_label=sales&model_name=deal&field_name=product"
    ),
    **_model("products", "catalog.product", add="catalog.add_product",
             change="catalog.change_product", delete=NOBODY),
    "admin:catalog_product_stock": Needs("catalog.add_stockmovement", "catalog.add_stockmovement"),
    "admin:catalog_product_prices": Needs("catalog.view_product", "catalog.view_product"),
    "admin:catalog_product_take_back": Needs("catalog.change_product", "catalog.change_product"),
    "admin:catalog_product_import": Needs("catalog.change_product", "catalog.change_product"),
    "admin:catalog_product_import_progress": Needs(
        "catalog.change_product", "catalog.change_product"
    ),
    "admin:catalog_product_import_sample": Needs(
        "catalog.change_product", "catalog.change_product"
    ),
    "admin:catalog_product_process_import": Needs(
        "catalog.change_product", "catalog.change_product"
    ),
    "admin:catalog_product_export": Needs("catalog.view_product", "catalog.view_product"),
    **_model("deals", "sales.deal", add=NOBODY, change=NOBODY, delete=NOBODY),
    "admin:sales_deal_import": Needs("sales.change_deal", "sales.change_deal"),
    "admin:sales_deal_import_progress": Needs("sales.change_deal", "sales.change_deal"),
    "admin:sales_deal_import_sample": Needs("sales.change_deal", "sales.change_deal"),
    "admin:sales_deal_process_import": Needs("sales.change_deal", "sales.change_deal"),
    "admin:sales_deal_export": Needs("sales.view_deal", "sales.view_deal"),
    **_model("sales", "sales.sale", add="sales.add_sale", change="sales.change_sale",
             delete="sales.delete_sale"),
    "admin:sales_sale_extend": Needs("sales.change_sale", "sales.change_sale"),
    "admin:sales_sale_recall": Needs("sales.change_sale", "sales.change_sale"),
    "admin:sales_sale_unpublish": Needs("sales.change_sale", "sales.change_sale"),
    "admin:sales_sale_cancel": Needs("sales.change_sale", "sales.change_sale"),
    "admin:sales_sale_copy": Needs("sales.add_sale", "sales.add_sale"),
    "admin:sales_sale_publish": Needs("sales.view_sale", "sales.change_sale"),
    "admin:sales_sale_sense_checks": Needs(NOBODY, "sales.view_sale"),
    "admin:sales_sale_window_summary": Needs("sales.view_sale", NOBODY),
    "admin:sale_live": Needs("sales.view_sale", "sales.view_sale"),
    "admin:sale_outage": Needs(NOBODY, "sales.change_sale"),
    "admin:sale_report": Needs("sales.view_sale", "sales.view_sale"),
    "admin:sale_preview": Needs("sales.view_sale", "sales.view_sale"),
    "admin:preview": Needs("sales.view_sale", "sales.view_sale"),
    "admin:preview_page": Needs("sales.view_sale", "sales.view_sale"),
    "admin:sale_rehearsal": Needs("sales.view_sale", "sales.change_sale"),
    "admin:sale_rehearsal_picture": Needs("sales.view_sale", "sales.view_sale"),
    **_model("orders", "checkout.order", add=NOBODY, change=NOBODY, delete=NOBODY),
    "admin:checkout_order_refund": Needs("checkout.add_refund", "checkout.add_refund"),
    "admin:checkout_order_receipt": Needs(NOBODY, "checkout.send_receipt"),
    "admin:checkout_order_slip": Needs("checkout.view_order", "checkout.view_order"),
    "admin:checkout_order_export": Needs("checkout.export_order", "checkout.export_order"),
    **_model("staff", "staff.staff", add="staff.add_staff", change="staff.change_staff",
             delete=NOBODY),
    **_model("log-ins", "staff.loginevent", add=NOBODY, change=NOBODY, delete=NOBODY),
}  # fmt: skip

#: What can be chosen for rows of a list, and what it asks for.
ACTIONS = {
    ("catalog.product", "move_stock"): "catalog.add_stockmovement",
    ("catalog.product", "show_prices"): "catalog.view_product",
    ("sales.sale", "publish_sales"): "sales.change_sale",
    ("sales.sale", "unpublish"): "sales.change_sale",
    ("sales.sale", "copy"): "sales.add_sale",
    ("sales.sale", "extend"): "sales.change_sale",
    ("sales.sale", "recall"): "sales.change_sale",
    ("sales.sale", "cancel"): "sales.change_sale",
    ("checkout.order", "refund"): "checkout.add_refund",
    ("staff.staff", "mail_link"): "staff.change_staff",
    ("staff.staff", "end_sessions"): "staff.change_staff",
}

EVERY_ROLE = [*Role, None]


def may(role: Role | None, need: str) -> bool:
    """Whether someone of the staff with this role, or with none, may do what needs this."""
    if need in {ANYONE, PUBLIC}:
        return True
    return role is not None and need in PERMISSIONS[role]


def addresses() -> Iterator[tuple[str, URLPattern]]:
    """Every address under /merchant/, as the resolver knows it."""
    for route, name, pattern in _walk(get_resolver(), "", ()):
        if route.startswith("merchant/"):
            yield name or route, pattern


def _walk(
    resolver: URLResolver, prefix: str, spaces: tuple[str, ...]
) -> Iterator[tuple[str, str, URLPattern]]:
    for each in resolver.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = (*spaces, each.namespace) if each.namespace else spaces
            yield from _walk(each, route, inner)
        else:
            yield route, ":".join((*spaces, each.name)) if each.name else "", each


@pytest.fixture
def order(sale: Sale) -> Order:
    return make_order(sale)


@pytest.fixture
def path_to(sale: Sale, order: Order) -> Callable[[str, URLPattern], str]:
    """The path of an address, with rows that exist."""
    draft = Sale.objects.create(
        slug="draft", title="Draft", starts_at=sale.starts_at, ends_at=sale.ends_at
    )
    someone = Staff.objects.create_user("someone", "someone@example.org", is_staff=True)
    event = LogInEvent.objects.create(at=sale.starts_at, kind=LogInKind.REFUSED)
    rows: dict[str, Any] = {
        "sales/sale": sale.pk,
        "sales/deal": sale.deals.all()[0].pk,
        "catalog/product": sale.deals.all()[0].product_id,
        "checkout/order": order.pk,
        "staff/staff": someone.pk,
        "staff/loginevent": event.pk,
    }

    def path(name: str, pattern: URLPattern) -> str:
        if name.startswith("merchant/"):
            room = next((room for room in rows if room in name), "")
            return f"/merchant/{room}/{rows[room]}/" if room else "/merchant/no/such/page/"
        row = next((rows[room] for room in rows if room.replace("/", "_") in name), 1)
        if name.endswith("_import_progress"):
            table = "sales.deal" if "sales_deal" in name else "catalog.product"
            row = CsvImport.objects.create(
                table=table, content=b"", rows=1, status="done", made_by=someone
            ).pk
        if name == "admin:sales_sale_delete":
            row = draft.pk  # What was published is not deleted, whoever asks.
        values = {
            "uidb64": "MQ",
            "token": "none",
            "content_type_id": "1",
            "object_id": str(row),
            "pk": row,
            "slug": sale.slug,
            "sale": "list",
            "since": "2026-11-01T00:00:00+00:00",
            "at": sale.starts_at,
            "page": "bag/add/",
            "number": 1,
            "app_label": "sales",
        }
        needed = pattern.pattern.regex.groupindex
        return reverse(name, kwargs={each: values[each] for each in needed})

    return path


@pytest.fixture
def of_role(db: None) -> Callable[[Role | None], Staff]:
    """Someone of the staff who has a role, or none."""

    def make(role: Role | None) -> Staff:
        name = str(role or "nobody")
        person, _ = Staff.objects.get_or_create(username=name, is_staff=True)
        if role:
            give_role(person, role)
        return person

    return make


# --- The table ----------------------------------------------------------------


def test_every_page_says_who_may_enter() -> None:
    assert {name for name, _ in addresses()} == PAGES.keys()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", EVERY_ROLE, ids=str)
def test_every_page_lets_in_who_may_enter_and_nobody_else(
    role: Role | None,
    method: str,
    of_role: Callable[[Role | None], Staff],
    path_to: Callable[[str, URLPattern], str],
) -> None:
    wrong = []
    for name, pattern in addresses():
        needs = PAGES[name]
        client = Client()
        client.force_login(of_role(role))
        answer = getattr(client, method)(path_to(name, pattern) + needs.query)
        expected = may(role, needs.to_look if method == "get" else needs.to_send)
        is_in = answer.status_code != 403 and "/merchant/login/?" not in answer.get("Location", "")
        # A page that only takes what is sent to it, or that is only looked at, lets nobody in.
        if answer.status_code == 405 or is_in == expected:
            continue
        wrong.append(f"{name}: {answer.status_code}, expected {'in' if expected else 'out'}")
    assert wrong == []


@pytest.mark.verify
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", EVERY_ROLE, ids=str)
def test_a_password_of_a_while_ago_opens_no_page_and_closes_none_without_asking(
    role: Role | None,
    method: str,
    of_role: Callable[[Role | None], Staff],
    path_to: Callable[[str, URLPattern], str],
    machine: MachineClock,
    settings: LazySettings,
) -> None:
    """Every page, by a password that was typed a quarter of an hour ago, and by one typed now."""
    settings.CONFIRM_EXPORTS_FROM = 1
    wrong, asking = [], set()
    for name, pattern in addresses():
        path, answers = path_to(name, pattern) + PAGES[name].query, []
        for age in (settings.STAFF_CONFIRM_SECONDS, 0):
            client = Client()
            client.force_login(of_role(role))
            machine.tick(age)
            answers.append(getattr(client, method)(path))
        late, fresh = answers
        if b"data-password-prompt" in getattr(late, "content", b""):
            asking.add(name)
        elif late.status_code != fresh.status_code:
            wrong.append(f"{name}: {late.status_code}, with a fresh password {fresh.status_code}")
    assert wrong == []
    may_export = may(role, "checkout.export_order")
    assert asking == ({"admin:checkout_order_export"} if may_export else set())


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_not_logged_in_is_sent_to_the_door(
    client: Client, method: str, path_to: Callable[[str, URLPattern], str]
) -> None:
    for name, pattern in addresses():
        answer = getattr(client, method)(path_to(name, pattern) + PAGES[name].query)
        sent_to_the_door = "/merchant/login/" in answer.get("Location", "")
        assert sent_to_the_door == (PAGES[name].to_look != PUBLIC), name


@pytest.mark.parametrize("role", EVERY_ROLE, ids=str)
def test_every_action_is_offered_to_who_may_do_it(
    role: Role | None, of_role: Callable[[Role | None], Staff], rf: RequestFactory
) -> None:
    request = rf.get("/merchant/")
    request.user = of_role(role)
    offered = {
        (model._meta.label_lower, action)
        for model, page in admin.site._registry.items()
        for action in page.get_actions(request)
    }
    expected = {key for key, need in ACTIONS.items() if may(role, need)}
    assert {each for each in offered if each[1] != "delete_selected"} == expected
    # Sales are deleted one by one, and nothing else at all.
    assert not {each for each in offered if each[1] == "delete_selected"}


# --- The groups ---------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_role_is_exactly_its_row_of_the_table(db: None, role: Role) -> None:
    group = Group.objects.get(name=role)
    names = {
        f"{each.content_type.app_label}.{each.codename}"
        for each in group.permissions.select_related("content_type")
    }
    assert names == PERMISSIONS[role]


def test_what_was_added_to_a_role_by_hand_is_gone_after_the_next_migrate(db: None) -> None:
    viewer = Group.objects.get(name=Role.VIEWER)
    viewer.permissions.add(Permission.objects.get(codename="add_refund"))
    call_command("migrate", verbosity=0)
    assert not viewer.permissions.filter(codename="add_refund").exists()


def test_a_permission_that_no_model_has_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    table = {**PERMISSIONS, Role.VIEWER: frozenset({"sales.juggle_sale"})}
    monkeypatch.setattr("shop.staff.roles.PERMISSIONS", table)
    with pytest.raises(LookupError, match=r"sales\.juggle_sale, which viewer needs"):
        write_roles(using="default")


def test_someone_has_one_role_at_a_time(of_role: Callable[[Role | None], Staff]) -> None:
    person = of_role(Role.OWNER)
    give_role(person, Role.SUPPORT)
    assert role_of(Staff.objects.get(pk=person.pk)) is Role.SUPPORT
    assert person.groups.count() == 1
