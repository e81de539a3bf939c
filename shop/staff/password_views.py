"""Django's pages to choose a password, with forms of ours that know the request."""

from typing import Any

from django.contrib.auth import views

from shop.staff.password_forms import (
    ChangePasswordForm,
    ChoosePasswordForm,
    ForgottenPasswordForm,
)


class ForgottenPasswordView(views.PasswordResetView):
    """Asks for a link by mail."""

    form_class = ForgottenPasswordForm  # type: ignore[assignment]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}

    def form_valid(self, form: Any) -> Any:
        form.save()
        # Django's own would save once more, with arguments for mails.
        return super(views.PasswordResetView, self).form_valid(form)


class ChoosePasswordView(views.PasswordResetConfirmView):
    """Where such a link leads to."""

    form_class = ChoosePasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class ChangePasswordView(views.PasswordChangeView):
    """The password of who is logged in."""

    form_class = ChangePasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}
