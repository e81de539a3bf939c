"""Seed the demo shop."""

import os
import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from shop.demo.seeding import seed_shop
from shop.sales.documents.json_reader import DocumentError
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role

#: Demo logins and their roles; with DEBUG off only the owner's is created.
PEOPLE = {
    "merchant": Role.OWNER,
    "merchandiser": Role.MERCHANDISER,
    "support": Role.SUPPORT,
    "viewer": Role.VIEWER,
}
# Not a secret: it is printed, and never used with DEBUG off.
DEMO_PASSWORD = "flashfreeze-demo"  # noqa: S105


class Command(BaseCommand):
    help = (
        "Seed a demo shop: 24 products and four sales around the present instant (one live that "
        "ends within the hour, one tomorrow at noon in Berlin, two that are over and whose offers "
        "are still held), and someone of each role to log in as. Run it as often as you like: what "
        "is there stays as it is, but once the live sale has ended all four windows move, so that "
        "there is a live one again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--password",
            help="everyone's; or MERCHANT_PASSWORD in the environment. Without either they get "
            f"{DEMO_PASSWORD}, or with DEBUG off the merchant alone gets a random one",
        )
        parser.add_argument("--force", action="store_true", help="with DEBUG off too")

    def handle(self, *args: Any, password: str | None, force: bool, **options: Any) -> None:
        now = timezone.now()  # noqa: TID251
        if not settings.DEBUG and not force:
            raise CommandError("DEBUG is off: this looks like a real shop. --force seeds it.")
        try:
            done = seed_shop(now=now)
        except DocumentError as error:
            raise CommandError(str(error)) from None
        for line in done or ["The demo shop is as it should be."]:
            self.stdout.write(line)
        password = password or os.environ.get("MERCHANT_PASSWORD") or None
        for name, role in PEOPLE.items():
            if settings.DEBUG or role is Role.OWNER:
                login = _ensure_person(name, role, password)
                self.stdout.write(f"Log in at /merchant/ as {login} ({role})")


def _ensure_person(name: str, role: Role, password: str | None) -> str:
    """Create a member of staff, or set their password if one is given; return the login as text."""
    person = Staff.objects.filter(username=name).first()
    is_new = person is None
    if person is None:
        password = password or (DEMO_PASSWORD if settings.DEBUG else secrets.token_urlsafe(12))
        person = Staff(username=name, email=f"{name}@example.com", is_staff=True)
    elif password is None:
        is_default = person.check_password(DEMO_PASSWORD)
        return f"{name} / {DEMO_PASSWORD}" if is_default else f"{name}, password as set"
    elif person.check_password(password):
        return f"{name} / {password}"
    person.set_password(password)
    person.full_clean()
    person.save()
    if is_new:
        give_role(person, role)
    return f"{name} / {password}"
