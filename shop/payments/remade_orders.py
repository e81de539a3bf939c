"""Orders made again from what their payments say of them, with claims or, canceled, without.

They have no signed offers: Stripe does not keep them. Limits are counted and never refuse such an
order, which was within them when it was placed.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import stripe
from django.conf import settings
from django.db import transaction

from offers.terms import LIST
from offers.verdicts import Verdict
from shop.catalog.models import Variant
from shop.orders.claims import ClaimRefused, claim
from shop.orders.limits import card_key
from shop.orders.models import OVER, RESTORED, Order, OrderCharge, OrderLine, StatusChange
from shop.orders.state_machine import Status, locked, move
from shop.payments.intents import card_fingerprint
from shop.payments.order_metadata import OrderFacts
from shop.payments.settlement import settle
from shop.payments.shipping import ShippingAddress
from shop.sales.models import Deal


class NotKept(Exception):
    """The order cannot have what it was paid for; the text tells staff why."""


class UnknownProduct(NotKept):
    """The database does not know what it ordered: it may be created again."""


class SoldOut(NotKept):
    """There are too few units of what it ordered."""


def remake(
    facts: OrderFacts,
    intent: stripe.PaymentIntent,
    now: datetime,
    *,
    offers: Mapping[str, str] | None = None,
) -> Order:
    """Make an order that is paid, or whose payment is under way, with all that it claims.

    :param intent: with its charge
    :param offers: signed offers by ``jti``, where they are known
    :raises NotKept: it cannot have its goods; nothing was written
    :raises IntegrityError: it is in the order book already; nothing was written
    """
    try:
        with transaction.atomic():
            order = _insert(facts, intent)
            lines, unknown = _lines(facts, order, offers or {})
            if unknown:
                raise UnknownProduct(f"{', '.join(unknown)} is not in this database")
            OrderLine.objects.bulk_create(lines)
            deals = [line.deal_id for line in lines if line.deal_id is not None]
            claim(
                order,
                lines,
                shoppers=[order.shopper],
                max_units=dict.fromkeys(deals, sys.maxsize),
                now=facts.placed_at,
            )
            settle(order, intent, cause=RESTORED, now=_taken_at(facts, intent))
    except ClaimRefused as refusal:
        if refusal.verdict is Verdict.USED:
            raise NotKept("its offers are used by another order") from None
        raise SoldOut("what it ordered has been sold since") from None
    order.refresh_from_db()
    return order


def remake_in_place_of(
    order: Order, facts: OrderFacts, intent: stripe.PaymentIntent, now: datetime
) -> Order:
    """Make an order again that the database says is over, and Stripe that it is paid.

    :raises NotKept: it cannot have its goods; the row is as it was
    """
    with transaction.atomic():
        row = locked(order)
        if row.status not in OVER or row.refunds.exists() or row.disputes.exists():
            raise NotKept("it was over, and its payment was looked at before")
        offers = dict(row.lines.values_list("jti", "offer"))
        row.charges.all().delete()
        row.lines.all().delete()
        row.delete()
        return remake(facts, intent, now, offers=offers)


def record_canceled(facts: OrderFacts, intent: stripe.PaymentIntent, now: datetime) -> Order:
    """Record an order that cannot be kept, as canceled and without any claim.

    It has the lines whose products are known.

    :raises IntegrityError: it is in the order book already; nothing was written
    """
    with transaction.atomic():
        order = _insert(facts, intent)
        lines, _ = _lines(facts, order, {})
        OrderLine.objects.bulk_create(lines)
        move(order, Status.CANCELED, cause=RESTORED, now=now)
    return order


def sales_unknown(order: Order, facts: OrderFacts) -> list[str]:
    """The sales of an order that the database does not know; its lines count to none."""
    without = set(order.lines.filter(deal=None).values_list("jti", flat=True))
    sales = (line.sale for line in facts.lines if line.sale != LIST and line.jti in without)
    return list(dict.fromkeys(sales))


def card_key_of(intent: stripe.PaymentIntent) -> str:
    """The key of the card that was charged; empty where Stripe does not tell it."""
    details = getattr(intent.latest_charge, "payment_method_details", None)
    return card_key(card_fingerprint(details))


def _insert(facts: OrderFacts, intent: stripe.PaymentIntent) -> Order:
    """The order without its lines, pending, and its charges.

    :raises IntegrityError: its number or its payment is in the order book already
    """
    charge, address = intent.latest_charge, ShippingAddress.of_intent(intent)
    is_paid = intent.status == "succeeded"
    taken_at = _taken_at(facts, intent)
    order = Order(
        number=facts.number,
        shopper=facts.shopper,
        email=facts.email,
        currency=intent.currency.upper(),
        subtotal=facts.subtotal,
        added=facts.added,
        total=facts.subtotal + facts.added,
        placed_at=facts.placed_at,
        lapses_at=facts.placed_at + timedelta(seconds=settings.CLAIM_SECONDS),
        paid_at=taken_at if is_paid else None,
        # Nobody thanks for what went back already.
        receipt_sent_at=taken_at if getattr(charge, "refunded", False) else None,
        payment_intent=intent.id,
        payment_round=facts.round,
        card_key=card_key_of(intent),
        **(asdict(address) if address else {}),
    )
    order.save(force_insert=True)
    OrderCharge.objects.bulk_create(
        OrderCharge(order=order, **asdict(each)) for each in facts.charges
    )
    StatusChange.objects.create(
        order=order, to_status=order.status, at=facts.placed_at, cause=RESTORED
    )
    return order


def _lines(
    facts: OrderFacts, order: Order, offers: Mapping[str, str]
) -> tuple[list[OrderLine], Sequence[str]]:
    """The lines of an order, and the skus that no variant has any more."""
    skus = {line.sku for line in facts.lines}
    variants = {
        each.sku: each for each in Variant.objects.filter(sku__in=skus).select_related("product")
    }
    deals = {
        (each.sale.slug, each.product_id): each
        for each in Deal.objects.filter(
            sale__slug__in={line.sale for line in facts.lines},
            product__in={each.product_id for each in variants.values()},
        ).select_related("sale")
    }
    lines = [
        OrderLine(
            order=order,
            variant=variants[line.sku],
            deal=deals.get((line.sale, variants[line.sku].product_id)),
            sku=line.sku,
            name=line.name or str(variants[line.sku]),
            quantity=line.quantity,
            amount=line.amount,
            was=line.was,
            jti=line.jti,
            offer=offers.get(line.jti, ""),
            seconds_late=line.seconds_late,
        )
        for line in facts.lines
        if line.sku in variants
    ]
    return lines, sorted(skus - variants.keys())


def _taken_at(facts: OrderFacts, intent: stripe.PaymentIntent) -> datetime:
    """When the charge was made, by Stripe's clock; not before the order was placed."""
    created = getattr(intent.latest_charge, "created", None)
    taken_at = datetime.fromtimestamp(created, UTC) if created else facts.placed_at
    return max(taken_at, facts.placed_at)
