"""The door of the back office: how often a password may be tried, and how to get a new one."""

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

from shop.staff.models import Staff

logger = logging.getLogger(__name__)


def client_address(request: HttpRequest) -> str | None:
    """Where a request comes from; behind a proxy what that says, which a client cannot forge.

    A proxy appends the address it sees to what it was given: the last one is its own word.
    """
    if settings.BEHIND_PROXY and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.rpartition(",")[2].strip()
    return request.META.get("REMOTE_ADDR")


def locked_out(
    request: HttpRequest, response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """The page for someone who has tried too often, with the instant from which they may again."""
    until = _locked_until(request, credentials.get("username", ""))
    context = {"title": "Too many tries", "until": until, "zone": timezone.get_current_timezone()}
    page = render(request, "merchant/locked_out.html", context, status=429)
    page["Retry-After"] = str(max(1, ceil((until - timezone.now()).total_seconds())))
    return page


def _locked_until(request: HttpRequest, username: str) -> datetime:
    tries = AccessAttempt.objects.filter(username=username, ip_address=client_address(request))
    last: datetime = tries.aggregate(at=Max("attempt_time"))["at"] or timezone.now()
    return last + settings.AXES_COOLOFF_TIME


class PasswordLinkForm(PasswordResetForm):
    """Mails a link by which someone of the staff chooses a password, at the shop's own address."""

    has_failed = False

    def get_users(self, email: str) -> Iterable[Staff]:
        """Who may log in and has this mail address, whether they have a password yet or not."""
        return Staff.objects.filter(email__iexact=email, is_active=True, is_staff=True)

    def save(self, *_: Any, **options: Any) -> None:
        # Never at the address that the request was sent to: that is the sender's choice.
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
        """Send it. One that the mail server does not take is logged: who asked may not tell."""
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
    """Sets the password of someone who came by such a link, and lets them in with it at once."""

    def save(self, commit: bool = True) -> Any:
        person = super().save(commit)
        reset(username=person.get_username())
        return person


def mail_password_link(person: Staff) -> bool:
    """Mail a link by which to choose a password; whether the mail server took it.

    It is good for three days, and once.
    """
    form = PasswordLinkForm({"email": person.email})
    if not person.is_active or not form.is_valid():
        return False
    form.save()
    return not form.has_failed
