"""Links by which staff choose a password, mailed in the background.

Whoever asks for a link gets the same answer, after the same work, whether the shop knows the mail
address or not: a row is written that holds the address, and a task of the background looks it up.
The row is deleted once the mail server has the mail, or nobody has the address; ``reconcile`` tries
what is left again, for a day.
"""

import logging
from datetime import timedelta
from functools import partial
from smtplib import SMTPRecipientsRefused
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest
from django.tasks import task
from django.template.loader import render_to_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from shop.core.client_address import client_address
from shop.core.machine_clock import machine_time
from shop.staff.log_in_trail import record_from
from shop.staff.models import Staff
from shop.staff.records import LogInKind, PasswordLink

logger = logging.getLogger(__name__)

#: How long a mail may be on its way before it is tried again.
TIME_TO_SEND = timedelta(minutes=1)
#: For how long it is tried: a mail server may be away so long.
TIME_TO_TRY = timedelta(days=1)
#: From here on a mail server's refusal is for good (RFC 5321, section 4.2.1).
_PERMANENT = 500


def ask_for_link(email: str, request: HttpRequest | None = None) -> None:
    """Let a link be mailed to whoever of the staff has this address, if anybody.

    :param request: of whoever asks without a log-in
    """
    address = client_address(request) if request is not None else ""
    row = PasswordLink.objects.create(email=email, asked_at=machine_time(), address=address or None)
    transaction.on_commit(partial(mail_link.enqueue, row.pk), robust=True)


@task
def mail_link(row_id: int) -> None:
    """Mail the link that a row asks for, unless it was mailed already.

    :raises OSError: the mail server does not take it; the row stays
    """
    row = PasswordLink.objects.filter(pk=row_id).first()
    if row is None:
        return
    person = Staff.objects.filter(email__iexact=row.email, is_active=True, is_staff=True).first()
    if person is not None:
        try:
            _mail(person)
        except SMTPRecipientsRefused as refusal:
            if any(code < _PERMANENT for code, _ in refusal.recipients.values()):
                raise
            logger.error("A link to choose a password is refused by its mail address")
    if row.address is not None:
        record_from(LogInKind.LINK_ASKED, person, address=row.address)
    row.delete()


def send_waiting_links() -> None:
    """Mail what a crash or an absent mail server held back; drop what is too old."""
    now = machine_time()
    PasswordLink.objects.filter(asked_at__lt=now - TIME_TO_TRY).delete()
    waiting = PasswordLink.objects.filter(asked_at__lt=now - TIME_TO_SEND)
    for pk in waiting.order_by("?").values_list("pk", flat=True):
        try:
            mail_link.call(pk)
        except OSError:
            logger.exception("A link to choose a password could not be mailed yet")
            return


def waiting_links() -> int:
    """How many links should have been mailed by now."""
    return PasswordLink.objects.filter(asked_at__lt=machine_time() - TIME_TO_SEND).count()


def _mail(person: Staff) -> None:
    # Never the host of a request: its sender chooses that.
    shop = urlsplit(settings.SHOP_URL)
    context = {
        "user": person,
        "domain": shop.netloc,
        "protocol": shop.scheme,
        "shop_name": settings.SHOP_NAME,
        "uid": urlsafe_base64_encode(force_bytes(person.pk)),
        "token": default_token_generator.make_token(person),
    }
    EmailMessage(
        subject=render_to_string("registration/password_reset_subject.txt", context).strip(),
        body=render_to_string("registration/password_reset_email.html", context),
        to=[person.email],
    ).send()
