"""The main navigation of the back office."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the back office: its list page, and the permission to see it.

    ``path``: what the paths of its pages start with, after the start page's.
    """

    name: str
    url_name: str
    permission: str
    path: str


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the navigation; ``is_open`` on every page of its section."""

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
    """The start page and every section that the user may see."""
    home = reverse("admin:index")
    yield MenuItem("Today", home, request.path == home)
    for section in SECTIONS:
        if request.user.has_perm(section.permission):
            is_open = request.path.startswith(home + section.path)
            yield MenuItem(section.name, reverse(section.url_name), is_open)
