"""The rehearsal's own database: the exported sale, restored after every scenario."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core import serializers
from django.db import connection
from django.db.models import F

from shop.catalog.models import Product, Variant
from shop.core.currencies import payable_step
from shop.payments.stripe_amounts import obstacle
from shop.qa.rehearsal.charge_oracle import expected_shipping
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.sales.audit import record
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import cancel, publish, unpublish
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.sales.reference_prices import set_list_price, work_out_reference_prices

#: Units added to each stock, so that the rehearsal's own orders never exhaust it.
EXTRA_UNITS = 10_000
#: Deals that are tested at most, one for each shape that a deal of the sale has.
MOST_SAMPLES = 6


@dataclass(frozen=True)
class SampledDeal:
    """A deal that is tested, and how many others of its shape it stands for."""

    sku: str
    name: str
    shape: str
    stands_for: int
    #: Tested at every instant, not only at the boundaries of its holds.
    is_primary: bool


class TemporaryDatabase:
    """The sale as configured, in this process's own database.

    ``actions`` are the extensions and recalls that were made, to be applied at their
    instants; ``skus`` the products on the sale's page, ``empty`` those without stock, and
    ``cheaper_outside`` those that cost less outside the sale. The bag takes that price, and so
    it would hide what becomes of the sale's: here they are sold in the sale alone.
    """

    def __init__(self, rows: str) -> None:
        self.actions: list[MerchantAction] = []
        self.empty: list[str] = []
        self.cheaper_outside: list[str] = []
        for each in serializers.deserialize("json", rows):
            row = each.object
            if isinstance(row, Extension):
                self.actions.append(
                    MerchantAction(
                        kind=ActionKind.EXTENSION,
                        at=row.made_at,
                        seconds=row.seconds,
                        issued_before=row.issued_before,
                    )
                )
            elif isinstance(row, Recall):
                # Its deal precedes it in the rows.
                self.actions.append(
                    MerchantAction(
                        kind=ActionKind.RECALL,
                        at=row.made_at,
                        issued_from=row.issued_from,
                        issued_before=row.issued_before,
                        sku=row.deal.product.sku if row.deal else None,
                    )
                )
            else:
                each.save()
        self.actions.sort(key=lambda action: action.at)
        self.sale = Sale.objects.get()
        self._prepare()

    def _prepare(self) -> None:
        """Publish the sale, with nothing recalled, nothing sold and stock for all."""
        self.skus = [deal.product.sku for deal in self._deals()]
        for deal in self._deals():
            if not any(variant.stock > variant.claimed for variant in deal.product.variants.all()):
                self.empty.append(deal.product.sku)
            if deal.product.sold_at_list_price and deal.product.list_price < deal.price:
                self.cheaper_outside.append(deal.product.sku)
        outside = Product.objects.filter(sku__in=self.cheaper_outside)
        outside.update(sold_at_list_price=False)
        Variant.objects.update(stock=F("stock") - F("claimed") + EXTRA_UNITS, claimed=0)
        Deal.objects.filter(allocation__isnull=False).update(
            allocation=F("allocation") - F("claimed") + EXTRA_UNITS
        )
        Deal.objects.update(claimed=0)
        self.was_draft = self.sale.state != Sale.State.PUBLISHED
        # Played from its opening on, also where it was published later than that.
        published_at = min(self.sale.published_at or self.sale.starts_at, self.sale.starts_at)
        Sale.objects.update(published_at=published_at)
        publish(self.sale, now=published_at)

    def samples(self) -> list[SampledDeal]:
        """The deals to test: the first of each shape, and those with a recall of their own.

        Two at least where the sale has them: what is done to one must not touch another.
        """
        recalled = {action.sku for action in self.actions if action.sku}
        shapes: dict[str, list[Deal]] = {}
        for deal in self._deals():
            shapes.setdefault(_shape(deal, recalled), []).append(deal)
        samples = [
            SampledDeal(
                sku=deals[0].product.sku,
                name=deals[0].product.name,
                shape=shape,
                stands_for=len(deals),
                is_primary=number == 0 or deals[0].product.sku in recalled,
            )
            for number, (shape, deals) in enumerate(shapes.items())
        ]
        if len(samples) == 1 and samples[0].stands_for > 1:
            product, shape = shapes[samples[0].shape][1].product, samples[0].shape
            samples[0] = replace(samples[0], stands_for=samples[0].stands_for - 1)
            samples.append(SampledDeal(product.sku, product.name, shape, 1, is_primary=False))
        samples.sort(key=lambda sample: not sample.is_primary)
        return samples[:MOST_SAMPLES]

    def lowest_amount(self, sku: str, *, is_open: bool) -> int | None:
        """The lowest price of a product by its rows, in minor units; None if it is not sold."""
        product = Product.objects.get(sku=sku)
        amounts = [product.list_price] if product.sold_at_list_price else []
        if is_open:
            deals = self.sale.deals.filter(product=product, withdrawn=False)
            amounts += deals.values_list("price", flat=True)
        return min(amounts, default=None)

    def apply(self, action: MerchantAction) -> None:
        """Do to the sale what its merchant did, or might do, as the back office does it."""
        sale, now = Sale.objects.get(pk=self.sale.pk), action.at
        match action.kind:
            case ActionKind.EXTENSION:
                extend(sale=sale, seconds=action.seconds, by=None, now=action.issued_before or now)
            case ActionKind.RECALL:
                recall(
                    sale=sale,
                    deal=self.deal(action.sku) if action.sku else None,
                    reason="As rehearsed.",
                    by=None,
                    now=now,
                    issued_from=action.issued_from,
                    issued_before=action.issued_before,
                )
            case ActionKind.PRICE_RISE:
                for deal in self._deals():
                    self._change(deal, "price", deal.price * 2, now)
                    set_list_price(deal.product, deal.product.list_price * 2, now=now)
            case ActionKind.PRICE_CUT:
                for deal in self._deals():
                    self._change(deal, "price", _cut(deal), now)
            case ActionKind.WITHDRAWAL:
                self._change(self.deal(action.sku or ""), "withdrawn", True, now)
            case ActionKind.SHORTER_HOLD:
                self._change(sale, "hold_seconds", action.seconds, now)
            case ActionKind.LONGER_WINDOW:
                ends_at = sale.ends_at + timedelta(seconds=action.seconds)
                self._change(sale, "ends_at", ends_at, now)
            case ActionKind.CLOSE:
                self._change(sale, "ends_at", now, now)
            case ActionKind.HIDING:
                unpublish(sale, now=now)
            case ActionKind.CANCELLATION:
                cancel(sale, now=now)

    def deal(self, sku: str) -> Deal:
        """The deal of a product in the sale, as its row is now."""
        return self.sale.deals.select_related("product", "sale").get(product__sku=sku)

    def is_payable(self, sku: str, quantity: int = 1) -> bool:
        """Whether a card can pay for so many units of a deal, with shipping."""
        deal = self.deal(sku)
        currency, subtotal = deal.product.currency, deal.price * quantity
        return not obstacle(subtotal + expected_shipping(subtotal, currency), currency)

    def set_price(self, sku: str, amount: int, *, now: datetime) -> None:
        """Change a deal's price, in minor units; the list price is not left below it."""
        deal = self.deal(sku)
        self._change(deal, "price", amount, now)
        if deal.product.list_price < amount:
            set_list_price(deal.product, amount, now=now)

    def sizes(self, sku: str) -> list[tuple[str, str]]:
        """The variants of a product that is sold in sizes: sku and name of each."""
        variants = Variant.objects.filter(product__sku=sku).exclude(name="")
        return [(each.sku, each.name) for each in variants.order_by("position", "id")]

    def leave_units(self, sku: str, units: int) -> None:
        """Leave so many units of each variant of a product to sell, on top of those claimed."""
        Variant.objects.filter(product__sku=sku).update(stock=F("claimed") + units)

    def allocate_units(self, sku: str, units: int) -> None:
        """Set so many units of a deal aside, on top of those claimed, out of plenty in stock."""
        self.leave_units(sku, EXTRA_UNITS)
        self.sale.deals.filter(product__sku=sku).update(allocation=F("claimed") + units)

    def add_earlier_sale(self, sku: str, amount: int, *, opens: datetime, closes: datetime) -> None:
        """A sale of a product that ran before this one, at another price.

        It is published a day before it opens.
        """
        earlier = Sale.objects.create(
            slug="earlier-than-rehearsed",
            title="An earlier sale",
            time_zone=self.sale.time_zone,
            starts_at=opens,
            ends_at=closes,
        )
        Deal.objects.create(sale=earlier, product=Product.objects.get(sku=sku), price=amount)
        publish(earlier, now=opens - timedelta(days=1))

    def _change(self, row: Sale | Deal, field: str, value: object, now: datetime) -> None:
        """Change a field, and record it in the audit log."""
        before = getattr(row, field)
        setattr(row, field, value)
        row.save(update_fields=[field])
        sale, deal = (row, None) if isinstance(row, Sale) else (row.sale, row)
        record(sale=sale, deal=deal, field=field, before=before, after=value, now=now, by=None)
        work_out_reference_prices(sale.deals.values_list("product", flat=True), now=now)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Restore the database, at the end of the block, to what it is at its beginning."""
        with closing(sqlite3.connect(":memory:")) as copy:
            self._raw().backup(copy)
            try:
                yield
            finally:
                copy.backup(self._raw())

    def _deals(self) -> list[Deal]:
        deals = self.sale.deals.filter(withdrawn=False).select_related("product", "sale")
        return list(deals.prefetch_related("product__variants"))

    def _raw(self) -> sqlite3.Connection:
        connection.ensure_connection()
        raw: Any = connection.connection
        assert isinstance(raw, sqlite3.Connection)
        return raw


def _cut(deal: Deal) -> int:
    """Three quarters of a deal's price, in units that a card can pay."""
    step = payable_step(deal.product.currency)
    return max(step, deal.price * 3 // (4 * step) * step)


def _shape(deal: Deal, recalled: set[str]) -> str:
    """What is particular about buying a deal, in words."""
    product = deal.product
    words = [
        "in sizes" if any(variant.name for variant in product.variants.all()) else "",
        "one a shopper" if deal.max_per_shopper == 1 else "",
        "allocated" if deal.allocation is not None else "",
        "in sales alone" if not product.sold_at_list_price else "",
        "no dearer outside" if product.list_price <= deal.price else "",
        f"with a recall of its own ({product.sku})" if product.sku in recalled else "",
        f"in {product.currency}",
    ]
    return ", ".join(word for word in words if word)
