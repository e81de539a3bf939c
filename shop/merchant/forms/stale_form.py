"""Forms that refuse to act twice, or on what their page does not show."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms

from shop.merchant.forms.interrupted_form import RestorableFormMixin

_STALE = (
    "{event} since this page was opened (maybe by this very form, sent twice). "
    "Look at it, and send the form again if you mean to."
)


class StaleFormMixin(RestorableFormMixin, forms.Form):
    """Shows a form once more if its subject's version is not the one that its page has ``seen``."""

    event: ClassVar[str] = "Something happened"
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, version: object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = str(version)
        self.initial["seen"] = self.version

    def clean(self) -> dict[str, Any]:
        """:raises ValidationError: the subject has changed since the page was made"""
        cleaned = super().clean() or self.cleaned_data
        seen = cleaned.get("seen", "")
        if seen != self.version and (messages := self.stale_messages(seen)):
            # So that sending the form again means it.
            self.data = self.data.copy()  # type: ignore[attr-defined]
            self.data["seen"] = self.version  # type: ignore[index]
            self.add_error(None, list(messages))
        return cleaned

    def stale_messages(self, seen: str) -> Sequence[str]:
        """What to say of the changes since a version; nothing if they do not matter."""
        return [_STALE.format(event=self.event)]
