"""What files and mails say: CSV, iCalendar and plain text."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from shop.qa.walk.blocks import Block, Element
from shop.qa.walk.readers import digits_of
from shop.qa.walk.statements import Statement, Topic

_SOLD = {
    "count": Topic.SOLD_ORDERS,
    "units": Topic.SOLD_UNITS,
    "amount": Topic.REVENUE,
    "discount": Topic.DISCOUNT,
    "refunded_units": Topic.REFUNDED_UNITS,
    "refunded": Topic.REFUNDED,
}
_LATE = {
    "count": Topic.LATE_ORDERS,
    "units": Topic.LATE_UNITS,
    "amount": Topic.LATE_REVENUE,
    "discount": Topic.LATE_DISCOUNT,
}
_PARTS = {"sold": _SOLD, "deal": _SOLD, "after the close": _LATE, "deal after the close": _LATE}


def text_blocks(text: str) -> Iterator[Block]:
    """The lines of a plain text."""
    for line in text.splitlines():
        yield Block(line.strip(), (), Element("body", {}, None))


def calendar_blocks(text: str) -> Iterator[Block]:
    """The lines of an iCalendar file (RFC 5545) that tell an instant."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name in {"DTSTART", "DTEND"}:
            at = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            yield Block(f"{name} {at:%Y-%m-%d %H:%M:%S} UTC", (), Element("body", {}, None))


def csv_statements(text: str, about: str) -> Iterator[Statement]:
    """What a report, a list of orders, of deals or of products says, by its columns."""
    for row in csv.DictReader(io.StringIO(text)):
        words = ", ".join(value for value in row.values() if value)[:120]
        if row.get("part") in _PARTS:
            subject = f"{about}/{row['sku']}" if row["sku"] else about
            for column, topic in _PARTS[row["part"]].items():
                yield Statement(topic, subject, digits_of(row[column]), words)
        elif "number" in row and "placed_at" in row:
            yield from _of_order(row, words)
        elif "list_price" in row:
            subject = f"list/{row['sku']}"
            yield Statement(Topic.LIST_PRICE, subject, digits_of(row["list_price"]), words)
        elif "price" in row:
            subject = f"{row['sale']}/{row['sku']}"
            yield Statement(Topic.SET_PRICE, subject, digits_of(row["price"]), words)


def _of_order(row: dict[str, str], words: str) -> Iterator[Statement]:
    number = row["number"]
    placed_at = datetime.fromisoformat(row["placed_at"])
    yield Statement(Topic.ORDERED_AT, number, placed_at, words)
    yield Statement(Topic.PAID_AT, number, datetime.fromisoformat(row["paid_at"]), words)
    yield Statement(Topic.ORDER_STATUS, number, row["status"], words)
    yield Statement(Topic.SUBTOTAL, number, digits_of(row["subtotal"]), words)
    yield Statement(Topic.SHIPPING, number, digits_of(row["shipping"]), words)
    yield Statement(Topic.CHARGE, number, digits_of(row["total"]), words)
    yield Statement(Topic.MONEY_BACK, number, digits_of(row["refunded"]), words)
