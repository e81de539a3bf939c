"""Forms of the back office, sent by programs: the form with a sentence, or 4xx, and never 500."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from shop.catalog.models import Product
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage
from shop.sales.models import Sale
from tests.support.factories import make_order

type Path = Callable[[Sale, Order], str]

COUNTS = ["text", "", "-1", "1.5", "1e3", "9" * 30, "9" * 5000, "٣", "\ufffd", "None"]
#: Each broke a form once, or is of its kind; and a longer list of what else comes to mind.
WORST = ["9" * 5000, "9" * 19, "1E+9999", "sNaN", "9999-12-31 23:59", "999999999 days"]
HOSTILE = [
    *("9" * 19, "9" * 30, "9" * 5000, "-1", "-" + "9" * 30, "1e400000", "1E+9999", "-1E-9999"),
    *("NaN", "sNaN", "Infinity", "-inf", "0x10", "1_000", "٣", "½"),
    *("0001-01-01 00:00", "9999-12-31 23:59", "2026-02-30 10:00"),
    *("999999999 days", "99999999 d " * 40),
    *("x" * 100_000, "\ud7ff\ufffe", "\u202e", "' OR 1=1 --", "<script>", "%s%n", "../x"),
]  # fmt: skip

#: Every form of the back office that takes text, by what it is about.
FORMS: dict[str, Path] = {
    "a sale": lambda sale, order: page_of(sale),
    "a new sale": lambda sale, order: reverse("admin:sales_sale_add"),
    "a product": lambda sale, order: page_of(Product.objects.get(sku="MUG-01")),
    "a new product": lambda sale, order: reverse("admin:catalog_product_add"),
    "stock": lambda sale, order: reverse(
        "admin:catalog_product_stock", args=[Product.objects.get(sku="MUG-01").pk]
    ),
    "new staff": lambda sale, order: reverse("admin:staff_staff_add"),
    "a refund": lambda sale, order: reverse("admin:checkout_order_refund", args=[order.pk]),
    "a copy": lambda sale, order: reverse("admin:sales_sale_copy", args=[sale.pk]),
    "an extension": lambda sale, order: reverse("admin:sales_sale_extend", args=[sale.pk]),
    "a recall": lambda sale, order: reverse("admin:sales_sale_recall", args=[sale.pk]),
    "a cancellation": lambda sale, order: reverse("admin:sales_sale_cancel", args=[sale.pk]),
    "what goes public": lambda sale, order: f"{reverse('admin:sales_sale_publish')}?sale={sale.pk}",
    "the password": lambda sale, order: reverse("admin:password_change"),
}


@pytest.fixture
def order(sale: Sale) -> Order:
    return make_order(sale)


def form_of(merchant: Merchant, path: str) -> dict[str, Any]:
    """The form of a page that takes text."""
    return max(map(fields_of, merchant.open(path).soup.select("#content form")), key=len)


def text_fields(fields: dict[str, Any]) -> list[str]:
    return [name for name in fields if name not in {"csrfmiddlewaretoken", "_save", "typed_by"}]


# --- Values -------------------------------------------------------------------


@pytest.mark.parametrize("about", FORMS)
def test_no_value_in_all_fields_breaks_a_form(
    merchant: Merchant, sale: Sale, order: Order, about: str
) -> None:
    path = FORMS[about](sale, order)
    fields = form_of(merchant, path)
    names = [name for name in text_fields(fields) if "_FORMS" not in name]
    assert names
    for value in WORST:
        answer = merchant.client.post(path, fields | dict.fromkeys(names, value))
        assert answer.status_code < 500, value[:20]


@pytest.mark.verify
@pytest.mark.parametrize("about", FORMS)
def test_no_value_of_any_one_field_breaks_a_form(
    merchant: Merchant, sale: Sale, order: Order, about: str
) -> None:
    path = FORMS[about](sale, order)
    fields = form_of(merchant, path)
    for name in text_fields(fields):
        for value in HOSTILE:
            answer = merchant.client.post(path, fields | {name: value})
            assert answer.status_code < 500, (name, value[:20])


# --- Management forms ---------------------------------------------------------


@pytest.mark.parametrize("which", ["TOTAL_FORMS", "INITIAL_FORMS"])
@pytest.mark.parametrize("about", ["a sale", "a new sale", "a product", "a new product"])
def test_a_form_whose_counts_of_rows_are_no_counts_is_shown_again(
    merchant: Merchant, sale: Sale, order: Order, about: str, which: str
) -> None:
    path = FORMS[about](sale, order)
    fields = form_of(merchant, path)
    names = [name for name in fields if name.endswith(which)]
    assert names
    before = list(sale.deals.values_list("pk", "price"))
    for count in COUNTS:
        answer = merchant.client.post(
            path, fields | dict.fromkeys(names, count) | {"_save": "Save"}
        )
        assert answer.status_code in {200, 302}, count[:20]
        assert list(sale.deals.values_list("pk", "price")) == before


@pytest.mark.parametrize("count", ["text", "9" * 5000])
def test_a_sale_whose_count_of_deals_is_no_count_says_what_is_wrong(
    merchant: Merchant, sale: Sale, count: str
) -> None:
    page = merchant.change(page_of(sale), title="Winter", deals__TOTAL_FORMS=count)
    assert page.status == 200
    assert "ManagementForm data is missing or has been tampered with" in page.text
    sale.refresh_from_db()
    assert sale.title == "Autumn"


def test_a_form_without_its_counts_is_shown_again(merchant: Merchant, sale: Sale) -> None:
    answer = merchant.client.post(page_of(sale), {"title": "Winter", "_save": "Save"})
    assert answer.status_code == 200
    sale.refresh_from_db()
    assert sale.title == "Autumn"


def rows_of(page: HtmlPage) -> int:
    """The rows of deals that a page shows, but the one that scripts copy."""
    return len(page.soup.select("[name^=deals-][name$=-price]:not([name*=__prefix__])"))


def test_a_form_adds_a_hundred_rows_at_most(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), title="Winter", deals__TOTAL_FORMS="103")
    assert "A form adds 100 rows at most. Save these, and add the others then." in page.text
    assert rows_of(page) == 102
    sale.refresh_from_db()
    assert sale.title == "Autumn"
    page = merchant.change(page_of(sale), title="Winter", deals__TOTAL_FORMS="102")
    assert "was changed successfully" in page.text
    sale.refresh_from_db()
    assert sale.title == "Winter"


@pytest.mark.parametrize("about", ["a sale", "a new sale", "a product", "a new product"])
def test_scripts_add_as_many_rows_as_a_form_takes(
    merchant: Merchant, sale: Sale, order: Order, about: str
) -> None:
    fields = form_of(merchant, FORMS[about](sale, order))
    [most] = [value for name, value in fields.items() if name.endswith("MAX_NUM_FORMS")]
    [there] = [value for name, value in fields.items() if name.endswith("INITIAL_FORMS")]
    assert int(most) == int(there) + 100


@pytest.mark.parametrize("key", ["x", "0", "-1", "9" * 19, "9" * 30, "9" * 5000])
def test_a_row_with_the_key_of_no_row_is_not_saved(
    merchant: Merchant, sale: Sale, key: str
) -> None:
    page = merchant.change(page_of(sale), deals__0__id=key, deals__0__price="1.00")
    assert page.status == 200
    assert set(sale.deals.values_list("price", flat=True)) == {499, 790}


def test_the_checks_of_what_is_typed_read_any_count(merchant: Merchant, sale: Sale) -> None:
    path = f"{reverse('admin:sales_sale_sense_checks')}?sale={sale.pk}"
    fields = form_of(merchant, page_of(sale))
    for count in COUNTS:
        answer = merchant.client.post(path, fields | {"deals-TOTAL_FORMS": count})
        assert answer.status_code == 200, count[:20]


# --- Keys in addresses --------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "/merchant/checkout/order/{}/change/",
        "/merchant/checkout/order/{}/history/",
        "/merchant/checkout/order/{}/refund/",
        "/merchant/checkout/order/{}/slip/",
        "/merchant/sales/sale/{}/change/",
        "/merchant/sales/sale/{}/history/",
        "/merchant/sales/sale/{}/delete/",
        "/merchant/sales/sale/{}/recall/",
        "/merchant/sales/sale/{}/copy/",
        "/merchant/sales/sale/publish/?sale={}",
        "/merchant/catalog/product/{}/change/",
        "/merchant/catalog/product/{}/stock/",
        "/merchant/catalog/product/{}/prices/",
        "/merchant/staff/staff/{}/change/",
        "/merchant/r/{}/1/",
        "/merchant/r/1/{}/",
        "/merchant/sales/autumn/rehearsal/{}/picture/",
    ],
)
def test_the_key_of_no_row_leads_to_none(merchant: Merchant, sale: Sale, address: str) -> None:
    for key in ("x", "0", "9" * 19, "9" * 30, "9" * 5000, "1.5", "1 or 1"):
        path = address.format(key)
        assert merchant.client.get(path).status_code in {302, 403, 404}, key[:20]
        assert merchant.client.post(path).status_code in {302, 403, 404, 405}, key[:20]


@pytest.mark.parametrize("key", ["x", "9" * 19, "9" * 5000, "-1"])
def test_the_checks_of_what_is_typed_know_no_such_sale(
    merchant: Merchant, sale: Sale, key: str
) -> None:
    path = f"{reverse('admin:sales_sale_sense_checks')}?sale={key}"
    assert merchant.client.post(path, {}).status_code == 404


# --- Where a form came from ---------------------------------------------------


@pytest.mark.parametrize(
    "rubbish", ["a", "//evil.example", "?&=&;%25", "q=" + "a" * 2000, "_to_field=password"]
)
def test_a_list_that_a_form_came_from_is_gone_back_to_without_what_it_does_not_offer(
    merchant: Merchant, sale: Sale, rubbish: str
) -> None:
    path = f"{page_of(sale)}?_changelist_filters={rubbish}&_popup=&_source_model=nope.nope"
    page = merchant.client.post(path, form_of(merchant, path) | {"_save": "Save"}, follow=True)
    assert page.status_code == 200
    assert page.request["PATH_INFO"].startswith("/merchant/sales/sale/")


@pytest.mark.parametrize("flag", ["_popup", "_addanother", "_continue", "_source_model"])
def test_a_form_may_be_sent_with_any_of_the_admins_flags(
    merchant: Merchant, sale: Sale, flag: str
) -> None:
    for value in ("1", "nope", "nope.nope", "9" * 5000):
        fields = form_of(merchant, page_of(sale)) | {flag: value}
        assert merchant.client.post(page_of(sale), fields).status_code in {200, 302}


def test_a_form_is_not_saved_as_a_copy(merchant: Merchant, sale: Sale) -> None:
    fields = form_of(merchant, page_of(sale)) | {"_saveasnew": "1"}
    answer = merchant.client.post(page_of(sale), fields)
    assert answer.status_code == 400
    assert "no button that saves a copy" in answer.content.decode()
    assert Sale.objects.count() == 1


# --- Imports ------------------------------------------------------------------

IMPORT = "/merchant/catalog/product/import/"
HEADER = "sku,name,currency,list_price,variant_sku,supplied\n"


def preview(merchant: Merchant, rows: str = "TEE,Tee,EUR,19.90,,5\n") -> HtmlPage:
    file = SimpleUploadedFile("table.csv", (HEADER + rows).encode(), content_type="text/csv")
    return merchant.send(IMPORT, {"import_file": file})


def test_a_file_that_was_not_previewed_is_asked_for_again(merchant: Merchant) -> None:
    fields = fields_of(preview(merchant).one("form:has([name=file])"))
    for name in ("", "unknown", "/etc/passwd", "..", "x" * 5000, "a.b.c", "\ufffd"):
        path = reverse("admin:catalog_product_process_import")
        answer = merchant.client.post(path, fields | {"file": name})
        assert answer["Location"] == IMPORT, name[:20]
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("9" * 19, "is more units than can be counted"),
        ("9" * 5000, "is not a whole number of units"),
        ("1e5", "1e5 is not a whole number of units"),
        ("-1", "-1 is below zero"),
        ("٣", "with the figures 0 to 9"),
    ],
)
def test_units_in_a_file_that_no_column_holds_are_named(
    merchant: Merchant, cell: str, said: str
) -> None:
    page = preview(merchant, f"TEE,Tee,EUR,19.90,,{cell}\n")
    assert page.status == 200
    assert said in page.text


@pytest.mark.parametrize("cell", ["1E+400000", "Infinity", "NaN", "sNaN", "1E-400000"])
def test_money_in_a_file_that_no_column_holds_is_named(merchant: Merchant, cell: str) -> None:
    page = preview(merchant, f"TEE,Tee,EUR,{cell},,5\n")
    assert page.status == 200
    assert page.soup.select(".import-preview li, .notice.alarm li")
    assert "Exceeds the limit" not in page.text
    assert not page.soup.select("[name=confirm]")
