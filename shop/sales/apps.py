from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils import timezone


class SalesConfig(AppConfig):
    name = "shop.sales"
    verbose_name = "Sales"

    def ready(self) -> None:
        post_migrate.connect(set_triggers, sender=self)
        post_migrate.connect(work_out_missing_reference_prices, sender=self)


def set_triggers(*, using: str, **_: Any) -> None:
    """Set the triggers that tell the showcase what has changed."""
    from shop.sales import revision_triggers

    revision_triggers.set_triggers(using)


def work_out_missing_reference_prices(**_: Any) -> None:
    """Work out what a migration has left open: a deal of a published sale without its ``was``."""
    from shop.sales.models import Deal
    from shop.sales.reference_prices import work_out_reference_prices

    open_ = Deal.objects.filter(was_as_of=None, sale__published_at__isnull=False)
    if products := set(open_.values_list("product", flat=True)):
        work_out_reference_prices(products, now=timezone.now())  # noqa: TID251
