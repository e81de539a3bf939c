"""Addresses of products (slugs) while a file is read: each product has one of its own."""

from collections import Counter
from collections.abc import Sequence
from itertools import batched, count

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.text import slugify

from shop.catalog.models import Product
from shop.merchant.forms.csv_tables import in_batches
from shop.merchant.forms.table_columns import Row, cell

_MOST_LETTERS = 80
#: Beginnings of addresses that one query asks for.
_IN_A_QUERY = 50


class ProductAddresses:
    """The addresses that products have, those that rows name, and those that are made for others.

    :param rows: of the whole file
    :param new: those of products that are new
    """

    def __init__(self, rows: Sequence[Row], new: Sequence[Row]) -> None:
        self._named = {cell(row, "slug"): cell(row, "sku") for row in rows}
        made = {cell(row, "sku"): _address(row) for row in new if not cell(row, "slug")}
        in_use = Product.objects.values_list("slug", "sku")
        wanted = {*self._named, *made.values()} - {""}
        self._in_use = dict(in_batches(in_use, "slug", wanted))
        several = (slug for slug, times in Counter(made.values()).items() if times > 1)
        clashing = {*several, *(wanted & self._in_use.keys()), *(wanted & self._named.keys())}
        for slugs in batched(sorted(clashing & set(made.values())), _IN_A_QUERY, strict=False):
            numbered = Q()
            for slug in slugs:
                numbered |= Q(slug__startswith=f"{slug[: _MOST_LETTERS - 8]}-")
            self._in_use |= dict(in_use.filter(numbered))

    def of_new(self, row: Row, sku: str) -> str:
        """The address of a new product: its row's, or one of its name: mug, and mug-2."""
        if slug := cell(row, "slug"):
            return slug
        slug = _address(row)
        begin = slug[: _MOST_LETTERS - 8]
        numbered = (f"{begin}-{number}" for number in count(2))
        while self._in_use.get(slug, sku) != sku or self._named.get(slug, sku) != sku:
            slug = next(numbered)
        self._in_use[slug] = sku
        return slug

    def check(self, product: Product) -> None:
        """:raises ValidationError: another product has the address"""
        if self._in_use.setdefault(product.slug, product.sku) != product.sku:
            raise ValidationError(
                {"slug": f"{self._in_use[product.slug]} has this address: write another one."}
            )


def _address(row: Row) -> str:
    """The address that a new product would have if no other had it."""
    named = (slugify(cell(row, name)) for name in ("group", "name", "sku"))
    return next(filter(None, named), "")[:_MOST_LETTERS]
