"""Rows that are kept for good: whoever asks to delete one is told what stands in the way."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse


class KeptRows:
    """Says why a row is not deleted, in place of a refusal that names no reason."""

    def why_kept(self, row: Any) -> str:
        """What stands in the way of deleting a row, and what to do instead; "" if nothing does."""
        raise NotImplementedError

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """:raises PermissionDenied: the row is kept, and why"""
        admin: Any = self
        row = admin.get_object(request, object_id)
        may_see = row is not None and admin.has_view_permission(request, row)
        if may_see and (reason := self.why_kept(row)):
            raise PermissionDenied(reason)
        view: HttpResponse = super().delete_view(request, object_id, extra_context)  # type: ignore[misc]
        return view
