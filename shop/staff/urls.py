"""Password links, for people who are not logged in; the names are Django's."""

from django.contrib import admin
from django.contrib.auth import views
from django.urls import URLPattern, path

from shop.staff.password_views import ChoosePasswordView, ForgottenPasswordView

_SITE = {"site_title": admin.site.site_title, "site_header": admin.site.site_header}


urlpatterns: list[URLPattern] = [
    path(
        "password/forgotten/",
        ForgottenPasswordView.as_view(title="Choose a new password", extra_context=_SITE),
        name="admin_password_reset",
    ),
    path(
        "password/forgotten/sent/",
        views.PasswordResetDoneView.as_view(title="Look into your mail", extra_context=_SITE),
        name="password_reset_done",
    ),
    path(
        "password/new/<uidb64>/<token>/",
        ChoosePasswordView.as_view(title="Choose your password", extra_context=_SITE),
        name="password_reset_confirm",
    ),
    path(
        "password/new/done/",
        views.PasswordResetCompleteView.as_view(title="Your password is set", extra_context=_SITE),
        name="password_reset_complete",
    ),
]
