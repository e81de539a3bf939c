"""A merchant at the back office, who fills in forms as they are shown and reads what is wrong."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from shop.catalog.models import Product
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import fields_of
from shop.qa.pytest_plugin.client import Page
from shop.sales.models import Sale
from shop.staff.models import Staff


class Merchant:
    """Someone at the back office, with a browser that fills in forms as they are shown."""

    def __init__(self, name: str = "merchant") -> None:
        self.user = Staff.objects.create_superuser(name)
        self.client = Client()
        self.client.force_login(self.user)

    def open(self, path: str) -> Page:
        answer = self.client.get(path)
        return Page(answer.status_code, path, answer.content.decode())

    def form(self, path: str) -> dict[str, Any]:
        """The fields of a page's form, as a browser would send them untouched."""
        form = self.open(path).one("#content form:has([name=_save]), #content form")
        return fields_of(form)

    def send(self, path: str, data: dict[str, Any]) -> Page:
        answer = self.client.post(path, data, follow=True)
        return Page(answer.status_code, path, answer.content.decode())

    def change(self, path: str, **changes: Any) -> Page:
        """Send a page's form with some fields changed; a double underscore stands for a dash."""
        fields = {name.replace("__", "-"): value for name, value in changes.items()}
        return self.send(path, self.form(path) | fields | {"_save": "Save"})

    def change_knowingly(self, path: str, **changes: Any) -> Page:
        """The same, having read what follows from it."""
        page = self.change(path, **changes)
        assert page.soup.select(".impact"), errors(page) or "Nothing was said first."
        return self.send(path, fields_of(page.one("#content form")) | {"_save": "Save"})

    def act(self, sale: Sale, action: str) -> Page:
        """Choose an action for a sale in the list."""
        data = {"action": action, "_selected_action": [sale.pk]}
        return self.send(reverse("admin:sales_sale_changelist"), data)


def page_of(row: Product | Sale | Order) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def errors(page: Page) -> str:
    """What the page says is wrong."""
    found = BeautifulSoup(page.html, "html.parser").select(".errorlist, .errornote")
    return " ".join(each.get_text(" ") for each in found)


def mug() -> Product:
    """The product that most sales of the tests are about."""
    return Product.objects.get(sku="MUG-01")


@pytest.fixture
def merchant(db: None) -> Merchant:
    """The owner of the shop, logged in."""
    return Merchant()
