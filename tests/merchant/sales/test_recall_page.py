"""The recall page: nothing is preset, the consequences come first, and the price is mended too."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal
from shop.sales.lifecycle import publish
from shop.sales.models import Change, Deal, Recall, Sale
from shop.sales.showcase import showcase
from tests.support.factories import make_order
from tests.support.fixtures import Clock

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def path_of(sale: Sale) -> str:
    return reverse("admin:sales_sale_recall", args=[sale.pk])


def mug() -> Deal:
    return Deal.objects.select_related("product").get(product__sku="MUG-01")


def look(merchant: Merchant, sale: Sale, **asked: str) -> HtmlPage:
    """The page after its form was sent for the first time."""
    return merchant.change(path_of(sale), **({"reason": "A slip of the pen"} | asked))


def agree(merchant: Merchant, page: HtmlPage, **answers: str) -> HtmlPage:
    """Send the form of such a page, with what becomes of the prices."""
    showcase.clear()
    return merchant.send(page.path, fields_of(page.one("#content form")) | answers)


def consequences(page: HtmlPage) -> str:
    return page.one("#consequences").get_text(" ", strip=True)


def test_nothing_is_preset(merchant: Merchant, sale: Sale) -> None:
    page = merchant.open(path_of(sale))
    assert [each["value"] for each in page.soup.select("[name=deal] option[selected]")] == [""]
    page = look(merchant, sale)
    assert "Choose what to take back." in errors(page)
    assert not page.soup.select("#consequences")
    page = look(merchant, sale, deal="all")
    assert page.soup.select("#prices [type=radio]") and not page.soup.select("#prices [checked]")
    assert not Recall.objects.exists()


def test_the_first_press_shows_what_will_happen_and_does_nothing(
    merchant: Merchant, sale: Sale, shopper: ShopClient
) -> None:
    message = shopper.offer()
    page = look(merchant, sale, deal=str(mug().pk))
    assert "Up to 100 units for €499.00 are held now." in consequences(page)
    assert "at most 100 units to be refused" in consequences(page)
    assert "Stoneware mug €4.99 100 €499.00 12:30, Berlin time" in consequences(page)
    assert "Brass lamp" not in consequences(page)
    assert "Nobody has ordered any of it." in consequences(page)
    assert not Recall.objects.exists()
    assert shopper.add(message).status == 303


def test_orders_that_stay_are_counted(merchant: Merchant, sale: Sale, clock: Clock) -> None:
    make_order(sale)
    make_order(
        sale, number="FF-SECOND00", status=Order.Status.PENDING, paid_at=None, receipt_sent_at=None
    )
    page = look(merchant, sale, deal=str(mug().pk))
    assert (
        "Orders stay, at the price they were placed at: 2 units in 1 order not paid yet and "
        "2 units in 1 order paid." in consequences(page)
    )
    assert "4 units in 2 orders were ordered in the last 10 minutes." in consequences(page)
    clock.move_to(OPENS + 11 * MINUTE)
    page = look(merchant, sale, deal=str(mug().pk))
    assert "Nothing was ordered in the last 10 minutes." in consequences(page)


def test_agreed_to_it_takes_back_and_says_what(
    merchant: Merchant, sale: Sale, shopper: ShopClient
) -> None:
    message = shopper.offer()
    page = agree(merchant, look(merchant, sale, deal="all"), prices="leave")
    assert "Offers of Autumn that were out are void: A slip of the pen" in page.text
    made = Recall.objects.get()
    assert (made.deal, made.made_by, made.reason) == (None, merchant.user, "A slip of the pen")
    assert shopper.add(message).verdicts == ["recalled"]
    assert not Change.objects.filter(deal__isnull=False).exists(), "no price was touched"


def test_what_becomes_of_the_prices_has_to_be_said(merchant: Merchant, sale: Sale) -> None:
    page = agree(merchant, look(merchant, sale, deal="all"))
    assert "Choose: new offers go on being made" in errors(page)
    assert consequences(page), "they are still told"
    assert not Recall.objects.exists()


def test_a_wrong_price_is_changed_in_the_same_step(
    merchant: Merchant, sale: Sale, shopper: ShopClient
) -> None:
    deal, old = mug(), shopper.offer()
    page = look(merchant, sale, deal=str(deal.pk))
    agree(merchant, page, prices="change", **{f"price_{deal.pk}": "49.90"})
    assert mug().price == 4990
    row = Change.objects.get(field="price")
    assert (row.before, row.after, row.reason, row.made_by) == (
        499,
        4990,
        "A slip of the pen",
        merchant.user,
    )
    showcase.clear()
    assert shopper.add(old).verdicts == ["recalled"]
    assert shopper.add(shopper.offer()).status == 303
    assert "49.90" in shopper.bag().text


def test_a_deal_is_withdrawn_in_the_same_step(
    merchant: Merchant, sale: Sale, shopper: ShopClient
) -> None:
    deal = mug()
    page = look(merchant, sale, deal="all")
    agree(merchant, page, prices="change", **{f"withdraw_{deal.pk}": "on"})
    assert mug().withdrawn
    assert Change.objects.get(field="withdrawn").deal == deal
    showcase.clear()
    assert list(shopper.open("/sales/autumn/").offers) == ["LMP-01"]


@pytest.mark.parametrize(
    ("prices", "price", "withdraw", "said"),
    [
        ("change", "", "", "Write a new price, or tick what to withdraw."),
        ("leave", "5.99", "", "Choose one of both."),
        ("change", "5.99", "on", "It is withdrawn, so it needs no price."),
        ("change", "4.99", "", "That is its price now."),
        ("change", "4.999", "", "EUR have 2 decimals"),
        ("change", "0", "", "above zero"),
        ("change", "a lot", "", "a lot is not an amount"),
    ],
)
def test_an_answer_that_makes_no_sense_takes_nothing_back(
    merchant: Merchant, sale: Sale, prices: str, price: str, withdraw: str, said: str
) -> None:
    deal = mug()
    answers = {f"price_{deal.pk}": price} | ({f"withdraw_{deal.pk}": "on"} if withdraw else {})
    page = look(merchant, sale, deal=str(deal.pk))
    page = agree(merchant, page, prices=prices, **answers)
    assert said in errors(page)
    assert not Recall.objects.exists()
    assert (mug().price, mug().withdrawn) == (499, False)


def test_another_recall_than_the_one_that_was_looked_at_is_looked_at_first(
    merchant: Merchant, sale: Sale
) -> None:
    page = look(merchant, sale, deal=str(mug().pk))
    page = agree(merchant, page, deal="all", prices="leave")
    assert "Brass lamp" in consequences(page)
    assert not Recall.objects.exists()
    agree(merchant, page, prices="leave")
    assert Recall.objects.get().deal is None


def test_a_stretch_is_written_in_the_sales_own_time(
    merchant: Merchant, sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    messages = []
    for at in (OPENS + MINUTE - SECOND, OPENS + MINUTE, OPENS + 2 * MINUTE - SECOND):
        clock.move_to(at)
        messages.append(shopper.offer())
    clock.move_to(OPENS + 2 * MINUTE)
    messages.append(shopper.offer())
    clock.move_to(CLOSES - SECOND)
    page = look(
        *(merchant, sale),
        deal=str(mug().pk),
        issued_from="2026-11-27 12:01",
        issued_before="2026-11-27 12:02",
    )
    told = consequences(page)
    assert "12:32, Berlin time" in told
    assert "before Friday, 27 November 2026, 12:01:00, Berlin time, stays held." in told
    assert "from Friday, 27 November 2026, 12:02:00, Berlin time on stays held." in told
    page = agree(merchant, page, prices="leave")
    assert (
        "Offers of Stoneware mug in Autumn that were shown from Friday, 27 November 2026, "
        "12:01:00, Berlin time, on and before Friday, 27 November 2026, 12:02:00, Berlin time, "
        "are void" in page.text
    )
    verdicts = [shopper.add(each).verdicts for each in messages]
    assert verdicts == [[], ["recalled"], ["recalled"], []]


def test_an_end_of_the_last_minutes_counts_as_now(merchant: Merchant, sale: Sale) -> None:
    page = look(merchant, sale, deal="all", issued_before="2026-11-27 11:59")
    assert "Up to 150 units" in consequences(page)
    assert "stays held" not in consequences(page)


@pytest.mark.parametrize(
    ("stretch", "said"),
    [
        ({"issued_from": "2026-11-27 12:01"}, "nothing was shown then"),
        ({"issued_before": "2026-11-27 12:01"}, "nothing was shown then"),
        ({"issued_before": "2027-03-28 02:30"}, "There is no 2027-03-28 02:30:00"),
        (
            {"issued_from": "2026-11-27 11:59", "issued_before": "2026-11-27 11:58"},
            "has to end after it begins",
        ),
    ],
)
def test_a_stretch_that_is_none_is_refused(
    merchant: Merchant, sale: Sale, stretch: dict[str, str], said: str
) -> None:
    page = look(merchant, sale, deal="all", **stretch)
    assert said in errors(page)
    assert not page.soup.select("#consequences")


@pytest.mark.parametrize("now", [CLOSES, CLOSES + HOLD])
def test_of_a_sale_that_is_over_no_price_is_asked_for(
    merchant: Merchant, sale: Sale, clock: Clock, now: datetime
) -> None:
    clock.move_to(now)
    page = look(merchant, sale, deal="all")
    assert not page.soup.select("#prices")
    expected = "No offer that it would take back is held now."
    assert (expected in consequences(page)) is (now == CLOSES + HOLD)
    agree(merchant, page)
    assert Recall.objects.exists()


def test_a_form_that_is_sent_twice_takes_back_once(merchant: Merchant, sale: Sale) -> None:
    page = look(merchant, sale, deal="all")
    form: dict[str, Any] = fields_of(page.one("#content form")) | {"prices": "leave"}
    merchant.send(page.path, form)
    again = merchant.send(page.path, form)
    assert "since this page was opened" in errors(again)
    assert Recall.objects.count() == 1


def test_a_sale_to_come_compares_with_the_price_that_was_mended(
    merchant: Merchant, sale: Sale
) -> None:
    deal = mug()
    later = Sale.objects.create(
        slug="later", title="Later", starts_at=CLOSES + MINUTE, ends_at=CLOSES + HOLD
    )
    add_deal(later, deal.product, 99)
    publish(later, now=OPENS)
    page = look(merchant, sale, deal=str(deal.pk))
    agree(merchant, page, prices="change", **{f"price_{deal.pk}": "2.99"})
    assert later.deals.get().was == 299
