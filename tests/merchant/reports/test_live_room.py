"""The live sale room, and the report afterwards: what they say of a sale that really sold."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.urls import reverse

from shop.merchant.reports.live_queries import recent_figures
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales.holds import extend
from shop.sales.models import Sale
from shop.sales.refusals import refusals
from tests.support.factories import make_order
from tests.support.fixtures import Card, Clock

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nothing_is_kept() -> Iterator[None]:
    recent_figures.clear()
    refusals.clear()
    yield
    recent_figures.clear()
    refusals.clear()


def room(merchant: Merchant, sale: Sale, query: str = "") -> HtmlPage:
    recent_figures.clear()
    return merchant.open(reverse("admin:sale_live", args=[sale.slug]) + query)


def report(merchant: Merchant, sale: Sale) -> HtmlPage:
    return merchant.open(reverse("admin:sale_report", args=[sale.slug]))


def figures(page: HtmlPage, label: str) -> dict[str, str]:
    """The figures of a list that has a name."""
    found = page.one(f"[aria-label='{label}']")
    return {
        pair.dt.get_text(" ", strip=True): pair.dd.get_text(" ", strip=True)
        for pair in found.select("div")
        if pair.dt and pair.dd
    }


def section(page: HtmlPage, name: str) -> str:
    return " ".join(page.one(f"section[aria-labelledby='{name}']").get_text(" ").split())


def table(merchant: Merchant, sale: Sale) -> list[dict[str, Any]]:
    """The report's file."""
    path = reverse("admin:sale_report", args=[sale.slug])
    answer = merchant.client.get(f"{path}?format=csv")
    assert answer["Content-Disposition"] == f'attachment; filename="{sale.slug}-report.csv"'
    return list(csv.DictReader(StringIO(answer.content.decode())))


@pytest.fixture
def sold(sale: Sale, clock: Clock, stripe: Any, card: Card) -> Sale:
    """One mug in the window, one ten minutes after the close, one declined, one refused."""
    buyer, late, unlucky, slow = (ShopClient() for _ in range(4))
    buyer.add(buyer.offer())
    assert buyer.order(card(), email="ada@example.org").order_status == "paid"
    slow_offer = slow.offer()
    clock.move_to(CLOSES - SECOND)
    late.add(late.offer())
    unlucky.add(unlucky.offer("LMP-01"))
    clock.move_to(CLOSES + 10 * MINUTE)
    no_limit = card("pm_card_standIn_noFingerprint")
    assert late.order(no_limit, email="bob@example.org").order_status == "paid"
    assert unlucky.order(card("pm_card_chargeDeclined"), email="eve@example.org").status == 422
    clock.move_to(OPENS + HOLD)
    assert slow.add(slow_offer).verdicts == ["expired"]
    return sale


# --- The room ---------------------------------------------------------------------


def keep_unpaid(card: Card, address: str, units: int, *emails: str) -> None:
    """Let a network order lamps with cards that are declined."""
    for email in emails:
        someone = ShopClient(address)
        someone.add(someone.offer("LMP-01"), units)
        assert someone.order(card("pm_card_chargeDeclined"), email=email).status == 422


def test_the_room_shows_what_one_network_keeps_unpaid_and_names_none(
    sale: Sale, merchant: Merchant, clock: Clock, stripe: Any, card: Card
) -> None:
    sale.deals.update(max_per_shopper=50)
    keep_unpaid(card, "192.0.2.1", 5, "a@example.org", "b@example.org")
    keep_unpaid(card, "2001:db8:1:1::1", 3, "c@example.org")
    keep_unpaid(card, "2001:db8:1:1::2", 1, "d@example.org")
    page = room(merchant, sale)
    rows = [each.get_text(" ", strip=True) for each in page.one("#hoards").select("tbody tr")]
    assert rows == ["Brass lamp refused more 2 10", "Brass lamp 2 4"]
    assert "From 10 units of a product on" in section(page, "under-way")
    assert "192.0.2" not in page.html
    assert "2001:db8" not in page.html
    clock.move_to(OPENS + 10 * MINUTE)
    assert not room(merchant, sale).soup.select("#hoards"), "their time is over"


def test_the_room_shows_no_network_that_is_still_trying(
    sale: Sale, merchant: Merchant, clock: Clock, stripe: Any, card: Card
) -> None:
    buyer = ShopClient()
    buyer.add(buyer.offer("LMP-01"), 5)
    buyer.order(card("pm_card_threeDSecure2Required"))
    clock.move_to(OPENS + MINUTE - SECOND)
    assert not room(merchant, sale).soup.select("#hoards")
    clock.move_to(OPENS + MINUTE)
    assert room(merchant, sale).one("#hoards")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (OPENS - SECOND, "1 second until it opens"),
        (OPENS, "15 minutes left"),
        (CLOSES - SECOND, "1 second left"),
        (CLOSES, "Closed Prices are held for 30 minutes more."),
        (CLOSES + HOLD - SECOND, "Closed Prices are held for 1 second more."),
        (CLOSES + HOLD, "Over No price of it is held any more."),
    ],
)
def test_the_time_left_is_told_by_the_servers_clock(
    merchant: Merchant, sale: Sale, clock: Clock, now: datetime, told: str
) -> None:
    clock.move_to(now)
    assert told in room(merchant, sale).text


def test_an_extension_moves_the_end_of_holds(merchant: Merchant, sale: Sale, clock: Clock) -> None:
    clock.move_to(CLOSES)
    extend(sale=sale, seconds=600, by=None, now=CLOSES)
    assert "Prices are held for 40 minutes more" in room(merchant, sale).text


def test_the_room_says_what_was_paid_and_the_discount(merchant: Merchant, sold: Sale) -> None:
    paid = figures(room(merchant, sold), "What was paid")
    assert paid["Orders"] == "2"
    assert paid["Units"] == "2"
    assert paid["Revenue"] == "€9.98"
    assert paid["Discount given"] == "€89.82"


def test_the_room_adds_up_every_unit_of_an_order(
    merchant: Merchant, sale: Sale, shopper: ShopClient, stripe: Any, card: Card
) -> None:
    shopper.add(shopper.offer(), quantity=2)
    shopper.order(card())
    assert figures(room(merchant, sale), "What was paid")["Revenue"] == "€9.98"


def test_the_room_tells_apart_what_came_after_the_close(merchant: Merchant, sold: Sale) -> None:
    late = section(room(merchant, sold), "late")
    assert "Orders 1 Units 1 Revenue €4.99 Discount given €44.91" in late


def test_the_room_says_what_is_left_and_what_waits(merchant: Merchant, sold: Sale) -> None:
    page = room(merchant, sold)
    assert "98 of 100 left" in section(page, "deals")
    assert "49 of 50 left" in section(page, "deals")
    assert "Wait for a card 1 1" in section(page, "under-way")


def test_the_room_says_who_was_refused_and_why(merchant: Merchant, sold: Sale) -> None:
    assert "The time the price was held for was over 1" in section(room(merchant, sold), "refused")


def test_the_chart_has_its_minutes_as_a_table_too(merchant: Merchant, sold: Sale) -> None:
    rows = room(merchant, sold).soup.select("#columns tr")
    read = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in rows]
    assert read == [["12:00", "1", "0"], ["12:25", "0", "1"]]


def test_htmx_is_given_what_changes_and_nothing_else(merchant: Merchant, sold: Sale) -> None:
    path = reverse("admin:sale_live", args=[sold.slug])
    fragment = merchant.client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "Orders by the minute" in fragment
    assert "<html" not in fragment
    page = room(merchant, sold)
    assert page.one("#figures")["hx-trigger"] == "every 2s"
    assert not room(merchant, sold, "?still").one("#figures").has_attr("hx-trigger")


def test_figures_are_read_once_a_second_however_many_look(merchant: Merchant, sold: Sale) -> None:
    path = reverse("admin:sale_live", args=[sold.slug])
    before = room(merchant, sold)
    make_order(sold, "FF-WAITING", status="pending", paid_at=None)
    page = merchant.open(path)
    assert section(page, "under-way") == section(before, "under-way")
    assert "Wait for a card 2" in section(room(merchant, sold), "under-way")


# --- The report ---------------------------------------------------------------------


def test_the_report_says_what_each_deal_sold_of_its_stock(merchant: Merchant, sold: Sale) -> None:
    page = report(merchant, sold)
    assert figures(page, "In EUR")["Revenue"] == "€9.98"
    rows = [row for row in table(merchant, sold) if row["part"] == "deal"]
    assert [(row["sku"], row["supplied"], row["units"], row["amount"]) for row in rows] == [
        ("MUG-01", "100", "2", "9.98"),
        ("LMP-01", "50", "0", "0.00"),
    ]
    assert "2%" in page.text


def test_the_report_says_how_late_orders_were_and_the_cost(merchant: Merchant, sold: Sale) -> None:
    late = section(report(merchant, sold), "late")
    assert "1 order came after the close, the latest 10 minutes after." in late
    assert "What the promise cost €44.91" in late
    spans = {
        row["name"]: row["count"] for row in table(merchant, sold) if row["part"] == "how late"
    }
    assert spans["10 min to 11 min"] == "1"
    assert sum(map(int, spans.values())) == 1


def test_the_report_says_what_was_refused_or_not_paid(merchant: Merchant, sold: Sale) -> None:
    parts = {(row["part"], row["name"]): row["count"] for row in table(merchant, sold)}
    assert parts["refused", "expired"] == "1"
    assert parts["not paid", "pending"] == "1"
    Order.objects.filter(status="pending").update(status="expired")
    assert "Not paid in time" in report(merchant, sold).text


def test_a_refund_is_shown_and_does_not_change_the_sold(merchant: Merchant, sold: Sale) -> None:
    order = Order.objects.get(email="ada@example.org")
    merchant.refund(order, "MUG-01", 1, "Cracked")
    page = report(merchant, sold)
    assert "€4.99 of it refunded" in page.text
    assert figures(page, "In EUR")["Revenue"] == "€9.98"
    [back] = [row for row in table(merchant, sold) if row["part"] == "refund"]
    assert (back["units"], back["amount"]) == ("1", "4.99")
    recent_figures.clear()
    assert "1 refunded" in room(merchant, sold).text


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (OPENS - SECOND, "The sale has not begun."),
        (OPENS, "The sale is open until"),
        (CLOSES - SECOND, "The sale is open until"),
        (CLOSES, "The sale is over, and its prices are held until 12:45, Berlin time"),
        (CLOSES + HOLD - SECOND, "its prices are held until"),
    ],
)
def test_the_report_says_whether_its_figures_are_the_last(
    merchant: Merchant, sale: Sale, clock: Clock, now: datetime, told: str
) -> None:
    clock.move_to(now)
    assert told in report(merchant, sale).text


def test_the_figures_end_with_the_last_hold(merchant: Merchant, sold: Sale, clock: Clock) -> None:
    clock.move_to(CLOSES + HOLD)
    assert "1 order may still be paid" in report(merchant, sold).text
    Order.objects.filter(status="pending").update(status="expired")
    page = report(merchant, sold)
    for notice in ("held until", "may still be paid", "is open", "has not begun"):
        assert notice not in " ".join(each.get_text() for each in page.soup.select(".notice"))


def test_no_formula_gets_into_the_file(merchant: Merchant, sold: Sale) -> None:
    sold.title = "=1+1"
    sold.save()
    assert {row["name"] for row in table(merchant, sold) if row["part"] == "sold"} == {"'=1+1"}
