"""The forms of a sale and its deals: what a merchant may write, and what is said before it counts.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.functional import cached_property

from offers.terms import LIST
from shop.catalog.models import Product
from shop.merchant.forms.edit_conflicts import TogetherForm, without_gone
from shop.merchant.forms.money_fields import Percent, PriceField, payable, reduced
from shop.merchant.forms.picture_field import PictureField
from shop.merchant.forms.time_fields import SpanField, WallTimeField
from shop.merchant.sales.audit_log import who
from shop.merchant.sales.field_changes import Edit, edits_of
from shop.merchant.sales.impact import Foresight, foresee
from shop.sales.audit import DEAL_FIELDS, SALE_FIELDS
from shop.sales.models import Deal, Sale, validate_time_zone

ASKS = "asks"


class SaleForm(TogetherForm):
    """A sale; its window is written in its own time zone.

    ``seen`` is the latest change of it that the page knew of.
    """

    starts_at = WallTimeField(label="Opens at")
    ends_at = WallTimeField(label="Closes at")
    hold_seconds = SpanField(
        label="Prices are held for",
        help_text="From the moment the page was opened: 30 minutes, 1 h 30 min.",
    )
    picture = PictureField("sales", required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Sale
        # What is written here is recorded. The zone before the window that is written in it.
        fields = SALE_FIELDS
        labels = {"delayed_payment": "Bank debits too"}
        help_texts = {
            "slug": "What its page’s address ends in, after /sales/. Once published it stays."
        }
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "time_zone": forms.Select(
                choices=[(name, name) for name in sorted(available_timezones())]
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].show_hidden_initial = False
        if self.instance.pk is None:
            self.initial.setdefault("time_zone", settings.TIME_ZONE)
            self.initial.setdefault("hold_seconds", self.instance.hold_seconds)
        else:
            self.initial["seen"] = self._latest_change()
        if self.instance.published_at is not None and "slug" in self.fields:
            self.fields["slug"].disabled = True
        # Not there for someone who may only look.
        if "time_zone" in self.fields:
            name = self["time_zone"].value()
            for window in ("starts_at", "ends_at"):
                field = self.fields[window]
                if isinstance(field, WallTimeField) and name in available_timezones():
                    field.zone = ZoneInfo(name)

    def clean_slug(self) -> str:
        """Not the word that stands for list prices in an offer."""
        slug: str = self.cleaned_data["slug"]
        if slug == LIST:
            raise ValidationError(f"{LIST} stands for list prices: no sale can be called so.")
        return slug

    def clean_time_zone(self) -> str:
        """A zone that there is, before anything is said in it."""
        name: str = self.cleaned_data["time_zone"]
        validate_time_zone(name)
        return name

    def clean(self) -> dict[str, Any]:
        """A sale ends after it starts; what others changed meanwhile is told first."""
        if self.instance.pk is not None and "time_zone" not in self.changed_data:
            self._write_window_in(self.instance.zone)
        cleaned = super().clean()
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", "A sale has to end after it starts.")
        if self.instance.pk is not None:
            self._tell_what_happened(cleaned.get("seen"))
        return cleaned

    def _write_window_in(self, zone: ZoneInfo) -> None:
        """Show the instants that were written in another zone: somebody else chose it meanwhile."""
        for name in ("starts_at", "ends_at"):
            field, instant = self.fields[name], self.cleaned_data.get(name)
            assert isinstance(field, WallTimeField)
            if field.zone != zone:
                field.zone = zone
                if instant is not None:
                    self.put({self[name].html_name: field.prepare_value(instant)})

    def _tell_what_happened(self, seen: int | None) -> None:
        latest = self._latest_change()
        if seen is None or seen >= latest:
            return
        news = self.instance.changes.filter(pk__gt=seen)
        rows = news.select_related("made_by", "deal__product", "sale")
        told = [f"{who(change.made_by)}: {Edit.of(change)}" for change in rows]
        self.put({self["seen"].html_name: str(latest)})
        self.add_error(
            None,
            [
                "While you were writing, this sale was changed. What you wrote is still here, and "
                "what you left alone shows how it is now. Nothing is saved yet.",
                *told,
            ],
        )

    def _latest_change(self) -> int:
        latest: int | None = (
            self.instance.changes.order_by("-pk").values_list("pk", flat=True).first()
        )
        return latest or 0


class ProductField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A product by its sku; the page has a list of them (a ``datalist``) to choose from."""

    widget = forms.TextInput(
        attrs={"list": "products", "autocomplete": "off", "spellcheck": "false"}
    )

    def __init__(self, **options: Any) -> None:
        wrong = {"invalid_choice": "There is no product %(value)s. Choose one of the list."}
        super().__init__(
            Product.objects.all(), to_field_name="sku", error_messages=wrong, **options
        )

    def to_python(self, value: Any) -> Any:
        """:raises ValidationError: there is no such product"""
        if isinstance(value, Product):
            return value
        return super().to_python(value.strip() if isinstance(value, str) else value)


class DealForm(TogetherForm):
    """A product in a sale. Once the sale was published the product cannot be another."""

    product = ProductField()
    price = PriceField(min_value=Decimal(0), help_text="4.99, or 30% off the list price.")

    class Meta:
        model = Deal
        # The product before the price: its currency is needed to read that.
        fields = DEAL_FIELDS
        labels = {
            "allocation": "Set aside",
            "max_per_shopper": "Most for one shopper",
            "position": "Place",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        price = self.fields.get("price")
        if self.instance.pk is not None and isinstance(price, PriceField):
            self.initial["product"] = self.instance.product
            price.currency = self.instance.product.currency
            if self.instance.sale.published_at is not None:
                self.fields["product"].disabled = True

    @cached_property
    def changed_data(self) -> list[str]:
        """What was changed; a price with its product, whose currency it is written in."""
        changed: list[str] = super().changed_data
        return [*changed, "price"] if "product" in changed and "price" not in changed else changed

    def clean_price(self) -> int:
        """The price in minor units."""
        product, price = self.cleaned_data.get("product"), self.cleaned_data["price"]
        if product is None:
            # What is wrong with the product is said there.
            return 1
        if isinstance(price, Percent):
            return reduced(product.list_price, price, product.currency)
        return payable(price, product.currency)

    def clean_allocation(self) -> int | None:
        """Units ever set aside: not fewer than are claimed."""
        allocation: int | None = self.cleaned_data["allocation"]
        if allocation is not None and allocation < self.instance.claimed:
            raise ValidationError(
                f"{allocation} is fewer than the {self.instance.claimed} claimed."
            )
        return allocation


class DealFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The deals of one sale; and, as the last to be asked, what saving all of it would bring.

    ``foresight`` is that, once the forms are all right and somebody should read it first.
    """

    foresight: Foresight | None = None
    edits: Sequence[Edit] = ()

    def __init__(
        self, data: Any = None, files: Any = None, instance: Any = None, **options: Any
    ) -> None:
        if data is not None and instance is not None and instance.pk is not None:
            there = instance.deals.values_list("pk", flat=True)
            prefix = options.get("prefix") or self.get_default_prefix()
            data = without_gone(data, prefix, {str(pk) for pk in there})
        super().__init__(data, files, instance, **options)

    def clean(self) -> None:
        """:raises ValidationError: what follows from it was not read yet"""
        super().clean()
        if any(self.errors):
            return
        before = Sale.objects.get(pk=self.instance.pk) if self.instance.pk else None
        self.edits = edits_of(before, self.instance, self.forms)
        foresight = foresee(before, self.instance, self.forms, self.edits, timezone.now())
        if foresight.asks and self.data.get("agreed") != foresight.digest:
            self.foresight = foresight
            raise ValidationError("Nothing is saved yet.", code=ASKS)

    def forget_asking(self) -> None:
        """Say nothing of what follows while something else is wrong."""
        self.foresight = None
        self._non_form_errors = self.error_class(
            [each for each in self.non_form_errors().as_data() if each.code != ASKS],
            error_class="nonform",
        )
