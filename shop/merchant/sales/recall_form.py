"""The recall form: sent once, it shows the consequences; sent again unchanged, it recalls.

What is wrong with a price is mended in the same step: the second look asks what becomes
of the prices of the deals concerned.
"""

from copy import copy
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from shop.core.money import format_money
from shop.core.time_fields import WallTimeField, set_zone
from shop.merchant.forms.money_fields import PriceField, price_of
from shop.merchant.sales.action_forms import SaleActionForm
from shop.merchant.sales.recall_impact import RecallImpact, recall_impact
from shop.sales.audit import change
from shop.sales.holds import recall
from shop.sales.models import Deal, Recall, Sale
from shop.sales.reference_prices import work_out_reference_prices
from shop.staff.models import Staff

#: The choice of all deals, and what may become of their prices.
EVERY, LEAVE, CHANGE = "all", "leave", "change"


def _label(deal: Deal) -> str:
    price = format_money(deal.price, deal.product.currency)
    return f"{deal.product.name}, {'withdrawn' if deal.withdrawn else price}"


class PriceRow:
    """The fields of one deal of which offers are taken back while it is still on sale."""

    def __init__(self, form: "RecallForm", deal: Deal) -> None:
        self.deal = deal
        self.price = form[f"price_{deal.pk}"]
        self.withdraw = form[f"withdraw_{deal.pk}"]

    @property
    def amount_text(self) -> str:
        """What it costs now."""
        return format_money(self.deal.price, self.deal.product.currency)


class RecallForm(SaleActionForm):
    """Which offers to recall, and why; ``agreed`` is the recall whose consequences were shown.

    The consequences say exactly which instants were read.
    """

    reads_back = False

    agreed = forms.CharField(widget=forms.HiddenInput, required=False)
    deal = forms.ChoiceField(
        label="What to take back", error_messages={"required": "Choose what to take back."}
    )
    issued_from = WallTimeField(
        is_past=True, required=False, label="Shown from", picker="Pick the beginning"
    )
    issued_before = WallTimeField(
        is_past=True, required=False, label="Shown before", picker="Pick the end"
    )
    reason = forms.CharField(max_length=200, help_text="Shoppers read it.")
    prices = forms.ChoiceField(
        required=False,
        label="The prices as they are now",
        widget=forms.RadioSelect,
        choices=[
            (LEAVE, "are right: go on offering them"),
            (CHANGE, "are wrong: do what is written below"),
        ],
    )

    def __init__(self, *args: Any, sale: Sale, **kwargs: Any) -> None:
        super().__init__(*args, sale=sale, **kwargs)
        self.deals = list(sale.deals.select_related("product", "sale"))
        chosen, since, before = (
            self.fields[name] for name in ("deal", "issued_from", "issued_before")
        )
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [
            ("", "Choose"),
            *((str(each.pk), _label(each)) for each in self.deals),
            (EVERY, "Every deal of the sale"),
        ]
        set_zone(self, sale.zone, self.now)
        since.help_text += " What was shown before it stays held. Empty: from the first offer on."
        before.help_text += (
            " What was shown from then on stays held. Empty: up to now. An instant of the last "
            f"{settings.SHOWCASE_MAX_STALE // 60} minutes counts as now: a page may be that old "
            "when it is shown."
        )
        self._add_prices()

    def _add_prices(self) -> None:
        """Ask for the prices of what is taken back and would go on being offered."""
        is_over = self.now >= self.sale.ends_at or self.sale.state == Sale.State.CANCELED
        on_sale = [] if is_over else [each for each in self._chosen if not each.withdrawn]
        if not on_sale:
            del self.fields["prices"]
        for deal in on_sale:
            name = deal.product.name
            price = PriceField(required=False, label=f"New price of {name}")
            price.currency = deal.product.currency
            self.fields[f"price_{deal.pk}"] = price
            self.fields[f"withdraw_{deal.pk}"] = forms.BooleanField(
                required=False, label=f"Withdraw {name}"
            )
        self.price_rows = [PriceRow(self, deal) for deal in on_sale]

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields that say what is taken back, and why."""
        return [self[name] for name in ("deal", "issued_from", "issued_before", "reason")]

    @property
    def _chosen(self) -> list[Deal]:
        chosen = self.data.get("deal")
        return [each for each in self.deals if chosen in {EVERY, str(each.pk)}]

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: the stretch is none, or a price is missing or impossible"""
        cleaned = super().clean()
        stretch = {name: cleaned.get(name) for name in ("issued_from", "issued_before")}
        if not self.errors:
            try:
                Recall(sale=self.sale, made_at=self.now, **stretch).clean()
            except ValidationError as error:
                self.add_error(None, error)
        if not self.errors and self._is_seen:
            self._clean_prices()
        return cleaned

    def _clean_prices(self) -> None:
        if not self.price_rows:
            return
        wanted = self.cleaned_data.get("prices")
        if not wanted:
            self.add_error("prices", "Choose: new offers go on being made at these prices.")
        elif wanted == CHANGE and not self._written:
            self.add_error("prices", "Write a new price, or tick what to withdraw.")
        elif wanted == LEAVE and self._written:
            self.add_error("prices", "You also wrote what to change. Choose one of both.")
        for row in self.price_rows:
            self._clean_price(row)

    def _clean_price(self, row: PriceRow) -> None:
        given = self.cleaned_data.get(row.price.name)
        if not given:
            return
        deal = copy(row.deal)
        try:
            if self.cleaned_data.get(row.withdraw.name):
                raise ValidationError("It is withdrawn, so it needs no price. Choose one of both.")
            deal.price = price_of(deal.product, given)
            if deal.price == row.deal.price:
                raise ValidationError("That is its price now.")
            deal.full_clean(validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            self.add_error(row.price.name, error.messages)
        else:
            self.cleaned_data[row.price.name] = deal.price

    @property
    def _written(self) -> list[str]:
        """The names of the fields that say what to change."""
        fields = [field.name for row in self.price_rows for field in (row.price, row.withdraw)]
        return [name for name in fields if self.cleaned_data.get(name) not in {None, False, ""}]

    @property
    def _signature(self) -> str:
        """A digest of the recall that was asked for."""
        names = ("deal", "issued_from", "issued_before")
        asked = repr([str(self.cleaned_data.get(name)) for name in names])
        return sha256(asked.encode()).hexdigest()[:24]

    @property
    def _is_seen(self) -> bool:
        return bool(self.cleaned_data.get("agreed") == self._signature)

    @property
    def is_agreed(self) -> bool:
        """Whether the form is what its page showed the consequences of."""
        return self.is_valid() and self._is_seen

    @property
    def recalls(self) -> bool:
        return True

    @cached_property
    def impact(self) -> RecallImpact | None:
        """What follows; None until it is clear what is taken back."""
        asked = {"deal", "issued_from", "issued_before"}
        if not self.is_bound or asked & self.errors.keys():
            return None
        return recall_impact(
            self.sale,
            self._chosen,
            self.now,
            issued_from=self.cleaned_data["issued_from"],
            issued_before=self.cleaned_data["issued_before"],
        )

    def show_again(self) -> None:
        """Agree the form to the consequences that its page shows next."""
        if self.impact is not None:
            list(self.write_out())
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data["agreed"] = self._signature  # type: ignore[index]

    def perform(self, by: Staff) -> Recall:
        """Mend the prices and recall, in the caller's transaction."""
        reason: str = self.cleaned_data["reason"]
        for row in self.price_rows if self.cleaned_data.get("prices") == CHANGE else ():
            given = {
                "price": self.cleaned_data.get(row.price.name),
                "withdrawn": self.cleaned_data.get(row.withdraw.name),
            }
            for field, value in given.items():
                if value:
                    change(
                        sale=self.sale,
                        deal=row.deal,
                        field=field,
                        value=value,
                        now=self.now,
                        by=by,
                        reason=reason,
                    )
        products = self.sale.deals.values_list("product", flat=True)
        work_out_reference_prices(products, now=self.now)
        is_every = self.cleaned_data["deal"] == EVERY
        since: datetime | None = self.cleaned_data["issued_from"]
        before: datetime | None = self.cleaned_data["issued_before"]
        return recall(
            sale=self.sale,
            deal=None if is_every else self._chosen[0],
            reason=reason,
            by=by,
            now=self.now,
            issued_from=since,
            issued_before=before,
        )
