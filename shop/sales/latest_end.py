"""Until when offers from before an instant may be honored: so long their key has to verify."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from shop.sales.hold_end import holds_of, with_hold_rows
from shop.sales.kept_prices import longest_wait
from shop.sales.list_terms import latest_end_at_list
from shop.sales.models import Sale


def latest_end(issued_before: datetime) -> datetime:
    """The instant from which no offer is honored, of any sale or at list price, from before one.

    By what is known now: extensions are counted, and one that is made later may revive offers.
    Shoppers who were told to come back may have theirs kept for a while after.
    """
    # So long a page may be served, and offers made, by what the database said before.
    stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
    # What is a draft in a restored database may have been published since the backup.
    made_offers = Q(published_at__isnull=False) | Q(restored_sales__isnull=False)
    ends = [latest_end_at_list(issued_before)]
    for sale in with_hold_rows(Sale.objects.filter(made_offers).distinct()):
        end = holds_of(sale).end_of_issued_before(issued_before, stale=stale)
        if end is not None:
            ends.append(end)
    return max(ends) + longest_wait()
