"""Products and deals as CSV: previewed, all or nothing, and every bad row named."""

import io
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import Workbook

from shop.catalog.models import Product, StockMovement, Variant
from shop.core.machine_clock import machine_time
from shop.core.typed.names import read_name
from shop.merchant.catalog.product_csv import ProductTable
from shop.merchant.forms import csv_writing, table_files
from shop.merchant.forms.csv_tables import Overtaken
from shop.merchant.forms.table_rows import TableRow
from shop.merchant.models import CsvImport
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, make_product
from shop.sales.models import Deal, Sale
from tests.support.tables import (
    DEALS,
    PRODUCTS,
    choose,
    chosen_columns,
    confirmed,
    export,
    preview,
    problems,
    read_in,
)
from tests.support.write_transactions import WriteTransactions

HEADER = "sku,name,currency,list_price,variant_sku,variant,supplied\n"


def test_products_come_in_with_variants_stock_and_price_history(merchant: Merchant) -> None:
    read_in(
        merchant,
        PRODUCTS,
        HEADER + "TEE,Tee,EUR,19.90,TEE-M,M,5\nTEE,Tee,EUR,19.90,TEE-L,L,7\nHAT,Hat,JPY,1200,,,3\n",
    )
    tee, hat = Product.objects.get(sku="TEE"), Product.objects.get(sku="HAT")
    assert [(each.sku, each.stock) for each in tee.variants.all()] == [("TEE-M", 5), ("TEE-L", 7)]
    assert (tee.list_price, hat.list_price, hat.variants.get().sku) == (1990, 1200, "HAT")
    assert tee.price_points.get().amount == 1990
    movement = StockMovement.objects.get(variant__sku="TEE-L")
    assert (movement.units, movement.made_by) == (7, merchant.user)


def test_a_product_that_a_table_keeps_for_sales_has_no_list_price_to_strike_through(
    merchant: Merchant,
) -> None:
    row = "TEE,Tee,EUR,19.90,TEE,,5"
    read_in(merchant, PRODUCTS, f"{HEADER}{row}\n")
    header = HEADER.strip() + ",sold_at_list_price\n"
    read_in(merchant, PRODUCTS, f"{header}{row},no\n")
    record = Product.objects.get().price_points.values_list("amount", "could_be_bought")
    assert list(record)[-1] == (1990, False)


def test_a_preview_writes_nothing(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, HEADER + "TEE,Tee,EUR,19.90,TEE-M,M,5\n")
    assert "TEE-M" in page.text
    assert not Product.objects.exists()


def test_one_bad_row_keeps_the_whole_file_out_and_is_named(merchant: Merchant) -> None:
    page = preview(
        merchant, PRODUCTS, HEADER + "TEE,Tee,EUR,19.90,TEE-M,M,5\nHAT,Hat,EUR,19.999,HAT,,some\n"
    )
    assert problems(page) == [
        "3 list_price: Amounts in EUR have 2 decimals. If 19.999 is 19999, write 19999.",
        "3 supplied: some is not a whole number of units.",
    ]
    assert not page.soup.select("[name=confirm]")
    assert not Product.objects.exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("TEE,Tee,XXXX,1,TEE,,1", "not a currency"),
        ("TEE,,EUR,1,TEE,,1", "A new product needs a name"),
        ("TEE,Tee,EUR,0,TEE,,1", "above zero"),
        ("TEE,Tee,EUR,1,CAP,,1", "has the product's own sku"),
        ("TEE,Tee,EUR,1,MUG-01,M,1", "is a variant of MUG-01"),
        ("MUG-01,Mug,USD,1,MUG-01,,1", "keeps its currency"),
        ("MUG-01,Mug,EUR,1,MUG-01,,2", "2 is fewer than the 3 claimed"),
        ("MUG-01,Mug,EUR,1,MUG-XL,XL,2", "each needs a name"),
        ("TEE,Tee,EUR,4_99,TEE,,1", "4_99 is not an amount"),
        ("BAG,Bag,EUR,1,BAG-S,S,1\nBAG,Bag,EUR,2,BAG-L,L,1", "Line 2 says something else of BAG"),
        ("BAG,Bag,EUR,1,BAG-S,S,1\nBAG,Bags,EUR,1,BAG-L,L,1", "Line 2 says something else of BAG"),
    ],
)
def test_the_error_in_a_row_is_said(merchant: Merchant, sale: Sale, row: str, said: str) -> None:
    Variant.objects.filter(sku="MUG-01").update(claimed=3)
    assert said in preview(merchant, PRODUCTS, HEADER + row + "\n").text


def test_a_column_that_stands_there_twice_is_refused(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, HEADER.strip() + ",list_price\nA,A,EUR,9,A,,1,90\n")
    assert "2 columns have the name list_price (D and H)" in page.text
    assert not page.soup.select("[name=confirm]")


def test_white_space_around_the_name_of_a_column_is_none_of_it(merchant: Merchant) -> None:
    read_in(merchant, PRODUCTS, HEADER.replace(",", " , ") + "TEE,Tee,EUR,19.90,TEE,,5\n")
    assert Product.objects.get(sku="TEE").list_price == 1990


def test_what_goes_out_comes_in_again_and_changes_nothing(merchant: Merchant, sale: Sale) -> None:
    rows = export(merchant, PRODUCTS)
    shown = [rows[1][name] for name in ("sku", "list_price", "supplied")]
    assert shown == ["MUG-01", "49.90", "100"]
    text = merchant.client.get(reverse("admin:catalog_product_export")).content.decode()
    moved, before = StockMovement.objects.count(), list(Product.objects.values())
    read_in(merchant, PRODUCTS, text)
    assert StockMovement.objects.count() == moved
    assert list(Product.objects.values()) == before


FORMULA = "=cmd|' /C calc'!A0"


def test_no_cell_of_a_file_is_a_formula(merchant: Merchant, sale: Sale) -> None:
    Product.objects.filter(sku="MUG-01").update(name=FORMULA, text=f"A mug;{FORMULA}")
    Variant.objects.filter(sku="MUG-01").update(name="@SUM(A1)")
    rows = {row["sku"]: row for row in export(merchant, PRODUCTS)}
    mug = rows["MUG-01"]
    assert (mug["name"], mug["text"]) == (f"'{FORMULA}", f"A mug;'{FORMULA}")
    assert (mug["variant"], mug["list_price"]) == ("'@SUM(A1)", "49.90")


@pytest.mark.parametrize(
    "name", [FORMULA, f"'{FORMULA}", "\uff1d1", "-1; +2", "+49\t=1", "'s Hertogenbosch"]
)
def test_what_looks_like_a_formula_comes_in_again_as_it_was(
    merchant: Merchant, sale: Sale, name: str
) -> None:
    Product.objects.filter(sku="MUG-01").update(name=name, text=f"{name}\n{name}")
    text = merchant.client.get(reverse("admin:catalog_product_export")).content.decode()
    Product.objects.filter(sku="MUG-01").update(name="Mug", text="A mug")
    read_in(merchant, PRODUCTS, text)
    mug = Product.objects.get(sku="MUG-01")
    # A tab is a blank in a name.
    assert (mug.name, mug.text) == (read_name(name), f"{name}\n{name}")


def test_what_a_file_leaves_out_stays(merchant: Merchant, sale: Sale) -> None:
    read_in(merchant, PRODUCTS, HEADER + "MUG-01,Big mug,,,MUG-01,,\n")
    mug = Product.objects.get(sku="MUG-01")
    assert (mug.name, mug.list_price, mug.variants.get().stock) == ("Big mug", 4990, 100)


def test_deals_of_a_draft_come_in(merchant: Merchant, sale: Sale) -> None:
    make_product("HAT", "Hat", list_price=2000)
    draft = Sale.objects.create(slug="winter", title="Winter", starts_at=OPENS, ends_at=CLOSES)
    read_in(merchant, DEALS, "sale,sku,price,allocation\nwinter,HAT,9.90,20\nwinter,MUG-01,4.90,\n")
    deals = draft.deals.values_list("product__sku", "price", "allocation")
    assert sorted(deals) == [("HAT", 990, 20), ("MUG-01", 490, None)]


def test_what_a_file_changes_of_a_deal_is_recorded(merchant: Merchant, sale: Sale) -> None:
    make_product("HAT", "Hat", list_price=2000)
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    read_in(
        merchant,
        DEALS,
        "sale,sku,price,allocation,withdrawn\nautumn,MUG-01,5.99,40,no\nautumn,HAT,9.90,,no\n",
    )
    assert list(
        sale.changes.filter(made_by=merchant.user)
        .order_by("pk")
        .values_list("deal__product__sku", "field", "before", "after")
    ) == [
        ("MUG-01", "price", 499, 599),
        ("MUG-01", "allocation", None, 40),
        ("HAT", "deal", None, "HAT"),
    ]


def test_deals_go_out_with_what_orders_have(merchant: Merchant, sale: Sale) -> None:
    rows = {row["sku"]: row for row in export(merchant, DEALS)}
    assert rows["MUG-01"]["price"] == "4.99"
    assert rows["LMP-01"] | {"position": ""} == {
        "sale": "autumn",
        "sku": "LMP-01",
        "position": "",
        "currency": "EUR",
        "price": "7.90",
        "allocation": "50",
        "max_per_shopper": "10",
        "withdrawn": "no",
        "in_orders": "0",
    }


def test_a_preview_says_what_changes_and_how_it_was(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, PRODUCTS, HEADER + "MUG-01,Big mug,,50,MUG-01,,\n")
    assert "Stoneware mug → Big mug" in page.text
    assert "49.90 → 50.00" in page.text
    assert "changed" in page.one("table.import-preview tbody th").get_text()


def test_a_file_with_semicolons_is_read_too(merchant: Merchant) -> None:
    text = "\ufeff" + HEADER.replace(",", ";") + "HAT;Hat;EUR;19.90;;;3\n"
    read_in(merchant, PRODUCTS, text)
    assert Product.objects.get(sku="HAT").list_price == 1990


@pytest.mark.parametrize("text", ["sku\nA\n", "\x00", "sku,sku\n1,2\n"])
def test_what_is_no_table_of_ours_is_refused_in_words(merchant: Merchant, text: str) -> None:
    page = preview(merchant, PRODUCTS, text)
    assert page.status == 200
    assert "Traceback" not in page.html
    assert not page.soup.select("[name=confirm]")
    assert page.soup.select(".errorlist li, .import-preview li")


def test_a_workbook_of_excel_is_read_too(merchant: Merchant) -> None:
    book, file = Workbook(), io.BytesIO()
    for row in (["sku", "name", "list_price", "supplied"], [1001, "Hat", 19.9, 3.0]):
        book.worksheets[0].append(row)
    book.save(file)
    read_in(merchant, PRODUCTS, file.getvalue())
    hat = Variant.objects.get(sku="1001")
    assert (hat.product.name, hat.product.list_price, hat.stock) == ("Hat", 1990, 3)


def sample(merchant: Merchant, table: str) -> str:
    """The sample file that the page of a table offers."""
    page = merchant.open(reverse(f"admin:{table}_import"))
    link = page.one("a[href$='/sample/']")
    return merchant.client.get(str(link["href"])).content.decode()


def test_the_sample_files_are_brought_in_as_they_are(merchant: Merchant) -> None:
    read_in(merchant, PRODUCTS, sample(merchant, PRODUCTS))
    assert dict(Variant.objects.values_list("sku", "stock")) == {"MUG": 40, "TEE-M": 12, "TEE-L": 8}
    draft = Sale.objects.create(slug="autumn", title="Autumn", starts_at=OPENS, ends_at=CLOSES)
    read_in(merchant, DEALS, sample(merchant, DEALS))
    assert sorted(draft.deals.values_list("product__sku", "price", "allocation")) == [
        ("MUG", 2990, 20),
        ("TEE", 990, None),
    ]


@pytest.mark.parametrize(
    ("table", "needed", "needed_of_new"),
    [(PRODUCTS, ["sku"], ["name", "list_price"]), (DEALS, ["sale", "sku"], ["price"])],
)
def test_the_page_says_which_columns_there_must_be(
    merchant: Merchant, table: str, needed: list[str], needed_of_new: list[str]
) -> None:
    page = merchant.open(reverse(f"admin:{table}_import"))
    [said] = [each for each in page.soup.select("form p") if "It needs" in each.get_text()]
    names = [each.get_text() for each in said.select("code")]
    assert names[: len(needed + needed_of_new)] == [*needed, *needed_of_new]
    assert set(names[len(needed + needed_of_new) :]).isdisjoint({*needed, *needed_of_new})


def test_a_list_of_deals_in_other_words_is_asked_about(merchant: Merchant, sale: Sale) -> None:
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    page = preview(
        merchant, DEALS, "Aktion;Artikelnummer;Aktionspreis;Kontingent\nautumn;MUG-01;5,99;40\n"
    )
    assert chosen_columns(page) == {
        "Aktion": "sale",
        "Artikelnummer": "sku",
        "Aktionspreis": "price",
        "Kontingent": "allocation",
    }
    confirmed(merchant, DEALS, choose(merchant, DEALS, page))
    deal = Deal.objects.get(product__sku="MUG-01")
    assert (deal.price, deal.allocation) == (599, 40)


def test_a_deal_in_another_currency_is_refused(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, DEALS, "sale,sku,price,currency\nautumn,MUG-01,5.99,USD\n")
    assert problems(page) == ["2 currency: MUG-01 is sold in EUR."]


# --- What a file costs everybody else ------------------------------------------------


def many(count: int, price: str = "19.90") -> str:
    """A file of that many new products."""
    rows = (f"P-{n:05},Product {n},EUR,{price},,,{n % 7}\n" for n in range(count))
    return HEADER + "".join(rows)


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_a_preview_begins_no_transaction_and_its_queries_do_not_grow_with_its_rows(
    merchant: Merchant, write_transactions: WriteTransactions
) -> None:
    few = queries_of(lambda: preview(merchant, PRODUCTS, many(2)))
    assert queries_of(lambda: preview(merchant, PRODUCTS, many(200))) == few
    assert write_transactions.longest == {}


def test_rows_are_written_in_a_number_of_statements_that_does_not_grow(
    merchant: Merchant, write_transactions: WriteTransactions
) -> None:
    few = queries_of(lambda: read_in(merchant, PRODUCTS, many(2)))
    more = queries_of(lambda: read_in(merchant, PRODUCTS, many(150, price="9.90")))
    # New rows and changed ones need a statement each, and lists of keys may be cut in two.
    assert more <= few + 8
    assert Product.objects.count() == Variant.objects.count() == 150
    assert {each.list_price for each in Product.objects.all()} == {990}
    assert list(write_transactions.longest) == [
        f"POST {reverse('admin:catalog_product_process_import')}"
    ]


def test_a_preview_shows_the_first_rows_and_counts_all(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, many(130))
    assert len(page.soup.select("table.import-preview tbody tr")) == 100
    assert "130 rows: 130 new" in page.text and "30 more rows change something" in page.text


def test_of_many_wrong_rows_the_first_are_named_and_all_are_counted(merchant: Merchant) -> None:
    page = preview(merchant, PRODUCTS, many(130, price="-1"))
    assert len(page.soup.select("table.import-preview tbody tr")) == 100
    assert "30 more lines will not do" in page.text


def test_two_rows_about_the_same_thing_are_refused(merchant: Merchant, sale: Sale) -> None:
    row = "TEE,Tee,EUR,19.90,TEE-M,M,5\n"
    page = preview(merchant, PRODUCTS, HEADER + row + row.replace(",5", ",6"))
    assert "Line 2 says something of TEE-M already" in page.text
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    page = preview(merchant, DEALS, "sale,sku,price\nautumn,MUG-01,1\nautumn,MUG-01,2\n")
    assert "Line 2 says something of MUG-01 in autumn already" in page.text


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("TEE,Tee,EUR,1,TEE-M,M,1\nTEE,Tee,EUR,1,TEE-L,M,1\n", "Another variant has the name 'M'"),
        ("TEE,Tee,EUR,1,TEE-M,M,1\nTEE,Tee,EUR,1,TEE,,1\n", "each needs a name"),
    ],
)
def test_rows_are_checked_against_each_other_and_against_what_is_there(
    merchant: Merchant, sale: Sale, rows: str, said: str
) -> None:
    assert said in preview(merchant, PRODUCTS, HEADER + rows).text


def test_what_happened_since_the_preview_is_checked_again(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, PRODUCTS, HEADER + "MUG-01,Mug,EUR,1,MUG-01,,2\n")
    Variant.objects.filter(sku="MUG-01").update(claimed=3)
    assert "2 is fewer than the 3 claimed" in confirmed(merchant, PRODUCTS, page).text


@pytest.mark.parametrize("error", [Overtaken, IntegrityError])
def test_rows_that_change_while_they_are_written_are_read_again(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    write, calls = ProductTable.write, 0

    def overtaken(table: ProductTable, **options: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise error
        write(table, **options)

    monkeypatch.setattr(ProductTable, "write", overtaken)
    read_in(merchant, PRODUCTS, HEADER + "TEE,Tee,EUR,19.90,,,5\n")
    assert calls == 2
    assert Variant.objects.get().stock == 5


def test_what_others_write_meanwhile_is_found_out_under_the_lock(
    merchant: Merchant, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = ProductTable.plan

    def planned(table: ProductTable, rows: Any) -> Any:
        result = plan(table, rows)
        # Somebody else renames it after it was read, and only once.
        if Product.objects.filter(sku="MUG-01").exclude(name="Theirs").update(name="Theirs"):
            Variant.objects.filter(sku="MUG-01").update(stock=77)
        return result

    page = preview(merchant, PRODUCTS, HEADER + "MUG-01,,,50,MUG-01,,\n")
    monkeypatch.setattr(ProductTable, "plan", planned)
    assert "1 changed" in confirmed(merchant, PRODUCTS, page).text
    mug = Product.objects.get(sku="MUG-01")
    assert (mug.name, mug.list_price, mug.variants.get().stock) == ("Theirs", 5000, 77)


def test_a_file_is_written_for_who_looked_at_it_and_into_its_own_table(
    merchant: Merchant, sale: Sale
) -> None:
    page = preview(merchant, PRODUCTS, many(1))
    for someone, table in ((Merchant("bob"), PRODUCTS), (merchant, DEALS)):
        assert "not kept any more: choose it again" in confirmed(someone, table, page).text
    for token in ("", "x", "../../etc/passwd"):
        path = reverse(f"admin:{PRODUCTS}_process_import")
        page = merchant.send(path, {"file": token, "import_file_name": "../x", "format": "9"})
        assert (page.status, "choose it again" in page.text) == (200, True)
    assert not Product.objects.filter(sku__startswith="P-").exists()


def test_a_file_that_is_too_large_is_refused_in_words(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_files, "MOST_ROWS", 2)
    assert "It has more than 2 rows: divide it" in preview(merchant, PRODUCTS, many(3)).text
    monkeypatch.setattr("shop.merchant.forms.import_forms.MOST_BYTES", 1024 * 1024)
    assert "At most 1 MB" in preview(merchant, PRODUCTS, many(30_000)).text


# --- A file that is written in the background ------------------------------------------


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portions of three rows, and no pause between them."""
    monkeypatch.setattr(csv_writing, "ROWS_TOGETHER", 3)
    monkeypatch.setattr(csv_writing, "PORTION", 3)
    monkeypatch.setattr(csv_writing, "_LEAST_PAUSE", 0)
    monkeypatch.setattr(csv_writing, "_TIMES_AS_LONG", 0)


def test_a_large_file_is_written_portion_by_portion(
    merchant: Merchant, small_portions: None
) -> None:
    assert "written 3 at a time" in preview(merchant, PRODUCTS, many(8)).text
    page = read_in(merchant, PRODUCTS, many(8))
    assert "Written: 8 of 8 rows" in page.text
    assert Product.objects.count() == 8
    job = CsvImport.objects.get()
    assert (job.status, job.written, bytes(job.content)) == ("done", 8, b"")


def test_what_belongs_together_is_written_together(small_portions: None) -> None:
    def rows(*groups: str) -> csv_writing.OrderedRows:
        return csv_writing.OrderedRows({}, [TableRow(n, {}) for n in range(len(groups))], groups)

    assert rows(*"aabbc").end_after(0) == 2
    assert rows(*"aabbc").end_after(2) == 5
    assert rows(*"abccc").end_after(0) == 2
    assert rows(*"aaaaab").end_after(0) == 3, "more than a portion is divided"
    assert rows(*"abc").end_after(0) == 3


def test_a_row_that_will_not_do_stops_the_rest_and_is_named(
    merchant: Merchant, small_portions: None, sale: Sale
) -> None:
    page = preview(merchant, PRODUCTS, many(4) + "MUG-01,Mug,EUR,1,MUG-01,,2\n")
    Variant.objects.filter(sku="MUG-01").update(claimed=3)
    page = confirmed(merchant, PRODUCTS, page)
    assert "It stopped. 3 of 5 rows are written" in page.text
    assert "Line 6, supplied: 2 is fewer than the 3 claimed" in page.text
    assert Product.objects.filter(sku__startswith="P-").count() == 3
    today = merchant.open("/merchant/").text
    assert "A file stopped halfway: 3 of 5 rows are written" in today
    Variant.objects.filter(sku="MUG-01").update(claimed=0)
    page = read_in(merchant, PRODUCTS, many(4) + "MUG-01,Mug,EUR,1,MUG-01,,2\n")
    assert "5 rows: 1 new, 1 changed, 3 as before" in page.text
    assert "stopped halfway" not in merchant.open("/merchant/").text


def test_a_killed_process_loses_no_row_and_the_rest_is_gone_on_with(
    merchant: Merchant, small_portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = csv_writing._write, 0

    def killed(*args: Any) -> bool:
        nonlocal calls
        calls += 1
        return calls < 2 and write(*args)

    monkeypatch.setattr(csv_writing, "_write", killed)
    page = read_in(merchant, PRODUCTS, many(8))
    assert "3 of 8 rows are written" in page.text and not page.soup.select("#csv-import button")
    monkeypatch.setattr(csv_writing, "_write", write)
    path = reverse("admin:catalog_product_import_progress", args=[CsvImport.objects.get().pk])
    assert "3 of 8 rows" in merchant.send(path, {}).text, "while it is under way nothing is begun"
    CsvImport.objects.update(moved_at=machine_time() - timedelta(minutes=2))
    page = merchant.open(path)
    assert "It was interrupted" in page.text and page.soup.select("#csv-import button")
    assert "Written: 8 of 8 rows" in merchant.send(path, {}).text
    assert (Product.objects.count(), StockMovement.objects.count()) == (8, 6)


def test_a_file_that_an_earlier_release_began_is_asked_for_once_more(merchant: Merchant) -> None:
    content = zlib.compress((HEADER + "TEE,Tee,EUR,19.90,,,5\n").encode())
    job = CsvImport.objects.create(
        table="catalog.product", content=content, rows=1, made_by=merchant.user
    )
    CsvImport.objects.update(moved_at=machine_time() - timedelta(minutes=2))
    path = reverse("admin:catalog_product_import_progress", args=[job.pk])
    page = merchant.send(path, {})
    assert "The shop was upgraded meanwhile. Bring the file in once more." in page.text
    assert not Product.objects.exists()


def test_two_tasks_at_one_file_write_no_row_twice(
    merchant: Merchant, small_portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = csv_writing._write

    def twice(job: CsvImport, *args: Any) -> bool:
        # The other task is faster.
        monkeypatch.setattr(csv_writing, "_write", write)
        csv_writing._write_portion(job.pk)
        return write(job, *args)

    monkeypatch.setattr(csv_writing, "_write", twice)
    read_in(merchant, PRODUCTS, many(8))
    assert CsvImport.objects.get().written == 3
    assert Product.objects.count() == 3


def test_a_locked_database_is_waited_for(
    merchant: Merchant, small_portions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, calls = csv_writing._write, 0

    def locked(*args: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OperationalError("database is locked")
        return write(*args)

    monkeypatch.setattr(csv_writing, "_write", locked)
    assert "Written: 4 of 4 rows" in read_in(merchant, PRODUCTS, many(4)).text


def test_files_of_yesterday_are_gone(merchant: Merchant, small_portions: None) -> None:
    read_in(merchant, PRODUCTS, many(4))
    CsvImport.objects.update(made_at=machine_time() - timedelta(days=1, seconds=1))
    read_in(merchant, PRODUCTS, many(4, price="1"))
    assert CsvImport.objects.count() == 1


def test_progress_is_asked_for_by_a_fragment(merchant: Merchant, small_portions: None) -> None:
    read_in(merchant, PRODUCTS, many(4))
    path = reverse("admin:catalog_product_import_progress", args=[CsvImport.objects.get().pk])
    answer = merchant.client.get(path, headers={"HX-Request": "true"})
    assert b"<html" not in answer.content and b"4 of 4 rows" in answer.content
    other = reverse("admin:sales_deal_import_progress", args=[CsvImport.objects.get().pk])
    assert merchant.client.get(other).status_code == 404
