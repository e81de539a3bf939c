"""A form field for pictures: re-encoded before the form is checked, stored when it is saved.

Re-encoding takes seconds: ``prepare_pictures`` does it before the form's transaction begins. A
picture of a form that is refused is kept, and is there when the form is sent again. Django's
generic classes take no arguments at run time, hence the ignores.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop.catalog.pictures import ProcessedPicture, process_picture
from shop.merchant.forms.short_transactions import after_transaction
from shop.merchant.forms.staged_pictures import StagedPicture, stage, staged_picture, unstage
from shop.staff.current import staff_of
from shop.staff.models import Staff

_HELP = (
    "JPEG, PNG, WebP or AVIF. It is turned upright, made smaller, and freed of what a camera "
    "writes into it, such as the place."
)


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture that was chosen when the form was sent before, by its token."""

    token: str


class PreparedPicture(UploadedFile):  # type: ignore[type-arg]
    """A picture that was re-encoded, or the reason why it cannot be shown."""

    def __init__(
        self,
        result: ProcessedPicture | ValidationError,
        upload: "UploadedFile[bytes] | None" = None,
    ) -> None:
        file = upload.file if upload else io.BytesIO()
        # Its size is that of a file that is not empty: nothing asks for more.
        super().__init__(file, upload.name if upload else "kept", size=1)
        self.result = result


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
        given = self.prepared(data, self.by) if isinstance(data, KeptPicture) else data
        given = super().clean(given, initial)
        if not isinstance(given, UploadedFile):
            return given
        result = self.prepared(given, self.by).result
        if isinstance(result, ValidationError):
            raise result
        self.processed = result
        return self.processed.name

    def prepared(
        self, given: "UploadedFile[bytes] | KeptPicture", by: Staff | None
    ) -> PreparedPicture:
        """A picture that was chosen, re-encoded, or read from where it is kept for somebody."""
        if isinstance(given, PreparedPicture):
            return given
        result: ProcessedPicture | ValidationError | None
        if isinstance(given, KeptPicture):
            result = staged_picture(given.token, self.folder, by) if by else None
            gone = ValidationError("The picture is not kept any more: choose it again.")
            return PreparedPicture(result or gone)
        try:
            result = process_picture(given, self.folder)
        except ValidationError as refusal:
            result = refusal
        return PreparedPicture(result, given)


def prepare_pictures(form_class: type[forms.BaseForm], request: HttpRequest, by: Staff) -> None:
    """Put the re-encoded pictures of a form that was sent in the place of those that were sent.

    :raises Busy: others are being re-encoded
    """
    fields: Mapping[str, forms.Field] = form_class.base_fields  # type: ignore[attr-defined]
    for name, field in fields.items():
        if isinstance(field, PictureField):
            given = field.widget.value_from_datadict(request.POST, request.FILES, name)
            # An empty file is the field's affair.
            if isinstance(given, KeptPicture) or (isinstance(given, UploadedFile) and given.size):
                request.FILES[name] = field.prepared(given, by)


def keep_pictures(form: forms.BaseForm, by: Staff) -> None:
    """Keep the pictures of a form that was sent and is shown again."""
    for field in _pictures(form):
        if field.processed is not None:
            assert isinstance(field.widget, PictureInput)
            field.widget.staged = stage(field.processed, by)


def store_pictures(form: forms.BaseForm, request: HttpRequest) -> None:
    """Store the pictures that were uploaded with a valid form, in the transaction that names them.

    A row never names a picture that is not there: on a disk that is full, neither is kept.
    """
    for field in _pictures(form):
        if field.processed is not None:
            field.processed.store()
            after_transaction(request, partial(unstage, field.processed, staff_of(request)))


def _pictures(form: forms.BaseForm) -> list[PictureField]:
    return [field for field in form.fields.values() if isinstance(field, PictureField)]
