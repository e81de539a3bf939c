"""What several pages of the back office share.

Django's generic classes take no arguments at run time, hence the ignores.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ActionLocation
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest

EVERYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


class ReadOnlyFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows to be read: nothing that is sent is about them, so there may be more of them by now."""

    def __init__(self, data: Any = None, files: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []

    def is_valid(self) -> bool:
        return True

    def save(self, commit: bool = True) -> list[Any]:
        return []


class ReadOnlyAdmin:
    """Rows that nobody writes here, whoever they are."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyInline(ReadOnlyAdmin, admin.TabularInline):  # type: ignore[type-arg]
    """Rows that record what happened."""

    formset = ReadOnlyFormSet
    extra = 0
    can_delete = False
