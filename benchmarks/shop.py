"""A shop to measure: production settings in a folder of its own, and a sale with 24 deals.

Enter ``prepared`` before anything is imported that reads Django's settings.
"""

import json
import os
import runpy
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

SLUG = "everything"
DEALS = 24
SETTINGS = Path(__file__).parent.parent / "shop" / "settings.py"


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Settings, database, static files and goods, all of them in the folder."""
    configure(folder)
    import django
    from django.core.management import call_command
    from django.db import connections

    (folder / "static").mkdir()
    django.setup()
    call_command("migrate", verbosity=0)
    # No page that is measured links to a script of Django's admin, and there are many.
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin/js/*"])
    seed()
    try:
        yield
    finally:
        connections.close_all()


def configure(folder: Path) -> None:
    """The environment that the settings read; what stands in it already is not asked."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "DEBUG": "0",
        "HTTPS": "0",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "OFFER_KEYS": json.dumps({"keys": [new_secret("benchmark-hs256")]}),
        "SITE_KEYS": json.dumps({"keys": [new_secret("benchmark-site")]}),
        "OFFER_ISSUER": "https://shop.example",
        "VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite3'}",
        "CACHE_URL": "locmemcache://",
        "ALLOWED_HOSTS": "testserver,127.0.0.1",
    }


def new_secret(kid: str) -> dict[str, str]:
    """A fresh HS256 key, active."""
    from offers.tokens import encode_segment

    secret = encode_segment(secrets.token_bytes(32))
    return {"kty": "oct", "k": secret, "kid": kid, "status": "active"}


def seed() -> None:
    """The demo shop, and a sale of all its products for less."""
    from django.utils import timezone

    from shop.demo.seeding import ZONE, seed_shop
    from shop.sales.lifecycle import publish
    from shop.sales.models import Deal, Sale

    now = timezone.now()
    seed_shop(now=now)
    sale = Sale.objects.create(
        slug=SLUG,
        title="Everything must go",
        text="All there is, for half of what it costs in the other sales.",
        time_zone=ZONE.key,
        starts_at=now - timedelta(minutes=5),
        ends_at=now + timedelta(minutes=55),
    )
    others = Deal.objects.exclude(sale=sale).order_by("sale", "position")[:DEALS]
    for position, other in enumerate(others):
        Deal.objects.create(
            sale=sale,
            product=other.product,
            position=position,
            price=other.price // 2,
            allocation=other.allocation,
            max_per_shopper=other.max_per_shopper,
        )
    publish(sale, now=now)


def database_settings(url: str) -> dict[str, Any]:
    """What the settings would make of another ``DATABASE_URL``, for a second connection."""
    from django.db import connections

    default = os.environ["DATABASE_URL"]
    os.environ["DATABASE_URL"] = url
    try:
        databases = {"default": runpy.run_path(str(SETTINGS))["DATABASES"]["default"]}
    finally:
        os.environ["DATABASE_URL"] = default
    return dict(connections.configure_settings(databases)["default"])
