"""``python -m tests.planted_bugs.rehearsing SALE SCENARIO``: rehearse one of the small sales.

A process of its own, in a copy of the source: it migrates, loads the sale and rehearses it, as
people do. The exit status is ``rehearse``'s.
"""

import json
import os
import sys
from tempfile import NamedTemporaryFile

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

import django
from django.core.management import CommandError, call_command


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
    """What no document says of a sale: an extension half-way through, a product kept for sales."""
    from shop.catalog.models import Product
    from shop.sales.holds import extend
    from shop.sales.models import Sale

    sale = Sale.objects.get(slug=slug)
    if slug == "extended":
        half_way = sale.starts_at + (sale.ends_at - sale.starts_at) / 2
        extend(sale=sale, seconds=600, by=None, now=half_way)
    if slug == "alone":
        Product.objects.update(sold_at_list_price=False)


if __name__ == "__main__":
    sys.exit(main())
