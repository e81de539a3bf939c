"""Admin forms that lock the rows they validate, overwrite no claims or nonces, lose no picture."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from shop.core.read_back import ReadBackMixin
from shop.merchant.forms.picture_field import keep_pictures, prepare_pictures
from shop.merchant.forms.short_transactions import ShortTransactionAdmin
from shop.staff.current import staff_of

#: Rows that one form may add. Each costs more than a millisecond, whatever is typed in it.
MOST_ADDED = 100
TOO_MANY_ADDED = f"A form adds {MOST_ADDED} rows at most. Save these, and add the others then."


class LockingModelAdmin(ShortTransactionAdmin):
    """Locks the row of a sent form, and writes only its changed fields."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any | None:
        """The row; locked, if a form was sent."""
        row = super().get_object(request, object_id, from_field)
        if row is None or request.method != "POST":
            return row
        return self.get_queryset(request).select_for_update(no_key=True).get(pk=row.pk)

    def prepare(self, request: HttpRequest, object_id: str | None) -> None:
        """Re-encode the pictures that were sent, of who may save them."""
        is_new = object_id is None
        if self.has_add_permission(request) if is_new else self.has_change_permission(request):
            prepare_pictures(self.form, request, staff_of(request))

    def form_page(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page of the form; if it was sent, the pictures chosen in it are kept."""
        form = context["adminform"].form
        keep_pictures(form, staff_of(request))
        # The rows that belong to it may have errors of their own.
        if isinstance(form, ReadBackMixin) and len(context["errors"]) == len(form.errors) > 0:
            context["reads_back"] = form.only_reads_back
            context["errors"] = None if form.only_reads_back else context["errors"]
        return super().form_page(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Insert a new row, or update what was changed of one."""
        columns = {field.name for field in obj._meta.concrete_fields}
        changed = [name for name in form.changed_data if name in columns]
        obj.save(update_fields=changed if change else None)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The same for the rows that belong to it."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        # By key: the order in which claims lock them.
        for row, fields in sorted(formset.changed_objects, key=lambda pair: pair[0].pk):
            row.save(update_fields=fields)
        for row in formset.new_objects:
            row.save()


class LockingInline(admin.TabularInline):  # type: ignore[type-arg]
    """Rows of a parent, locked while a sent form is validated."""

    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """The formset of the rows that are there and at most ``MOST_ADDED`` more.

        Each field gets a label for assistive technology.
        """

        class BoundedFormSet(super().get_formset(request, obj, **options)):  # type: ignore[misc]
            max_num: int
            absolute_max: int
            default_error_messages = {"too_many_forms": TOO_MANY_ADDED}

            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                # Whoever counts thousands in TOTAL_FORMS gets no more.
                self.absolute_max = len(self.get_queryset()) + MOST_ADDED
                self.max_num = min(self.max_num, self.absolute_max)

            def add_fields(self, form: Any, index: int | None) -> None:
                super().add_fields(form, index)
                for name, field in form.fields.items():
                    label = str(field.label or name.replace("_", " "))
                    field.widget.attrs.setdefault("aria-label", label)

        return BoundedFormSet

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.method != "POST":
            return rows
        # Locks the rows alone, not their parents.
        return rows.order_by("pk").select_for_update(no_key=True, of=("self",))
