"""A form field for pictures: re-encoded when the form is checked, stored when it is saved.

A picture of a form that is refused is kept, and is there when the form is sent again.
Django's generic classes take no arguments at run time, hence the ignores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.catalog.pictures import ProcessedPicture, process_picture
from shop.merchant.forms.staged_pictures import StagedPicture, stage, staged_picture, unstage
from shop.staff.models import Staff

_HELP = (
    "JPEG, PNG, WebP or AVIF. It is turned upright, made smaller, and freed of what a camera "
    "writes into it, such as the place."
)


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture that was chosen when the form was sent before, by its token."""

    token: str


class PictureInput(AdminFileWidget):
    """A file input, and a ticked box for the picture that was chosen before."""

    staged: StagedPicture | None = None

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """A new picture, else the kept one that is ticked."""
        given, token = super().value_from_datadict(data, files, name), data.get(f"{name}-kept")
        return KeptPicture(token) if given is None and token else given

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field = super().render(name, value, attrs, renderer)
        if self.staged is None:
            return field
        return format_html(
            '{}<label class="kept-picture"><input type="checkbox" name="{}-kept" value="{}" '
            'checked> <img src="{}" alt="The picture that you chose"> '
            "<span>The picture that you chose is kept until this is saved</span></label>",
            field,
            name,
            self.staged.token,
            self.staged.preview,
        )


class PictureField(forms.FileField):
    """An uploaded picture, re-encoded; its value is its name in the storage.

    ``processed`` is to be stored when the form is saved. The form says ``by`` whom it is sent.
    """

    processed: ProcessedPicture | None = None
    by: Staff | None = None

    def __init__(self, folder: str, **options: Any) -> None:
        widget = PictureInput(attrs={"aria-label": "Picture"})
        super().__init__(widget=widget, help_text=_HELP, **options)
        self.folder = folder

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        self.by = getattr(form, "by", None)
        return super().get_bound_field(form, field_name)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """:raises ValidationError: it cannot be shown, or is not kept any more"""
        if isinstance(data, KeptPicture):
            self.processed = staged_picture(data.token, self.folder, self.by) if self.by else None
            if self.processed is None:
                raise ValidationError("The picture is not kept any more: choose it again.")
            return self.processed.name
        given = super().clean(data, initial)
        if not isinstance(given, UploadedFile):
            return given
        self.processed = process_picture(given, self.folder)
        return self.processed.name


def keep_pictures(form: forms.BaseForm, by: Staff) -> None:
    """Keep the pictures of a form that was sent and is shown again."""
    for field in _pictures(form):
        if field.processed is not None:
            assert isinstance(field.widget, PictureInput)
            field.widget.staged = stage(field.processed, by)


def store_pictures(form: forms.BaseForm, by: Staff) -> None:
    """Store the pictures that were uploaded with a valid form."""
    for field in _pictures(form):
        if field.processed is not None:
            field.processed.store()
            unstage(field.processed, by)


def _pictures(form: forms.BaseForm) -> list[PictureField]:
    return [field for field in form.fields.values() if isinstance(field, PictureField)]
