"""What has to be true of the books whatever happened: stock, limits, offers, money, history.

``check_books`` compares the shop's rows with each other and with the stand-in's
ledger, which says what was really charged. It holds at any moment; with
``settled``, once nothing is left to find out, it holds more strictly.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from offers import conf, tokens
from shop.catalog.models import Variant
from shop.orders.limits import email_key, limit_key
from shop.orders.models import OPEN, OVER, Order, OrderLine, StatusChange
from shop.orders.state_machine import ALLOWED, BY_REFUND, Status
from shop.sales.models import Deal, LimitUse, Redemption

type Intent = dict[str, Any]

_OF_MONEY = frozenset({Status.PAID, Status.PARTIALLY_REFUNDED, Status.REFUNDED})

#: A payment that is not its order's own is canceled; or it was made, and never noted because
#: Stripe's answer was lost: then it was never confirmed either, and nobody can.
_HARMLESS = frozenset({"canceled", "requires_payment_method"})


def check_books(intents: Iterable[Intent], *, settled: bool = False) -> None:
    """Whether rows and ledger agree.

    :param intents: the stand-in's ``/ledger``, of these orders' payments at least
    :param settled: Stripe was asked about every order, and every time to pay is over
    """
    orders = list(Order.objects.prefetch_related("lines", "charges", "refunds"))
    histories = _histories()
    for order in orders:
        _check_history(order, histories[order.pk])
    held = [order for order in orders if not _was_over(histories[order.pk])]
    _check_stock(held)
    _check_limits(held)
    _check_redemptions(held)
    _check_money(orders, intents, settled=settled)


def check_charges(intents: Iterable[Intent]) -> None:
    """Whether all that was charged is what orders that were paid cost, to the cent.

    :param intents: the stand-in's ``/ledger``, of these orders' payments and no others
    """
    charged: Counter[str] = Counter()
    for intent in intents:
        charged[intent["currency"]] += intent["charged"]
    paid: Counter[str] = Counter()
    for order in Order.objects.filter(paid_at__isnull=False):
        paid[order.currency.lower()] += order.total
    assert +charged == paid, f"{dict(charged)} was charged, orders say {dict(paid)}"


def units_of(orders: Iterable[Order]) -> list[tuple[OrderLine, int]]:
    """The units that orders keep: all but those that came back by a refund."""
    return [(line, line.quantity - line.restocked) for each in orders for line in each.lines.all()]


def _histories() -> defaultdict[int, list[StatusChange]]:
    histories: defaultdict[int, list[StatusChange]] = defaultdict(list)
    for change in StatusChange.objects.order_by("id"):
        histories[change.order_id].append(change)
    return histories


def _was_over(history: list[StatusChange]) -> bool:
    return any(change.to_status in OVER for change in history)


def _check_history(order: Order, history: list[StatusChange]) -> None:
    before = ""
    for change in history:
        assert change.from_status == before, f"{order}: {change} does not follow {before!r}"
        if before:
            after, step = Status(change.to_status), Status(before)
            is_allowed = after in ALLOWED.get(step, ()) or after in BY_REFUND.get(step, ())
            assert is_allowed, f"{change} is not allowed"
        before = change.to_status
    assert order.status == before, f"{order} is {order.status}, its history ends {before!r}"


def _check_stock(held: list[Order]) -> None:
    by_variant: Counter[int] = Counter()
    by_deal: Counter[int] = Counter()
    for line, units in units_of(held):
        by_variant[line.variant_id] += units
        if line.deal_id is not None:
            by_deal[line.deal_id] += units
    for variant in Variant.objects.all():
        assert 0 <= variant.claimed <= variant.stock, f"{variant}: {variant.claimed} claimed"
        assert variant.claimed == by_variant[variant.pk], (
            f"{variant.sku}: {variant.claimed} claimed, {by_variant[variant.pk]} in orders"
        )
    for deal in Deal.objects.select_related("product", "sale"):
        assert deal.claimed >= 0
        assert deal.allocation is None or deal.claimed <= deal.allocation, f"{deal} is oversold"
        assert deal.claimed == by_deal[deal.pk], (
            f"{deal}: {deal.claimed} claimed, {by_deal[deal.pk]} in orders"
        )


def _check_limits(held: list[Order]) -> None:
    kind = LimitUse.Kind
    taken: Counter[tuple[int, str, str]] = Counter()
    most: dict[tuple[int, str, str], int] = {}
    for order in held:
        keys = {
            (kind.SHOPPER.value, limit_key(kind.SHOPPER, order.shopper)),
            (kind.EMAIL.value, email_key(order.email)),
        }
        if order.card_key:
            keys.add((kind.CARD.value, order.card_key))
        for line, units in units_of([order]):
            if line.deal_id is None:
                continue
            # One that was rebuilt from its payment has no offer that bounds it.
            bound = tokens.read_offer(line.offer, conf.ring()).max if line.offer else sys.maxsize
            for name, key in keys:
                who = (line.deal_id, name, key)
                taken[who] += units
                most[who] = max(most.get(who, 0), bound)
    counted = {(use.deal_id, use.kind, use.key): use.units for use in LimitUse.objects.all()}
    for who in counted.keys() | taken.keys():
        deal, name, _ = who
        assert counted.get(who, 0) == taken[who], (
            f"deal {deal}: {counted.get(who, 0)} units count for a {name}, {taken[who]} in orders"
        )
        assert taken[who] <= most.get(who, 0), f"deal {deal}: {taken[who]} units for one {name}"


def _check_redemptions(held: list[Order]) -> None:
    live = Redemption.objects.filter(released_at__isnull=True)
    redeemed = Counter(live.values_list("jti", "order_number"))
    used = {(line.jti, order.number) for order in held for line in order.lines.all()}
    assert redeemed == Counter(used), "the offers of live orders are redeemed, and no others"
    assert all(times == 1 for times in Counter(jti for jti, _ in redeemed).values())


def _check_money(orders: list[Order], intents: Iterable[Intent], *, settled: bool) -> None:
    by_order: defaultdict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        by_order[intent["metadata"].get("order", "")].append(intent)
    for order in orders:
        lines = order.lines.all()
        assert order.subtotal == sum(line.amount * line.quantity for line in lines), f"{order}: sum"
        assert order.added == sum(
            each.amount for each in order.charges.all() if not each.is_included
        )
        assert order.total == order.subtotal + order.added
        _check_payments(order, by_order[order.number])
        if settled:
            _check_settled(order, by_order[order.number])


def _check_payments(order: Order, intents: list[Intent]) -> None:
    for intent in intents:
        assert (intent["amount"], intent["currency"]) == (order.total, order.currency.lower())
        is_its_own = intent["id"] == order.payment_intent
        assert is_its_own or intent["status"] in _HARMLESS, (
            f"{order}: another payment is {intent['status']}"
        )
    charged = [intent for intent in intents if intent["charged"]]
    assert sum(intent["charges"] for intent in intents) <= 1, f"{order} was charged twice"
    assert all(intent["charged"] == order.total for intent in charged)
    if order.status in _OF_MONEY and not order.refunds.all():
        assert charged, f"{order} is {order.status}, and nothing was charged"
    back = sum(intent["refunded"] for intent in intents)
    meant = sum(each.amount for each in order.refunds.all() if each.status != "failed")
    assert back <= meant, f"{order}: {back} went back, {meant} was meant to"
    if order.status in OVER and not order.refunds.all():
        assert not charged, f"{order} is {order.status}, and was charged"


def _check_settled(order: Order, intents: list[Intent]) -> None:
    back = sum(intent["refunded"] for intent in intents)
    meant = sum(each.amount for each in order.refunds.all() if each.status != "failed")
    assert back == meant, f"{order}: {back} went back, {meant} was meant to"
    _check_refunded(order, meant)
    statuses = [
        intent["status"]
        for intent in intents
        if intent["status"] != "canceled" and intent["id"] == order.payment_intent
    ]
    if order.status in OPEN:
        assert order.status == Status.PROCESSING, f"{order} is {order.status} for good"
        assert statuses == ["processing"]
    elif order.status in OVER:
        assert not statuses, f"{order} is {order.status}, and its payment {statuses}"
    else:
        assert statuses == ["succeeded"], f"{order} is {order.status}, and its payment {statuses}"


def _check_refunded(order: Order, back: int) -> None:
    assert (order.status == Status.REFUNDED) == (back == order.total), f"{order}: {back} went back"
    assert (order.status == Status.PARTIALLY_REFUNDED) == (0 < back < order.total)
    for line in order.lines.all():
        live = [
            each
            for each in line.refund_lines.select_related("refund")
            if each.refund.status != "failed"
        ]
        assert line.refunded == sum(each.quantity for each in live), f"{order}: {line} refunded"
        returned = sum(each.quantity for each in line.refund_lines.all() if each.restock)
        assert line.restocked <= returned, f"{order}: {line.restocked} of {line} came back"
