"""Until when offers from before an instant may be honored: so long their key has to verify."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from shop.sales.hold_end import SaleHolds, deal_hold_ends, holds_of, with_hold_rows
from shop.sales.models import Sale


def latest_end(issued_before: datetime) -> datetime:
    """The instant from which no offer is honored, of any sale or at list price, from before one.

    By what is known now: extensions are counted, and one that is made later may revive offers.
    """
    ends = [issued_before + timedelta(seconds=settings.LIST_HOLD_SECONDS)]
    for sale in with_hold_rows(Sale.objects.filter(published_at__isnull=False)):
        ends.extend(_ends(holds_of(sale), issued_before))
    return max(ends)


def _ends(holds: SaleHolds, issued_before: datetime) -> Iterator[datetime]:
    # So long a page may be served, and offers made, by what the database said before.
    stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    for deal, recalls in holds.recalls.items():
        for _, end in deal_hold_ends(
            holds.terms,
            deal,
            holds.extensions,
            recalls,
            now=issued_before,
            stale=stale,
            issued_before=issued_before,
        ):
            yield end
