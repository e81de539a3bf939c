"""A merchant at the back office, with a browser that fills in its forms as they are shown."""

from datetime import datetime
from typing import Any

from bs4 import BeautifulSoup, Tag
from django.contrib.messages import ERROR, get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from shop.catalog.models import Product
from shop.core.money import major_units
from shop.orders.models import Order
from shop.qa.pytest_plugin.client import Page
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from shop.staff.models import Staff


class Refused(AssertionError):
    """The back office did not do what it was asked to."""


class Merchant:
    """Someone who may do everything there."""

    def __init__(self, name: str = "merchant") -> None:
        self.user = Staff.objects.create_superuser(name)
        self.client = Client()
        self.client.force_login(self.user)

    def set_price(self, deal: Deal, amount: int) -> None:
        """Another price from here on, in minor units."""
        self._change_deal(deal, price=_written(amount, deal.product))

    def withdraw(self, deal: Deal) -> None:
        """Show a deal no more."""
        self._change_deal(deal, withdrawn="on")

    def set_list_price(self, product: Product, amount: int) -> None:
        """Another price outside sales, in minor units."""
        self._change(product, {"list_price": _written(amount, product)})

    def add_stock(self, product: Product, units: int) -> None:
        """More units of a product's first variant."""
        variant = product.variants.order_by("position", "id")[0]
        self._change(product, {"stock": variant.stock + units}, row=variant)

    def set_end(self, sale: Sale, ends_at: datetime) -> None:
        """Close a sale earlier or later than it was announced."""
        self._change(sale, {"ends_at": str(ends_at.astimezone(sale.zone).replace(tzinfo=None))})

    def set_hold(self, sale: Sale, seconds: int) -> None:
        """Another hold for what is shown from here on."""
        self._change(sale, {"hold_seconds": f"{seconds} seconds"})

    def publish(self, sale: Sale) -> None:
        """Show a sale."""
        self._choose(sale, "publish_sales")

    def unpublish(self, sale: Sale) -> None:
        """Hide a sale."""
        self._act(sale, "unpublish")

    def extend(self, sale: Sale, minutes: int, reason: str = "") -> None:
        """Hold what is out for longer."""
        self._act(sale, "extend", minutes=minutes, reason=reason)

    def recall(self, sale: Sale, reason: str, deal: Deal | None = None) -> None:
        """Take back what is out."""
        self._act(sale, "recall", deal=deal.pk if deal else "", reason=reason)

    def cancel(self, sale: Sale) -> None:
        """Call a sale off."""
        self._act(sale, "cancel")

    def refund(self, order: Order, variant_sku: str, units: int, reason: str) -> None:
        """Give the money for units of an order back, and put them into stock again."""
        path = reverse("admin:checkout_order_refund", args=[order.pk])
        line = order.lines.get(sku=variant_sku)
        form = fields_of(self.open(path).one("form:has([name=seen])"))
        wanted = form | {f"units_{line.pk}": units, "reason": reason}
        # The first time it says what it would do, the second time it does that.
        answer = self.client.post(path, wanted)
        plan = Page(answer.status_code, path, answer.content.decode())
        self.send(path, fields_of(plan.one("form:has([name=seen])")))

    def open(self, path: str) -> Page:
        """Look at a page of the back office."""
        answer = self.client.get(path)
        return Page(answer.status_code, path, answer.content.decode())

    def send(self, path: str, data: dict[str, Any]) -> None:
        """Send a form.

        :raises Refused: it is shown again, or something is wrong
        """
        self._check(self.client.post(path, data))

    def _check(self, answer: Any) -> None:
        showcase.clear()
        messages = get_messages(answer.wsgi_request)
        wrong = [str(each) for each in messages if each.level >= ERROR]
        if answer.status_code != 302:
            soup = BeautifulSoup(answer.content, "html.parser")
            wrong += [each.get_text(" ", strip=True) for each in soup.select(".errorlist")]
        if answer.status_code != 302 or wrong:
            raise Refused(f"The back office answers {answer.status_code}: {' '.join(wrong)}")

    def _change_deal(self, deal: Deal, **fields: Any) -> None:
        self._change(deal.sale, fields, row=deal)

    def _change(
        self, owner: Product | Sale, fields: dict[str, Any], *, row: Model | None = None
    ) -> None:
        """Change fields of something, or of one of the rows that belong to it."""
        path = reverse(
            f"admin:{owner._meta.app_label}_{owner._meta.model_name}_change", args=[owner.pk]
        )
        form = fields_of(self.open(path).one("form:has([name=_save])"))
        if row is not None:
            place = _place_of(row, form)
            fields = {f"{place}-{name}": value for name, value in fields.items()}
        wanted = form | fields | {"_save": "Save"}
        answer = self.client.post(path, wanted)
        page = Page(answer.status_code, path, answer.content.decode())
        if page.soup.select("input[name=agreed]"):
            # It said first what follows; now it is read.
            form = fields_of(page.one("form:has([name=_save])"))
            self.send(path, form | {"_save": "Save"})
        else:
            self._check(answer)

    def _choose(self, sale: Sale, action: str) -> None:
        data = {"action": action, "_selected_action": [sale.pk]}
        self.send(reverse("admin:sales_sale_changelist"), data)

    def _act(self, sale: Sale, name: str, **fields: Any) -> None:
        path = reverse(f"admin:sales_sale_{name}", args=[sale.pk])
        form = fields_of(self.open(path).one("form:has([name=seen])"))
        self.send(path, form | fields)


def fields_of(form: Tag) -> dict[str, Any]:
    """A form's fields, as a browser would send them untouched."""
    data: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name, kind = str(field["name"]), field.get("type", "")
        if field.has_attr("disabled") or kind in {"submit", "file", "button"}:
            continue
        if name.startswith("_") or "__prefix__" in name:
            continue
        if kind == "checkbox":
            if field.has_attr("checked"):
                data[name] = field.get("value", "on")
        elif field.name == "select":
            chosen = field.select_one("option[selected]")
            data[name] = chosen["value"] if chosen else ""
        elif field.name == "textarea":
            data[name] = field.text.removeprefix("\n").removeprefix("\r\n")
        else:
            data[name] = field.get("value", "")
    return data


def _place_of(row: Model, form: dict[str, Any]) -> str:
    """By what its form calls a row that belongs to another: ``deals-0``."""
    collection = f"{row._meta.model_name}s-"
    for name, value in form.items():
        if name.startswith(collection) and name.endswith("-id") and value == str(row.pk):
            return name.removesuffix("-id")
    raise Refused(f"The back office has no row for {row}.")


def _written(amount: int, product: Product) -> str:
    return str(major_units(amount, product.currency))
