"""Rows that the back office shows and does not write."""

from typing import Any

from django.contrib import admin
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest


class ReadOnlyFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Shows rows and ignores what is sent, so that new rows meanwhile do not matter."""

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []

    def is_valid(self) -> bool:
        return True

    def save(self, commit: bool = True) -> list[Any]:
        return []


class ReadOnlyAdmin:
    """Lets no one write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(ReadOnlyAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Records, shown with the row that they belong to."""

    formset = ReadOnlyFormSet
    extra = 0
    can_delete = False
