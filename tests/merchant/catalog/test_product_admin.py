"""Products in the back office: what may be written, and what is refused."""

import pytest
from django.urls import reverse

from shop.catalog.models import Product
from shop.qa.pytest_plugin.back_office import Merchant, errors, page_of
from shop.sales.models import Sale
from tests.support.factories import mug


def test_a_list_price_is_shown_in_euros_and_kept_in_cents(merchant: Merchant, sale: Sale) -> None:
    path = page_of(mug())
    assert merchant.form(path)["list_price"] == "49.90"
    merchant.change(path, list_price="39.9")
    assert mug().list_price == 3990
    assert [point.amount for point in mug().price_points.all()][-1] == 3990


def test_saving_a_product_untouched_changes_nothing(merchant: Merchant, sale: Sale) -> None:
    before = Product.objects.filter(sku="MUG-01").values().get()
    page = merchant.change(page_of(mug()))
    assert errors(page) == ""
    assert Product.objects.filter(sku="MUG-01").values().get() == before
    assert mug().price_points.count() == 1


def test_a_product_is_made_with_its_stock(merchant: Merchant) -> None:
    page = merchant.change(
        reverse("admin:catalog_product_add"),
        sku="HAT",
        name="Hat",
        slug="hat",
        list_price="1200",
        currency="JPY",
        variants__0__sku="HAT",
        variants__0__stock="7",
    )
    assert errors(page) == ""
    hat = Product.objects.get(sku="HAT")
    assert (hat.list_price, hat.currency) == (1200, "JPY")
    assert hat.variants.get().stock == 7
    assert hat.price_points.get().amount == 1200


def test_a_product_without_sizes_is_written_with_one_sku(merchant: Merchant) -> None:
    page = merchant.change(
        reverse("admin:catalog_product_add"),
        sku="HAT",
        name="Hat",
        slug="hat",
        list_price="12",
        variants__0__stock="7",
    )
    assert errors(page) == ""
    assert Product.objects.get(sku="HAT").variants.get().sku == "HAT"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "XYZ"}, "not a currency"),
        ({"list_price": "4.999"}, "2 decimals"),
        ({"list_price": "0"}, "above zero"),
        ({"list_price": "NaN"}, "not an amount"),
        ({"variants__0__sku": "", "variants__0__name": "XL"}, "needs a sku of its own"),
        ({"variants__0__sku": "CAP"}, "has the product's own sku"),
    ],
)
def test_a_product_that_will_not_do_is_refused_in_words(
    merchant: Merchant, changes: dict[str, str], said: str
) -> None:
    fields = {"sku": "HAT", "name": "Hat", "slug": "hat", "list_price": "12", "currency": "EUR"}
    variant = {"variants__0__sku": "HAT", "variants__0__stock": "7"}
    page = merchant.change(reverse("admin:catalog_product_add"), **(fields | variant | changes))
    assert said in errors(page)
    assert not Product.objects.exists()


def test_several_variants_need_names(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(
        page_of(mug()),
        variants__TOTAL_FORMS="2",
        variants__1__sku="MUG-XL",
        variants__1__name="XL",
        variants__1__stock="1",
        variants__1__product=str(mug().pk),
    )
    assert "each needs a name" in errors(page)


def test_the_sku_and_currency_of_a_product_stay(merchant: Merchant, sale: Sale) -> None:
    merchant.change(page_of(mug()), sku="CUP", currency="USD", variants__0__sku="CUP")
    assert (mug().currency, mug().variants.get().sku) == ("EUR", "MUG-01")


def test_a_product_is_not_deleted(merchant: Merchant, sale: Sale) -> None:
    assert merchant.open(reverse("admin:catalog_product_delete", args=[mug().pk])).status == 403
