"""The rounds of ``reconcile``: each takes every step, whatever one of them meets.

Each round settles open orders; Stripe's record of payments, refunds and disputes is compared once a
minute.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from itertools import batched

import stripe
from django.utils import timezone

from shop.core.machine_clock import machine_time, monotonic_seconds, unix_seconds
from shop.core.postgresql.time_limits import limited_waits
from shop.orders.emails import send_missing
from shop.orders.hoarding import forget_ended
from shop.orders.models import ReconcileRound
from shop.payments import disputes
from shop.payments.discrepancies import Comparison, resolve
from shop.payments.event_inbox import fetch_missed, process_pending
from shop.payments.heartbeat import FARTHEST, beat, last_round, record_read_since
from shop.payments.open_orders import OpenOrders
from shop.payments.refunds import finish
from shop.payments.stripe_client import reason_of
from shop.payments.stripe_record import PAGE, all_intents
from shop.staff.password_links import send_waiting_links

logger = logging.getLogger(__name__)

#: Seconds between two comparisons with Stripe's record: nothing waits for them.
RECORD_READ_EVERY = 60
#: How long a statement of a round may take: a watch must not hang for ever.
DATABASE_SECONDS = 60


class Reconciliation:
    """One round after another; a process that watches keeps how far it read Stripe's record.

    :param tell: writes a line for whoever watches
    """

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._last: ReconcileRound | None = None
        self._problems: list[str] = []
        #: Whether this round compares, and asks about what takes days.
        self._compares = True
        #: Until when this round compared the payments, by Stripe's clock.
        self._compared_until: datetime | None = None
        #: When the payments were compared last, in seconds of the machine.
        self._compared_at: float | None = None
        #: When Stripe's own record of events was read last, in seconds since 1970.
        self._read_events_at: float | None = None
        #: The same of its list of disputes.
        self._read_disputes_at: float | None = None

    @limited_waits(DATABASE_SECONDS)
    def run_round(self) -> None:
        """Take every step, then store the heartbeat.

        :raises Exception: the last that a step raised; all other steps were taken
        """
        now, started = timezone.now(), monotonic_seconds()  # noqa: TID251
        self._problems, problem = [], None
        last = self._notice_older_database()
        self._compares = _is_due(self._compared_at, monotonic_seconds())
        self._compared_until = None
        steps: dict[str, Callable[[datetime], object]] = {
            "open orders": self._settle_open,
            "refunds": self._finish,
            "missed events": self._fetch_missed,
            "disputes": self._find_disputes,
            "events": process_pending,
            "mails": send_missing,
            "networks": _forget_networks,
            "password links": lambda _: send_waiting_links(),
        }
        for name, step in steps.items():
            try:
                step(now)
            except Exception as error:
                problem = error
                self._problems.append(f"{name}: {type(error).__name__}")
        self._last = beat(
            last,
            started_at=now,
            ended_at=timezone.now(),  # noqa: TID251
            seconds=monotonic_seconds() - started,
            problems=self._problems,
            record_read_until=self._compared_until,
        )
        if problem is not None:
            raise problem

    def _notice_older_database(self) -> ReconcileRound | None:
        """The last round; where it is older than ours, the database was restored meanwhile."""
        last = last_round()
        if self._last and (last is None or last.ended_at < self._last.ended_at):
            logger.warning("The database is older than the last round: all is compared anew")
            self._compared_at = self._read_events_at = self._read_disputes_at = None
        return last

    def _settle_open(self, now: datetime) -> None:
        orders = OpenOrders(now, with_processing=self._compares)
        try:
            if self._compares:
                self._compare(orders, now)
            elif orders.are_worth(0):
                _read_payments(orders)
        except stripe.StripeError as error:
            self._warn("Stripe's list of payments", error)
        finally:
            orders.settle_rest()
            for change in orders.changes:
                self._tell(change)

    def _compare(self, orders: OpenOrders, now: datetime) -> None:
        comparison = Comparison(now, record_read_since(last_round(), now))
        _read_payments(orders, comparison)
        comparison.finish()
        resolve(now)
        self._compared_at, self._compared_until = monotonic_seconds(), comparison.started_at

    def _finish(self, now: datetime) -> None:
        for refund in finish(now, with_accepted=self._compares):
            self._tell(f"{refund.order}: a refund of {refund.amount_text} {refund.status}")

    def _fetch_missed(self, now: datetime) -> None:
        last = self._read_events_at
        if _is_due(last, unix_seconds()):
            try:
                self._read_events_at = fetch_missed(now, since=last)
            except stripe.StripeError as error:
                self._warn("Stripe's record of events", error)

    def _find_disputes(self, now: datetime) -> None:
        last = self._read_disputes_at
        if _is_due(last, unix_seconds()):
            try:
                self._read_disputes_at = disputes.find(now, since=last)
            except stripe.StripeError as error:
                self._warn("Stripe's list of disputes", error)

    def _warn(self, what: str, error: stripe.StripeError) -> None:
        reason = reason_of(error)
        self._problems.append(f"{what}: {reason}")
        logger.warning("%s cannot be read: %s", what, reason)


def _forget_networks(_: datetime) -> None:
    forget_ended()


def _is_due(last: float | None, now: float) -> bool:
    return last is None or now - last >= RECORD_READ_EVERY


def _read_payments(orders: OpenOrders, comparison: Comparison | None = None) -> None:
    """Read Stripe's list of payments, newest first, as far as it is worth it.

    :raises stripe.StripeError: Stripe cannot be asked; what it has listed is settled
    """
    pages = batched(all_intents(machine_time() - FARTHEST), PAGE, strict=False)
    for calls, page in enumerate(pages, start=1):
        for intent in page:
            orders.settle_listed(intent)
        is_compared = comparison is None or comparison.reaches(page[-1])
        if comparison is not None:
            comparison.compare(page)
        if is_compared and not orders.are_worth(calls):
            return
