"""Changes of a sale and its deals: those that forms would make, and each in words."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django import forms
from django.utils.text import capfirst

from shop.catalog.models import Product
from shop.core.durations import exact_duration
from shop.core.formatting import iso_second
from shop.core.money import format_money
from shop.merchant.sales.sale_status import STATE_WORDS
from shop.sales.audit import DEAL_FIELDS, SALE_FIELDS, as_json
from shop.sales.models import Change, Deal, Sale
from shop.sales.outages import ANSWERED, Downtime
from shop.sales.sense_facts import ACKNOWLEDGED

# Django's generic classes take no arguments at run time.
type DealRow = "forms.ModelForm[Deal]"

_MOST_LETTERS = 60


def describe(change: Change) -> str:
    """A change in words for the merchant."""
    deal, field, after = change.deal, change.field, change.after
    if field == "deal":
        what = deal.product.name if deal else str(after or change.before)
        return f"{what}: {'put in' if change.before is None else 'taken out'}"
    if field == ACKNOWLEDGED:
        return f"Warning acknowledged: {after['text'] if after else ''}"
    if field == ANSWERED:
        away, zone = Downtime.parse(str(after)), change.sale.zone
        return (
            f"Checkout was away from {iso_second(away.began_at, zone)} "
            f"to {iso_second(away.ended_at, zone)}"
        )
    if field == "state":
        return "Made" if change.before is None else STATE_WORDS[str(after)]
    label = str((deal or change.sale)._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
    what = f"{deal.product.name}, {label}" if deal else capfirst(label)
    if field == "picture":
        return f"{what}: {'another one' if after else 'taken away'}"
    return f"{what}: {formatted(change, change.before)} → {formatted(change, after)}"


def formatted(change: Change, value: Any) -> str:
    """A value of the changed field, formatted for the merchant."""
    if value is None:
        return "all the stock" if change.field == "allocation" else "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    match change.field:
        case "price" if change.deal is not None:
            return format_money(value, change.deal.product.currency)
        case "hold_seconds":
            return exact_duration(value)
        case "starts_at" | "ends_at":
            return iso_second(datetime.fromisoformat(value), change.sale.zone)
    text = str(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"


def unsaved_changes(before: Sale | None, after: Sale, deals: Iterable[DealRow]) -> list[Change]:
    """What a sale's forms change, as rows to save with an author once the sale is saved.

    :param before: the saved sale; None if it is new
    :param deals: valid forms, bound to what was sent
    """
    return [*_of_sale(before, after), *(each for form in deals for each in _of_deal(after, form))]


def _of_sale(before: Sale | None, after: Sale) -> Iterator[Change]:
    if before is None:
        yield Change(sale=after, field="state", after=as_json(after.state))
        return
    for name in SALE_FIELDS:
        was, becomes = as_json(getattr(before, name)), as_json(getattr(after, name))
        if was != becomes:
            yield Change(sale=after, field=name, before=was, after=becomes)


def _of_deal(sale: Sale, form: DealRow) -> Iterator[Change]:
    deal = form.instance
    if not form.has_changed():
        return
    if form.cleaned_data.get("DELETE"):
        if deal.pk is not None:
            yield Change(sale=sale, field="deal", before=deal.product.sku)
    elif deal.pk is None:
        yield Change(sale=sale, deal=deal, field="deal", after=deal.product.sku)
    else:
        for name in DEAL_FIELDS:
            was, becomes = _as_json(form.initial[name]), _as_json(form.cleaned_data[name])
            if name in form.changed_data and was != becomes:
                yield Change(sale=sale, deal=deal, field=name, before=was, after=becomes)


def _as_json(value: Any) -> Any:
    """A value as JSON; a product is its sku."""
    return as_json(value.sku if isinstance(value, Product) else value)
