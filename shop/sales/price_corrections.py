"""Taking back the price of a past stretch of time that was a mistake.

A price that was on show may have been promised to shoppers: it is taken back only together with
the offers of its stretch. Those from before the mistake stay honored.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from offers.anchors import new_nonce
from offers.terms import LIST
from shop.catalog.models import PriceCorrection, Product
from shop.sales.hold_end import deal_hold_ends, holds_of
from shop.sales.holds import reaches_all_later, recall
from shop.sales.list_terms import latest_end_at_list
from shop.sales.models import Deal, Sale
from shop.sales.price_history import PriceStretch
from shop.sales.reference_prices import lock_products, work_out_reference_prices
from shop.sales.showcase import FRESH_SECONDS
from shop.sales.term_history import next_whole_second
from shop.staff.models import Staff

#: How long pages may go on to show a price once another replaced it.
_STALE = timedelta(seconds=FRESH_SECONDS)


@transaction.atomic
def take_back(
    stretch: PriceStretch, *, reason: str, by: Staff | None, now: datetime
) -> PriceCorrection:
    """Take a price back: no reference price counts it any more, and none of its offers is honored.

    Reference prices that are fixed stay. Placed orders stay.

    :param reason: shoppers read it, where offers are recalled
    :raises ValidationError: the price is still in force, or was taken back already
    """
    if stretch.until is None or stretch.until > now:
        raise ValidationError("This price is still in force: change it first.")
    deal = None if stretch.sale == LIST else _deal(stretch)
    if deal is not None:
        Sale.objects.select_for_update(no_key=True).get(pk=deal.sale_id)
    lock_products([stretch.product])
    known = PriceCorrection.objects.filter(product=stretch.product, sale=stretch.sale)
    if stretch.correction is not None or known.filter(since=stretch.since).exists():
        raise ValidationError("This price was taken back already.")
    row = PriceCorrection(
        product_id=stretch.product,
        sale=stretch.sale,
        amount=stretch.amount,
        since=stretch.since,
        until=stretch.until,
        was_on_show=bool(stretch.could_be_bought),
        issued_before=_issued_before(stretch.until, now),
        reason=reason,
        made_at=now,
        made_by=by,
    )
    if row.was_on_show and deal is None:
        _recall_list_price(row, now)
    elif row.was_on_show and deal is not None:
        recall(
            sale=deal.sale,
            deal=deal,
            reason=reason,
            by=by,
            now=now,
            issued_from=stretch.since,
            issued_before=row.issued_before,
        )
    row.full_clean()
    row.save()
    work_out_reference_prices([stretch.product], now=now)
    return row


def held_until(stretch: PriceStretch, now: datetime) -> datetime:
    """When the last offer at a price that was on show expires, at the latest."""
    assert stretch.until is not None
    if stretch.sale == LIST:
        return latest_end_at_list(stretch.until + _STALE)
    deal = _deal(stretch)
    holds = holds_of(deal.sale)
    ends = deal_hold_ends(
        holds.terms,
        deal.pk,
        holds.extensions,
        holds.recalls[deal.pk],
        now=now,
        stale=_STALE,
        issued_from=stretch.since,
        issued_before=_issued_before(stretch.until, now),
    )
    return max((end for _, end in ends), default=stretch.until)


def voids_later_ones(stretch: PriceStretch, now: datetime) -> bool:
    """Whether offers from after the stretch are void too, if it is taken back now.

    A page may be as old as the showcase, and show the price that was a mistake.
    """
    assert stretch.until is not None
    return reaches_all_later(_issued_before(stretch.until, now), now)


def _issued_before(until: datetime, now: datetime) -> datetime:
    """Until when pages may have shown a price that was in force until then."""
    return min(now, next_whole_second(until + _STALE))


def _recall_list_price(row: PriceCorrection, now: datetime) -> None:
    """Make the row reach all later offers too, where its stretch is not long past."""
    if reaches_all_later(row.issued_before, now):
        product = Product.objects.get(pk=row.product_id)
        row.issued_before, row.replaced_nonce = None, product.nonce
        product.nonce = new_nonce()
        product.save(update_fields=["nonce"])


def _deal(stretch: PriceStretch) -> Deal:
    return Deal.objects.select_related("sale", "product").get(
        sale__slug=stretch.sale, product=stretch.product
    )
