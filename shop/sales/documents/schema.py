"""The schema of the JSON document that ``load_sale`` reads.

Pure: JSON text in, frozen values out, or all problems at once, each with its
place. The planner finds the problems that depend on existing rows.

An absent ``published`` (false), ``hold_seconds`` (1800), ``allocation`` (all the
stock) or ``max_per_shopper`` (10) means its default, on every load. An absent
``title``, ``text``, ``time_zone``, ``currency`` or ``slug`` of a product changes
nothing; new rows get the sale's slug as title, no text, the shop's zone and
currency, and a slug made of the product's name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from shop.catalog.models import Product, Variant
from shop.core.money import MOST_MONEY
from shop.sales.audit import DEAL_FIELDS, SALE_FIELDS
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
    """A product and its deal in the sale, with money in minor units; None for absent members."""

    place: str
    sku: str
    slug: str | None
    name: str
    text: str | None
    list_price: int
    price: int
    currency: str | None
    variants: tuple[VariantDocument, ...]
    allocation: int | None
    max_per_shopper: int

    @property
    def has_choice(self) -> bool:
        """Whether the product comes in variants that have names."""
        return any(variant.name for variant in self.variants)

    @property
    def product_values(self) -> dict[str, Any]:
        """The given values of the product's fields."""
        values = {"name": self.name, "text": self.text, "slug": self.slug}
        given = {name: value for name, value in values.items() if value is not None}
        return {**given, "list_price": self.list_price}

    @property
    def deal_values(self) -> dict[str, Any]:
        """The values of the deal's fields."""
        return {name: getattr(self, name) for name in DEAL_FIELDS if hasattr(self, name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDocument:
    """A sale with its deals, in the order of its page; None for absent members."""

    slug: str
    title: str | None
    text: str | None
    time_zone: str | None
    starts_at: datetime
    ends_at: datetime
    hold_seconds: int
    published: bool
    deals: tuple[DealDocument, ...]

    @property
    def values(self) -> dict[str, Any]:
        """The given values of the sale's fields."""
        values = {name: getattr(self, name, None) for name in SALE_FIELDS}
        return {name: value for name, value in values.items() if value is not None}


_SALE_KEYS = frozenset(each.name for each in fields(SaleDocument))
_VARIANT_KEYS = frozenset(each.name for each in fields(VariantDocument)) - {"place"}
_DEAL_KEYS = frozenset(each.name for each in fields(DealDocument)) - {"place"} | {"stock"}


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
    document = SaleDocument(
        slug=_text(reader, Sale, "slug"),
        title=_optional_text(reader, Sale, "title"),
        text=_optional_text(reader, Sale, "text"),
        time_zone=_optional_text(reader, Sale, "time_zone"),
        starts_at=_instant(reader, "starts_at"),
        ends_at=_instant(reader, "ends_at"),
        hold_seconds=_integer(reader, Sale, "hold_seconds"),
        published=reader.boolean("published", default=False),
        deals=tuple(_deal(each) for each in reader.objects("deals", known=_DEAL_KEYS)),
    )
    if _UNKNOWN not in (document.starts_at, document.ends_at):
        try:
            Sale(starts_at=document.starts_at, ends_at=document.ends_at).clean()
        except ValidationError as error:
            problems.extend(problems_of(error, ""))
    problems.extend(_repetitions(document.deals))
    if problems:
        raise DocumentError(*problems)
    return document


def warnings(document: SaleDocument) -> Iterator[Problem]:
    """Likely slips that are loaded all the same, for a warning.

    With a price above the list price, the sale's page strikes nothing through,
    and a bag takes the cheaper list price.
    """
    for deal in document.deals:
        if deal.price > deal.list_price:
            yield Problem(
                f"{deal.place}.price", f"{deal.price} is above the list price of {deal.list_price}"
            )
        stock = sum(variant.stock for variant in deal.variants)
        if deal.allocation is not None and deal.allocation > stock:
            yield Problem(
                f"{deal.place}.allocation", f"{deal.allocation} is more than the stock of {stock}"
            )


def _deal(reader: ObjectReader) -> DealDocument:
    sku = _text(reader, Product, "sku")
    return DealDocument(
        place=reader.place,
        sku=sku,
        slug=_optional_text(reader, Product, "slug"),
        name=_text(reader, Product, "name"),
        text=_optional_text(reader, Product, "text"),
        list_price=reader.integer("list_price", least=1, most=MOST_MONEY),
        price=reader.integer("price", least=1, most=MOST_MONEY),
        currency=_optional_text(reader, Product, "currency"),
        variants=tuple(_variants(reader, sku)),
        allocation=_integer(reader, Deal, "allocation") if reader.has("allocation") else None,
        max_per_shopper=_integer(reader, Deal, "max_per_shopper"),
    )


def _variants(reader: ObjectReader, product_sku: str) -> Iterator[VariantDocument]:
    if reader.has("variants"):
        if reader.has("stock"):
            reader.add_problem("stock", "a product has either stock or variants, not both")
        for each in reader.objects("variants", known=_VARIANT_KEYS):
            yield VariantDocument(
                place=each.place,
                sku=_text(each, Variant, "sku"),
                name=_text(each, Variant, "name"),
                stock=_integer(each, Variant, "stock"),
            )
    else:
        stock = _integer(reader, Variant, "stock")
        yield VariantDocument(place=reader.place, sku=product_sku, name="", stock=stock)


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
        if deal.slug is not None and deal.slug in slugs:
            yield Problem(f"{deal.place}.slug", f"{deal.slug} is in {slugs[deal.slug]} already")
        slugs.setdefault(deal.slug or "", deal.place)
        names: dict[str, str] = {}
        for variant in deal.variants:
            for key, value, seen in (("sku", variant.sku, variants), ("name", variant.name, names)):
                if value and value in seen:
                    yield Problem(f"{variant.place}.{key}", f"{value} is in {seen[value]} already")
                seen.setdefault(value, variant.place)


def _text(reader: ObjectReader, model: type[models.Model], name: str) -> str:
    """A text that a model's field of that name can hold."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.CharField | models.TextField)
    is_long = isinstance(field, models.TextField)
    most = field.max_length or MOST_TEXT
    return reader.text(name, most=most, lines=is_long, check=partial(_problem_of, field))


def _optional_text(reader: ObjectReader, model: type[models.Model], name: str) -> str | None:
    return _text(reader, model, name) if reader.has(name) else None


def _integer(reader: ObjectReader, model: type[models.Model], name: str) -> int:
    """A whole number within the bounds of a model's field, or its default."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.IntegerField)
    bounds = field.validators
    least = max(each.limit_value for each in bounds if isinstance(each, MinValueValidator))
    most = min(each.limit_value for each in bounds if isinstance(each, MaxValueValidator))
    default = field.default if field.has_default() else None
    return reader.integer(name, least=least, most=min(most, MOST_UNITS), default=default)


#: Stands for an instant that could not be read.
_UNKNOWN = datetime.max.replace(tzinfo=UTC)


def _instant(reader: ObjectReader, name: str) -> datetime:
    """An instant in ISO 8601 with its offset; ``_UNKNOWN`` where there is none."""
    count = len(reader.problems)
    text = reader.text(name, most=40)
    if len(reader.problems) > count:
        return _UNKNOWN
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        reader.add_problem(name, f"{text} is not a time such as 2026-11-27T12:00:00+01:00")
        return _UNKNOWN
    if instant.tzinfo is None:
        reader.add_problem(name, f"{text} has no offset: write it as 2026-11-27T12:00:00+01:00")
        return _UNKNOWN
    field = Sale._meta.get_field(name)
    assert isinstance(field, models.DateTimeField)
    if problem := _problem_of(field, instant):
        reader.add_problem(name, problem)
        return _UNKNOWN
    return instant.astimezone(UTC)


def _problem_of(field: "models.Field[Any, Any]", value: Any) -> str | None:
    """What a model field's validators say of a value, if it is wrong."""
    try:
        field.run_validators(value)
    except ValidationError as error:
        message = str(error.messages[0])
        return message if str(value) in message else f"{value} will not do: {message}"
    return None
