"""``python -m tests.planted_bugs.rehearsing SALE SCENARIO``: rehearse one of the small sales.

A process of its own, in a copy of the source: it migrates, loads the sale and rehearses it, as
people do. The exit status is ``rehearse``'s.
"""

import json
import os
import sys
from datetime import timedelta
from tempfile import NamedTemporaryFile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

import django
from django.core.management import CommandError, call_command

MINUTE = timedelta(minutes=1)


def main() -> int:
    django.setup()
    from tests.planted_bugs.small_sales import SMALL_SALES

    sale, scenario = sys.argv[1:]
    call_command("migrate", verbosity=0)
    with NamedTemporaryFile("w", suffix=".json") as document:
        json.dump(SMALL_SALES[sale], document)
        document.flush()
        call_command("load_sale", document.name, verbosity=0)
    _change(sale)
    try:
        call_command("rehearse", sale, only=[scenario])
    except CommandError as broken:
        print(broken)
        return broken.returncode
    return 0


def _change(slug: str) -> None:
    """What the merchant does to a sale in the middle of its window: half of it is still to come."""
    from shop.sales.holds import extend, recall
    from shop.sales.models import Sale

    sale = Sale.objects.get(slug=slug)
    at = sale.starts_at + (sale.ends_at - sale.starts_at) / 2
    if slug == "extended":
        extend(sale=sale, seconds=600, by=None, now=at)
    if slug == "recalled":
        recall(sale=sale, issued_from=at, reason="A wrong price.", by=None, now=at + MINUTE)


if __name__ == "__main__":
    sys.exit(main())
