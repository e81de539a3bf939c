"""Files of deals: those of published sales change as in the sale's form, and never silently."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shop.merchant.forms import csv_writing
from shop.merchant.models import CsvImport
from shop.merchant.sales import deal_csv
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_product
from shop.sales.models import Change, Deal, Sale
from shop.sales.sense_facts import ACKNOWLEDGED
from tests.support.fixtures import Clock
from tests.support.tables import DEALS, confirmed, exported, preview, problems, read_in

MINUTE = timedelta(minutes=1)
PRICE = "sale,sku,price\nautumn,MUG-01,5.99\n"


def told(page: HtmlPage) -> str:
    """What a preview says that follows for published sales."""
    return " ".join(each.get_text(" ", strip=True) for each in page.soup.select(".impact"))


def price() -> int:
    return Deal.objects.get(sale__slug="autumn", product__sku="MUG-01").price


def test_a_higher_price_says_what_the_held_one_may_cost(
    merchant: Merchant, sale: Sale, shopper: ShopClient
) -> None:
    message = shopper.offer()
    page = preview(merchant, DEALS, PRICE)
    assert "Sales that are published change. Read this first. Autumn Offers that are" in told(page)
    assert "Stoneware mug: whoever was shown €4.99 still pays that." in told(page)
    assert price() == 499, "nothing is written yet"
    confirmed(merchant, DEALS, page)
    assert price() == 599
    assert shopper.add(message).lines == {"MUG-01": 499}
    change = Change.objects.get(field="price")
    assert (change.before, change.after, change.made_by) == (499, 599, merchant.user)


def test_a_change_that_touches_no_promise_is_named_all_the_same(
    merchant: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS - MINUTE)
    page = preview(merchant, DEALS, PRICE)
    assert "Autumn Shoppers see it as soon as it is written." in told(page)
    confirmed(merchant, DEALS, page)
    assert price() == 599


def test_nothing_is_written_without_having_been_read(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, DEALS, PRICE)
    page.one("[name=agreed]")["value"] = "else"
    page = confirmed(merchant, DEALS, page)
    assert "Nothing is written yet: read it anew" in page.text
    assert "whoever was shown €4.99 still pays that" in told(page)
    assert price() == 499
    confirmed(merchant, DEALS, page)
    assert price() == 599


def later_published(sale: Sale, clock: Clock) -> Callable[[], object]:
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    return lambda: Sale.objects.update(state=Sale.State.PUBLISHED, published_at=OPENS)


def later_open(sale: Sale, clock: Clock) -> Callable[[], object]:
    clock.move_to(OPENS - MINUTE)
    return lambda: clock.move_to(OPENS)


def another_price(sale: Sale, clock: Clock) -> Callable[[], object]:
    return lambda: Deal.objects.filter(product__sku="MUG-01").update(price=489)


@pytest.mark.parametrize("meanwhile", [later_published, later_open, another_price])
def test_what_follows_is_told_anew_where_it_is_something_else_by_now(
    merchant: Merchant,
    sale: Sale,
    clock: Clock,
    meanwhile: Callable[[Sale, Clock], Callable[[], object]],
) -> None:
    happen = meanwhile(sale, clock)
    page = preview(merchant, DEALS, PRICE)
    happen()
    page = confirmed(merchant, DEALS, page)
    assert "Nothing is written yet: read it anew" in page.text
    assert price() != 599
    confirmed(merchant, DEALS, page)
    assert price() == 599


def test_a_new_warning_is_told_and_acknowledged(
    merchant: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS - MINUTE)
    page = preview(merchant, DEALS, "sale,sku,price\nautumn,MUG-01,49.90\n")
    assert "Stoneware mug: shoppers see no reduction, as it was €49.90" in told(page)
    confirmed(merchant, DEALS, page)
    acknowledged = Change.objects.get(field=ACKNOWLEDGED)
    assert (acknowledged.sale, acknowledged.made_by) == (sale, merchant.user)


def test_a_deal_is_put_into_a_published_sale_with_its_reference_price(
    merchant: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS - MINUTE)
    make_product("HAT", "Hat", list_price=2000)
    read_in(merchant, DEALS, "sale,sku,price\nautumn,HAT,9.90\n")
    hat = sale.deals.get(product__sku="HAT")
    assert (hat.price, hat.was, hat.was_as_of) == (990, 2000, sale.starts_at)


def test_a_draft_asks_nothing(merchant: Merchant, sale: Sale) -> None:
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    page = preview(merchant, DEALS, PRICE)
    assert told(page) == ""
    confirmed(merchant, DEALS, page)
    assert price() == 599


def test_rows_that_change_nothing_ask_nothing(merchant: Merchant, sale: Sale) -> None:
    page = preview(merchant, DEALS, exported(merchant, DEALS))
    assert told(page) == ""
    assert "2 rows: 2 as before" in page.text


def test_a_canceled_sale_stays_as_it_was(merchant: Merchant, sale: Sale) -> None:
    Sale.objects.update(state=Sale.State.CANCELED)
    assert problems(preview(merchant, DEALS, PRICE)) == [
        "2 sale: Autumn was canceled, and its deals stay as they were."
    ]


def test_a_sale_that_is_over_may_be_changed_as_in_its_form(
    merchant: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(CLOSES + HOLD)
    read_in(merchant, DEALS, PRICE)
    assert price() == 599


def test_too_many_changes_of_published_sales_are_not_read_at_once(
    merchant: Merchant, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_writing, "ROWS_TOGETHER", 1)
    rows = "sale,sku,price\nautumn,MUG-01,5.99\nautumn,LMP-01,8.90\n"
    page = preview(merchant, DEALS, rows)
    assert "More than 1 rows change, and among them deals of sales that are published" in page.text
    assert not page.soup.select("[name=confirm]")
    confirmed(merchant, DEALS, preview(merchant, DEALS, PRICE))
    assert price() == 599, "rows that change nothing do not count"
    monkeypatch.setattr(deal_csv, "MOST_PUBLISHED", 0)
    assert (
        "Deals of 1 published sales change. Divide the file"
        in preview(merchant, DEALS, "sale,sku,price\nautumn,MUG-01,6.99\n").text
    )


def test_a_sale_that_is_published_while_a_file_is_written_stops_it(
    merchant: Merchant, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("ROWS_TOGETHER", 1), ("PORTION", 1), ("_LEAST_PAUSE", 0)):
        monkeypatch.setattr(csv_writing, name, value)
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    page = preview(merchant, DEALS, "sale,sku,price\nautumn,MUG-01,5.99\nautumn,LMP-01,8.90\n")
    Sale.objects.update(state=Sale.State.PUBLISHED, published_at=OPENS)
    confirmed(merchant, DEALS, page)
    job = CsvImport.objects.get()
    assert job.status == CsvImport.Status.STOPPED
    assert job.problems == [
        "Line 2, sale: Autumn is published: bring its deals in by a file of their own."
    ]
    assert price() == 499
