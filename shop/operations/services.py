"""What the shop needs besides its database: Stripe, the mail server, a clock that is right."""

import json
import smtplib
import urllib.request
from collections.abc import Iterator
from datetime import datetime

import stripe
from django.conf import settings
from django.core.mail import mailers

from shop.core.client_address import trusted_proxies
from shop.operations.database_clock import clock_drift
from shop.operations.diagnoses import Diagnosis, in_the_way
from shop.payments.stripe_client import new_client, reason_of

#: Seconds that Stripe and the mail server have to answer.
PATIENCE_SECONDS = 3


def stripe_keys(now: datetime) -> Iterator[Diagnosis]:
    """Whether Stripe takes the secret key, and lets it read its record of events."""
    if not settings.STRIPE_SECRET_KEY:
        return
    is_test_key = settings.STRIPE_SECRET_KEY.startswith(("sk_test_", "rk_test_"))
    if is_test_key and not settings.DEBUG and not settings.STRIPE_API_BASE:
        yield Diagnosis("STRIPE_SECRET_KEY is a test key: orders are paid, and no money moves.")
    if settings.STRIPE_SECRET_KEY.endswith("development") and not settings.STRIPE_API_BASE:
        return
    try:
        new_client(timeout=PATIENCE_SECONDS, retries=0).v1.events.list({"limit": 1})
    except stripe.AuthenticationError:
        text = "Stripe refuses STRIPE_SECRET_KEY: nobody can pay."
        yield in_the_way(text, "Copy it from Stripe's dashboard, or make a new one there.")
    except stripe.PermissionError:
        text = "STRIPE_SECRET_KEY may not read events: reconcile cannot find those that never came."
        yield Diagnosis(text, "Give the restricted key that permission in Stripe's dashboard.")
    except stripe.StripeError as error:
        reason = reason_of(error)
        text = f"Stripe does not answer ({reason}): pages are served, and nobody can pay."
        yield Diagnosis(text, "It is tried again with each checkout.")


def mail_server(now: datetime) -> Iterator[Diagnosis]:
    """Whether the mail server takes a connection and the name and password."""
    mailer = mailers["default"]
    if hasattr(mailer, "timeout"):
        mailer.timeout = PATIENCE_SECONDS
    try:
        mailer.open()
        mailer.close()
    except (OSError, smtplib.SMTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        text = f"The mail server does not take mails ({reason}): receipts wait."
        yield Diagnosis(text, "Mend EMAIL_URL, or wait: reconcile sends them for three days.")


def machine_clock(now: datetime) -> Iterator[Diagnosis]:
    """:raises django.db.Error: the database cannot be asked"""
    if drift := clock_drift():
        text = f"This machine's clock is {drift}: offers are minted and judged by it."
        yield Diagnosis(text, "Let the operating system set it (NTP).")


def debugging(now: datetime) -> Iterator[Diagnosis]:
    """Whether settings are those of development."""
    if settings.DEBUG:
        text = "DEBUG is on: errors show the shop's code and settings to everybody."
        yield Diagnosis(text, "Set DEBUG=0 where shoppers come.")


def untrusted_proxy(now: datetime) -> Iterator[Diagnosis]:
    """Whether the proxy in front is one that TRUSTED_PROXIES names, asked through that proxy."""
    if settings.DEBUG:
        return
    way_out = "Name the proxy's addresses in TRUSTED_PROXIES, such as 127.0.0.1."
    if settings.HTTPS and not trusted_proxies():
        text = "TRUSTED_PROXIES is empty and HTTPS is on: no request counts as one by https, "
        yield Diagnosis(f"{text}so every page redirects to itself.", way_out)
    elif _is_forwarded_by_stranger():
        text = "The proxy in front is not trusted: all of its clients count as one, and no request "
        yield Diagnosis(f"{text}counts as one by https.", way_out)


def _is_forwarded_by_stranger() -> bool:
    """What a web process says of a request by SHOP_URL; no where none answers."""
    address = f"{settings.SHOP_URL}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return bool(json.load(answer)["proxy"] != "ok")
    except (OSError, ValueError, LookupError, TypeError):
        return False
