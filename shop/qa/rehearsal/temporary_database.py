"""The rehearsal's own database: the exported sale, restored after every scenario."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from django.core import serializers
from django.db import connection
from django.db.models import F

from shop.catalog.list_prices import set_list_price
from shop.catalog.models import Product, Variant
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Deal, Extension, Recall, Sale

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
    instants; ``empty`` the skus of deals without stock.
    """

    def __init__(self, rows: str) -> None:
        self.actions: list[MerchantAction] = []
        self.empty: list[str] = []
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
        for deal in self._deals():
            if not any(variant.stock > variant.claimed for variant in deal.product.variants.all()):
                self.empty.append(deal.product.sku)
        Variant.objects.update(stock=F("stock") - F("claimed") + EXTRA_UNITS, claimed=0)
        Deal.objects.filter(allocation__isnull=False).update(
            allocation=F("allocation") - F("claimed") + EXTRA_UNITS
        )
        Deal.objects.update(claimed=0, recall_reason="")
        self.was_draft = self.sale.state != Sale.State.PUBLISHED
        self.sale.recall_before, self.sale.recall_reason = None, ""
        self.sale.save()
        publish(
            self.sale, now=min(self.sale.published_at or self.sale.starts_at, self.sale.starts_at)
        )

    def samples(self) -> list[SampledDeal]:
        """The deals to test: the first of each shape, and those with a recall of their own."""
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
        samples.sort(key=lambda sample: not sample.is_primary)
        return samples[:MOST_SAMPLES]

    @property
    def deals_total(self) -> int:
        """How many deals the sale's page shows."""
        return len(self._deals())

    def lowest_amount(self, sku: str, *, is_open: bool) -> int | None:
        """The lowest price of a product by its rows, in minor units; None if it is not sold."""
        product = Product.objects.get(sku=sku)
        amounts = [product.list_price] if product.sold_at_list_price else []
        if is_open:
            amounts.append(Deal.objects.get(product=product).price)
        return min(amounts, default=None)

    def apply(self, action: MerchantAction) -> None:
        """Do to the sale what its merchant did, or might do, as the back office does it."""
        sale = Sale.objects.get()
        if action.kind is ActionKind.EXTENSION:
            now = action.issued_before or action.at
            extend(sale=sale, seconds=action.seconds, by=None, now=now)
        elif action.kind is ActionKind.RECALL:
            recall(
                sale=sale,
                deal=Deal.objects.get(product__sku=action.sku) if action.sku else None,
                reason="As rehearsed.",
                by=None,
                now=action.at,
                issued_before=action.issued_before,
            )
        elif action.kind is ActionKind.PRICE_RISE:
            Deal.objects.update(price=F("price") * 2)
            for product in Product.objects.all():
                set_list_price(product, product.list_price * 2, now=action.at)
        elif action.kind is ActionKind.CLOSE:
            sale.ends_at = action.at
            sale.save(update_fields=["ends_at"])
            unpublish(sale, now=action.at)

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
        deals = Deal.objects.filter(withdrawn=False).select_related("product")
        return list(deals.prefetch_related("product__variants"))

    def _raw(self) -> sqlite3.Connection:
        connection.ensure_connection()
        raw: Any = connection.connection
        assert isinstance(raw, sqlite3.Connection)
        return raw


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
