"""A field for mail addresses."""

from typing import Any

from django import forms

from shop.core.typed.mail_addresses import read_mail_address


class MailAddressField(forms.CharField):
    """An address that mail from here can reach; Django's own takes ``ada@localhost`` for one."""

    widget = forms.EmailInput(attrs={"autocomplete": "email"})

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_python(self, value: Any) -> str | None:
        """:raises ValidationError: it is none"""
        text = super().to_python(value)
        return read_mail_address(text) if text else text
