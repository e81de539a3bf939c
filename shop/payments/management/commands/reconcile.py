"""Settle orders, refunds, events and mails that a crash or a lost webhook left open."""

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from shop.core.durations import several
from shop.payments import event_retries
from shop.payments.discrepancies import unresolved
from shop.payments.reconciliation import Reconciliation
from shop.sales.restorations import is_checkout_closed

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Asks Stripe about all open orders: what was paid becomes paid, what waited too long "
        "is canceled at Stripe and its claim released. Completes refunds that were begun, acts on "
        "events that were not acted on, also on those of refunds and disputes that never came, "
        "finds disputes in Stripe's own list, and sends receipts that were not. Compares Stripe's "
        "payments with the order book: exit status 1 while they disagree. Never confirms a payment."
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rounds = Reconciliation(lambda line: self.stdout.write(line))

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on, until stopped")
        parser.add_argument(
            "--every", type=float, default=10, metavar="SECONDS", help="pause between two rounds"
        )
        parser.add_argument(
            "--retry-set-aside",
            action="store_true",
            help="try the events anew that were set aside after too many errors",
        )

    def handle(
        self, *args: Any, watch: bool, every: float, retry_set_aside: bool, **options: Any
    ) -> None:
        if retry_set_aside:
            self._retry_set_aside()
        if not watch:
            self._rounds.run_round()
            self._say_what_disagrees()
            return
        while True:
            try:
                self._rounds.run_round()
            except Exception:
                # The database may be away: the watch goes on.
                logger.exception("A round was not finished")
            close_old_connections()
            time.sleep(every)

    def _retry_set_aside(self) -> None:
        count = event_retries.retry_set_aside()
        self.stdout.write(f"{several(count, 'event')} of Stripe's will be tried anew.")

    def _say_what_disagrees(self) -> None:
        """:raises CommandError: Stripe and the order book disagree, or a restore is not done"""
        rows = unresolved()
        for row in rows:
            self.stderr.write(
                f"{row.order_number or 'No order'}: {row.amount_text}, {row.payment_intent}: "
                f"{row.get_kind_display()}."
            )
        problems = []
        if is_checkout_closed():
            problems.append(
                "Checkout is closed: the database was restored from a backup, and Stripe knows "
                "orders that it does not. Run `manage.py restored DIR`."
            )
        if rows:
            problems.append(
                f"Stripe and the order book disagree on {several(len(rows), 'payment')}. "
                "After a restored backup run `manage.py restored`; otherwise look at each at "
                "Stripe, and refund what nobody ordered."
            )
        if problems:
            raise CommandError(" ".join(problems))
