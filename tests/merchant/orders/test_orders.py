"""Orders in the back office: found, told from beginning to end, mailed again, packed, taken out."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.test import Client
from django.urls import reverse

from shop.merchant.orders import csv_export
from shop.orders.models import Dispute, Order, OrderLine, Refund, RefundLine, StatusChange
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.models import Sale
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.support.factories import make_order, make_refund, refreshed
from tests.support.fixtures import Clock

MINUTE = timedelta(minutes=1)
LIST = "/merchant/checkout/order/"


@pytest.fixture
def helper(db: None) -> Client:
    """The browser of someone of support."""
    person = Staff.objects.create_user("helen", is_staff=True)
    give_role(person, Role.SUPPORT)
    client = Client()
    client.force_login(person)
    return client


def open_page(client: Client, path: str) -> HtmlPage:
    answer = client.get(path)
    return HtmlPage.of(answer, path)


def address(order: Order, page: str = "change") -> str:
    return reverse(f"admin:checkout_order_{page}", args=[order.pk])


def listed(client: Client, query: str) -> list[str]:
    """The numbers of the orders that the list shows."""
    rows = open_page(client, f"{LIST}?{query}").soup.select("#result_list tbody th")
    return [row.get_text(strip=True) for row in rows]


# --- Finding one --------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["FF-12345678", "12345678", "ada@example", "lovelace", "MUG-01", "stoneware"]
)
def test_an_order_is_found_by_what_is_known_of_it(helper: Client, sale: Sale, query: str) -> None:
    make_order(sale)
    other = make_order(sale, "FF-OTHERONE", email="bob@example.org", name="Bob")
    other.lines.update(sku="LMP-01", name="Brass lamp")
    assert listed(helper, f"q={query}") == ["FF-12345678"]


def test_orders_are_narrowed_to_a_sale_and_to_a_status(helper: Client, sale: Sale) -> None:
    make_order(sale)
    make_order(sale, "FF-PENDING1", status=Order.Status.PENDING, paid_at=None)
    at_list_price = make_order(sale, "FF-LISTONES")
    at_list_price.lines.update(deal=None)
    assert set(listed(helper, "sale=autumn")) == {"FF-12345678", "FF-PENDING1"}
    assert listed(helper, "status__exact=pending") == ["FF-PENDING1"]
    assert listed(helper, "sale=another") == []


def test_orders_after_the_close_are_told_from_those_before(helper: Client, sale: Sale) -> None:
    make_order(sale, "FF-LASTSECS", placed_at=CLOSES - timedelta(seconds=1))
    make_order(sale, "FF-FROZEN01", placed_at=CLOSES)
    assert listed(helper, "came=after") == ["FF-FROZEN01"]
    assert listed(helper, "came=within") == ["FF-LASTSECS"]


# --- What became of it --------------------------------------------------------


def timeline(page: HtmlPage) -> list[str]:
    return [" ".join(each.get_text(" ").split()) for each in page.soup.select(".timeline li")]


def test_an_order_is_told_from_beginning_to_end(helper: Client, sale: Sale) -> None:
    olga = Staff.objects.create_user("olga")
    order = make_order(
        sale,
        status=Order.Status.PARTIALLY_REFUNDED,
        receipt_sent_at=OPENS + 3 * MINUTE,
        decline_message="The card has run out.",
    )
    order.history.filter(to_status=order.status).delete()
    steps = [
        ("pending", "requires_action", "checkout", 1, ""),
        ("requires_action", "pending", "payment_intent.payment_failed", 2, "evt_1"),
        ("pending", "paid", "reconcile", 3, ""),
        ("paid", "partially_refunded", "merchant", 4, ""),
    ]
    for before, after, cause, minutes, event in steps:
        StatusChange.objects.create(
            order=order,
            from_status=before,
            to_status=after,
            cause=cause,
            at=OPENS + minutes * MINUTE,
            stripe_event=event,
        )
    refund = make_refund(
        order,
        reason="It was chipped.",
        made_by=olga,
        made_at=OPENS + 4 * MINUTE,
        status=Refund.Status.SUCCEEDED,
        note_sent_at=OPENS + 5 * MINUTE,
    )
    RefundLine.objects.create(refund=refund, order_line=order.lines.get(), quantity=1, restock=True)
    Dispute.objects.create(
        order=order,
        stripe_id="dp_1",
        amount=499,
        currency="EUR",
        reason="fraudulent",
        status="lost",
        opened_at=OPENS + 6 * MINUTE,
        closed_at=OPENS + 7 * MINUTE,
    )
    told = timeline(open_page(helper, address(order)))
    beginnings = [
        "Ordered.",
        "The bank asked the shopper a question.",
        "The payment was declined. The card has run out.",
        "Paid.",
        "The receipt was mailed to ada@example.org.",
        "Refunded in part.",
        "Refund of €4.99: 1 × Stoneware mug (into stock). It was chipped.",
        "A mail told of the €4.99 back.",
        "The bank disputes €4.99 of the payment. fraudulent",
        "The dispute of €4.99 is over. Lost: the bank has the money back.",
    ]
    assert len(told) == len(beginnings)
    for line, beginning in zip(told, beginnings, strict=True):
        assert line.startswith(beginning)
    assert told[3].endswith("11:03, UTC , Stripe, asked by reconcile")
    assert told[6].endswith("11:04, UTC , olga")


def test_a_refund_that_failed_stands_out(helper: Client, sale: Sale) -> None:
    order = make_order(sale)
    make_refund(order, amount=998, status=Refund.Status.FAILED, problem="The card was closed.")
    page = open_page(helper, address(order))
    assert "nothing went back: The card was closed." in page.one(".timeline .is-bad").text


def test_the_page_of_an_order_costs_the_same_with_many_lines(
    helper: Client, sale: Sale, django_assert_max_num_queries: Any
) -> None:
    order = make_order(sale)
    line = order.lines.get()
    for number in range(20):
        line.pk = None
        line.jti = f"{number:022}"
        line._state.adding = True
        line.save()
    assert OrderLine.objects.filter(order=order).count() == 21
    with django_assert_max_num_queries(18):
        assert helper.get(address(order)).status_code == 200


# --- The receipt --------------------------------------------------------------


def test_a_receipt_mailed_again_is_recorded(helper: Client, sale: Sale, clock: Clock) -> None:
    order = make_order(sale)
    clock.tick(timedelta(hours=1))
    answer = helper.post(address(order, "receipt"), follow=True)
    assert "mailed once more, to ada@example.org" in answer.content.decode()
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    assert refreshed(order).receipt_sent_at == OPENS + timedelta(hours=1)
    told = timeline(open_page(helper, address(order)))
    assert any(each.startswith("Receipt mailed once more") and "helen" in each for each in told)


def test_nobody_fills_a_mailbox_with_receipts(helper: Client, sale: Sale) -> None:
    order, other = make_order(sale), make_order(sale, number="FF-SECOND")
    for _ in range(5):
        answer = helper.post(address(order, "receipt"), follow=True)
    assert len(mail.outbox) == 3
    assert "mailed several times just now. Mail it again in " in answer.content.decode()
    helper.post(address(other, "receipt"))
    assert len(mail.outbox) == 4


def test_a_receipt_that_the_mail_server_does_not_take_is_tried_again_later(
    helper: Client, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_order(sale)

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    answer = helper.post(address(order, "receipt"), follow=True)
    assert "does not take the receipt" in answer.content.decode()
    assert refreshed(order).receipt_sent_at is None
    assert not LogEntry.objects.exists()


def test_an_order_that_is_not_paid_has_no_receipt(helper: Client, sale: Sale) -> None:
    order = make_order(sale, status=Order.Status.PENDING, paid_at=None, receipt_sent_at=None)
    assert "Mail the receipt" not in open_page(helper, address(order)).text
    helper.post(address(order, "receipt"))
    assert mail.outbox == []


# --- The parcel ---------------------------------------------------------------


def test_a_packing_slip_has_units_and_address_and_no_prices(helper: Client, sale: Sale) -> None:
    order = make_order(sale)
    order.lines.update(refunded=1)
    slip = open_page(helper, address(order, "slip")).one(".slip")
    text = " ".join(slip.get_text(" ").split())
    assert "Ada Lovelace 12 St James's Square" in text
    assert "United Kingdom" in text
    assert "1 Stoneware mug MUG-01" in text
    assert "€" not in text


def test_a_packing_slip_has_prices_where_they_are_asked_for(helper: Client, sale: Sale) -> None:
    order = make_order(sale)
    assert "€4.99" in open_page(helper, address(order, "slip") + "?prices").one(".slip").text


def test_a_packing_slip_warns_of_unpaid_and_refunded_orders(helper: Client, sale: Sale) -> None:
    order = make_order(sale, status=Order.Status.PENDING, paid_at=None)
    assert "not paid" in open_page(helper, address(order, "slip")).one(".slip").text
    order.lines.update(refunded=2)
    assert "Nothing goes out" in open_page(helper, address(order, "slip")).one(".slip").text


# --- As a file ----------------------------------------------------------------


def rows(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{LIST}export/?{query}")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    content = answer.getvalue()
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_orders_are_exported_with_written_money_and_utc_times(helper: Client, sale: Sale) -> None:
    order = make_order(sale)
    order.charges.create(kind="shipping", label="Shipping", amount=490)
    Order.objects.update(added=490, total=1488)
    make_refund(order)
    [row] = rows(helper)
    assert row["placed_at"] == "2026-11-27T11:00:00Z"
    assert (row["subtotal"], row["shipping"], row["total"]) == ("9.98", "4.90", "14.88")
    assert (row["refunded"], row["currency"]) == ("4.99", "EUR")
    assert (row["items"], row["sales"]) == ("2 x MUG-01", "autumn")


def test_a_refund_that_failed_is_in_no_sum(helper: Client, sale: Sale) -> None:
    order = make_order(sale)
    make_refund(order)
    make_refund(order, key="failed", status=Refund.Status.FAILED)
    assert rows(helper)[0]["refunded"] == "4.99"


def test_money_without_decimals_has_none(helper: Client, sale: Sale) -> None:
    make_order(sale, currency="JPY")
    assert rows(helper)[0]["total"] == "998"


def test_what_the_list_shows_is_what_is_taken_out(helper: Client, sale: Sale) -> None:
    make_order(sale)
    make_order(sale, "FF-FROZEN01", placed_at=CLOSES)
    assert [row["number"] for row in rows(helper, "came=after")] == ["FF-FROZEN01"]
    assert [row["number"] for row in rows(helper, "q=FF-1234")] == ["FF-12345678"]


@pytest.mark.parametrize("name", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\tx"])
def test_no_name_becomes_a_formula(helper: Client, sale: Sale, name: str) -> None:
    make_order(sale, name=name)
    assert rows(helper)[0]["name"] == f"'{name}"


def test_a_file_of_any_length_is_read_a_portion_at_a_time(
    helper: Client, sale: Sale, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(csv_export, "_ROWS_AT_ONCE", 3)
    numbers = [f"FF-{number:08}" for number in range(7)]
    for number in numbers:
        make_order(sale, number)
    portions = list(csv_export.orders_as_csv(Order.objects.all()))
    assert [line.split(",")[0] for line in portions[1:]] == numbers[::-1]
    with django_assert_max_num_queries(3 * 7):
        list(csv_export.orders_as_csv(Order.objects.all()))


def test_a_viewer_sees_orders_and_takes_none_out(helper: Client, sale: Sale) -> None:
    give_role(Staff.objects.get(username="helen"), Role.VIEWER)
    viewer = Client()
    viewer.force_login(Staff.objects.get(username="helen"))
    make_order(sale)
    assert "as CSV" not in open_page(viewer, LIST).text
    assert viewer.get(f"{LIST}export/").status_code == 403
