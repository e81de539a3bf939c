"""Claims: units of stock, of allocations and of limits, and the redemption of offers.

All in the caller's transaction, by conditional updates in a fixed order (variants, deals, limits,
redemptions; each by key): two claims on the same rows wait for each other and cannot deadlock.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import connection
from django.db.models import F, IntegerField, Q

from offers.verdicts import Verdict
from shop.catalog.models import Variant
from shop.core.compiled_sql import CompiledQuery, Parameter
from shop.core.inserts import insert_statement
from shop.core.statements import Row, SqlResult, SqlStatement, run_together
from shop.core.upserts import add_counts, count_statement
from shop.orders.limits import email_key, limit_key
from shop.orders.models import Order, OrderLine
from shop.sales.models import Deal, LimitUse, Redemption

#: A kind of limit, and the shopper's keys of it; units are counted under the first.
type Limit = tuple[LimitUse.Kind, list[str]]


class ClaimRefused(Exception):
    """Units, a limit or an offer are used up; the transaction must be rolled back."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


def claim(
    order: Order,
    lines: Collection[OrderLine],
    *,
    shoppers: Collection[str],
    max_units: Mapping[int, int],
    now: datetime,
    records: Sequence[SqlStatement] = (),
) -> None:
    """Claim everything an order needs.

    :param shoppers: all ids of the browser; their units count together
    :param max_units: by deal, the most units that one shopper may have
    :param records: statements that are sent together with the claim, and run before it
    :raises ClaimRefused: with the verdict on the first that is used up
    """
    wanted = [(line, line.quantity) for line in lines]
    by_variant = sorted(_units_by(wanted, "variant_id").items())
    by_deal = sorted(_units_by(wanted, "deal_id").items())
    steps = [
        *_claim_units(Variant, "stock", by_variant),
        *_claim_units(Deal, "allocation", by_deal),
        *_claim_limits(by_deal, _limits(order, shoppers), max_units),
        _redeem(order, lines, now),
    ]
    results = run_together([*records, *(step.statement for step in steps)])
    for step, result in zip(steps, results[len(records) :], strict=True):
        if not step.is_granted(result):
            raise ClaimRefused(step.verdict)


def count_by(order: Order, *, email: str, card: str, max_units: Mapping[int, int]) -> None:
    """Count an order's units towards another mail address and card.

    :param card: the card's key (``limits.card_key``); empty where Stripe gives no fingerprint
    :param max_units: by deal, the most units that one shopper may have
    :raises ClaimRefused: a limit is reached
    """
    kinds = (
        (str(LimitUse.Kind.CARD), order.card_key, card),
        (str(LimitUse.Kind.EMAIL), email_key(order.email), email_key(email)),
    )
    others = [each for each in kinds if each[1] != each[2]]
    wanted = [(line, line.quantity) for line in order.lines.all()]
    by_deal = sorted(_units_by(wanted, "deal_id").items())
    # Both rows in one statement, so that they are locked in the order that claims use.
    uses = [
        (deal, kind, key, units if key == after else 0)
        for deal, units in by_deal
        for kind, before, after in others
        for key in sorted(filter(None, (before, after)))
    ]
    counted = _units_counted(add_counts(LimitUse, uses))
    for deal, units in by_deal:
        for kind, before, after in others:
            if counted.get((deal, kind, after), 0) > max_units[deal]:
                raise ClaimRefused(Verdict.OVER_LIMIT)
            LimitUse.objects.filter(deal=deal, kind=kind, key=before).update(
                units=F("units") - units
            )


def record_card(order: Order, card: str) -> None:
    """Count a paid order towards a card that was unknown when the order was placed.

    It may exceed the limit; the next order with that card is refused then.

    :param card: the card's key; empty where Stripe gives no fingerprint even then
    """
    if order.card_key or not card:
        return
    order.card_key = card
    order.save(update_fields=["card_key"])
    wanted = [(line, line.quantity - line.refunded) for line in order.lines.all()]
    kind = str(LimitUse.Kind.CARD)
    by_deal = sorted(_units_by(wanted, "deal_id").items())
    add_counts(LimitUse, [(deal, kind, card, units) for deal, units in by_deal])


def release(order: Order, now: datetime) -> None:
    """Give back everything an order claimed; its offers are good again while they are held."""
    give_back(order, {line: line.quantity for line in order.lines.all()})
    Redemption.objects.filter(order_number=order.number, released_at__isnull=True).update(
        released_at=now
    )


def give_back(order: Order, units: Mapping[OrderLine, int]) -> None:
    """Give units of an order's lines back to stock, allocation and limits; no offer with them."""
    for variant, more in sorted(_units_by(units.items(), "variant_id").items()):
        Variant.objects.filter(pk=variant).update(claimed=F("claimed") - more)
    by_deal = sorted(_units_by(units.items(), "deal_id").items())
    for deal, more in by_deal:
        Deal.objects.filter(pk=deal).update(claimed=F("claimed") - more)
    for deal, more in by_deal:
        for kind, keys in _limits(order, ()):
            LimitUse.objects.filter(deal=deal, kind=kind, key=keys[0]).update(
                units=F("units") - more
            )


@dataclass(frozen=True, slots=True)
class _Step:
    """A statement of a claim; its result says whether it is granted, ``verdict`` why it is not."""

    statement: SqlStatement
    is_granted: Callable[[SqlResult], bool]
    verdict: Verdict


def _claim_units(
    model: type[Variant] | type[Deal], bound: str, units_by_id: Iterable[tuple[int, int]]
) -> Iterator[_Step]:
    update = _claim_statement(model, bound, connection.vendor)
    for pk, units in units_by_id:
        statement = update.statement({"pk": pk, "units": units})
        yield _Step(statement, lambda result: result.count == 1, Verdict.SOLD_OUT)


@cache
def _claim_statement(model: type[Variant] | type[Deal], bound: str, vendor: str) -> CompiledQuery:
    """The update that claims units of a row within its bound, if it has one."""
    units = Parameter("units", IntegerField())
    free = Q(**{f"{bound}__isnull": True}) | Q(claimed__lte=F(bound) - units)
    rows = model._default_manager.filter(free, pk=Parameter("pk"))
    return CompiledQuery.update(rows, claimed=F("claimed") + units)


def _units_by(units: Iterable[tuple[OrderLine, int]], key: str) -> Counter[int]:
    sums: Counter[int] = Counter()
    for line, more in units:
        if (pk := getattr(line, key)) is not None:
            sums[pk] += more
    return sums


def _limits(order: Order, shoppers: Collection[str]) -> list[Limit]:
    kind = LimitUse.Kind
    ids = dict.fromkeys((order.shopper, *shoppers))
    card = [(kind.CARD, [order.card_key])] if order.card_key else []
    return [
        *card,
        (kind.EMAIL, [email_key(order.email)]),
        (kind.SHOPPER, [limit_key(kind.SHOPPER, each) for each in ids]),
    ]


def _claim_limits(
    by_deal: Collection[tuple[int, int]], limits: Collection[Limit], max_units: Mapping[int, int]
) -> Iterator[_Step]:
    """One step, or none where no line is of a deal."""
    uses = [
        (deal, kind, key, units if key == keys[0] else 0)
        for deal, units in by_deal
        for kind, keys in limits
        for key in sorted(keys)
    ]

    def are_kept(result: SqlResult) -> bool:
        counted = _units_counted(result.rows)
        return all(
            sum(counted[deal, kind, key] for key in keys) <= max_units[deal]
            for deal, _ in by_deal
            for kind, keys in limits
        )

    if uses:
        yield _Step(count_statement(LimitUse, uses), are_kept, Verdict.OVER_LIMIT)


def _units_counted(rows: Iterable[Row]) -> dict[tuple[int, str, str], int]:
    """Units by deal, kind and key."""
    return {(deal, kind, key): units for deal, kind, key, units in rows}


def _redeem(order: Order, lines: Collection[OrderLine], now: datetime) -> _Step:
    redemptions = [
        Redemption(jti=jti, order_number=order.number, shopper=order.shopper, redeemed_at=now)
        for jti in sorted({line.jti for line in lines})
    ]
    # Whoever redeems one of them at the same time is waited for (PostgreSQL, "INSERT").
    statement = insert_statement(redemptions, on_conflict="ON CONFLICT DO NOTHING")
    return _Step(statement, lambda result: len(result.rows) == len(redemptions), Verdict.USED)
