"""Seed the demo shop."""

import os
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from shop.merchant.demo import seed_shop
from shop.sales.strict import DocumentError

USERNAME = "merchant"
# No secret: it is printed, and a real shop does not get it.
DEMO_PASSWORD = "flashfreeze-demo"  # noqa: S105


class Command(BaseCommand):
    help = (
        "Seed a demo shop: 24 products and four sales around the present instant (one live that "
        "ends within the hour, one tomorrow at noon in Berlin, two that are over and whose offers "
        "are still held), and a merchant to log in as. Run it as often as you like: what is there "
        "stays as it is, but once the live sale has ended all four windows move, so that there is "
        "a live one again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password",
            help="the merchant's; or MERCHANT_PASSWORD in the environment. Without either a new "
            f"merchant gets {DEMO_PASSWORD}, or with DEBUG off a random one",
        )
        parser.add_argument("--force", action="store_true", help="with DEBUG off too")

    def handle(self, *args: Any, password: str | None, force: bool, **options: Any) -> None:
        now = timezone.now()
        if not settings.DEBUG and not force:
            raise CommandError("DEBUG is off: this looks like a real shop. --force seeds it.")
        try:
            done = seed_shop(now=now)
        except DocumentError as error:
            raise CommandError(str(error)) from None
        for line in done or ["The demo shop is as it should be."]:
            self.stdout.write(line)
        login = _ensure_merchant(password or os.environ.get("MERCHANT_PASSWORD") or None)
        self.stdout.write(f"Log in at /merchant/ as {login}")


def _ensure_merchant(password: str | None) -> str:
    """Make the merchant, or set the password that was given; how to log in, in words."""
    user = User.objects.filter(username=USERNAME).first()
    if user is None:
        password = password or (DEMO_PASSWORD if settings.DEBUG else secrets.token_urlsafe(12))
        user = User(username=USERNAME, is_staff=True, is_superuser=True)
    elif password is None:
        is_default = user.check_password(DEMO_PASSWORD)
        return f"{USERNAME} / {DEMO_PASSWORD}" if is_default else f"{USERNAME}, password as set"
    elif user.check_password(password):
        return f"{USERNAME} / {password}"
    user.set_password(password)
    user.full_clean()
    user.save()
    return f"{USERNAME} / {password}"
