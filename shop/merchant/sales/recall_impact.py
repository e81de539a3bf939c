"""The consequences of a recall that is not made yet, in figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from shop.core.durations import several
from shop.core.formatting import exactly
from shop.core.money import format_money
from shop.merchant.sales.outstanding_offers import OutstandingOffers, outstanding_offers
from shop.orders.models import HAS_GOODS, OPEN, OrderLine
from shop.sales.holds import reaches_all_later
from shop.sales.models import Deal, Sale

#: Orders that are so young say how many people are buying.
LATELY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Ordered:
    """Units of some deals in orders, and in how many."""

    units: int
    orders: int

    def __bool__(self) -> bool:
        return self.units > 0

    @property
    def text(self) -> str:
        """Both in words: "3 units in 2 orders"."""
        return f"{several(self.units, 'unit')} in {several(self.orders, 'order')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallImpact:
    """What a recall takes back at the most, and what stays.

    ``unpaid``: in orders that wait for their payment; ``lately``: in orders of the last minutes.
    """

    sale: Sale
    reached: OutstandingOffers
    kept_before: datetime | None
    kept_from: datetime | None
    unpaid: Ordered
    paid: Ordered
    lately: Ordered

    @property
    def sentences(self) -> Iterator[str]:
        """The consequences, a sentence or two each."""
        reached, zone = self.reached, self.sale.zone
        if reached:
            totals = " and ".join(
                format_money(total, currency) for currency, total in sorted(reached.totals.items())
            )
            yield (
                f"Up to {several(reached.units, 'unit')} for {totals} are held now. Those offers "
                "are refused from now on, in every bag and at checkout, and shoppers read your "
                "reason."
            )
            lately = self.lately.text if self.lately else "Nothing"
            verb = "were" if self.lately else "was"
            yield (
                f"Expect at most {several(reached.units, 'unit')} to be refused: nobody keeps a "
                f"list of offers, and no more is left. {lately} {verb} ordered in the last "
                f"{LATELY // timedelta(minutes=1)} minutes."
            )
        else:
            yield "No offer that it would take back is held now."
        if self.unpaid or self.paid:
            orders = [f"{self.unpaid.text} not paid yet"] if self.unpaid else []
            orders += [f"{self.paid.text} paid"] if self.paid else []
            yield f"Orders stay, at the price they were placed at: {' and '.join(orders)}."
        else:
            yield "Nobody has ordered any of it."
        if self.kept_before:
            yield f"What was shown before {exactly(self.kept_before, zone)}, stays held."
        if self.kept_from:
            yield f"What was shown from {exactly(self.kept_from, zone)} on stays held."


def recall_impact(
    sale: Sale,
    deals: Sequence[Deal],
    now: datetime,
    *,
    issued_from: datetime | None,
    issued_before: datetime | None,
) -> RecallImpact:
    """The consequences of a recall of some deals of a sale, were it made now."""
    if reaches_all_later(issued_before, now):
        issued_before = None
    reached = outstanding_offers(sale, now, issued_from=issued_from, issued_before=issued_before)
    keys = {each.pk for each in deals}
    return RecallImpact(
        sale=sale,
        reached=OutstandingOffers(tuple(each for each in reached.deals if each.deal.pk in keys)),
        kept_before=issued_from,
        kept_from=issued_before,
        **_ordered(
            keys,
            unpaid=Q(order__status__in=OPEN),
            paid=Q(order__status__in=HAS_GOODS) & ~Q(order__status__in=OPEN),
            lately=Q(order__placed_at__gt=now - LATELY),
        ),
    )


def _ordered(keys: set[int], **kinds: Q) -> dict[str, Ordered]:
    found = OrderLine.objects.filter(deal__in=keys).aggregate(
        **{f"{name}_units": Sum("quantity", filter=kind) for name, kind in kinds.items()},
        **{
            f"{name}_orders": Count("order", filter=kind, distinct=True)
            for name, kind in kinds.items()
        },
    )
    return {name: Ordered(found[f"{name}_units"] or 0, found[f"{name}_orders"]) for name in kinds}
