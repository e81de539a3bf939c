"""Statements: what a page, a mail or a file says of time or money, one thing at a time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shop.qa.walk.blocks import TimeElement

type Value = datetime | timedelta | int | str | bool


class ValueType(StrEnum):
    """How the value of a statement is written."""

    INSTANT = "instant"
    MONEY = "money"
    PERCENT = "percent"
    NUMBER = "number"
    SPAN = "span"
    WORD = "word"
    FLAG = "flag"


class Topic(StrEnum):
    """What is said: in sentences its name in braces; ``truth.TRUTHS`` knows what is true of it."""

    # Of a sale.
    PHASE = "phase"
    OPENS = "opens"
    CLOSES = "closes"
    HOLD = "hold"
    IS_HELD = "is_held"
    MAY_BE_HELD = "may_be_held"
    LAST_OFFER = "last_offer"
    LAST_HOLD = "last_hold"
    LAST_PROMISE = "last_promise"
    PLANNED_HOLD_END = "planned_hold_end"
    LASTS = "lasts"
    TIME_TO_OPEN = "time_to_open"
    TIME_LEFT = "time_left"
    TIME_HELD = "time_held"
    DEALS = "deals"
    CHANGED_AT = "changed_at"
    HELD_LONGER = "held_longer"
    # Of a deal, or of a product at its list price.
    AMOUNT = "amount"
    WAS = "was"
    PERCENT_OFF = "percent_off"
    BELOW_LIST = "below_list"
    FIRST_PROMISE = "first_promise"
    FINAL_PROMISE = "final_promise"
    FRESH_HOLD = "fresh_hold"
    OUTLASTS = "outlasts"
    LIMIT = "limit"
    LIST_PRICE = "list_price"
    IS_LISTED = "is_listed"
    IS_BUYABLE = "is_buyable"
    CLAIMED = "claimed"
    LEFT = "left"
    HELD_AMOUNT = "held_amount"
    HELD_UNTIL = "held_until"
    SET_PRICE = "set_price"
    REFERENCE = "reference"
    HAS_REFERENCE = "has_reference"
    # Of a line of a bag.
    LINE_VERDICT = "line_verdict"
    LINE_AMOUNT = "line_amount"
    LINE_BEFORE = "line_before"
    LINE_TOTAL = "line_total"
    LINE_HELD = "line_held"
    LINE_IS_CHEAPER = "line_is_cheaper"
    LINE_IS_RENEWED = "line_is_renewed"
    COSTS_NOW = "costs_now"
    # Of a bag.
    UNITS = "units"
    TOTAL = "total"
    GLANCE = "glance"
    FIRST_HOLD_END = "first_hold_end"
    # Of a charge: a checkout page, an order, a mail.
    ITEM = "item"
    EACH = "each"
    ITEM_UNITS = "item_units"
    SHIPPING = "shipping"
    TAX = "tax"
    CHARGE = "charge"
    SUBTOTAL = "subtotal"
    MONEY_BACK = "money_back"
    ORDER_STATUS = "order_status"
    ORDERED_AT = "ordered_at"
    PAID_AT = "paid_at"
    EVENT_AT = "event_at"
    PROMISED = "promised"
    PROMISED_UNTIL = "promised_until"
    EXTENDED_UNTIL = "extended_until"
    SHOWN_AT = "shown_at"
    COMPARED = "compared"
    # Of what a sale sold.
    SOLD_ORDERS = "sold_orders"
    SOLD_UNITS = "sold_units"
    REVENUE = "revenue"
    DISCOUNT = "discount"
    REFUNDED_UNITS = "refunded_units"
    REFUNDED = "refunded"
    LATE_ORDERS = "late_orders"
    LATE_UNITS = "late_units"
    LATE_REVENUE = "late_revenue"
    LATE_DISCOUNT = "late_discount"
    # Of the page itself.
    READ_AT = "read_at"


#: The topics by how their values are written.
_BY_TYPE = {
    ValueType.INSTANT: (
        "opens closes last_offer last_hold last_promise fresh_hold planned_hold_end changed_at "
        "held_until line_held first_hold_end ordered_at paid_at event_at promised_until "
        "extended_until shown_at read_at first_promise final_promise"
    ),
    ValueType.MONEY: (
        "amount was set_price reference list_price held_amount line_amount line_before "
        "line_total costs_now total glance item each shipping tax charge subtotal money_back "
        "promised compared revenue discount refunded late_revenue late_discount"
    ),
    ValueType.PERCENT: "percent_off below_list claimed",
    ValueType.NUMBER: (
        "deals limit left units item_units sold_orders sold_units refunded_units late_orders "
        "late_units"
    ),
    ValueType.SPAN: "hold lasts held_longer time_to_open time_left time_held",
    ValueType.WORD: "phase line_verdict order_status",
    ValueType.FLAG: (
        "is_held may_be_held outlasts is_listed is_buyable has_reference line_is_cheaper "
        "line_is_renewed"
    ),
}
TYPE_OF = {Topic(name): how for how, names in _BY_TYPE.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that was said, of what, and the words.

    Money is in minor units. ``subject`` is a sale's slug, a deal (``autumn/MUG-01``), the
    id of a bag's line, ``bag``, or an order's number. An instant that is told in words alone is
    those words; ``shift`` is how far it is from the instant of its topic.
    """

    topic: Topic
    subject: str
    value: Value
    words: str
    shift: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class PageReading:
    """What a page says: its statements, its instants as told, and what no reader understood."""

    statements: list[Statement]
    times: list[TimeElement]
    unread: list[str]
