"""Settle orders, refunds, events and mails that a crash or a lost webhook left open."""

import logging
import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

import stripe
from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from shop.core.machine_clock import unix_seconds
from shop.orders.emails import send_missing
from shop.orders.models import IS_OPEN, Order
from shop.payments import disputes
from shop.payments.event_inbox import fetch_missed, process_pending
from shop.payments.refunds import finish
from shop.payments.settlement import expire_due, settle_by_id

logger = logging.getLogger(__name__)

#: Seconds between two readings of Stripe's record of events: nothing waits for it.
RECORD_READ_EVERY = 60


class Command(BaseCommand):
    help = (
        "Asks Stripe about every open order: what was paid becomes paid, what waited too long "
        "is canceled at Stripe and its claim released. Completes refunds that were begun, acts on "
        "events that were not acted on, also on those of refunds and disputes that never came, "
        "finds disputes in Stripe's own list, and sends receipts that were not. Never confirms "
        "a payment."
    )

    #: When Stripe's own record of events was read last, in seconds since 1970.
    _read_record_at: float | None = None
    #: The same of its list of disputes.
    _read_disputes_at: float | None = None

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on, until stopped")
        parser.add_argument(
            "--every", type=float, default=10, metavar="SECONDS", help="pause between two rounds"
        )

    def handle(self, *args: Any, watch: bool, every: float, **options: Any) -> None:
        if not watch:
            self._settle_all()
            return
        while True:
            try:
                self._settle_all()
            except Exception:
                # The database may be away: the watch goes on.
                logger.exception("A round was not finished")
            close_old_connections()
            time.sleep(every)

    def _settle_all(self) -> None:
        """:raises Exception: the last that a step raised; all other steps were taken"""
        now, problem = timezone.now(), None  # noqa: TID251
        ours = (self._settle_open, self._finish, self._fetch_missed, self._find_disputes)
        for step in (*ours, process_pending, send_missing):
            try:
                step(now)
            except Exception as error:
                problem = error
        if problem is not None:
            raise problem

    def _settle_open(self, now: datetime) -> None:
        for order in Order.objects.filter(IS_OPEN).order_by("placed_at"):
            before = order.status
            try:
                expire_due(now, [order])
                if order.is_open:
                    settle_by_id(order, cause="reconcile", now=now)
            except Exception:
                # A fault in one order must not keep the others open.
                logger.exception("%s cannot be settled", order.number)
            if order.status != before:
                self.stdout.write(f"{order.number}: {before} → {order.status}")

    def _finish(self, now: datetime) -> None:
        for refund in finish(now):
            self.stdout.write(f"{refund.order}: a refund of {refund.amount_text} {refund.status}")

    def _fetch_missed(self, now: datetime) -> None:
        last = self._read_record_at
        if last is not None and unix_seconds() - last < RECORD_READ_EVERY:
            return
        try:
            self._read_record_at = fetch_missed(now, since=last)
        except stripe.StripeError as error:
            reason = error.code or type(error).__name__
            logger.warning("Stripe's record of events cannot be read: %s", reason)

    def _find_disputes(self, now: datetime) -> None:
        last = self._read_disputes_at
        if last is not None and unix_seconds() - last < RECORD_READ_EVERY:
            return
        try:
            self._read_disputes_at = disputes.find(now, since=last)
        except stripe.StripeError as error:
            reason = error.code or type(error).__name__
            logger.warning("Stripe's list of disputes cannot be read: %s", reason)
