"""The record of the settings by which offers at list price are made."""

import logging
from datetime import datetime, timedelta
from itertools import zip_longest

from django.conf import settings
from django.db import Error as DatabaseError

from shop.core.outages import reason_of
from shop.sales.models import ListTerms

#: How long processes with other settings may serve on beside those with new ones.
RESTART_TIME = timedelta(days=1)

logger = logging.getLogger(__name__)


def record_list_terms(now: datetime) -> None:
    """Record the settings of this process, unless the record ends with them.

    Each process calls it before it serves: what it promises stays honored once they have changed.
    """
    hold, most = settings.LIST_HOLD_SECONDS, settings.LIST_MAX
    try:
        last = ListTerms.objects.order_by("since", "id").last()
        if last is None or (last.hold_seconds, last.max_per_shopper) != (hold, most):
            ListTerms.objects.create(since=now, hold_seconds=hold, max_per_shopper=most)
    except DatabaseError as error:
        logger.error("Hold and limit of list prices are not on record: %s", reason_of(error))


def latest_end_at_list(issued_before: datetime) -> datetime:
    """The instant from which no offer at list price is honored from before another one.

    Offers by earlier settings count until processes that had them have stopped.
    """
    ends = [issued_before + timedelta(seconds=settings.LIST_HOLD_SECONDS)]
    rows = list(ListTerms.objects.order_by("id"))
    for row, after in zip_longest(rows, rows[1:]):
        until = min(issued_before, after.since + RESTART_TIME) if after else issued_before
        if row.since < issued_before:
            ends.append(until + timedelta(seconds=row.hold_seconds))
    return max(ends)
