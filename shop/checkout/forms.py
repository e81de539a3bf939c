from dataclasses import fields
from functools import cache
from typing import Any

from babel import Locale
from django import forms

from shop.checkout.charge_rules import Destination
from shop.checkout.placing import Address
from shop.checkout.purchase import Purchase
from shop.core.long_select import LongSelect
from shop.core.mail_address_field import MailAddressField
from shop.core.money import LOCALE

# Codes that ISO 3166-1 reserves, or that Unicode alone has: no post goes there.
_NOT_COUNTRIES = frozenset(
    ["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"]
)


@cache
def countries() -> list[tuple[str, str]]:
    """The countries of ISO 3166-1, by their English names."""
    names = {str(code): str(name) for code, name in Locale(LOCALE).territories.items()}
    codes = (code for code in names if len(code) == 2 and code not in _NOT_COUNTRIES)
    return sorted(((code, names[code]) for code in codes), key=lambda country: country[1])


def _text(
    autocomplete: str, max_length: int, label: str | None = None, *, missing: str = ""
) -> forms.CharField:
    """A line of text; required where there is something to say of a ``missing`` one."""
    return forms.CharField(
        label=label,
        max_length=max_length,
        required=bool(missing),
        error_messages={"required": missing},
        widget=forms.TextInput(attrs={"autocomplete": autocomplete}),
    )


class CheckoutForm(forms.Form):
    """Address and payment on one page."""

    email = MailAddressField(
        label="Mail address",
        error_messages={"required": "Say where the receipt goes."},
        help_text="The receipt goes here.",
    )
    name = _text("name", 120, missing="Say who it is for.")
    line1 = _text("address-line1", 120, "Street and number", missing="Say where it goes.")
    line2 = _text("address-line2", 120, "Flat, floor, company")
    postal_code = _text("postal-code", 20, "Postal code")
    city = _text("address-level2", 80, "Town", missing="Say in which town.")
    country = forms.ChoiceField(
        widget=LongSelect(attrs={"autocomplete": "country"}),
        error_messages={"required": "Choose a country."},
    )
    shown_total = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    confirmation_token = forms.RegexField(
        r"^ctoken_[A-Za-z0-9_]{1,200}\Z",
        widget=forms.HiddenInput,
        error_messages={"required": "Enter your card.", "invalid": "Enter your card again."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = [("", "Choose a country"), *countries()]

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
