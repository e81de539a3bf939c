"""The impact of unsaved changes to a sale, in sentences for the merchant to confirm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from shop.core.durations import exact_duration, several
from shop.core.formatting import day_and_clock
from shop.core.money import format_money
from shop.merchant.sales.field_changes import formatted
from shop.merchant.sales.outstanding_offers import (
    OutstandingDeal,
    OutstandingOffers,
    outstanding_offers,
)
from shop.merchant.sales.typed_checks import new_warnings
from shop.sales.models import Change, Deal, Sale
from shop.sales.sense_checks import SenseFinding

#: Fields that offers state or are bounded by.
_TERMS = frozenset(
    {"starts_at", "ends_at", "hold_seconds", "price", "allocation", "max_per_shopper", "withdrawn"}
)


@dataclass(frozen=True, slots=True)
class ChangeImpact:
    """What to confirm before saving: sentences and warnings; ``digest`` identifies them."""

    outstanding: tuple[str, ...]
    warnings: tuple[SenseFinding, ...]
    digest: str

    def __bool__(self) -> bool:
        return bool(self.outstanding or self.warnings)


def assess_impact(
    before: Sale | None,
    after: Sale,
    deals: Iterable[Deal],
    changes: list[Change],
    now: datetime,
) -> ChangeImpact:
    """Consequences of unsaved changes for outstanding offers, and new warnings of sense checks.

    :param before: the saved sale; None if it is new
    :param deals: those that it will have
    """
    warnings = new_warnings(before, after, deals, now) if changes else ()
    outstanding = tuple(_on_outstanding(before, changes, now)) if before else ()
    # Not of units and amounts: those go on changing while the merchant reads.
    digested = [
        (each.field, each.deal and each.deal.product.sku, each.before, each.after)
        for each in changes
    ]
    keys = [each.key for each in warnings]
    digest = sha256(repr((digested, keys, bool(outstanding))).encode()).hexdigest()[:24]
    return ChangeImpact(outstanding, warnings, digest)


def summary(out: OutstandingOffers, sale: Sale) -> str:
    """The outstanding offers in one sentence."""
    totals = " and ".join(format_money(*each[::-1]) for each in sorted(out.totals.items()))
    return (
        "Offers that are out stay honored: until "
        f"{day_and_clock(out.shown_until, sale.zone)} at the latest, for "
        f"{several(out.units, 'unit')} and {totals} at the most."
    )


def _on_outstanding(sale: Sale, changes: Iterable[Change], now: datetime) -> Iterator[str]:
    of_terms = [each for each in changes if each.field in _TERMS]
    out = outstanding_offers(sale, now) if of_terms else OutstandingOffers(())
    if not out:
        return
    yield summary(out, sale)
    for change in of_terms:
        held = out.of(change.deal) if change.deal else None
        if held is not None:
            yield from _of_deal(change, held, sale)
        elif change.deal is None:
            yield from _of_sale(change, now)


def _of_deal(change: Change, held: OutstandingDeal, sale: Sale) -> Iterator[str]:
    name, currency = held.deal.product.name, held.deal.product.currency
    before: Any = change.before
    after: Any = change.after
    match change.field:
        case "price" if after > held.amount:
            less = (after - held.amount) * held.units
            yield (
                f"{name}: whoever was shown {format_money(held.amount, currency)} still pays "
                f"that. That is {several(held.units, 'unit')} at the most, and "
                f"{format_money(less, currency)} less than at the new price."
            )
        case "price":
            yield f"{name}: a bag takes the lower price by itself."
        case "max_per_shopper":
            yield f"{name}: whoever was shown that {before} are the most may have as many."
        case "allocation":
            yield (
                f"{name}: what is set aside bounds the held prices too: "
                f"{formatted(change, before)} before, {formatted(change, after)} from now on."
            )
        case "withdrawn" if after:
            until = day_and_clock(held.shown_until, sale.zone)
            yield f"{name} is shown no more. Whoever was shown it may buy it until {until}."


def _of_sale(change: Change, now: datetime) -> Iterator[str]:
    before: Any = change.before
    after: Any = change.after
    match change.field:
        case "ends_at" if datetime.fromisoformat(after) <= now:
            yield "The sale closes at once, and makes no more offers."
        case "ends_at":
            closes = day_and_clock(datetime.fromisoformat(after), change.sale.zone)
            yield (
                f"The sale now closes on {closes}. What is shown until then is held for its whole "
                "hold."
            )
        case "starts_at" if datetime.fromisoformat(after) > now:
            opens = day_and_clock(datetime.fromisoformat(after), change.sale.zone)
            yield f"The sale makes no more offers until it opens on {opens}."
        case "hold_seconds":
            yield (
                f"Pages that are opened from now on hold their prices for {exact_duration(after)}; "
                f"those that are open keep {exact_duration(before)}."
            )
