"""A field for mail addresses."""

from typing import Any

from django import forms
from django.conf import settings

from shop.core.exposure import is_live_key
from shop.core.typed.mail_addresses import read_mail_address


def read_here(text: object) -> str:
    """An address that mail from this shop can reach; one that takes no real money takes .test.

    :raises ValidationError: it is none
    """
    return read_mail_address(text, is_test_shop=not is_live_key(settings.STRIPE_SECRET_KEY))


class MailAddressField(forms.CharField):
    """An address that mail from here can reach; Django's own takes ``ada@localhost`` for one."""

    widget = forms.EmailInput(attrs={"autocomplete": "email"})

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_python(self, value: Any) -> str | None:
        """:raises ValidationError: it is none"""
        text = super().to_python(value)
        return read_here(text) if text else text
