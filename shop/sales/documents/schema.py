"""The schema of the JSON document that ``load_sale`` reads.

An absent number or boolean means its default (``allocation``: all the stock), on
every load. An absent text changes nothing; new rows get the sale's slug as title,
the shop's zone and currency, and a slug made of the product's name.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import BaseValidator, MaxValueValidator, MinValueValidator
from django.db import models

from shop.catalog.models import Product, Variant
from shop.core.money import MOST_MONEY
from shop.sales.audit import SALE_FIELDS
from shop.sales.documents.json_reader import (
    DocumentError,
    ObjectReader,
    Problem,
    decode,
    problems_of,
)
from shop.sales.models import Deal, Sale

#: The most that a column for units can hold.
MOST_UNITS = 2_147_483_647
MOST_TEXT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDocument:
    """A size of a product, or (unnamed, of the product's sku) the product itself."""

    place: str
    sku: str
    name: str
    stock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DealDocument:
    """A product and its deal in the sale, with money in minor units."""

    place: str
    sku: str
    product_values: dict[str, Any]
    values: dict[str, Any]
    variants: tuple[VariantDocument, ...]

    @property
    def has_choice(self) -> bool:
        """Whether the product comes in variants that have names."""
        return any(variant.name for variant in self.variants)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDocument:
    """A sale with its deals, in the order of its page."""

    slug: str
    values: dict[str, Any]
    published: bool
    deals: tuple[DealDocument, ...]


_SALE = tuple(name for name in SALE_FIELDS if name not in {"picture", "delayed_payment"})
_PRODUCT = ("sku", "slug", "name", "text", "list_price", "currency")
_DEAL = ("price", "allocation", "max_per_shopper")
_VARIANT = ("sku", "name", "stock")
_SALE_KEYS = frozenset({*_SALE, "published", "deals"})
_DEAL_KEYS = frozenset({*_PRODUCT, *_DEAL, "stock", "variants"})


def read_document(content: bytes | str) -> SaleDocument:
    """The sale that JSON text describes.

    :raises DocumentError: with everything that is wrong with it
    """
    return parse_document(decode(content))


def parse_document(value: object) -> SaleDocument:
    """The sale that a decoded JSON value describes.

    :raises DocumentError: with everything that is wrong with it
    """
    problems: list[Problem] = []
    reader = ObjectReader(value, known=_SALE_KEYS, place="", problems=problems)
    values = _values(reader, Sale, _SALE, optional={"title", "text", "time_zone"})
    published = reader.boolean("published", default=False)
    deals = tuple(_deal(each) for each in reader.objects("deals", known=_DEAL_KEYS))
    try:
        Sale(**values).clean()
    except ValidationError as error:
        problems.extend(problems_of(error, ""))
    problems.extend(_repetitions(deals))
    if problems:
        raise DocumentError(*problems)
    return SaleDocument(slug=values["slug"], values=values, published=published, deals=deals)


def _deal(reader: ObjectReader) -> DealDocument:
    product = _values(reader, Product, _PRODUCT, optional={"slug", "text", "currency"})
    return DealDocument(
        place=reader.place,
        sku=product["sku"],
        product_values=product,
        values=_values(reader, Deal, _DEAL),
        variants=tuple(_variants(reader, product["sku"])),
    )


def _variants(reader: ObjectReader, product_sku: str) -> Iterator[VariantDocument]:
    if reader.has("variants"):
        if reader.has("stock"):
            reader.add_problem("stock", "a product has either stock or variants, not both")
        for each in reader.objects("variants", known=frozenset(_VARIANT)):
            yield VariantDocument(place=each.place, **_values(each, Variant, _VARIANT))
    else:
        stock = _values(reader, Variant, ("stock",))
        yield VariantDocument(place=reader.place, sku=product_sku, name="", **stock)


def _repetitions(deals: Iterable[DealDocument]) -> Iterator[Problem]:
    """Skus, slugs and names of variants that stand in the document twice."""
    products: dict[str, str] = {}
    slugs: dict[str, str] = {}
    variants: dict[str, str] = {}
    for deal in deals:
        if deal.sku in products:
            # Its variants would repeat too.
            yield Problem(f"{deal.place}.sku", f"{deal.sku} is in {products[deal.sku]} already")
            continue
        products[deal.sku] = deal.place
        if slug := deal.product_values.get("slug"):
            if slug in slugs:
                yield Problem(f"{deal.place}.slug", f"{slug} is in {slugs[slug]} already")
            slugs.setdefault(slug, deal.place)
        names: dict[str, str] = {}
        for variant in deal.variants:
            for key, value, seen in (("sku", variant.sku, variants), ("name", variant.name, names)):
                if value and value in seen:
                    yield Problem(f"{variant.place}.{key}", f"{value} is in {seen[value]} already")
                seen.setdefault(value, variant.place)


def _values(
    reader: ObjectReader,
    model: type[models.Model],
    names: Iterable[str],
    *,
    optional: Collection[str] = (),
) -> dict[str, Any]:
    """Values by the names of a model's fields, without the optional ones that are absent."""
    return {
        name: _value(reader, name, model._meta.get_field(name))
        for name in names
        if name not in optional or reader.has(name)
    }


def _value(reader: ObjectReader, name: str, field: Any) -> Any:
    """A value that a model's field can hold, or its default."""
    match field:
        case models.BooleanField():
            return reader.boolean(name, default=field.default)
        case models.DateTimeField():
            return _instant(reader, name, field)
        case models.PositiveBigIntegerField():  # Money.
            return reader.integer(name, least=1, most=MOST_MONEY)
        case models.IntegerField():
            return _integer(reader, name, field)
    is_long = isinstance(field, models.TextField)
    most = field.max_length or MOST_TEXT
    return reader.text(name, most=most, lines=is_long, check=partial(_problem_of, field))


def _integer(reader: ObjectReader, name: str, field: "models.IntegerField[Any, Any]") -> int | None:
    """A whole number within the bounds of a field, or its default; null is one."""
    if field.null and not reader.has(name):
        return None
    bounds = field.validators
    least = max(each.limit_value for each in bounds if isinstance(each, MinValueValidator))
    most = min(each.limit_value for each in bounds if isinstance(each, MaxValueValidator))
    default = field.default if field.has_default() else None
    bound = min(most, MOST_UNITS)
    return reader.integer(
        name, least=least, most=bound, default=default, why=partial(_own_words, field)
    )


def _own_words(field: "models.IntegerField[Any, Any]", value: int) -> str:
    """What a field's validators say of a value in words of their own, if they have any."""
    bounds = (each for each in field.validators if isinstance(each, BaseValidator))
    for bound in bounds:
        if bound.message != type(bound).message and bound.compare(value, bound.limit_value):
            return str(bound.message)
    return ""


def _instant(
    reader: ObjectReader, name: str, field: "models.DateTimeField[Any, Any]"
) -> datetime | None:
    """An instant in ISO 8601 with its offset; None where it is wrong or missing."""
    count = len(reader.problems)
    text = reader.text(name, most=40, check=partial(_instant_problem, field))
    if not text or len(reader.problems) > count:
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def _instant_problem(field: "models.DateTimeField[Any, Any]", text: str) -> str | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return f"{text} is not a time such as 2026-11-27T12:00:00+01:00"
    if instant.tzinfo is None:
        return f"{text} has no offset: write it as 2026-11-27T12:00:00+01:00"
    return _problem_of(field, instant)


def _problem_of(field: "models.Field[Any, Any]", value: Any) -> str | None:
    """What a model field's validators say of a value, if it is wrong."""
    try:
        field.run_validators(value)
    except ValidationError as error:
        message = str(error.messages[0])
        return message if str(value) in message else f"{value} will not do: {message}"
    return None
