"""The reference price of a reduction (Directive 98/6/EC, article 6a): what is struck through.

It is the lowest price that could be paid in the 30 days before the sale's opening; where none
could, nothing is struck through. ``Deal.was`` keeps it, so that pages, the bag and checkout read
it with the row. It follows from the record alone, never from the clock: so it is worked out anew
in the transaction of each change to what it follows from, until the opening, and no later job is
needed. From the opening on it is fixed. A deal that is added later has the one of the opening.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from shop.catalog.list_prices import record_list_prices
from shop.catalog.models import Product
from shop.sales.models import Deal, Sale
from shop.sales.price_history import PriceStretch, price_stretches

#: Directive 98/6/EC, article 6a: the lowest price of at least 30 days before the reduction.
REFERENCE_PERIOD = timedelta(days=30)


def lowest_price(stretches: Iterable[PriceStretch], *, before: datetime) -> int | None:
    """The lowest price that could be paid in the 30 days before an instant, in minor units.

    :param stretches: of one product
    :returns: None if it could not be bought in that time
    """
    since = before - REFERENCE_PERIOD
    amounts = (each.amount for each in stretches if each.counts and each.overlaps(since, before))
    return min(amounts, default=None)


def reference_prices_without(
    taken_back: PriceStretch, *, now: datetime
) -> list[tuple[Deal, int | None]]:
    """What follows for sales to come if a stretch is taken back: deals, with what they will have.

    Deals whose reference price stays are left out.
    """
    deals = list(
        Deal.objects.filter(product=taken_back.product, sale__starts_at__gt=now)
        .filter(sale__published_at__isnull=False)
        .exclude(sale__state=Sale.State.CANCELED)
        .select_related("sale", "product")
        .order_by("sale__starts_at", "pk")
    )
    others = [each for each in _stretches(deals)[taken_back.product] if each != taken_back]
    found = [(deal, lowest_price(others, before=deal.sale.starts_at)) for deal in deals]
    return [(deal, lowest) for deal, lowest in found if lowest != deal.was]


def lowest_price_before(product: int, instant: datetime) -> int | None:
    """The same for one product, by its id, as the record says it."""
    since = instant - REFERENCE_PERIOD
    return lowest_price(price_stretches([product], since=since, until=instant), before=instant)


def reference_prices(deals: Iterable[int]) -> dict[int, int | None]:
    """The reference prices that the record gives deals, by their ids; None where there is none.

    Takes five queries for any number of deals.
    """
    found = list(Deal.objects.filter(pk__in=list(deals)).select_related("sale"))
    return _worked_out(found)


def reference_prices_once_saved(deals: Sequence[Deal], *, now: datetime) -> list[int | None]:
    """The reference prices that deals will have, which may be unsaved, as may their sale's terms.

    One that is fixed stays. Takes four queries for any number of deals, and none where all openings
    are those of the rows.
    """
    stretches = _stretches([deal for deal in deals if not _is_worked_out(deal, now)])
    found = []
    for deal in deals:
        if _is_worked_out(deal, now):
            found.append(deal.was)
            continue
        # By its saved row the sale may open before it will: that asks nothing yet.
        asked = (
            each
            for each in stretches[deal.product_id]
            if each.sale != deal.sale.slug or each.since < now
        )
        found.append(lowest_price(asked, before=deal.sale.starts_at))
    return found


def _is_worked_out(deal: Deal, now: datetime) -> bool:
    """Whether a deal's row has its reference price: for this opening, or for one that is past."""
    opening, done_for = deal.sale.starts_at, deal.was_as_of
    return done_for is not None and (done_for == opening or max(done_for, opening) <= now)


def _worked_out(deals: Sequence[Deal]) -> dict[int, int | None]:
    stretches = _stretches(deals)
    return {
        deal.pk: lowest_price(stretches[deal.product_id], before=deal.sale.starts_at)
        for deal in deals
    }


def _stretches(deals: Sequence[Deal]) -> Mapping[int, list[PriceStretch]]:
    """The stretches before the openings of deals, by product."""
    found: defaultdict[int, list[PriceStretch]] = defaultdict(list)
    if deals:
        openings = [deal.sale.starts_at for deal in deals]
        for each in price_stretches(
            {deal.product_id for deal in deals},
            since=min(openings) - REFERENCE_PERIOD,
            until=max(openings),
        ):
            found[each.product].append(each)
    return found


def lock_products(products: Iterable[int]) -> list[int]:
    """Lock products for this transaction, in the order in which all lock them: by their sku.

    Lock sales before, and deals after them.
    """
    locked = Product.objects.select_for_update(no_key=True).filter(pk__in=set(products))
    return list(locked.order_by("sku").values_list("pk", flat=True))


@transaction.atomic
def work_out_reference_prices(products: Iterable[int], *, now: datetime) -> None:
    """Work out anew the reference price of all deals of products whose sale has yet to open.

    Call it in the transaction of each change to a list price, or to a deal or a sale that was
    published. Of transactions that change the same product the later one waits for the other.
    Takes a constant number of queries.
    """
    keys = lock_products(products)
    # Worked out for no opening, for one to come, or for another than the one to come.
    not_fixed = Q(was_as_of=None) | Q(was_as_of__gt=now) | Q(sale__starts_at__gt=now)
    deals = list(
        Deal.objects.filter(not_fixed, product__in=keys, sale__published_at__isnull=False)
        .select_related("sale")
        .select_for_update(no_key=True, of=("self",))
        .order_by("pk")
    )
    lowest = _worked_out(deals)
    changed = []
    for deal in deals:
        before = deal.was, deal.was_as_of
        deal.was, deal.was_as_of = lowest[deal.pk], deal.sale.starts_at
        if before != (deal.was, deal.was_as_of):
            changed.append(deal)
    Deal.objects.bulk_update(changed, ["was", "was_as_of"])


def set_list_price(product: Product, amount: int, *, now: datetime) -> None:
    """Change a product's list price, with what follows from it.

    :param amount: minor units of the product's currency
    """
    product.list_price = amount
    product.save(update_fields=["list_price"])
    list_price_changed(product, now=now)


def list_price_changed(product: Product, *, now: datetime) -> None:
    """Record that a product's list price was saved, or that it can be bought by now, or cannot.

    Call it in the transaction that saves the product or its stock.
    """
    list_prices_changed([product.pk], now=now)


@transaction.atomic
def list_prices_changed(products: Collection[int], *, now: datetime) -> None:
    """Do the same for any number of products, in a constant number of queries."""
    if changed := record_list_prices(products, now=now):
        work_out_reference_prices(changed, now=now)
