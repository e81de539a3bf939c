"""Settle what a crash, a lost webhook or a shopper who has left left open."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.checkout.models import OPEN, Order
from shop.checkout.refunds import finish
from shop.checkout.settling import lapse_due, settle_by_id


class Command(BaseCommand):
    help = (
        "Asks Stripe about every open order: what was paid becomes paid, what waited too long "
        "is canceled at Stripe and its claim released. Completes refunds that were begun. Never "
        "confirms a payment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on, until stopped")
        parser.add_argument(
            "--every", type=float, default=10, metavar="SECONDS", help="pause between two rounds"
        )

    def handle(self, *args: Any, watch: bool, every: float, **options: Any) -> None:
        while True:
            self._settle_all()
            if not watch:
                return
            time.sleep(every)

    def _settle_all(self) -> None:
        now = timezone.now()
        for order in Order.objects.filter(status__in=OPEN).order_by("placed_at"):
            before = order.status
            lapse_due(now, [order])
            if order.is_open:
                settle_by_id(order, cause="reconcile", now=now)
            if order.status != before:
                self.stdout.write(f"{order.number}: {before} → {order.status}")
        for refund in finish(now):
            self.stdout.write(f"{refund.order}: a refund of {refund.amount_text} {refund.status}")
