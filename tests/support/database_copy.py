"""A dump of the shop's rows that a test can go back to, as an operator restores a backup."""

from typing import Any

from django.db import transaction
from django.db.models import Model

from shop.catalog.models import Product, Variant
from shop.orders.models import (
    ClaimOrigin,
    Dispute,
    Order,
    OrderCharge,
    OrderLine,
    Refund,
    RefundLine,
    SaleMinute,
    StatusChange,
    StripeEvent,
)
from shop.sales.models import Deal, LimitUse, Redemption, Sale

#: Tables in the order in which rows may be inserted.
TABLES: tuple[type[Model], ...] = (
    Product,
    Variant,
    Sale,
    Deal,
    LimitUse,
    Redemption,
    Order,
    ClaimOrigin,
    OrderLine,
    OrderCharge,
    StatusChange,
    Refund,
    RefundLine,
    Dispute,
    SaleMinute,
    StripeEvent,
)


class DatabaseCopy:
    """All rows that sell and are sold, as they were when it was made."""

    def __init__(self) -> None:
        self.rows: dict[type[Model], list[Any]] = {
            table: list(table._default_manager.all()) for table in TABLES
        }

    def restore(self) -> None:
        """Put every row back; what was inserted since is gone."""
        with transaction.atomic():
            for table in reversed(TABLES):
                kept = [row.pk for row in self.rows[table]]
                table._default_manager.exclude(pk__in=kept).delete()
            for table in TABLES:
                for row in self.rows[table]:
                    row.save()
