"""The refund form: sent once, it previews the consequences; sent again unchanged, it refunds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError

from shop.core.money import format_money
from shop.merchant.forms.count_field import CountField
from shop.merchant.forms.stale_form import StaleFormMixin
from shop.orders.models import HAS_GOODS, Order, OrderLine, Refund
from shop.payments.refund_plans import (
    NotRefundable,
    RefundPlan,
    Units,
    left_of,
    plan_refund,
    refunded_of,
    shipping_left_of,
)
from shop.payments.refunds import OVERTAKEN, create_refund, execute
from shop.staff.models import Staff


class RefundForm(StaleFormMixin):
    """What to refund and why; ``agreed`` is the plan that its page showed."""

    agreed = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(max_length=200, help_text="The shopper reads it.")

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, version=order.refunds.count(), **kwargs)
        self.order = order
        self.plan: RefundPlan | None = None
        # Other orders claim nothing: what was paid for them goes back as a whole.
        lines = order.lines.all() if order.status in HAS_GOODS else ()
        self.refundable = [line for line in lines if line.refundable]
        for line in self.refundable:
            self._add_line(line)
        if self.refundable and (fee := shipping_left_of(order)):
            label = f"Shipping, {format_money(fee, order.currency)}"
            self.fields["shipping"] = forms.BooleanField(required=False, label=label)
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def _add_line(self, line: OrderLine) -> None:
        each = format_money(line.amount, self.order.currency)
        self.fields[f"units_{line.pk}"] = CountField(
            label=f"{line.name} ({line.sku})",
            min_value=0,
            max_value=line.refundable,
            initial=0,
            help_text=f"{line.refundable} of {line.quantity} can be refunded, {each} each.",
        )
        self.fields[f"restock_{line.pk}"] = forms.BooleanField(
            label="Back into stock",
            required=False,
            initial=True,
            help_text="They are for sale again. Otherwise they are written off.",
        )

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: nothing of the kind can be refunded"""
        given = super().clean()
        units = [
            Units(line, given.get(f"units_{line.pk}") or 0, bool(given.get(f"restock_{line.pk}")))
            for line in self.refundable
        ]
        if not self.errors:
            try:
                self.plan = plan_refund(self.order, units, shipping=bool(given.get("shipping")))
            except NotRefundable as reason:
                raise ValidationError(str(reason)) from None
        return given

    def stale_messages(self, seen: str) -> Sequence[str]:
        return [OVERTAKEN]

    @property
    def is_agreed(self) -> bool:
        """Whether the form is what its page showed the consequences of."""
        return self.plan is not None and self.cleaned_data["agreed"] == self.plan.signature

    @property
    def is_large(self) -> bool:
        """Whether it makes the order's refunds reach ``CONFIRM_REFUNDS_FROM``."""
        assert self.plan is not None
        return bool(refunded_of(self.order) + self.plan.amount >= settings.CONFIRM_REFUNDS_FROM)

    @property
    def act(self) -> str:
        """What it does, after "You are about to"."""
        assert self.plan is not None
        return f"refund {self.plan.amount_text} of {self.order}"

    def show_again(self) -> None:
        """Agree a form that was sent to the consequences that its page shows next."""
        if not self.is_bound:
            return
        self.data = {
            **dict(self.data.items()),
            "agreed": self.plan.signature if self.plan else "",
            "seen": str(self.order.refunds.count()),
        }

    def make_refund(self, by: Staff, now: datetime) -> Refund | None:
        """Refund; None where something came in between, which the form then says."""
        assert self.plan is not None
        reason, seen = self.cleaned_data["reason"], int(self.version)
        try:
            refund = create_refund(self.plan, reason=reason, by=by, seen=seen, now=now)
        except NotRefundable as obstacle:
            self.add_error(None, str(obstacle))
            return None
        execute(refund, cause="merchant", now=now)
        return refund

    def consequences(self) -> Iterator[str]:
        """The consequences of the plan, a sentence each."""
        if (plan := self.plan) is None:
            return
        left = left_of(self.order) - plan.amount
        yield f"{plan.amount_text} goes back to {self.order.name}, the way it was paid."
        for each in plan.units:
            becomes = "back into stock, for sale again" if each.restock else "written off"
            yield f"{each.quantity} × {each.line.name}: {becomes}."
        if plan.shipping:
            yield f"{format_money(plan.shipping, self.order.currency)} of it is shipping."
        if plan.tax:
            yield f"{format_money(plan.tax, self.order.currency)} of it is tax."
        if left:
            yield f"{format_money(left, self.order.currency)} stays with the shop."
        else:
            yield "Nothing is left of the order’s money then: it is refunded in full."
        yield f"{self.order.email} gets a mail about it. It cannot be taken back."


def dispute_warnings(order: Order) -> Iterator[str]:
    """What a refund has to do with the open disputes of an order, a sentence each."""
    for dispute in order.disputes.all():
        if dispute.is_open and dispute.is_refundable:
            yield (
                f"The bank asks about {dispute.amount_text} of this payment, and has taken no "
                "money yet. Once all of it is refunded, it takes none."
            )
        elif dispute.is_open:
            yield (
                f"The bank disputes {dispute.amount_text} of this payment, and has that money "
                "until it decides. Stripe refuses to refund the payment as well: answer the "
                "dispute there, or accept it."
            )


def outcome(refund: Refund) -> tuple[str, int]:
    """The outcome of a refund, as a sentence for the merchant and the level of that message."""
    what = f"{refund.amount_text} of {refund.order}"
    if refund.status == Refund.Status.FAILED:
        return f"Stripe does not refund {what}: {refund.problem} Nothing went back.", messages.ERROR
    if not refund.is_at_stripe:
        return (
            f"Stripe does not answer. The refund of {what} is written down, and is made as soon "
            "as it does: do not make another.",
            messages.ERROR,
        )
    return f"{what} goes back: {refund.reason}", messages.SUCCESS
