"""Stripe's events, from the moment that they are known until they were acted on.

An event is written down, and Stripe is answered; what it asks for is done
afterwards (``shop.core.background``), for that takes as long as Stripe does. A row that
is not acted on is found again: by the next event, by ``reconcile``, whoever
comes first. To act twice on the same makes no difference.

And events that never came: Stripe keeps its own record of them for 30 days.
An open order asks for its payment by itself; of refunds that were made at
Stripe, or failed later, and of disputes nobody would know. So ``reconcile``
reads the record of those, and takes in what is not here.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

import stripe
from django.conf import settings
from django.tasks import task
from django.utils import timezone

from shop.core import background
from shop.core.machine_clock import monotonic_seconds, unix_seconds
from shop.orders.models import StripeEvent
from shop.payments.stripe_client import client
from shop.payments.webhooks import TryLater, handler_for, is_for_us

logger = logging.getLogger(__name__)

#: How long the answer to an event waits for it to be acted on: half of the 200 ms that it has.
PATIENCE_SECONDS = 0.1
#: How long an event may wait for who has taken it in; then the next one does it too.
TIME_TO_ACT = timedelta(minutes=1)
#: How long it is tried: as long as Stripe would.
TIME_TO_TRY = timedelta(days=3)
#: Of those left behind, so many are done by who comes by.
MOST_LEFT = 20
#: Of what nobody would ask for: what else is sent to the webhook, an open order asks for itself.
UNASKED = (
    "charge.refunded",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
)
#: How far back Stripe's record goes, and how much of it is read again: seconds.
RECORD_SECONDS = 30 * 24 * 3600
OVERLAP_SECONDS = 3600


def store(event: dict[str, Any], now: datetime) -> StripeEvent:
    """Write an event down, to be acted on; one that is known already stays as it is."""
    fresh = _row(event, now)
    row, _ = StripeEvent.objects.get_or_create(
        pk=fresh.pk,
        defaults={
            "type": fresh.type,
            "about": fresh.about,
            "received_at": now,
            "acted_at": fresh.acted_at,
        },
    )
    return row


def process_soon(row: StripeEvent) -> None:
    """Act on an event, and on what others have left behind; its sender need not wait for that.

    It is waited for a little all the same: mostly Stripe answers at once, and who is told that an
    event is taken in then finds it acted on.
    """
    if row.acted_at is None:
        background.wait_for(process_stored.enqueue(row.pk), PATIENCE_SECONDS)


def process(row: StripeEvent, now: datetime) -> bool:
    """Do what an event is about; whether it is done, or Stripe has to be asked again later."""
    try:
        handler_for(row.type)(row, now)
    except stripe.InvalidRequestError:
        logger.warning("Stripe does not know what its event %s is about", row.pk)
    except (TryLater, stripe.StripeError):
        logger.warning("Stripe cannot say what became of its event %s", row.pk)
        return False
    StripeEvent.objects.filter(pk=row.pk, acted_at=None).update(acted_at=now)
    return True


def process_pending(now: datetime, *, waiting_for: timedelta = timedelta(0), most: int = 0) -> None:
    """Act on what was taken in and left undone.

    A Stripe that is silent is asked about one of them, not about all.

    :param waiting_for: only on what waits for so long
    :param most: on so many; on all of it if 0
    """
    left = StripeEvent.objects.filter(acted_at=None, received_at__gt=now - TIME_TO_TRY)
    if waiting_for:
        left = left.filter(received_at__lte=now - waiting_for)
    # In any order: one that always fails is not always in the way of the others.
    left = left.order_by("?")
    started = monotonic_seconds()
    for row in left[:most] if most else left:
        try:
            is_done = process(row, now)
            if not is_done and monotonic_seconds() - started > settings.STRIPE_TIMEOUT_SECONDS:
                return
        except Exception:
            # What is wrong with one must not keep the others waiting.
            logger.exception("Stripe's event %s cannot be acted on", row.pk)


def fetch_missed(now: datetime, *, since: float | None = None) -> float:
    """Take in the events that Stripe has sent and that never came.

    It costs a call for every hundred that there are.

    :param since: when that was done last, in seconds since 1970; None for never
    :returns: when it was done now
    :raises stripe.StripeError: Stripe cannot be asked
    """
    started = unix_seconds()
    first = started - RECORD_SECONDS if since is None else since - OVERLAP_SECONDS
    pages = client().v1.events.list(
        {"types": list(UNASKED), "created": {"gte": int(first)}, "limit": 100}
    )
    for some in batched(pages.auto_paging_iter(), 100, strict=False):
        _store_all((event.to_dict() for event in some), now)
    return started


def _store_all(events: Iterable[dict[str, Any]], now: datetime) -> None:
    rows = {row.pk: row for row in (_row(event, now) for event in events)}
    known = StripeEvent.objects.filter(pk__in=rows).values_list("pk", flat=True)
    missed = [rows[each] for each in rows.keys() - set(known)]
    StripeEvent.objects.bulk_create(missed, ignore_conflicts=True)
    if missed:
        logger.info("%d of Stripe's events had never come", len(missed))


def _row(event: dict[str, Any], now: datetime) -> StripeEvent:
    """What is kept of an event: what it is about, and nothing of a shopper's."""
    event_type, about = str(event.get("type", "")), event.get("data", {}).get("object", {})
    metadata = about.get("metadata") or {}
    return StripeEvent(
        id=str(event.get("id", "")),
        type=event_type,
        about={
            "id": about.get("id") or "",
            "payment_intent": about.get("payment_intent") or "",
            "metadata": {name: metadata[name] for name in ("order", "round") if name in metadata},
        },
        received_at=now,
        acted_at=None if is_for_us(event_type) else now,
    )


@task
def process_stored(event_id: str) -> None:
    """Act on a stored event; and, if that succeeds, on older ones that are still pending."""
    now = timezone.now()
    row = StripeEvent.objects.get(pk=event_id)
    if row.acted_at is not None or process(row, now):
        process_pending(now, waiting_for=TIME_TO_ACT, most=MOST_LEFT)
