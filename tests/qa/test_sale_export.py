"""What a rehearsal is given of the prices from before the sale."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime

from shop.qa.pytest_plugin.factories import CLOSES, OPENS, add_deal, make_sale
from shop.qa.rehearsal.sale_export import sale_document
from shop.sales.lifecycle import publish
from shop.sales.models import Sale
from shop.sales.reference_prices import REFERENCE_PERIOD, set_list_price
from tests.support.fixtures import Clock

pytestmark = pytest.mark.django_db

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def prices_in(rows: str, product: int) -> list[tuple[int, bool, Any]]:
    """The exported prices of a product: amount, whether it could be bought, since when."""
    return [
        (row["fields"]["amount"], row["fields"]["could_be_bought"], _instant(row))
        for row in json.loads(rows)
        if row["model"] == "catalog.pricepoint" and row["fields"]["product"] == product
    ]


def _instant(row: dict[str, Any]) -> Any:
    return parse_datetime(row["fields"]["since"])


def test_what_other_sales_asked_before_is_among_the_prices(clock: Clock) -> None:
    clock.move_to(OPENS - 40 * DAY)
    mug = make_sale(starts_at=OPENS, ends_at=CLOSES).deals.get(product__sku="MUG-01").product
    early = Sale.objects.create(
        slug="early", title="Early", starts_at=OPENS - 5 * DAY, ends_at=OPENS - 5 * DAY + HOUR
    )
    add_deal(early, mug, 299)
    publish(early, now=OPENS - 20 * DAY)
    set_list_price(mug, 3990, now=OPENS - 2 * DAY)
    assert prices_in(sale_document(Sale.objects.get(slug="autumn")), mug.pk) == [
        (4990, True, OPENS - REFERENCE_PERIOD),
        (299, True, OPENS - 5 * DAY),
        (4990, True, OPENS - 5 * DAY + HOUR),
        (3990, True, OPENS - 2 * DAY),
        (3990, True, OPENS),
    ]
