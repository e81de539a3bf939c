"""The stage: a throw-away database with the sale in it, set back after every scene."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
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

#: Units that are added to what the shop has, so that the rehearsal's own orders never empty it.
OWN_UNITS = 10_000
#: Deals that are walked; one for each shape that a deal of the sale has.
MOST_DEALS = 6


@dataclass(frozen=True)
class Part:
    """A deal that is walked, and which others it stands for."""

    sku: str
    name: str
    shape: str
    stands_for: int
    #: Walked at every instant, not at the boundaries of its own hold alone.
    leads: bool


class TemporaryDatabase:
    """The sale as configured, in this process's own database."""

    def __init__(self, rows: str) -> None:
        self.acts: list[MerchantAction] = []
        self.empty: list[str] = []
        recalls: list[Recall] = []
        for each in serializers.deserialize("json", rows):
            row = each.object
            if isinstance(row, Extension):
                self.acts.append(_extension(row))
            elif isinstance(row, Recall):
                recalls.append(row)
            else:
                each.save()
        self.acts += [_recall(row) for row in recalls]
        self.acts.sort(key=lambda act: act.at)
        self.sale = Sale.objects.get()
        self._prepare()

    def _prepare(self) -> None:
        """Before anything happened: published, nothing taken back, nothing sold, stock for all."""
        for deal in self._deals():
            if not any(variant.stock > variant.claimed for variant in deal.product.variants.all()):
                self.empty.append(deal.product.sku)
        Variant.objects.update(stock=F("stock") - F("claimed") + OWN_UNITS, claimed=0)
        Deal.objects.filter(allocation__isnull=False).update(
            allocation=F("allocation") - F("claimed") + OWN_UNITS
        )
        Deal.objects.update(claimed=0, recall_reason="")
        self.was_draft = self.sale.state != Sale.State.PUBLISHED
        self.sale.recall_before, self.sale.recall_reason = None, ""
        self.sale.save()
        publish(
            self.sale, now=min(self.sale.published_at or self.sale.starts_at, self.sale.starts_at)
        )

    def parts(self) -> list[Part]:
        """The deals to walk: the first of each shape, and those that are recalled by themselves."""
        recalled = {act.sku for act in self.acts if act.sku}
        shapes: dict[str, list[Deal]] = {}
        for deal in self._deals():
            shapes.setdefault(_shape(deal, recalled), []).append(deal)
        parts = [
            Part(
                sku=deals[0].product.sku,
                name=deals[0].product.name,
                shape=shape,
                stands_for=len(deals),
                leads=number == 0 or deals[0].product.sku in recalled,
            )
            for number, (shape, deals) in enumerate(shapes.items())
        ]
        parts.sort(key=lambda part: not part.leads)
        return parts[:MOST_DEALS]

    @property
    def deals_in_all(self) -> int:
        """How many deals the sale's page shows."""
        return len(self._deals())

    def price_now(self, sku: str, *, is_open: bool) -> int | None:
        """The least that a product can be had for now by its rows, in minor units."""
        product = Product.objects.get(sku=sku)
        prices = [product.list_price] if product.sold_at_list_price else []
        if is_open:
            prices.append(Deal.objects.get(product=product).price)
        return min(prices, default=None)

    def enact(self, act: MerchantAction) -> None:
        """Do to the sale what its merchant did, or might do, as the back office does it."""
        sale = Sale.objects.get()
        if act.kind is ActionKind.EXTENSION:
            extend(sale=sale, seconds=act.seconds, by=None, now=act.issued_before or act.at)
        elif act.kind is ActionKind.RECALL:
            deal = Deal.objects.get(product__sku=act.sku) if act.sku else None
            recall(
                sale=sale,
                deal=deal,
                reason="As rehearsed.",
                by=None,
                now=act.at,
                issued_before=act.issued_before,
            )
        elif act.kind is ActionKind.RISE:
            Deal.objects.update(price=F("price") * 2)
            for product in Product.objects.all():
                set_list_price(product, product.list_price * 2, now=act.at)
        elif act.kind is ActionKind.CLOSE:
            sale.ends_at = act.at
            sale.save(update_fields=["ends_at"])
            unpublish(sale, now=act.at)

    def photograph(self) -> sqlite3.Connection:
        """All of the database as it is now."""
        photograph = sqlite3.connect(":memory:")
        self._raw().backup(photograph)
        return photograph

    def restore(self, photograph: sqlite3.Connection) -> None:
        """Set the database back to what a photograph shows."""
        photograph.backup(self._raw())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Whatever happens inside has not happened afterwards."""
        before = self.photograph()
        try:
            yield
        finally:
            self.restore(before)
            before.close()

    def _deals(self) -> list[Deal]:
        deals = Deal.objects.filter(withdrawn=False).select_related("product")
        return list(deals.prefetch_related("product__variants"))

    def _raw(self) -> sqlite3.Connection:
        connection.ensure_connection()
        raw: Any = connection.connection
        assert isinstance(raw, sqlite3.Connection)
        return raw


def _shape(deal: Deal, recalled: set[str]) -> str:
    """What sets a deal apart from others as far as buying it goes, in words."""
    product = deal.product
    words = [
        "in sizes" if any(variant.name for variant in product.variants.all()) else "",
        "one a shopper" if deal.max_per_shopper == 1 else "",
        "allocated" if deal.allocation is not None else "",
        "in sales alone" if not product.sold_at_list_price else "",
        "no dearer outside" if product.list_price <= deal.price else "",
        f"recalled by itself ({product.sku})" if product.sku in recalled else "",
        f"in {product.currency}",
    ]
    return ", ".join(word for word in words if word)


def _extension(row: Extension) -> MerchantAction:
    return MerchantAction(
        kind=ActionKind.EXTENSION,
        at=row.made_at,
        seconds=row.seconds,
        issued_before=row.issued_before,
    )


def _recall(row: Recall) -> MerchantAction:
    sku = row.deal.product.sku if row.deal else None
    return MerchantAction(
        kind=ActionKind.RECALL, at=row.made_at, issued_before=row.issued_before, sku=sku
    )
