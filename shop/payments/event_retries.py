"""Events whose processing raises an error: tried again with growing pauses, then set aside.

A silent Stripe is no such error: those events are tried again each time, until they are as old as
Stripe would let them become.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F, Q

from shop.orders.models import IS_SET_ASIDE, StripeEvent

logger = logging.getLogger(__name__)

#: How long an event waits after each failed try. After the next one it is set aside.
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
#: For how long an event is tried that Stripe cannot be asked about: as long as Stripe would.
TIME_TO_TRY = timedelta(days=3)

HOW_TO_RETRY = "`manage.py reconcile --retry-set-aside` tries it again"


def due(now: datetime) -> Q:
    """Events that are to be processed now."""
    return Q(acted_at=None, set_aside_at=None) & (Q(next_try_at=None) | Q(next_try_at__lte=now))


def is_due(row: StripeEvent, now: datetime) -> bool:
    """Whether an event is to be processed now."""
    if row.acted_at is not None or row.set_aside_at is not None:
        return False
    return row.next_try_at is None or row.next_try_at <= now


def count_failure(row: StripeEvent, now: datetime) -> None:
    """Note that processing an event raised an error: it waits, or is set aside and told of."""
    left = StripeEvent.objects.filter(pk=row.pk, acted_at=None)
    left.update(tries=F("tries") + 1)
    row.refresh_from_db()
    if row.tries <= len(PAUSES):
        left.update(next_try_at=now + PAUSES[row.tries - 1])
    elif left.filter(set_aside_at=None).update(set_aside_at=now):
        logger.error(
            "Stripe's event %s (%s) is set aside after %d tries: %s",
            *(row.pk, row.type, row.tries, HOW_TO_RETRY),
        )


def set_aside_if_old(row: StripeEvent, now: datetime) -> None:
    """Set an event aside that could not be processed for ``TIME_TO_TRY``, and tell of it."""
    if now - row.received_at < TIME_TO_TRY:
        return
    left = StripeEvent.objects.filter(pk=row.pk, acted_at=None, set_aside_at=None)
    if left.update(set_aside_at=now):
        logger.error(
            "Stripe's event %s (%s) is set aside, after %d days without an answer of Stripe's: %s",
            *(row.pk, row.type, TIME_TO_TRY.days, HOW_TO_RETRY),
        )


def retry_set_aside() -> int:
    """Let every event that was set aside be tried anew; how many there are."""
    return StripeEvent.objects.filter(IS_SET_ASIDE).update(
        set_aside_at=None, next_try_at=None, tries=0
    )
