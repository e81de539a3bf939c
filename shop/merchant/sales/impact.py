"""The impact of unsaved changes to a sale, in sentences for the merchant to confirm."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from shop.core.durations import exact_duration, several
from shop.core.formatting import clock, day, day_and_clock
from shop.core.money import format_money
from shop.merchant.sales.field_changes import DealRow, formatted
from shop.merchant.sales.outstanding_offers import (
    OutstandingDeal,
    OutstandingOffers,
    outstanding_offers,
)
from shop.sales.models import Change, Deal, Sale
from shop.sales.reference_prices import reference_price

#: Fields that offers state or are bounded by.
_TERMS = frozenset(
    {"starts_at", "ends_at", "hold_seconds", "price", "allocation", "max_per_shopper", "withdrawn"}
)
#: Fields that decide which products are on sale when, and for how much.
_SCHEDULE = frozenset({"deal", "product", "price", "starts_at", "ends_at", "withdrawn"})


@dataclass(frozen=True, slots=True)
class ChangeImpact:
    """Sentences to confirm before saving; ``digest`` identifies them."""

    outstanding: tuple[str, ...]
    notices: tuple[str, ...]
    digest: str

    def __bool__(self) -> bool:
        return bool(self.outstanding or self.notices)


def assess_impact(
    before: Sale | None,
    after: Sale,
    deals: Iterable[DealRow],
    changes: list[Change],
    now: datetime,
) -> ChangeImpact:
    """Consequences of unsaved changes for outstanding offers, and overlaps and prices to notice.

    :param before: the saved sale; None if it is new
    :param deals: the valid forms of its deals
    """
    notices = list(_not_reduced(changes))
    if before is None or {each.field for each in changes} & _SCHEDULE:
        notices += _overlaps(after, deals, now)
    outstanding = tuple(_on_outstanding(before, changes, now)) if before else ()
    # Not of units and amounts: those go on changing while the merchant reads.
    digested = [
        (each.field, each.deal and each.deal.product.sku, each.before, each.after)
        for each in changes
    ]
    digest = sha256(repr((digested, notices, bool(outstanding))).encode()).hexdigest()[:24]
    return ChangeImpact(outstanding, tuple(notices), digest)


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


def _not_reduced(changes: Iterable[Change]) -> Iterator[str]:
    """Prices that are no reduction for shoppers (98/6/EC, Article 6a)."""
    for change in changes:
        deal = change.deal
        if deal is None or change.after is None or change.field not in {"price", "deal"}:
            continue
        reference = deal.was or reference_price(deal)
        if deal.price >= reference:
            yield (
                f"{deal.product.name}: shoppers see no reduction, as it was "
                f"{format_money(reference, deal.product.currency)} in the 30 days before the sale."
            )


def _overlaps(sale: Sale, deals: Iterable[DealRow], now: datetime) -> Iterator[str]:
    """The same product in two sales at once, now or later."""
    products = [
        form.instance.product_id
        for form in deals
        if form.instance.product_id
        and not form.instance.withdrawn
        and not form.cleaned_data.get("DELETE")
    ]
    others = (
        Deal.objects.filter(product__in=products, withdrawn=False)
        .filter(sale__starts_at__lt=sale.ends_at, sale__ends_at__gt=max(sale.starts_at, now))
        .exclude(sale__state=Sale.State.CANCELED)
        .exclude(sale__slug=sale.slug)
        .select_related("sale", "product")
        .order_by("sale__starts_at", "position")
    )
    for other in others:
        zone = other.sale.zone
        yield (
            f"{other.product.name} is in {other.sale} too, on "
            f"{day(other.sale.starts_at, zone)} until {clock(other.sale.ends_at, zone)}, at "
            f"{format_money(other.price, other.product.currency)}. Each page sells it at its own "
            "price, and the product’s page shows the lower one."
        )
