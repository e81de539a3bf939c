"""What saving a sale would bring, said before it is saved.

Three things are worth a second look: what happens to offers that are already out,
another sale that has the same product at the same time, and a price that shoppers
do not see as a reduction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from shop.core.durations import exact_duration, several
from shop.core.formatting import clock, day, day_and_clock
from shop.core.money import format_money
from shop.merchant.sales.field_changes import DealRow, FieldChange
from shop.merchant.sales.outstanding_offers import (
    OutstandingOffers,
    PromisedDeal,
    outstanding_offers,
)
from shop.sales.models import Deal, Sale
from shop.sales.reference_prices import reference_price

#: What an offer says or is bounded by; the rest is words and pictures, and changes at once.
_TERMS = frozenset(
    {
        "starts_at",
        "ends_at",
        "hold_seconds",
        "price",
        "allocation",
        "max_per_shopper",
        "withdrawn",
    }
)


#: What decides which products are to be had when, and for how much.
_WHAT_AND_WHEN = frozenset({"deal", "product", "price", "starts_at", "ends_at", "withdrawn"})


@dataclass(frozen=True, slots=True)
class ChangeImpact:
    """Sentences to read before saving; ``digest`` says that it was these."""

    outstanding: tuple[str, ...]
    notices: tuple[str, ...]
    digest: str

    def __bool__(self) -> bool:
        return bool(self.outstanding or self.notices)


def assess_impact(
    before: Sale | None,
    after: Sale,
    deals: Iterable[DealRow],
    edits: list[FieldChange],
    now: datetime,
) -> ChangeImpact:
    """What follows from edits of a sale.

    :param before: the sale as its row says it; None where it is new
    :param deals: its deals' forms, valid
    """
    changed = {edit.field for edit in edits}
    noticed = list(_unseen(edits))
    if before is None or changed & _WHAT_AND_WHEN:
        noticed += _overlaps(after, deals, now)
    promised = tuple(_promised(before, edits, now)) if before else ()
    told = [
        (edit.field, edit.deal and edit.deal.product.sku, edit.before, edit.after) for edit in edits
    ]
    # Of what is changed and not of what is left: that goes on while somebody reads. But who read
    # it before anything was out has not read this.
    digest = sha256(repr((told, noticed, bool(promised))).encode()).hexdigest()[:24]
    return ChangeImpact(promised, tuple(noticed), digest)


def summary(out: OutstandingOffers, sale: Sale) -> str:
    """What is out, in one sentence."""
    amounts = " and ".join(format_money(*each[::-1]) for each in sorted(out.amounts.items()))
    return (
        "Offers that are out stay honored: until "
        f"{day_and_clock(out.shown_until, sale.zone)} at the latest, for "
        f"{several(out.units, 'unit')} and {amounts} at the most."
    )


def _promised(sale: Sale, edits: Iterable[FieldChange], now: datetime) -> Iterator[str]:
    touching = [edit for edit in edits if edit.field in _TERMS]
    out = outstanding_offers(sale, now) if touching else OutstandingOffers(())
    if not out:
        return
    yield summary(out, sale)
    for edit in touching:
        promised = out.of(edit.deal) if edit.deal else None
        if promised is not None:
            yield from _of_deal(edit, promised, sale)
        elif edit.deal is None:
            yield from _of_sale(edit, now)


def _of_deal(edit: FieldChange, promised: PromisedDeal, sale: Sale) -> Iterator[str]:
    name, currency = promised.deal.product.name, promised.deal.product.currency
    match edit.field:
        case "price" if edit.after > promised.price:
            less = (edit.after - promised.price) * promised.units
            yield (
                f"{name}: whoever was shown {format_money(promised.price, currency)} still pays "
                f"that. That is {several(promised.units, 'unit')} at the most, and "
                f"{format_money(less, currency)} less than at the new price."
            )
        case "price":
            yield f"{name}: a bag takes the lower price by itself."
        case "max_per_shopper":
            yield f"{name}: whoever was shown that {edit.before} are the most may have as many."
        case "allocation":
            yield (
                f"{name}: what is set aside bounds the held prices too: "
                f"{edit.in_words(edit.before)} before, {edit.in_words(edit.after)} from now on."
            )
        case "withdrawn" if edit.after:
            until = day_and_clock(promised.shown_until, sale.zone)
            yield f"{name} is shown no more. Whoever was shown it may buy it until {until}."


def _of_sale(edit: FieldChange, now: datetime) -> Iterator[str]:
    match edit.field:
        case "ends_at":
            at = datetime.fromisoformat(edit.after)
            if at <= now:
                yield "The sale closes at once, and makes no more offers."
            else:
                yield (
                    f"The sale now closes on {_moment(edit, at)}. What is shown until then is held "
                    "for its whole hold."
                )
        case "starts_at" if datetime.fromisoformat(edit.after) > now:
            at = datetime.fromisoformat(edit.after)
            yield f"The sale makes no more offers until it opens on {_moment(edit, at)}."
        case "hold_seconds":
            yield (
                f"Pages that are opened from now on hold their prices for "
                f"{exact_duration(edit.after)}; those that are open keep "
                f"{exact_duration(edit.before)}."
            )


def _moment(edit: FieldChange, instant: datetime) -> str:
    return day_and_clock(instant, edit.sale.zone)


def _unseen(edits: Iterable[FieldChange]) -> Iterator[str]:
    """Prices that are no reduction in shoppers' eyes (98/6/EC, Article 6a)."""
    for edit in edits:
        deal = edit.deal
        if deal is None or edit.after is None or edit.field not in {"price", "deal"}:
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
