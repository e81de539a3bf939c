"""The state machine's actions and checks: pages, forms and events of one shop."""

import hashlib
import hmac
import io
import json
import re
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine, invariant

from shop.bag.lines import Line
from shop.catalog.models import Variant
from shop.core.machine_clock import unix_seconds
from shop.orders.models import OPEN, Order, OrderLine, Refund
from shop.orders.state_machine import Status
from shop.payments import refunds
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import OPENS, add_deal, make_product, make_sale
from shop.sales.models import Deal
from shop.sales.showcase import showcase
from tests.checkout.stateful.faulty_stripe import ServerDied, StandIn, StripeFault
from tests.checkout.stateful.model import HOLD, SKUS, WINDOW, Model, Promise, shipping
from tests.support.fixtures import Clock
from tests.support.invariants import check_books, check_charges


@dataclass
class Environment:
    """What all examples share; ``counts`` says how often each outcome occurred."""

    clock: Clock
    stand_in: StandIn
    fault: StripeFault
    counts: Counter[str] = field(default_factory=Counter)


class ShopMachine(RuleBasedStateMachine):
    """A sale of three products and three shoppers, with what its rules do and check."""

    environment: ClassVar[Environment]

    def __init__(self) -> None:
        super().__init__()
        environment = self.environment
        self.clock, self.counts = environment.clock, environment.counts
        self.stand_in, self.fault = environment.stand_in, environment.fault
        self.fault.clear()
        self.stand_in.reset()
        _delete_all_rows()
        mail.outbox.clear()
        self.clock.move_to(OPENS)
        self.sale = make_sale(
            starts_at=OPENS, ends_at=OPENS + WINDOW, hold=HOLD, delayed_payment=True
        )
        tee = make_product("TEE-01", "Organic tee", list_price=3900, variants={"M": 1, "L": 6})
        add_deal(self.sale, tee, 999, max_per_shopper=3)
        Variant.objects.filter(sku="MUG-01").update(stock=6)
        Variant.objects.filter(sku="LMP-01").update(stock=14)
        Deal.objects.filter(product__sku="LMP-01").update(allocation=10)
        self.model = Model(self.stand_in)
        self.buyers = self.model.buyers
        self.bank_pages: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.last_order_id = 0
        #: Whether rows may have changed since the books were checked.
        self.has_changed = True
        for who in range(3):
            self._open_sale_page(who)

    @invariant()
    def the_books_balance(self) -> None:
        self.counts["steps"] += 1
        if not self.has_changed:
            return
        self.has_changed = False
        check_books(self.stand_in.ledger())
        is_late = Refund.objects.filter(reason=refunds.TOO_LATE).exists()
        assert not is_late, "a payment came for an order that was over"
        subjects = [str(letter.subject) for letter in mail.outbox]
        receipts = Counter(each.split()[-1] for each in subjects if " back for " not in each)
        paid = Order.objects.filter(paid_at__isnull=False).values_list("number", flat=True)
        assert receipts == Counter(paid), "one receipt for each order that is paid"
        notes = Counter(each.split()[-1] for each in subjects if " back for " in each)
        taken_on = Refund.objects.exclude(stripe_id="").values_list("order__number", flat=True)
        assert notes == Counter(taken_on), "one note for each refund that is made"

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self._settle_everything()

    def _settle_everything(self) -> None:
        """Nobody does anything more: all that is open settles."""
        self.fault.clear()
        self.clock.tick(timedelta(hours=1))
        for _ in range(2):
            self._reconcile()
        check_books(self.stand_in.ledger(), settled=True)
        processing = Order.objects.filter(status=Status.PROCESSING)
        self.stand_in.decide_debits(processing.values_list("payment_intent", flat=True))
        self._reconcile()
        check_books(self.stand_in.ledger(), settled=True)
        check_charges(self.stand_in.ledger())
        still_open = Order.objects.filter(status__in=OPEN)
        assert not still_open.exists(), list(still_open.values_list("number", "status"))
        payable = [
            i for i in self.stand_in.ledger() if i["status"] not in {"succeeded", "canceled"}
        ]
        assert not payable, "a payment was forgotten that could still be made"
        unfinished = Refund.objects.exclude(status=Refund.Status.SUCCEEDED)
        assert not unfinished.exists(), list(unfinished.values_list("order__number", "problem"))
        statuses = Order.objects.values_list("status", flat=True)
        self.counts.update(f"order {status}" for status in statuses)
        self.counts["examples"] += 1

    def _reconcile(self) -> None:
        self.has_changed = True
        with suppress(ServerDied):
            call_command("reconcile", stdout=io.StringIO())

    def _open(self, who: int, path: str) -> HtmlPage | None:
        """Open a page, which may only take bought lines out of the bag; None if the server died."""
        showcase.clear()
        self.has_changed = True
        before = self.buyers[who].bag
        page: HtmlPage | None = None
        try:
            page = self.buyers[who].browser.open(path)
        except ServerDied:
            self.counts["server died"] += 1
        self._check_kept(who, before)
        self._record_bag(who)
        assert self.last_order_id == _last_order_id(), "a visit ordered something"
        return page

    def _send(self, who: int, path: str, form: dict[str, Any]) -> HtmlPage | None:
        """Send a form and check what it did; None if the server died."""
        showcase.clear()
        self.has_changed = True
        buyer = self.buyers[who]
        before = buyer.bag
        try:
            page = buyer.send(path, form)
        except ServerDied:
            self.counts["server died"] += 1
            page = None
        self._check_new_orders(who, before, form)
        for line in before:
            self.model.promise(who, line)
        if page is not None:
            assert page.status in {303, 422}, f"{path} answers {page.status}"
            if page.path.startswith("/orders/") and page.path not in buyer.orders_seen:
                buyer.orders_seen.append(page.path)
            if page.status == 422:
                self._check_kept(who, before)
        self._record_bag(who)
        return page

    def _check_kept(self, who: int, before: list[Line]) -> None:
        after = self.buyers[who].bag
        bought = OrderLine.objects.filter(
            order__status__in=[Status.PAID, Status.PROCESSING], jti__in=[b.id for b in before]
        )
        gone = set(bought.values_list("jti", flat=True)) - {line.id for line in after}
        kept = [line for line in before if line.id not in gone]
        assert [dict(line.quantities) for line in after] == [dict(line.quantities) for line in kept]
        for old, new in zip(kept, after, strict=True):
            was, now = self.model.promise(who, old), self.model.promise(who, new)
            assert now.offer.amount <= was.offer.amount, "a price rose by itself"
            assert was is now or not was.is_recalled, "a recalled offer was renewed by itself"

    def _open_sale_page(self, who: int) -> None:
        page = self._open(who, "/sales/autumn/")
        if page is not None:
            assert page.status == (200 if self.model.is_published else 404)
            assert bool(self._record_offers(who, page)) == self.model.is_open()

    def _record_offers(self, who: int, page: HtmlPage) -> list[str]:
        """Record the offers of a page. (``HtmlPage.offers`` is slower: it parses the document.)"""
        messages = re.findall(r'name="offer" value="([\w.-]+)"', page.html)
        for message in messages:
            self.model.record_offer(who, message)
        return messages

    def _record_bag(self, who: int) -> None:
        buyer = self.buyers[who]
        cookie = buyer.browser.cookie("bag")
        if cookie and cookie not in buyer.bags:
            buyer.bags.append(cookie)
        for line in buyer.bag:
            self.model.promise(who, line)

    def _move_to(self, instant: datetime) -> None:
        """Move the clock, but never back."""
        if instant > timezone.now():
            self.clock.move_to(instant)

    def _who(self, order: Order) -> int:
        return next(who for who in range(3) if self.buyers[who].id == order.shopper)

    def _add_fresh(self, who: int, sku: str, size: int, quantity: int) -> None:
        self._open_sale_page(who)
        fresh = [p for p in self.model.promises.values() if p.owner == who and p.offer.sku == sku]
        if fresh:
            self._add(who, fresh[-1], size, quantity)

    def _add(self, who: int, promise: Promise, size: int, quantity: int) -> None:
        sku = promise.offer.sku
        variant = SKUS[sku][size % len(SKUS[sku])]
        hits = self.fault.hits
        expected = self.model.verdict(who, [(promise, {variant: quantity})])
        has_more = any(line.sku == sku for line in self.buyers[who].bag)
        form = {"offer": promise.message, "quantity": quantity, "variant": variant}
        page = self._send(who, "/bag/add/", form)
        if page is None or has_more or self.fault.hits != hits:
            return
        self.counts[f"added: {expected}"] += 1
        if expected == "honored":
            assert page.status == 303, f"{page.text[:300]}"
        else:
            assert page.status == 422
            assert page.verdicts[:1] == [expected]

    def _send_events(self, type_: str, objects: list[dict[str, Any]]) -> None:
        """Deliver an event about the first object, once for each that is given."""
        for about in objects[:1]:
            named = ("id", "payment_intent", "metadata")
            event = {
                "id": f"evt_{len(self.events)}",
                "type": type_,
                "data": {"object": {name: about[name] for name in named if name in about}},
            }
            self.events.append(event)
            for _ in objects:
                self._deliver(event)

    def _deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps(event)
        at = int(unix_seconds())
        signature = hmac.new(b"whsec_development", f"{at}.{body}".encode(), hashlib.sha256)
        hits, self.has_changed = self.fault.hits, True
        with suppress(ServerDied):
            answer = Client(enforce_csrf_checks=True).post(
                "/stripe/webhook/",
                body,
                content_type="application/json",
                headers={"Stripe-Signature": f"t={at},v1={signature.hexdigest()}"},
            )
            assert answer.status_code == 200 or self.fault.hits != hits

    def _check_new_orders(self, who: int, presented: list[Line], form: dict[str, Any]) -> None:
        """New orders have the bag's lines, at valid prices no higher than those presented."""
        for order in Order.objects.filter(pk__gt=self.last_order_id).order_by("pk"):
            self.last_order_id = order.pk
            assert order.shopper == self.buyers[who].id
            assert order.total == form["shown_total"], "a total was charged that was not shown"
            assert order.charge.shipping == shipping(order.subtotal)
            lines = order.lines.all()
            wanted: Counter[str] = Counter()
            for each in presented:
                wanted.update(each.quantities)
                assert not self.model.promise(who, each).is_recalled, "a recalled offer was bought"
            assert wanted == sum((Counter({each.sku: each.quantity}) for each in lines), Counter())
            for line in lines:
                known = self.model.promises.get(line.offer)
                promise = known or self.model.record_offer(who, line.offer)
                assert promise.owner == who
                assert not promise.is_recalled, "a recalled offer was honored"
                until = self.model.honored_until(promise)
                assert order.placed_at < until, "an expired offer was honored"
                assert line.amount == promise.offer.amount
                prices = [p.offer.amount for p in presented if p.offer and line.sku in p.quantities]
                assert line.amount <= max(prices), "dearer than what was presented"
            self.counts["orders"] += 1


def _last_order_id() -> int:
    return Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _delete_all_rows() -> None:
    labels = ("catalog", "sales", "checkout")
    tables = [m._meta.db_table for app in labels for m in apps.get_app_config(app).get_models()]
    # Foreign keys are checked at the commit, so the order does not matter.
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')
