"""Where what a sense check found is mended: an address in the back office, and its label."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from shop.sales.models import Sale
from shop.sales.sense_checks import SenseFinding

_ACTIONS = {
    "deals": "Change the deals",
    "price": "Change the price",
    "allocation": "Change what is set aside",
    "max_per_shopper": "Change the limit",
    "hold_seconds": "Change the hold",
    "starts_at": "Change the opening",
    "ends_at": "Change the close",
    "stock": "Add stock",
}
_FIELDS_OF_SALE = frozenset({"starts_at", "ends_at", "hold_seconds"})


def mendable(found: Iterable[SenseFinding], sale: Sale | None) -> list[dict[str, Any]]:
    """Findings for templates: ``text``, ``is_warning``, ``address`` and ``action``.

    :param sale: the sale that they are about; None for one that is not saved yet
    """
    return [
        {
            "text": each.text,
            "is_warning": each.is_warning,
            "address": _address(each, sale),
            "action": _ACTIONS[each.check.field],
        }
        for each in found
    ]


def _address(finding: SenseFinding, sale: Sale | None) -> str:
    field = finding.check.field
    if field == "stock" and finding.product is not None:
        return reverse("admin:catalog_product_stock", args=[finding.product])
    page = reverse("admin:sales_sale_change", args=[sale.pk]) if sale else ""
    return f"{page}#id_{field}" if field in _FIELDS_OF_SALE else f"{page}#deals-group"
