"""A form field for pictures: re-encoded when the form is checked, stored when it is saved.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.core.files.uploadedfile import UploadedFile

from shop.catalog.pictures import ProcessedPicture, process_picture

_HELP = (
    "JPEG, PNG, WebP or AVIF. It is turned upright, made smaller, and freed of what a camera "
    "writes into it, such as the place."
)


class PictureField(forms.FileField):
    """An uploaded picture, re-encoded; its value is its name in the storage.

    ``processed`` is to be stored when the form is saved.
    """

    processed: ProcessedPicture | None = None

    def __init__(self, folder: str, **options: Any) -> None:
        widget = AdminFileWidget(attrs={"aria-label": "Picture"})
        super().__init__(widget=widget, help_text=_HELP, **options)
        self.folder = folder

    def clean(self, data: Any, initial: Any = None) -> Any:
        """:raises ValidationError: it cannot be shown"""
        given = super().clean(data, initial)
        if not isinstance(given, UploadedFile):
            return given
        self.processed = process_picture(given, self.folder)
        return self.processed.name


def store_pictures(form: forms.BaseForm) -> None:
    """Store the pictures that were uploaded with a valid form."""
    for field in form.fields.values():
        if isinstance(field, PictureField) and field.processed is not None:
            field.processed.store()
