"""A shop with one row of each kind, and whoever knocks at its doors."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from shop.merchant.rehearsals import runs
from shop.orders.links import order_path
from shop.sales.models import Sale
from shop.staff.models import LogInEvent, Staff
from shop.staff.records import LogInKind
from shop.staff.roles import Role
from tests.doors.addresses import Door
from tests.doors.visitors import Visitor, staff_of
from tests.support.factories import make_order

type PathTo = Callable[[Door], str]
type Of = Callable[[Role | None], Visitor]


@pytest.fixture(autouse=True)
def no_rehearsal_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rehearsal is a process of its own, which takes a while."""
    monkeypatch.setattr(runs, "start", lambda *_, **__: True)


@pytest.fixture
def rows(sale: Sale) -> dict[str, dict[str, Any]]:
    """Values for the parts of paths, by the beginning of an address's name; "" is for all."""
    order = make_order(sale)
    now = timezone.now()
    draft = Sale.objects.create(
        slug="draft", title="Draft", starts_at=sale.starts_at, ends_at=sale.ends_at
    )
    someone = Staff.objects.create_user("someone", "someone@example.org", is_staff=True)
    event = LogInEvent.objects.create(at=sale.starts_at, kind=LogInKind.REFUSED)
    deal = sale.deals.all()[0]
    page = order_path(order)
    keys = {
        "admin:sales_sale_delete": draft.pk,  # What was published is not deleted.
        "admin:sales_sale": sale.pk,
        "admin:sales_deal": deal.pk,
        "admin:catalog_product": deal.product_id,
        "admin:checkout_order": order.pk,
        "admin:staff_staff": someone.pk,
        "admin:staff_loginevent": event.pk,
        "merchant/sales/sale": sale.pk,
        "merchant/sales/deal": deal.pk,
        "merchant/catalog/product": deal.product_id,
        "merchant/checkout/order": order.pk,
        "merchant/staff/staff": someone.pk,
        "merchant/staff/loginevent": event.pk,
    }
    return {
        **{name: {"pk": key, "object_id": str(key)} for name, key in keys.items()},
        "sales:product": {"slug": deal.product.slug},
        "": {
            "slug": sale.slug,
            "sale": "list",
            "since": now.isoformat(),
            "at": sale.starts_at,
            "page": f"sales/{sale.slug}/",
            "path": "products/none.png",
            "number": order.number,
            "token": page.rstrip("/").rpartition("/")[2],
            "uidb64": "MQ",
            "content_type_id": "1",
            "object_id": "1",
            "pk": 1,
            "url": "no/such/page",
            "app_label": "sales",
        },
        "admin:sale_rehearsal_picture": {"number": 1},
    }


@pytest.fixture
def path_to(rows: dict[str, dict[str, Any]]) -> PathTo:
    """The path of a door, with rows that exist."""

    def path(door: Door) -> str:
        best = max((name for name in rows if door.name.startswith(name)), key=len)
        return door.path({**rows[""], **rows[best]})

    return path


@pytest.fixture
def owner(db: None) -> Visitor:
    """Whoever may do everything: what is broken shows to them."""
    return Visitor(staff_of(Role.OWNER))


@pytest.fixture
def anyone(db: None) -> Visitor:
    """A browser without anything."""
    return Visitor()
