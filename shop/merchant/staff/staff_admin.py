"""The admin of staff and their roles, for owners."""

from functools import partial
from typing import Any

import django.contrib.auth.admin  # noqa: F401
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timezone import get_current_timezone

from shop.core.formatting import to_the_minute
from shop.core.mail_address_field import MailAddressField
from shop.merchant.forms.interrupted_form import RestorableFormMixin
from shop.merchant.forms.kept_rows import KeptRows
from shop.merchant.forms.row_actions import EVERYWHERE
from shop.merchant.forms.short_transactions import ShortTransactionAdmin, after_transaction
from shop.staff.confirmations import require_password
from shop.staff.log_in_limits import links_by_owner
from shop.staff.models import Staff
from shop.staff.password_links import ask_for_link
from shop.staff.roles import Role, give_role, role_of
from shop.staff.throttles import TooManyTries, take

LINKED_TOO_OFTEN = "links were mailed several times just now. Mail one again in {wait}."

# Registered by the import of GroupAdmin's module. Roles are a table, not something to edit.
admin.site.unregister(Group)


class StaffForm(RestorableFormMixin, forms.ModelForm):  # type: ignore[type-arg]
    """A member of staff, with a role instead of Django's permissions."""

    email = MailAddressField(
        label="Email address", help_text="Links to choose a password go there."
    )
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER, widget=forms.RadioSelect)

    class Meta:
        model = Staff
        fields = ("username", "first_name", "last_name", "email", "is_active")
        labels = {"username": "Name to log in with", "is_active": "May log in"}
        help_texts = {"username": "", "is_active": "Without it nothing is lost but the key."}

    #: Who fills it in.
    by: Staff

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            return
        self.fields["role"].initial = role_of(self.instance)
        if self.instance.pk == self.by.pk:
            # A disabled field ignores what is sent.
            self.fields["role"].disabled = self.fields["is_active"].disabled = True
            self.fields["role"].help_text = "Nobody changes their own role: ask another owner."


class RoleFilter(admin.SimpleListFilter):
    """Staff by role."""

    title = parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role, role.title()) for role in Role]

    def queryset(self, request: HttpRequest, people: QuerySet[Staff]) -> QuerySet[Staff]:
        return people.filter(groups__name=self.value()) if self.value() else people


@admin.register(Staff)
class StaffAdmin(KeptRows, ShortTransactionAdmin):
    """The staff. None is deleted: audit logs name them."""

    form = StaffForm
    list_display = ("username", "full_name", "role", "email", "is_active", "logged_in")
    list_filter = ("is_active", RoleFilter)
    show_facets = admin.ShowFacets.NEVER
    search_fields = ("username__folded", "first_name__folded", "last_name__folded", "email")
    fields = ("username", "first_name", "last_name", "email", "role", "is_active")
    actions = ("mail_link", "end_sessions")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Staff]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The form, with who fills it in."""
        form_class = super().get_form(request, *args, **kwargs)
        return type("StaffFormByUser", (form_class,), {"by": request.user})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # New staff may always log in.
        return self.fields if obj else tuple(each for each in self.fields if each != "is_active")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Setting the mail address of an account is enough to take it over.
        if isinstance(obj, Staff) and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def why_kept(self, row: Staff) -> str:
        """No account is deleted."""
        return (
            f"The account of {row} is kept: the histories of sales and orders name who did what. "
            "To lock somebody out, take away the tick at Active."
        )

    def save_model(self, request: HttpRequest, obj: Staff, form: Any, change: bool) -> None:
        """Save, with the role; mail new staff a link to choose a password.

        :raises PasswordNeeded: the owner has not typed their password lately
        """
        act = f"change the account of {obj}" if change else f"make an account for {obj}"
        require_password(request, act, reverse("admin:staff_staff_changelist"))
        if not change:
            obj.is_staff = True
            obj.set_unusable_password()
        obj.save()
        if "role" in form.changed_data or not change:
            give_role(obj, Role(form.cleaned_data["role"]))
        elif "is_active" in form.changed_data:
            obj.end_sessions()
        if not change:
            after_transaction(request, partial(self._mail_link, request, obj))

    @admin.action(
        description="Mail a link to choose a password", permissions=["change"], location=EVERYWHERE
    )
    def mail_link(self, request: HttpRequest, people: QuerySet[Staff]) -> None:
        for person in self._changeable(request, people):
            after_transaction(request, partial(self._mail_link, request, person))

    @admin.action(description="Log out everywhere", permissions=["change"], location=EVERYWHERE)
    def end_sessions(self, request: HttpRequest, people: QuerySet[Staff]) -> None:
        for person in self._changeable(request, people):
            person.end_sessions()
            text = f"{person} is logged out everywhere."
            self.log_change(request, person, text)
            self.message_user(request, text)

    def _mail_link(self, request: HttpRequest, person: Staff) -> None:
        if not (person.email and person.is_active):
            text = (
                f"No link is mailed to {person}: there is no mail address, or they may not log in."
            )
            self.message_user(request, text, messages.ERROR)
            return
        try:
            take(links_by_owner(person.email), sentence=LINKED_TOO_OFTEN)
        except TooManyTries as refusal:
            self.message_user(request, f"{person}: {refusal.messages[0]}", messages.ERROR)
            return
        ask_for_link(person.email)
        text = f"A link to choose a password is on its way to {person.email}."
        self.log_change(request, person, text)
        self.message_user(request, text)

    def _changeable(self, request: HttpRequest, people: QuerySet[Staff]) -> list[Staff]:
        return [each for each in people if self.has_change_permission(request, each)]

    @admin.display(description="name")
    def full_name(self, person: Staff) -> str:
        return person.get_full_name()

    @admin.display(description="last login", ordering="last_login")
    def logged_in(self, person: Staff) -> str:
        at = person.last_login
        return to_the_minute(at, get_current_timezone()) if at else ""

    @admin.display
    def role(self, person: Staff) -> str:
        role = role_of(person)
        return role.title() if role else "none"
