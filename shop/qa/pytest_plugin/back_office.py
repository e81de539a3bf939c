"""A merchant's browser, which fills in the forms of the back office."""

from datetime import datetime
from typing import Any

from bs4 import BeautifulSoup, Tag
from django.contrib.messages import ERROR, get_messages
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from shop.catalog.models import Product
from shop.core.money import major_units
from shop.core.wall_time import written
from shop.orders.models import Order
from shop.qa.pytest_plugin.client import HtmlPage
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from shop.staff.models import Staff


class ActionRefused(AssertionError):
    """The back office refused an action."""


class Merchant:
    """A superuser of the back office.

    ``open``, ``form``, ``send`` and ``change`` return pages, also those that
    show errors. The named actions raise ``ActionRefused`` instead.
    """

    def __init__(self, name: str = "merchant") -> None:
        self.user = Staff.objects.create_superuser(name)
        self.client = Client()
        self.client.force_login(self.user)

    def open(self, path: str) -> HtmlPage:
        return HtmlPage.of(self.client.get(path), path)

    def form(self, path: str) -> dict[str, Any]:
        """The fields of a page's form, as a browser would send them untouched."""
        return fields_of(self.open(path).one("#content form:has([name=_save]), #content form"))

    def send(self, path: str, data: dict[str, Any]) -> HtmlPage:
        """Send a form; returns the page it redirects to, or the form with its errors."""
        answer = self.client.post(path, data, follow=True)
        return HtmlPage(answer.status_code, path, answer.content.decode())

    def change(self, path: str, **changes: Any) -> HtmlPage:
        """Send a page's form with changed fields; in names ``__`` stands for a dash."""
        fields = {name.replace("__", "-"): value for name, value in changes.items()}
        return self.send(path, self.form(path) | fields | {"_save": "Save"})

    def change_and_confirm(self, path: str, **changes: Any) -> HtmlPage:
        """Change fields, and confirm the consequences that the page must show first."""
        page = self.change(path, **changes)
        assert page.soup.select(".impact"), errors(page) or "No consequences were shown."
        return self.send(path, fields_of(page.one("#content form")) | {"_save": "Save"})

    def choose(self, sale: Sale, action: str) -> HtmlPage:
        """Choose an action for a sale in the list of sales."""
        data = {"action": action, "_selected_action": [sale.pk]}
        return self.send(reverse("admin:sales_sale_changelist"), data)

    def set_price(self, deal: Deal, amount: int) -> None:
        """Change a price, in minor units."""
        self._change(deal.sale, {"price": _as_typed(amount, deal.product)}, row=deal)

    def withdraw(self, deal: Deal) -> None:
        """Withdraw a deal."""
        self._change(deal.sale, {"withdrawn": "on"}, row=deal)

    def set_list_price(self, product: Product, amount: int) -> None:
        """Change a list price, in minor units."""
        self._change(product, {"list_price": _as_typed(amount, product)})

    def add_stock(self, product: Product, units: int) -> None:
        """Add units of a product's first variant."""
        variant = product.variants.order_by("position", "id")[0]
        self._change(product, {"stock": variant.stock + units}, row=variant)

    def set_end(self, sale: Sale, ends_at: datetime) -> None:
        """Change the end of a sale."""
        self._change(sale, {"ends_at": written(ends_at, sale.zone)})

    def set_hold(self, sale: Sale, seconds: int) -> None:
        """Change the hold of future offers."""
        self._change(sale, {"hold_seconds": f"{seconds} seconds"})

    def publish(self, sale: Sale) -> None:
        """Publish a draft, and acknowledge what the page warns of."""
        path = f"{reverse('admin:sales_sale_publish')}?sale={sale.pk}"
        form = self.open(path).one("#content form")
        boxes = {str(each["name"]): "on" for each in form.select("[type=checkbox]")}
        self._send(path, fields_of(form) | boxes)

    def unpublish(self, sale: Sale) -> None:
        """Hide a published sale."""
        self._act(sale, "unpublish")

    def extend(self, sale: Sale, minutes: int, reason: str = "") -> None:
        """Extend the outstanding offers."""
        self._act(sale, "extend", minutes=minutes, reason=reason)

    def recall(self, sale: Sale, reason: str, deal: Deal | None = None) -> None:
        """Recall the offers of a deal, or of all; the prices stay as they are."""
        path = reverse("admin:sales_sale_recall", args=[sale.pk])
        asked = {"deal": deal.pk if deal else "all", "reason": reason}
        form = fields_of(self.open(path).one("form:has([name=seen])"))
        # The first answer shows the consequences; sending its form recalls.
        answer = HtmlPage.of(self.client.post(path, form | asked), path)
        self._send(path, fields_of(answer.one("form:has([name=seen])")) | {"prices": "leave"})

    def cancel(self, sale: Sale) -> None:
        """Cancel a sale."""
        self._act(sale, "cancel")

    def refund(self, order: Order, variant_sku: str, units: int, reason: str) -> None:
        """Refund units of an order and restock them."""
        path = reverse("admin:checkout_order_refund", args=[order.pk])
        line = order.lines.get(sku=variant_sku)
        form = fields_of(self.open(path).one("form:has([name=seen])"))
        wanted = form | {f"units_{line.pk}": units, "reason": reason}
        # The first answer shows the plan; sending its form executes it.
        plan = HtmlPage.of(self.client.post(path, wanted), path)
        self._send(path, fields_of(plan.one("form:has([name=seen])")))

    def _send(self, path: str, data: dict[str, Any]) -> None:
        self._check(self.client.post(path, data))

    def _check(self, answer: Any) -> None:
        showcase.clear()
        messages = get_messages(answer.wsgi_request)
        wrong = [str(each) for each in messages if each.level >= ERROR]
        if answer.status_code != 302:
            soup = BeautifulSoup(answer.content, "html.parser")
            wrong += [each.get_text(" ", strip=True) for each in soup.select(".errorlist")]
        if answer.status_code != 302 or wrong:
            raise ActionRefused(f"The back office answers {answer.status_code}: {' '.join(wrong)}")

    def _change(
        self, owner: Product | Sale, fields: dict[str, Any], *, row: Model | None = None
    ) -> None:
        """Change fields of a form, or of its inline row ``row``, and confirm if asked to."""
        path = page_of(owner)
        form = fields_of(self.open(path).one("form:has([name=_save])"))
        if row is not None:
            prefix = _inline_prefix(row, form)
            fields = {f"{prefix}-{name}": value for name, value in fields.items()}
        answer = self.client.post(path, form | fields | {"_save": "Save"})
        page = HtmlPage.of(answer, path)
        if page.soup.select("input[name=agreed]"):
            # The page asks for confirmation.
            form = fields_of(page.one("form:has([name=_save])"))
            answer = self.client.post(path, form | {"_save": "Save"})
        self._check(answer)

    def _act(self, sale: Sale, name: str, **fields: Any) -> None:
        path = reverse(f"admin:sales_sale_{name}", args=[sale.pk])
        form = fields_of(self.open(path).one("form:has([name=seen])"))
        self._send(path, form | fields)


def page_of(row: Product | Sale | Order) -> str:
    """The address of a row's form."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def errors(page: HtmlPage) -> str:
    """The errors that a page shows."""
    found = page.soup.select(".errorlist, .errornote")
    return " ".join(each.get_text(" ") for each in found)


def fields_of(form: Tag) -> dict[str, Any]:
    """A form's fields, as a browser would send them untouched."""
    data: dict[str, Any] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name, kind = str(field["name"]), field.get("type", "")
        if field.has_attr("disabled") or kind in {"submit", "file", "button"}:
            continue
        if name.startswith("_") or "__prefix__" in name:
            continue
        if kind in {"checkbox", "radio"}:
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


def _inline_prefix(row: Model, form: dict[str, Any]) -> str:
    """The prefix of an inline row in its form, such as ``deals-0``."""
    collection = f"{row._meta.model_name}s-"
    for name, value in form.items():
        if name.startswith(collection) and name.endswith("-id") and value == str(row.pk):
            return name.removesuffix("-id")
    raise ActionRefused(f"The back office has no row for {row}.")


def _as_typed(amount: int, product: Product) -> str:
    return str(major_units(amount, product.currency))
