"""The rooms of the back office, as its frame lists them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Section:
    """One entry: its name, the page it leads to, the permission that opens it.

    Every page whose path goes on with ``section`` after the start page's belongs to it.
    """

    name: str
    url_name: str
    permission: str
    section: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A room as one page shows it to one person."""

    name: str
    address: str
    is_open: bool


SECTIONS = (
    Section("Sales", "admin:sales_sale_changelist", "sales.view_sale", "sales/"),
    Section("Products", "admin:catalog_product_changelist", "catalog.view_product", "catalog/"),
    Section("Orders", "admin:checkout_order_changelist", "checkout.view_order", "checkout/"),
    Section("Staff", "admin:staff_staff_changelist", "staff.view_staff", "staff/"),
)


def menu_items(request: HttpRequest) -> Iterator[MenuItem]:
    """The start page and the rooms that may be entered; open is the one the page belongs to."""
    home = reverse("admin:index")
    yield MenuItem("Today", home, request.path == home)
    for room in SECTIONS:
        if request.user.has_perm(room.permission):
            is_open = request.path.startswith(home + room.section)
            yield MenuItem(room.name, reverse(room.url_name), is_open)
