"""Placing an order, from a bag of offers to an unpaid claim; and changing its address."""

import secrets
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction

from shop.bag.judging import JudgedBag, judge_bag
from shop.bag.line_judging import JudgedLine
from shop.bag.lines import Bag
from shop.checkout.charge_rules import Basket, Destination, Item, charge_for
from shop.checkout.network_bound import wait_for_network
from shop.checkout.refusals import (
    CheckoutClosed,
    NotPlaced,
    PricesWait,
    TooManyOpen,
    TooManyUnpaid,
    TotalAtAddressDiffers,
    TotalChanged,
)
from shop.core.compiled_sql import CompiledQuery, InParameter
from shop.core.inserts import insert_statement, take_keys
from shop.core.named_locks import lock_statements
from shop.core.outages import Unavailable
from shop.core.shopper import Shopper
from shop.core.statements import SqlStatement, run_together
from shop.orders.charge import Charge
from shop.orders.claims import ClaimRefused, claim, count_by
from shop.orders.hoarding import origin_of
from shop.orders.limits import card_key
from shop.orders.models import OPEN, Order, OrderCharge, OrderLine, StatusChange
from shop.orders.state_machine import locked
from shop.payments.stripe_amounts import obstacle

#: Unpaid orders that one shopper may have at a time.
MAX_OPEN_ORDERS = 3

# Crockford's base 32: nothing that is mistaken for another when read out.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The recipient of an order, and where its mails go."""

    email: str
    name: str
    line1: str
    line2: str
    postal_code: str
    city: str
    country: str
    state: str = ""

    @classmethod
    def of(cls, order: Order) -> "Address":
        """The address of an order."""
        return cls(**{each.name: getattr(order, each.name) for each in fields(cls)})

    @property
    def destination(self) -> Destination:
        """The part that shipping and tax may depend on."""
        return Destination(**{each.name: getattr(self, each.name) for each in fields(Destination)})


def charge_of(judged: JudgedBag, destination: Destination | None) -> Charge | None:
    """The whole charge of a bag; None where its currencies differ, or it is empty.

    :param destination: None before the shopper has entered it
    """
    if judged.currency is None:
        return None
    items = tuple(
        Item(sku=variant.sku, quantity=quantity, amount=line.line.offer.amount)
        for line in judged.honored
        if line.line.offer is not None
        for variant, quantity in line.units
    )
    return charge_for(
        Basket(items=items, currency=judged.currency, destination=destination, now=judged.facts.now)
    )


def place_order(
    *,
    bag: Bag,
    shopper: Shopper,
    address: Address,
    shown_total: int,
    card_fingerprint: str,
    network: str,
    now: datetime,
) -> Order:
    """Claim all units of a bag and create the order, in one short transaction.

    :param shown_total: the whole charge that the shopper agreed to, in minor units
    :param card_fingerprint: Stripe's; empty where it gives none
    :raises TotalChanged: the bag costs something else by now
    :raises TooManyOpen: the shopper has as many unpaid orders as one may have
    :raises CheckoutClosed: the shop was restored, and has still to learn what was paid
    :raises PricesWait: it was restored, and the price of a line has still to be confirmed
    :raises NotPlaced: a line is refused; the judged bag says which and why
    :raises Unavailable: the database is away
    """
    judged = judge_bag(bag, shopper, now)
    if judged.facts.is_provisional:
        raise Unavailable("the database is away")
    check_restored(judged)
    charge = charge_of(judged, address.destination)
    if charge is None or not judged.can_check_out:
        raise NotPlaced(judged)
    if obstacle(charge.total, charge.currency):
        raise NotPlaced(judged)
    if charge.total != shown_total:
        raise TotalChanged(judged, charge)
    if (wait := wait_for_network(judged, network, now)) is not None:
        bag.keep([each.line for each in judged.honored], wait.held_until, now)
        raise TooManyUnpaid(judge_bag(bag, shopper, now), wait)
    order = Order(
        number="FF-" + "".join(_ALPHABET[each % 32] for each in secrets.token_bytes(8)),
        shopper=shopper.id,
        currency=charge.currency,
        subtotal=charge.subtotal,
        added=charge.added,
        total=charge.total,
        placed_at=now,
        lapses_at=now + timedelta(seconds=settings.CLAIM_SECONDS),
        card_key=card_key(card_fingerprint),
        **asdict(address),
    )
    kept = bag.kept.message
    lines = [line for each in judged.honored for line in _order_lines(each, judged, kept)]
    try:
        with transaction.atomic():
            if not _insert(order, shopper):
                raise TooManyOpen(judged)
            # The claim is last, so that others who want the same deal wait as briefly as possible.
            claim(
                order,
                lines,
                shoppers=shopper.ids,
                max_units=_max_units(judged),
                now=now,
                records=_records(order, lines, charge, network),
            )
    except ClaimRefused as refusal:
        raise NotPlaced(judge_bag(bag, shopper, now), refusal.verdict) from None
    return order


def check_restored(judged: JudgedBag) -> None:
    """Refuse what has to wait after a restore.

    :raises CheckoutClosed: nothing is sold until Stripe's record was taken in
    :raises PricesWait: a line's price has still to be confirmed
    """
    if judged.facts.snapshot.is_checkout_closed:
        raise CheckoutClosed(judged)
    if judged.waiting:
        raise PricesWait(judged)


def amend_order(order: Order, judged: JudgedBag, address: Address, card_fingerprint: str) -> None:
    """Give a pending order another address and card; an order in another status stays as it is.

    Whoever pays an order that he has canceled has changed his mind.

    :param judged: the bag, with the offers of the order
    :raises TotalAtAddressDiffers: shipping or tax differ there; the order stays as it was
    :raises NotPlaced: the mail address or card has its limit; the order stays as it was
    """
    if order.status == Order.Status.PENDING and _total_differs(order, address.destination):
        raise TotalAtAddressDiffers(judged)
    card = card_key(card_fingerprint)
    new = {**asdict(address), "card_key": card, "cancel_asked_at": None}
    try:
        with transaction.atomic():
            row = locked(order)
            if row.status == Order.Status.PENDING:
                count_by(row, email=address.email, card=card, max_units=_max_units(judged))
                Order.objects.filter(pk=row.pk).update(**new)
    except ClaimRefused as refusal:
        raise NotPlaced(judged, refusal.verdict) from None
    order.refresh_from_db()


def _total_differs(order: Order, destination: Destination) -> bool:
    """Whether an order would have another charge at another destination."""
    before = Address.of(order).destination
    if destination == before:
        return False
    lines = order.lines.all()
    items = (Item(sku=line.sku, quantity=line.quantity, amount=line.amount) for line in lines)
    basket = Basket(
        items=tuple(items), currency=order.currency, destination=before, now=order.placed_at
    )
    return charge_for(basket) != charge_for(replace(basket, destination=destination))


def _max_units(judged: JudgedBag) -> dict[int, int]:
    """By deal, the most units that one shopper may have by the offers in the bag."""
    return {
        each.deal.id: each.line.offer.max
        for each in judged.lines
        if each.deal and each.deal.id is not None and each.line.offer
    }


def _insert(order: Order, shopper: Shopper) -> bool:
    """Insert an order's row; False where its shopper has too many unpaid ones already."""
    *_, unpaid, inserted = run_together(
        [
            # One order of a shopper at a time, so that unpaid ones can be counted.
            *lock_statements(shopper.ids),
            _open_orders_statement(connection.vendor).statement({"shoppers": [*shopper.ids]}),
            insert_statement([order]),
        ]
    )
    take_keys([order], inserted.rows)
    return len(unpaid.rows) < MAX_OPEN_ORDERS


@cache
def _open_orders_statement(vendor: str) -> CompiledQuery:
    theirs = Order.objects.filter(InParameter("shopper", "shoppers"), status__in=OPEN)
    return CompiledQuery.select(theirs.order_by().values_list("pk")[:MAX_OPEN_ORDERS])


def _records(
    order: Order, lines: list[OrderLine], charge: Charge, network: str
) -> list[SqlStatement]:
    """The inserts of all that belongs to a new order."""
    for line in lines:
        line.order = order
    charges = [OrderCharge(order=order, **asdict(line)) for line in charge.lines]
    placed = StatusChange(order=order, to_status=order.status, at=order.placed_at, cause="placed")
    is_bounded = network and settings.UNPAID_PER_NETWORK
    origins = [origin_of(order, network)] if is_bounded else []
    rows = (lines, charges, [placed], origins)
    return [insert_statement(each) for each in rows if each]


def _order_lines(judged: JudgedLine, bag: JudgedBag, kept: str) -> list[OrderLine]:
    """
    :param kept: the signed message that keeps prices past their hold
    """
    offer, deal = judged.line.offer, judged.deal
    assert offer is not None and deal is not None
    sale = bag.facts.snapshot.sales.get(deal.sale)
    return [
        OrderLine(
            variant_id=variant.id,
            deal_id=deal.id,
            sku=variant.sku,
            name=f"{deal.product.name} {variant.name}".strip(),
            quantity=quantity,
            amount=offer.amount,
            was=offer.was,
            jti=offer.id,
            offer=judged.line.message,
            kept=kept if judged.is_kept else "",
            seconds_late=sale.seconds_over(bag.facts.now) if sale else None,
        )
        for variant, quantity in judged.units
    ]
