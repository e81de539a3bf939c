"""In the hour that comes twice, no page of shop or back office has a time without its offset."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse
from pytest_django import Settings

from shop.catalog.models import PricePoint, Product, StockMovement
from shop.catalog.stock import move_stock
from shop.orders.links import order_path
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant, page_of
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import make_sale
from shop.sales.holds import extend, recall
from shop.sales.models import Sale
from tests.support.factories import make_order, make_refund, mug
from tests.support.fixtures import Clock

MINUTE = timedelta(minutes=1)
#: Berlin's clocks are put back at this instant, from 03:00 to 02:00.
BACK = datetime(2026, 10, 25, 1, tzinfo=UTC)
#: A time of that hour; with its offset it is one instant.
EQUAL = re.compile(r"\b02:\d\d(?::\d\d)?(?![:\d])(?! \((?:UTC[+]\d|CES?T)\)| CES?T| [+]0\d:00)")


@pytest.fixture
def small_hours(settings: Settings, db: None, clock: Clock, merchant: Merchant) -> Sale:
    """A sale that is open in the second hour, with an order, a refund and all kinds of records."""
    settings.TIME_ZONE = "Europe/Berlin"
    clock.move_to(BACK - 20 * MINUTE)
    sale = make_sale(starts_at=BACK - 10 * MINUTE, ends_at=BACK + 40 * MINUTE)
    clock.move_to(BACK + 5 * MINUTE)
    now, by = BACK + 5 * MINUTE, merchant.user
    extend(sale=sale, seconds=60, by=by, now=now, reason="A slow page")
    recall(sale=sale, reason="A slip", by=by, now=now, issued_before=BACK - 9 * MINUTE)
    order = make_order(sale, placed_at=now, paid_at=now, receipt_sent_at=now)
    make_refund(order, amount=499)
    variant = mug().variants.get()
    move_stock(variant, 1, reason=StockMovement.Reason.COUNTED, note="", now=now, made_by=by)
    PricePoint.objects.update(since=now)
    merchant.user.last_login = now
    merchant.user.save()
    entry = {"user": by, "action_flag": CHANGE, "change_message": "Counted", "action_time": now}
    product = mug()
    kind = ContentType.objects.get_for_model(Product)
    LogEntry.objects.create(
        content_type=kind, object_id=str(product.pk), object_repr="Mug", **entry
    )
    return sale


def addresses(sale: Sale) -> Iterator[str]:
    """The pages that have times."""
    order, product = Order.objects.get(), mug()
    yield from (f"/merchant/sales/autumn/{page}/" for page in ("live", "report", "preview"))
    yield "/merchant/sales/autumn/preview/2026-10-25T01:30:00Z/sales/autumn/"
    yield from ("/merchant/", "/merchant/sales/sale/", "/merchant/checkout/order/")
    yield from ("/merchant/staff/staff/", page_of(sale), page_of(order), page_of(product))
    yield from (
        reverse(f"admin:{name}", args=[pk])
        for name, pk in {
            "sales_sale_history": sale.pk,
            "sales_sale_recall": sale.pk,
            "sales_sale_extend": sale.pk,
            "sales_sale_copy": sale.pk,
            "catalog_product_stock": product.pk,
            "catalog_product_history": product.pk,
            "checkout_order_slip": order.pk,
            "checkout_order_refund": order.pk,
        }.items()
    )


def bare_times(html: str) -> list[str]:
    """Times of the hour that are not told apart, each with the text around it."""
    text = " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())
    return [text[max(0, found.start() - 40) : found.end() + 20] for found in EQUAL.finditer(text)]


def test_the_back_office_tells_equal_times_apart(small_hours: Sale, merchant: Merchant) -> None:
    found, seen = {}, 0
    for path in addresses(small_hours):
        page = merchant.open(path)
        assert page.status == 200, path
        seen += len(re.findall(r"\b02:\d\d", page.text))
        if bare := bare_times(page.html):
            found[path] = bare
    assert found == {}
    assert seen > 30


def test_the_shop_tells_equal_times_apart(
    small_hours: Sale, shopper: ShopClient, clock: Clock
) -> None:
    shopper.add(shopper.offer())
    link = order_path(Order.objects.get())
    paths = ["/", "/sales/autumn/", "/products/mug-01/", "/bag/", "/checkout/", link]
    for now in (BACK + 5 * MINUTE, BACK + 35 * MINUTE, BACK + 40 * MINUTE):
        clock.move_to(now)
        for path in [*paths, f"{link}offers/"]:
            page = shopper.open(path)
            assert page.status == 200, path
            assert bare_times(page.html) == [], path
