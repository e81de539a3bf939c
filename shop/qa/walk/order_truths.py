"""What is true of bags, orders and what a sale sold, by the topic of a statement."""

from collections.abc import Callable, Mapping
from datetime import datetime

from shop.qa.walk.circumstances import Circumstances, sale_of
from shop.qa.walk.statements import Topic

# --- Of a line of the bag ---


def line_verdict(here: Circumstances, line: str) -> str:
    return here.line(line).verdict


def line_amount(here: Circumstances, line: str) -> int:
    return here.line(line).price


def line_before(here: Circumstances, line: str) -> int:
    return here.line(line).shown.price


def line_total(here: Circumstances, line: str) -> int:
    return here.line(line).total


def line_held(here: Circumstances, line: str) -> datetime:
    return here.line(line).held_until


def line_is_cheaper(here: Circumstances, line: str) -> bool:
    return here.line(line).is_cheaper


def line_is_renewed(here: Circumstances, line: str) -> bool:
    return here.line(line).is_renewed


def costs_now(here: Circumstances, line: str) -> int | None:
    return here.line(line).costs_now


def units(here: Circumstances, _: str) -> int:
    return here.bag.units


def total(here: Circumstances, _: str) -> int:
    return here.bag.total


def glance(here: Circumstances, _: str) -> frozenset[int]:
    """What a page says of the bag in passing: it cannot know what orders hold of it."""
    used = sum(line.total for line in here.bag.lines if line.verdict == "used")
    return frozenset({here.bag.total, here.bag.total + used})


def first_hold_end(here: Circumstances, _: str) -> datetime | None:
    return here.bag.first_hold_end


def item(here: Circumstances, subject: str) -> frozenset[int]:
    of = here.items(subject)
    return frozenset(price * units for price, units in of)


def each(here: Circumstances, subject: str) -> frozenset[int]:
    return frozenset(price for price, _ in here.items(subject))


def item_units(here: Circumstances, subject: str) -> frozenset[int]:
    return frozenset(units for _, units in here.items(subject))


def shipping(here: Circumstances, subject: str) -> int:
    return here.charge(subject).shipping


def tax(here: Circumstances, subject: str) -> int:
    return here.charge(subject).tax


def charge(here: Circumstances, subject: str) -> int:
    return here.charge(subject).total


def subtotal(here: Circumstances, subject: str) -> int:
    return here.charge(subject).goods


def money_back(here: Circumstances, number: str) -> int:
    return here.order(number).money_back


def order_status(here: Circumstances, number: str) -> str:
    back = money_back(here, number)
    if not back:
        return "paid"
    return "refunded" if back == charge(here, number) else "partially_refunded"


def ordered_at(here: Circumstances, number: str) -> datetime:
    return here.order(number).at.replace(microsecond=0)


def event_at(here: Circumstances, number: str) -> frozenset[datetime]:
    return frozenset(at.replace(microsecond=0) for at in here.order(number).events)


def promised(here: Circumstances, subject: str) -> frozenset[int]:
    return each(here, subject)


def promised_until(here: Circumstances, subject: str) -> frozenset[datetime]:
    bought = here.order(sale_of(subject)).bought
    return frozenset(each.price.held_until for each in bought)


def extended_until(here: Circumstances, subject: str) -> frozenset[datetime]:
    order = here.order(sale_of(subject))
    account = here.account
    return frozenset(account.honored_until(each.price, order.at) for each in order.bought)


def shown_at(here: Circumstances, subject: str) -> frozenset[datetime]:
    bought = here.order(sale_of(subject)).bought
    return frozenset(each.price.shown_at.replace(microsecond=0) for each in bought)


def sold_orders(here: Circumstances, sale: str) -> int:
    return here.sold(sale).orders


def sold_units(here: Circumstances, sale: str) -> int:
    return here.sold(sale).units


def revenue(here: Circumstances, sale: str) -> int:
    return here.sold(sale).revenue


def discount(here: Circumstances, sale: str) -> int:
    return here.sold(sale).discount


def refunded_units(here: Circumstances, sale: str) -> int:
    return here.sold(sale).refunded_units


def refunded(here: Circumstances, sale: str) -> int:
    return here.sold(sale).refunded


def late_orders(here: Circumstances, sale: str) -> int:
    return here.sold(sale, late=True).orders


def late_units(here: Circumstances, sale: str) -> int:
    return here.sold(sale, late=True).units


def late_revenue(here: Circumstances, sale: str) -> int:
    return here.sold(sale, late=True).revenue


def late_discount(here: Circumstances, sale: str) -> int:
    return here.sold(sale, late=True).discount


def read_at(here: Circumstances, _: str) -> datetime:
    return here.second


ORDER_TRUTHS: Mapping[Topic, Callable[[Circumstances, str], object]] = {
    Topic.LINE_VERDICT: line_verdict,
    Topic.LINE_AMOUNT: line_amount,
    Topic.LINE_BEFORE: line_before,
    Topic.LINE_TOTAL: line_total,
    Topic.LINE_HELD: line_held,
    Topic.LINE_IS_CHEAPER: line_is_cheaper,
    Topic.LINE_IS_RENEWED: line_is_renewed,
    Topic.COSTS_NOW: costs_now,
    Topic.UNITS: units,
    Topic.TOTAL: total,
    Topic.GLANCE: glance,
    Topic.FIRST_HOLD_END: first_hold_end,
    Topic.ITEM: item,
    Topic.EACH: each,
    Topic.ITEM_UNITS: item_units,
    Topic.SHIPPING: shipping,
    Topic.TAX: tax,
    Topic.CHARGE: charge,
    Topic.SUBTOTAL: subtotal,
    Topic.MONEY_BACK: money_back,
    Topic.ORDER_STATUS: order_status,
    Topic.ORDERED_AT: ordered_at,
    Topic.EVENT_AT: event_at,
    Topic.PROMISED: promised,
    Topic.PROMISED_UNTIL: promised_until,
    Topic.EXTENDED_UNTIL: extended_until,
    Topic.SHOWN_AT: shown_at,
    Topic.SOLD_ORDERS: sold_orders,
    Topic.SOLD_UNITS: sold_units,
    Topic.REVENUE: revenue,
    Topic.DISCOUNT: discount,
    Topic.REFUNDED_UNITS: refunded_units,
    Topic.REFUNDED: refunded,
    Topic.LATE_ORDERS: late_orders,
    Topic.LATE_UNITS: late_units,
    Topic.LATE_REVENUE: late_revenue,
    Topic.LATE_DISCOUNT: late_discount,
    Topic.READ_AT: read_at,
    Topic.PAID_AT: ordered_at,
}
