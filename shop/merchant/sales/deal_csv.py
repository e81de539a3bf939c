"""The deals of sales as a table."""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from django.core.exceptions import ValidationError
from import_export import fields

from shop.catalog.models import Product
from shop.core.upserts import update_in_bulk
from shop.merchant.forms.column_mapping import ColumnChoices, folded
from shop.merchant.forms.csv_tables import (
    Consequence,
    Consequences,
    CsvTable,
    Overtaken,
    in_batches,
)
from shop.merchant.forms.table_columns import (
    MoneyColumn,
    Row,
    UnitsWidget,
    YesNoWidget,
    cell,
    column,
    fixed_column,
)
from shop.merchant.sales.impact import ChangeImpact, assess_impact
from shop.sales.audit import change_of, record_in_bulk
from shop.sales.models import Change, Deal, Sale
from shop.sales.reference_prices import lock_products, work_out_reference_prices
from shop.sales.sense_facts import acknowledge
from shop.staff.models import Staff

# fmt: off
_WORDS = {
    "sale": ("sale slug", "campaign", "aktion", "vente", "venta", "vendita", "promotion"),
    "sku": (
        "article number", "item number", "product number", "product code", "art. nr.", "artnr",
        "artikelnummer", "référence", "reference", "referencia", "código", "codice",
    ),
    "price": (
        "sale price", "deal price", "offer price", "preis", "aktionspreis", "angebotspreis", "prix",
        "prix promo", "precio", "precio de oferta", "prezzo", "prezzo scontato",
    ),
    "allocation": (
        "set aside", "units", "quantity", "qty", "kontingent", "menge", "quantité", "cantidad",
        "quantità",
    ),
    "max_per_shopper": ("most for one shopper", "limit", "max", "max per customer", "höchstmenge"),
    "position": ("place", "order", "platz", "reihenfolge"),
    "withdrawn": ("zurückgezogen", "retiré", "retirado", "ritirato"),
}
# fmt: on
CHOICES = ColumnChoices(
    labels={
        "sale": "sale: the slug of the sale",
        "sku": "sku: the product’s number",
        "price": "price: what it costs in the sale",
        "allocation": "allocation: units set aside; none means all the stock",
        "max_per_shopper": "max_per_shopper: the most for one shopper",
        "position": "position: its place on the page",
        "withdrawn": "withdrawn: yes or no",
        "currency": "currency",
    },
    words={folded(word): column for column, words in _WORDS.items() for word in words},
)

#: Published sales that change by one file: what follows is read of each.
MOST_PUBLISHED = 20
_WRITTEN = ("position", "price", "allocation", "max_per_shopper", "withdrawn")


class DealTable(CsvTable):
    """The deals of sales; what follows from a change of a published one is told and confirmed."""

    needed = ("sale", "sku")
    needed_of_new = ("price",)
    together = "sale"
    choices = CHOICES
    sample_name = "deals.csv"
    sample = (
        ("autumn", "MUG", "1", "EUR", "29.90", "20", "2", "no", "0"),
        ("autumn", "TEE", "2", "EUR", "9.90", "", "10", "no", "0"),
    )

    sale = fixed_column("sale__slug")
    sku = fixed_column("product__sku")
    position = column("position", UnitsWidget())
    currency = fixed_column("product__currency")
    price = MoneyColumn("price")
    # An empty cell means all the stock.
    allocation = fields.Field("allocation", widget=UnitsWidget())
    max_per_shopper = column("max_per_shopper", UnitsWidget())
    withdrawn = column("withdrawn", YesNoWidget())
    in_orders = fixed_column("claimed")

    class Meta(CsvTable.Meta):
        model = Deal
        fields = (
            *("sale", "sku", "position", "currency", "price", "allocation", "max_per_shopper"),
            *("withdrawn", "in_orders"),
        )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._impacts: dict[str, ChangeImpact] = {}

    def load(self, rows: list[Row]) -> None:
        """The sales, products and deals of the rows."""
        sales = in_batches(Sale.objects.all(), "slug", {cell(row, "sale") for row in rows})
        products = in_batches(Product.objects.all(), "sku", {cell(row, "sku") for row in rows})
        self._sales = {each.slug: each for each in sales}
        self._products = {each.sku: each for each in products}
        of_sales = Deal.objects.filter(sale__in=self._sales.values()).select_related("sale")
        found = in_batches(
            of_sales.select_related("product"),
            "product",
            [each.pk for each in self._products.values()],
        )
        self._deals = {(each.sale.slug, each.product.sku): each for each in found}
        self._before = {each.pk: _of_deal(each) for each in self._deals.values()}

    def get_or_init_instance(self, instance_loader: Any, row: Row) -> tuple[Deal, bool]:
        """The deal of a row.

        :raises ValidationError: there is no such sale or product, or another row has its deal
        """
        slug, sku = cell(row, "sale"), cell(row, "sku")
        sale, product = self._sales.get(slug), self._products.get(sku)
        if sale is None:
            raise ValidationError({"sale": f"There is no sale {slug or 'without a slug'}."})
        if product is None:
            raise ValidationError({"sku": f"There is no product {sku or 'without a sku'}."})
        if cell(row, "currency").upper() not in {"", product.currency}:
            raise ValidationError({"currency": f"{sku} is sold in {product.currency}."})
        self.once((slug, sku), "sku", f"{sku} in {slug}")
        deal = self._deals.get((slug, sku))
        return (deal, False) if deal else (Deal(sale=sale, product=product), True)

    def checks(
        self, instance: Deal, unread: Collection[str]
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """Of the deal; and that its sale is a draft, or somebody reads what follows."""
        yield "sale__", partial(_validate_sale, instance.sale, is_portion=self.is_portion)
        yield "", partial(instance.clean_fields, exclude=unread)
        yield "", instance.clean

    def state_of(self, instance: Deal) -> tuple[Any, ...]:
        """All that a row may write of a deal."""
        return _of_deal(instance)

    def consequences(self, *, now: datetime) -> Consequences:
        """What follows for offers of published sales, and new warnings, as the sale's form tells.

        :raises ValidationError: too many published sales change
        """
        sales = {each.sale.slug for each in self.planned if each.sale.published_at is not None}
        if len(sales) > MOST_PUBLISHED:
            raise ValidationError(
                f"Deals of {len(sales)} published sales change. Divide the file: at most "
                f"{MOST_PUBLISHED} are read at once."
            )
        changes = list(self._changes(by=None, now=now))
        self._impacts = {
            slug: self._impact_on(self._sales[slug], changes, now) for slug in sorted(sales)
        }
        digests = [(slug, impact.digest) for slug, impact in self._impacts.items()]
        return Consequences(
            tuple(_told(self._sales[slug], impact) for slug, impact in self._impacts.items()),
            sha256(repr(digests).encode()).hexdigest()[:24] if digests else "",
        )

    def _impact_on(self, sale: Sale, changes: list[Change], now: datetime) -> ChangeImpact:
        deals = {each.product_id: each for each in sale.deals.select_related("product", "sale")}
        deals |= {each.product_id: each for each in self.planned if each.sale_id == sale.pk}
        of_sale = [each for each in changes if each.sale_id == sale.pk]
        return assess_impact(sale, sale, deals.values(), of_sale, now)

    def write(self, *, by: Staff, now: datetime) -> None:
        """Write what rows can say, and never what is claimed; each change is recorded."""
        published = self._lock_sales()
        products = {each.product_id for each in self.planned if each.sale_id in published}
        lock_products(products)
        old = [each for each in self.planned if each.pk is not None]
        keys = [each.pk for each in old]
        deals = Deal.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
        there = {each.pk: _of_deal(each) for each in deals}
        if any(there.get(each.pk) != self._before[each.pk] for each in old):
            raise Overtaken
        Deal.objects.bulk_create(each for each in self.planned if each.pk is None)
        update_in_bulk(Deal, old, _WRITTEN)
        record_in_bulk(list(self._changes(by=by, now=now)))
        for slug, impact in self._impacts.items():
            acknowledge(self._sales[slug], impact.warnings, now=now, by=by)
        if products:
            work_out_reference_prices(products, now=now)

    def _lock_sales(self) -> set[int]:
        """Lock the sales of the plan; those that are published.

        :raises Overtaken: one of them is not what it was
        """
        planned = {each.sale_id: self._sales[each.sale.slug] for each in self.planned}
        sales = Sale.objects.select_for_update(no_key=True).filter(pk__in=planned).order_by("pk")
        locked = {each.pk: each for each in sales}
        if any(
            pk not in locked or _of_sale(locked[pk]) != _of_sale(sale)
            for pk, sale in planned.items()
        ):
            raise Overtaken
        return {pk for pk, sale in planned.items() if sale.published_at is not None}

    def _changes(self, *, by: Staff | None, now: datetime) -> Iterator[Change]:
        """The audit log's entries of the planned deals, in the order of their rows."""

        def entry(deal: Deal, field: str, was: Any, new: Any) -> Change:
            return change_of(deal.sale, field, was, new, deal=deal, by=by, now=now)

        for deal in self.planned:
            before = self._before.get(deal.pk)
            if before is None:
                yield entry(deal, "deal", None, deal.product.sku)
                continue
            for name, was, new in zip(_WRITTEN, before, _of_deal(deal), strict=True):
                if was != new:
                    yield entry(deal, name, was, new)


def _of_deal(deal: Deal) -> tuple[Any, ...]:
    return tuple(getattr(deal, name) for name in _WRITTEN)


def _of_sale(sale: Sale) -> tuple[Any, ...]:
    """What the consequences of a change follow from."""
    return sale.state, sale.published_at, sale.starts_at, sale.ends_at, sale.hold_seconds


def _told(sale: Sale, impact: ChangeImpact) -> Consequence:
    sentences = (*impact.outstanding, *(each.text for each in impact.warnings))
    return Consequence(str(sale), sentences or ("Shoppers see it as soon as it is written.",))


def _validate_sale(sale: Sale, *, is_portion: bool) -> None:
    """:raises ValidationError: it was canceled, or published with nobody there to be asked"""
    if sale.state == Sale.State.CANCELED:
        raise ValidationError({"slug": f"{sale} was canceled, and its deals stay as they were."})
    if is_portion and sale.published_at is not None:
        raise ValidationError(
            {"slug": f"{sale} is published: bring its deals in by a file of their own."}
        )
