"""Login of staff: the lockout after wrong passwords, and links to choose a password."""

import logging
from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.core.mail import EmailMessage
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from shop.core.requests import ShopRequest
from shop.staff.models import Staff

logger = logging.getLogger(__name__)


def client_address(request: HttpRequest) -> str | None:
    """The IP address of the client; behind a proxy the one that the proxy saw.

    A proxy appends it to the header, so a client can forge all addresses but the last.
    """
    if settings.BEHIND_PROXY and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR")


def locked_out(
    request: ShopRequest, response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """The page after too many wrong passwords, with the instant of the next try (status 429)."""
    until = _locked_until(request, credentials.get("username", ""))
    context = {"title": "Too many tries", "until": until, "zone": timezone.get_current_timezone()}
    page = render(request, "merchant/locked_out.html", context, status=429)
    page["Retry-After"] = str(max(1, ceil((until - request.now).total_seconds())))
    return page


def _locked_until(request: ShopRequest, username: str) -> datetime:
    tries = AccessAttempt.objects.filter(username=username, ip_address=client_address(request))
    last: datetime = tries.aggregate(at=Max("attempt_time"))["at"] or request.now
    return last + settings.AXES_COOLOFF_TIME


class PasswordLinkForm(PasswordResetForm):
    """Mails a link to choose a password to members of staff with an address."""

    has_failed = False

    def get_users(self, email: str) -> Iterable[Staff]:
        """Active staff with this mail address, also those without a password."""
        return Staff.objects.filter(email__iexact=email, is_active=True, is_staff=True)

    def save(self, *_: Any, **options: Any) -> None:
        # Never the host of the request: its sender chooses that.
        shop = urlsplit(settings.SHOP_URL)
        super().save(
            **options
            | {
                "domain_override": shop.netloc,
                "use_https": shop.scheme == "https",
                "extra_email_context": {"shop_name": settings.SHOP_NAME},
            }
        )

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        *_: Any,
        **__: Any,
    ) -> None:
        """Send the mail; log a failure, and keep it from the sender of the form."""
        message = EmailMessage(
            subject=render_to_string(subject_template_name, context).strip(),
            body=render_to_string(email_template_name, context),
            to=[context["email"]],
        )
        try:
            message.send()
        except OSError:
            self.has_failed = True
            logger.exception("The link to choose a password could not be mailed")


class ChoosePasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Sets the password of someone with such a link; ends their lockout and all sessions."""

    def save(self, commit: bool = True) -> Any:
        person = super().save(commit)
        person.end_sessions()
        reset(username=person.get_username())
        return person


def mail_password_link(person: Staff) -> bool:
    """Mail a link to choose a password, valid once within three days.

    :returns: whether the mail server accepted it
    """
    form = PasswordLinkForm({"email": person.email})
    if not person.is_active or not form.is_valid():
        return False
    form.save()
    return not form.has_failed
