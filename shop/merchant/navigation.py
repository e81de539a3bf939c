"""The rooms of the back office, as its frame lists them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Room:
    """One entry: its name, the page it leads to, the permission that opens it.

    Every page whose path goes on with ``section`` after the start page's belongs to it.
    """

    name: str
    url_name: str
    permission: str
    section: str


@dataclass(frozen=True, slots=True)
class Door:
    """A room as one page shows it to one person."""

    name: str
    address: str
    is_open: bool


ROOMS = (
    Room("Sales", "admin:sales_sale_changelist", "sales.view_sale", "sales/"),
    Room("Products", "admin:catalog_product_changelist", "catalog.view_product", "catalog/"),
    Room("Orders", "admin:checkout_order_changelist", "checkout.view_order", "checkout/"),
    Room("Staff", "admin:staff_staff_changelist", "staff.view_staff", "staff/"),
)


def doors(request: HttpRequest) -> Iterator[Door]:
    """The start page and the rooms that may be entered; open is the one the page belongs to."""
    home = reverse("admin:index")
    yield Door("Today", home, request.path == home)
    for room in ROOMS:
        if request.user.has_perm(room.permission):
            is_open = request.path.startswith(home + room.section)
            yield Door(room.name, reverse(room.url_name), is_open)
