"""Rules of everything else: time, Stripe, reconciliation, the merchant."""

from contextlib import suppress
from datetime import timedelta

from django.db.models import F
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from shop.catalog.models import Variant
from shop.orders.models import OPEN, Order, OrderLine
from shop.orders.state_machine import Status
from shop.payments import refunds
from shop.payments.refund_plans import Units, plan_refund
from shop.sales.models import Deal
from tests.checkout.stateful.actions import ShopActions
from tests.checkout.stateful.faulty_stripe import FAULTS, ServerDied
from tests.checkout.stateful.model import SKUS
from tests.checkout.stateful.strategies import CARD, EDGE, EVENT, FAULT, NTH, SIZE, SKU, WHO


class ShopRules(ShopActions):
    """What time, Stripe, reconciliation and the merchant do."""

    @rule(seconds=st.sampled_from([1, 0.4, 299, 599, 901, 59]))
    def time_passes(self, seconds: float) -> None:
        self.clock.tick(timedelta(seconds=seconds))

    @rule(nth=NTH, seconds=EDGE, who=WHO, card=CARD, same_mail=st.booleans())
    def an_order_expires_and_its_units_are_wanted(
        self, nth: int, seconds: int, who: int, card: str | None, same_mail: bool
    ) -> None:
        open_orders = list(Order.objects.filter(status__in=OPEN).order_by("pk"))
        if open_orders:
            order = open_orders[nth % len(open_orders)]
            line = order.lines.all()[0]
            sku, size = next(
                (sku, sizes.index(line.sku)) for sku, sizes in SKUS.items() if line.sku in sizes
            )
            self._move_to(order.lapses_at + timedelta(seconds=seconds))
            self._add_fresh(who, sku, size, line.quantity)
            self._check_out(who, card, int(order.email[8]) if same_mail else None)

    @rule()
    def reconcile_runs(self) -> None:
        self._reconcile()

    @rule(nth=NTH, about=EVENT, times=st.sampled_from([1, 1, 2]))
    def a_webhook_is_delivered(self, nth: int, about: str, times: int) -> None:
        intents = self.stand_in.ledger()
        if intents:
            self._send_events(f"payment_intent.{about}", [intents[-1 - nth % len(intents)]] * times)

    @precondition(lambda self: self.events)
    @rule(nth=NTH)
    def an_old_webhook_is_delivered_again(self, nth: int) -> None:
        self._deliver(self.events[-1 - nth % len(self.events)])

    @precondition(lambda self: Order.objects.filter(status=Status.PROCESSING).exists())
    @rule(nth=NTH)
    def a_bank_decides_about_a_debit(self, nth: int) -> None:
        processing = list(Order.objects.filter(status=Status.PROCESSING).order_by("pk"))
        self.stand_in.decide_debits([processing[nth % len(processing)].payment_intent])

    @rule(kind=FAULT, after=st.integers(0, 4), calls=st.integers(1, 3))
    def stripe_is_about_to_fail(self, kind: str, after: int, calls: int) -> None:
        self.fault.arm(kind, after, 1 if kind == "server dies" else calls)

    @rule(sku=SKU, price=st.sampled_from([399, 499, 999, 2900, 6000]))
    def the_merchant_changes_a_price(self, sku: str, price: int) -> None:
        self._change_price(sku, price)

    @rule(what=st.sampled_from(["opens again", "closes", "hides", "opens again"]))
    def the_merchant_changes_the_window(self, what: str) -> None:
        if what == "opens again":
            self._open_again()
        elif what == "closes":
            self._close(timedelta(0))
        else:
            self._hide()

    @rule(seconds=st.sampled_from([60, 600, 3600]))
    def the_merchant_extends(self, seconds: int) -> None:
        self._extend(seconds)

    @rule(sku=st.sampled_from([None, *sorted(SKUS)]), ago=st.sampled_from([None, 60, 601]))
    def the_merchant_recalls(self, sku: str | None, ago: int | None) -> None:
        self._recall(sku, ago)

    @rule(sku=SKU, size=SIZE)
    def the_merchant_finds_more_stock(self, sku: str, size: int) -> None:
        variants = SKUS[sku]
        Variant.objects.filter(sku=variants[size % len(variants)]).update(stock=F("stock") + 1)
        limited = Deal.objects.filter(product__sku=sku, allocation__isnull=False)
        limited.update(allocation=F("allocation") + 1)

    @rule(
        nth=NTH,
        units=st.sampled_from([1, 2]),
        restock=st.sampled_from([True, True, False]),
        kind=st.sampled_from(["", *FAULTS, ""]),
        after=st.integers(0, 1),
        times=st.sampled_from([1, 0, 2]),
    )
    def the_merchant_refunds(
        self, nth: int, units: int, restock: bool, kind: str, after: int, times: int
    ) -> None:
        """Refund units of a line; Stripe may fail, and its event arrive ``times`` times."""
        orders = Order.objects.filter(status__in=[Status.PAID, Status.PARTIALLY_REFUNDED])
        lines = OrderLine.objects.filter(order__in=orders, refunded__lt=F("quantity"))
        found = list(lines.order_by("pk"))
        if not found:
            return
        line = found[nth % len(found)]
        self.has_changed = True
        agreed = plan_refund(
            line.order, [Units(line, min(units, line.refundable), restock)], shipping=False
        )
        now, seen = timezone.now(), line.order.refunds.count()
        refund = refunds.create_refund(agreed, reason="Chipped.", by=None, seen=seen, now=now)
        if kind:
            self.fault.arm(kind, after, 1)
        with suppress(ServerDied):
            refunds.execute(refund, cause="merchant", now=now)
        self.fault.clear()
        about = {"id": "ch_unknown", "payment_intent": line.order.payment_intent, "metadata": {}}
        self._send_events("charge.refunded", [about] * times)
        self.counts["refunds"] += 1
