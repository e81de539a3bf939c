"""The forms by which staff log in, ask for a link, and choose a password."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from shop.core.mail_address_field import MailAddressField
from shop.staff.devices import remember_device
from shop.staff.log_in_backend import note_wait
from shop.staff.log_in_limits import (
    links_by_mail,
    links_by_network,
    normalized_name,
    tries_of_owner,
)
from shop.staff.log_in_trail import record_event
from shop.staff.password_links import ask_for_link
from shop.staff.records import LogInKind
from shop.staff.throttles import TooManyTries, forget, take

TOO_MANY_LINKS = "Too many links were asked for from your network. Try again in {wait}."


class ForgottenPasswordForm(forms.Form):
    """Asks for a link to choose a password; whether anybody has the address is not told."""

    email = MailAddressField()

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean(self) -> dict[str, Any]:
        """:raises TooManyTries: this network has asked for too many links"""
        if not self.errors:
            try:
                take(links_by_network(self.request), sentence=TOO_MANY_LINKS)
            except TooManyTries as refusal:
                note_wait(self.request, refusal)
                raise
        return self.cleaned_data

    def save(self) -> None:
        """Let the link be mailed, unless one was in the last quarter of an hour."""
        email = self.cleaned_data["email"]
        try:
            take(links_by_mail(email))
        except TooManyTries:
            return
        ask_for_link(email, self.request)


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Sets the password of someone with such a link; ends their waits and all sessions."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def save(self, commit: bool = True) -> Any:
        person = super().save(commit)
        person.end_sessions()
        name = person.get_username()
        forget(*tries_of_owner(self.request, name))
        remember_device(self.request, normalized_name(name))
        record_event(LogInKind.PASSWORD_CHOSEN, self.request, person)
        return person


class ChangePasswordForm(PasswordChangeForm):
    """Changes the password of who is logged in; wrong old ones count as at the log-in."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    @sensitive_variables("old_password")
    def clean_old_password(self) -> str:
        """:raises ValidationError: it is not the password, or too many were not"""
        old_password: str = self.cleaned_data["old_password"]
        name = self.user.get_username()
        found = authenticate(self.request, username=name, password=old_password)
        if found is None or found.pk != self.user.pk:
            message = self.error_messages["password_incorrect"]
            raise ValidationError(message, code="password_incorrect")
        return old_password

    def save(self, commit: bool = True) -> Any:
        person = super().save(commit)
        record_event(LogInKind.PASSWORD_CHANGED, self.request, person)
        return person
