"""Stock: every unit that comes or goes has a reason, and the ledger adds up."""

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from shop.catalog.models import Product, StockMovement, Variant
from shop.catalog.stock import TooFew, move_stock
from shop.qa.pytest_plugin.back_office import Merchant, errors, page_of
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.models import Sale
from tests.sales.test_documents import autumn_with
from tests.support.factories import mug

SUPPLIED = StockMovement.Reason.SUPPLIED


def stock_of(product: Product) -> str:
    return reverse("admin:catalog_product_stock", args=[product.pk])


def ledger(sku: str = "MUG-01") -> list[tuple[int, str]]:
    movements = StockMovement.objects.filter(variant__sku=sku)
    return [(each.units, each.reason) for each in movements]


def test_units_that_come_in_are_recorded_with_their_reason(merchant: Merchant, sale: Sale) -> None:
    merchant.change(stock_of(mug()), units="20", reason="supplied", note="Second pallet")
    assert mug().variants.get().stock == 120
    movement = StockMovement.objects.latest("id")
    assert (movement.units, movement.note, movement.made_by) == (20, "Second pallet", merchant.user)
    assert "Second pallet" in merchant.open(stock_of(mug())).text


def test_no_more_goes_out_than_is_left(merchant: Merchant, sale: Sale) -> None:
    Variant.objects.filter(sku="MUG-01").update(claimed=97)
    page = merchant.change(stock_of(mug()), units="-4", reason="lost")
    assert "Only 3 are left" in errors(page)
    assert mug().variants.get().stock == 100
    merchant.change(stock_of(mug()), units="-3", reason="lost")
    assert mug().variants.get().stock == 97


def test_the_same_form_sent_twice_moves_stock_once(merchant: Merchant, sale: Sale) -> None:
    form = merchant.form(stock_of(mug())) | {"units": "20", "reason": "supplied"}
    merchant.send(stock_of(mug()), form)
    page = merchant.send(stock_of(mug()), form)
    assert "sent twice" in errors(page)
    assert mug().variants.get().stock == 120


def test_a_new_variant_starts_with_what_was_supplied(merchant: Merchant) -> None:
    merchant.change(
        reverse("admin:catalog_product_add"),
        sku="HAT",
        name="Hat",
        slug="hat",
        list_price="12",
        currency="EUR",
        variants__0__sku="HAT",
        variants__0__stock="7",
    )
    assert ledger("HAT") == [(7, "supplied")]


def test_the_products_form_does_not_set_stock(merchant: Merchant, sale: Sale) -> None:
    merchant.change(page_of(mug()), variants__0__stock="5")
    assert mug().variants.get().stock == 100


def test_a_document_read_again_moves_only_the_difference(db: None) -> None:
    for stock in (10, 10, 25):
        document = autumn_with(stock=stock, allocation=None) | {"published": False}
        load_sale(parse_document(document), now=timezone.now())
    assert ledger() == [(10, "loaded"), (15, "loaded")]


def test_taking_out_what_orders_have_is_refused(sale: Sale) -> None:
    variant = Variant.objects.get(sku="MUG-01")
    Variant.objects.filter(pk=variant.pk).update(claimed=100)
    with pytest.raises(TooFew):
        move_stock(variant, -1, reason=SUPPLIED, now=timezone.now())


def test_the_demos_stock_is_what_its_ledger_adds_up_to(db: None) -> None:
    call_command("seed_demo", force=True, password="long enough", verbosity=0)
    summed = Variant.objects.annotate(moved=Sum("movements__units"))
    assert summed
    assert all(variant.moved == variant.stock for variant in summed)
