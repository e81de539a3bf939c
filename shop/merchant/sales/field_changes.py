"""What is changed of a sale and its deals, field by field, and in words.

A field change is unsaved, or recorded in a ``Change`` row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import capfirst

from shop.catalog.models import Product
from shop.core.durations import exact_duration
from shop.core.money import format_money
from shop.sales.audit import DEAL_FIELDS, SALE_FIELDS, as_json, record
from shop.sales.models import Change, Deal, Sale
from shop.staff.models import Staff

# Django's generic classes take no arguments at run time.
type DealRow = "forms.ModelForm[Deal]"

_STATES = {
    Sale.State.DRAFT: "hidden",
    Sale.State.PUBLISHED: "published",
    Sale.State.CANCELED: "canceled",
}
_MOST_LETTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """The old and new value of a field, as JSON; of the sale, or of ``deal``."""

    sale: Sale
    field: str
    before: Any
    after: Any
    deal: Deal | None = None

    @classmethod
    def of(cls, change: Change) -> "FieldChange":
        """The field change that a row records."""
        return cls(
            sale=change.sale,
            deal=change.deal,
            field=change.field,
            before=change.before,
            after=change.after,
        )

    def __str__(self) -> str:
        if self.field == "deal":
            what = self.deal.product.name if self.deal else str(self.after or self.before)
            return f"{what}: {'put in' if self.before is None else 'taken out'}"
        if self.field == "state":
            return "Made" if self.before is None else _STATES[Sale.State(self.after)].capitalize()
        label = str((self.deal or self.sale)._meta.get_field(self.field).verbose_name)  # type: ignore[union-attr]
        what = f"{self.deal.product.name}, {label}" if self.deal else capfirst(label)
        if self.field == "picture":
            return f"{what}: {'another one' if self.after else 'taken away'}"
        return f"{what}: {self.formatted(self.before)} → {self.formatted(self.after)}"

    def formatted(self, value: Any) -> str:
        """A value of this field, formatted for the merchant."""
        if value is None:
            return "all the stock" if self.field == "allocation" else "nothing"
        if isinstance(value, bool):
            return "yes" if value else "no"
        match self.field:
            case "price" if self.deal is not None:
                return format_money(value, self.deal.product.currency)
            case "hold_seconds":
                return exact_duration(value)
            case "starts_at" | "ends_at":
                return f"{datetime.fromisoformat(value).astimezone(self.sale.zone):%F %H:%M:%S}"
        text = str(value)
        return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"

    def record(self, *, by: Staff, now: datetime) -> None:
        """Write it to the audit log, after the sale and its deals were saved."""
        is_saved = self.deal is not None and self.deal.pk is not None
        record(
            sale=self.sale,
            deal=self.deal if is_saved else None,
            field=self.field,
            before=self.before,
            after=self.after,
            now=now,
            by=by,
        )


def field_changes_of(
    before: Sale | None, after: Sale, deals: Iterable[DealRow]
) -> list[FieldChange]:
    """What a sale's forms change.

    :param before: the saved sale; None if it is new
    :param deals: valid forms, bound to what was sent
    """
    changes = list(_of_sale(before, after))
    for form in deals:
        changes += _of_deal(after, form)
    return changes


def _of_sale(before: Sale | None, after: Sale) -> Iterator[FieldChange]:
    if before is None:
        yield FieldChange(sale=after, field="state", before=None, after=as_json(after.state))
        return
    for name in SALE_FIELDS:
        was, becomes = as_json(getattr(before, name)), as_json(getattr(after, name))
        if was != becomes:
            yield FieldChange(sale=after, field=name, before=was, after=becomes)


def _of_deal(sale: Sale, form: DealRow) -> Iterator[FieldChange]:
    deal = form.instance
    if not form.has_changed():
        return
    if form.cleaned_data.get("DELETE"):
        if deal.pk is not None:
            yield FieldChange(sale=sale, field="deal", before=deal.product.sku, after=None)
        return
    if deal.pk is None:
        yield FieldChange(sale=sale, deal=deal, field="deal", before=None, after=deal.product.sku)
        return
    for name in DEAL_FIELDS:
        if name in form.changed_data:
            was, becomes = _as_json(form.initial[name]), _as_json(form.cleaned_data[name])
            if was != becomes:
                yield FieldChange(sale=sale, deal=deal, field=name, before=was, after=becomes)


def _as_json(value: Any) -> Any:
    """A value as JSON; a product is its sku."""
    return as_json(value.sku if isinstance(value, Product) else value)
