"""The form of checkout: who gets an order and where, and how it is paid."""

from collections.abc import Collection
from dataclasses import fields
from functools import cached_property, lru_cache
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy

from shop.checkout.charge_rules import Destination
from shop.checkout.placing import Address
from shop.checkout.purchase import Purchase
from shop.core.long_select import LongSelect
from shop.core.mail_address_field import MailAddressField, read_here
from shop.core.name_field import NameFormField
from shop.core.typed import addresses
from shop.core.typed.addresses import address_fields, read_postal_code, read_state
from shop.core.typed.mail_addresses import meant_instead
from shop.orders.delivery_countries import delivery_countries
from shop.orders.models import OPEN, Order


def countries() -> list[tuple[str, str]]:
    """Where an order may go: the shop's own country, then the others by their English names."""
    return list(_listed(delivery_countries(), settings.SHOP_COUNTRY))


@lru_cache(maxsize=1)
def _listed(delivered: frozenset[str], own: str) -> tuple[tuple[str, str], ...]:
    names = (each for each in addresses.countries().items() if each[0] in delivered)
    return tuple(sorted(names, key=lambda country: country[0] != own))


def _text(
    autocomplete: str, max_length: int, label: str | None = None, *, missing: str = ""
) -> forms.CharField:
    """A line of text; required where there is something to say of a ``missing`` one."""
    return NameFormField(
        label=label,
        max_length=max_length,
        required=bool(missing),
        error_messages={"required": missing},
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


def _follows(target: str) -> dict[str, Any]:
    """Attributes of a field that part of the page follows."""
    return {
        "hx-post": reverse_lazy("checkout:fields"),
        # Whoever chooses a country by typing its name goes past others.
        "hx-trigger": "change delay:200ms",
        "hx-target": target,
        "hx-swap": "outerHTML",
    }


class CheckoutForm(forms.Form):
    """Address and payment on one page; what is asked of an address follows its country."""

    email = MailAddressField(
        label="Mail address",
        error_messages={"required": "Say where the receipt goes."},
        widget=forms.EmailInput(attrs={"autocomplete": "email", **_follows("#email-remark")}),
        help_text="The receipt goes here.",
    )
    name = _text("name", 120, missing="Say who it is for.")
    country = forms.ChoiceField(
        widget=LongSelect(attrs={"autocomplete": "country", **_follows("#region")}),
        error_messages={
            "required": "Choose a country.",
            "invalid_choice": "We do not deliver there: choose another country.",
        },
    )
    line1 = _text("address-line1", 120, "Street and number", missing="Say where it goes.")
    line2 = _text("address-line2", 120, "Flat, floor, company")
    postal_code = _text("postal-code", 20, "Postal code")
    city = _text("address-level2", 80, "Town")
    state = _text("address-level1", 80)
    #: The address that was asked about, because there seems to be a slip in it.
    email_asked = forms.CharField(required=False, widget=forms.HiddenInput)
    shown_total = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    confirmation_token = forms.RegexField(
        r"^ctoken_[A-Za-z0-9_]{1,200}\Z",
        widget=forms.HiddenInput,
        error_messages={"required": "Enter your card.", "invalid": "Enter your card again."},
    )

    def __init__(self, *args: Any, shoppers: Collection[str] = (), **kwargs: Any) -> None:
        """
        :param shoppers: the ids of the browser, which may have an order that is still to be paid
        """
        super().__init__(*args, **kwargs)
        self.shoppers = shoppers
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = listed = countries()
        country.initial = listed[0][0] if listed else settings.SHOP_COUNTRY
        self._keep_country(country, listed)
        for field in address_fields(self.shown_country):
            shown = self.fields[field.name]
            shown.label, shown.required = field.label, field.is_required
            shown.error_messages["required"] = field.asked
            if field.choices:
                names = [("", field.asked.removesuffix(".")), *field.choices]
                shown.widget = LongSelect(choices=names, attrs=shown.widget.attrs)
            shown.widget.is_required = field.is_required

    def _keep_country(self, field: forms.ChoiceField, listed: list[tuple[str, str]]) -> None:
        """Show a chosen country that is not on the list, too; only an order that is there has it.

        The list may have changed meanwhile: orders that were placed before go where they go.
        """
        chosen = self.shown_country
        if chosen in dict(listed):
            return
        name = addresses.countries()[chosen]
        if self._is_ordered_to(chosen):
            field.choices = [*listed, (chosen, name)]
            return
        field.widget.choices = [*listed, (chosen, f"{name} (no delivery)")]
        where = addresses.name_in_sentence(chosen)
        refusal = f"We do not deliver to {where}. Nothing was ordered: choose another country."
        field.error_messages["invalid_choice"] = refusal

    def _is_ordered_to(self, country: str) -> bool:
        """Whether an order of the shopper's that is still to be paid goes to a country."""
        theirs = Order.objects.filter(shopper__in=self.shoppers, country=country)
        return theirs.filter(status__in=OPEN).exists() if self.shoppers else False

    @cached_property
    def shown_country(self) -> str:
        """The country whose fields the page shows: the chosen one, or the first of the list."""
        chosen = str(self["country"].value())
        return chosen if chosen in addresses.countries() else str(self.fields["country"].initial)

    @property
    def fields_of_country(self) -> list[forms.BoundField]:
        """The fields for town, state and postcode, as the country writes them."""
        return [self[each.name] for each in address_fields(self.shown_country)]

    @property
    def meant_mail(self) -> str:
        """The mail address that was probably meant; nothing without a slip, or once asked."""
        typed = self._typed_mail
        return "" if self["email_asked"].value() == typed else meant_instead(typed)

    @property
    def mail_problem(self) -> str:
        """Why no mail gets to the address that is typed so far; nothing where some does."""
        try:
            read_here(self._typed_mail)
        except ValidationError as error:
            return str(error.messages[0])
        return ""

    def clean_email(self) -> str:
        """:raises ValidationError: there seems to be a slip in it, which was not asked about yet"""
        address: str = self.cleaned_data["email"]
        if meant := self.meant_mail:
            raise ValidationError(f"Did you mean {meant}? If not, order again.")
        return address

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if country := given.get("country"):
            self._read("state", country)
            self._read("postal_code", country)
        return given

    @property
    def destination(self) -> Destination | None:
        """The destination, even of an invalid form; None before the shopper has entered it."""
        given = getattr(self, "cleaned_data", {})
        if "country" not in given:
            return None
        names = (each.name for each in fields(Destination))
        return Destination(**{name: given.get(name, "") for name in names})

    def purchase(self, *, network: str) -> Purchase:
        """What a valid form orders, from a network (``hoarding.network_key``)."""
        given = self.cleaned_data
        return Purchase(
            address=Address(**{each.name: given[each.name] for each in fields(Address)}),
            shown_total=given["shown_total"],
            token_id=given["confirmation_token"],
            network=network,
        )

    @property
    def _typed_mail(self) -> str:
        return str(self["email"].value() or "").strip()

    def _read(self, name: str, country: str) -> None:
        """Read the state or the postcode, as the country writes it."""
        given = self.cleaned_data
        if name not in given:
            return
        try:
            if name == "state":
                given[name] = read_state(given[name], country)
            else:
                given[name] = read_postal_code(given[name], country, given.get("state", ""))
        except ValidationError as error:
            self.add_error(name, error)
