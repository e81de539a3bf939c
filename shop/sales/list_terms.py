"""The record of the settings by which offers at list price are made."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError

from shop.core.outages import reason_of
from shop.sales.models import ListTerms

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
