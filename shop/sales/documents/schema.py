"""The document that describes a sale: what ``load_sale`` reads, and nothing of how it is written.

Pure: JSON text in, frozen values out, or every defect at once by its place.
What only the rows can know (a currency that changed, fewer units than are
claimed) is ``loading``'s to find.

An absent key with a default has it on every load: ``published`` (false),
``hold_seconds`` (1800), ``allocation`` (all the stock), ``max_per_shopper``
(10). An absent ``title``, ``text``, ``time_zone``, ``currency`` or ``slug`` of
a product says nothing: what is there stays, and something new gets the sale's
slug for a title, no text, the shop's zone and currency, an address made of
its name.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from offers.terms import LIST
from shop.catalog.models import sku_validator
from shop.core.money import is_currency
from shop.sales.documents.json_reader import DocumentError, ObjectReader, Problem, decode
from shop.sales.models import (
    LONGEST_HOLD_SECONDS,
    MOST_PER_SHOPPER,
    Sale,
    validate_time_zone,
)

#: Twelve digits of minor units: the most that Stripe charges in any currency.
MOST_MONEY = 999_999_999_999
#: What a column for units holds.
MOST_UNITS = 2_147_483_647
MOST_TEXT = 10_000

_SALE_KEYS = frozenset(
    {"slug", "title", "text", "time_zone", "starts_at", "ends_at", "hold_seconds", "published"}
    | {"deals"}
)
_DEAL_KEYS = frozenset(
    {"sku", "slug", "name", "text", "list_price", "price", "currency"}
    | {"stock", "variants", "allocation", "max_per_shopper"}
)
_VARIANT_KEYS = frozenset({"sku", "name", "stock"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDocument:
    """What is counted: a size, or (unnamed, of the product's sku) the product itself."""

    place: str
    sku: str
    name: str
    stock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DealDocument:
    """A product and its price in the sale. Money in minor units, ``stock`` in units ever supplied.

    None where the document says nothing.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDocument:
    """A sale as a merchant wants it to be; the deals in the order in which its page shows them."""

    slug: str
    title: str | None
    text: str | None
    time_zone: str | None
    starts_at: datetime
    ends_at: datetime
    hold_seconds: int
    published: bool
    deals: tuple[DealDocument, ...]


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
        slug=reader.text("slug", most=80, check=_sale_slug_problem),
        title=reader.optional_text("title", most=120),
        text=reader.optional_text("text", most=MOST_TEXT, lines=True),
        time_zone=reader.optional_text("time_zone", most=64, check=_by(validate_time_zone)),
        starts_at=_instant(reader, "starts_at"),
        ends_at=_instant(reader, "ends_at"),
        hold_seconds=reader.integer(
            "hold_seconds", least=1, most=LONGEST_HOLD_SECONDS, default=1800
        ),
        published=reader.boolean("published", default=False),
        deals=tuple(_deal(each) for each in reader.objects("deals", known=_DEAL_KEYS)),
    )
    window = (document.starts_at, document.ends_at)
    if _UNKNOWN not in window and document.ends_at <= document.starts_at:
        reader.complain("ends_at", "the sale has to end after it starts")
    problems.extend(_repetitions(document.deals))
    if problems:
        raise DocumentError(*problems)
    return document


def doubts(document: SaleDocument) -> Iterator[Problem]:
    """What may be meant, and may be a slip: loaded, but worth a word.

    A price above the list price is no error: the sale's page strikes nothing
    through, and a bag takes the cheaper list price.
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
    sku = reader.text("sku", most=64, check=_by(sku_validator))
    return DealDocument(
        place=reader.place,
        sku=sku,
        slug=reader.optional_text("slug", most=80, check=_by(validate_slug)),
        name=reader.text("name", most=120),
        text=reader.optional_text("text", most=MOST_TEXT, lines=True),
        list_price=reader.integer("list_price", least=1, most=MOST_MONEY),
        price=reader.integer("price", least=1, most=MOST_MONEY),
        currency=reader.optional_text("currency", most=3, check=_currency_problem),
        variants=tuple(_variants(reader, sku)),
        allocation=reader.optional_integer("allocation", least=0, most=MOST_UNITS),
        max_per_shopper=reader.integer(
            "max_per_shopper", least=1, most=MOST_PER_SHOPPER, default=10
        ),
    )


def _variants(reader: ObjectReader, product_sku: str) -> Iterator[VariantDocument]:
    if reader.has("variants"):
        if reader.has("stock"):
            reader.complain("stock", "a product has either stock or variants, not both")
        for each in reader.objects("variants", known=_VARIANT_KEYS):
            yield VariantDocument(
                place=each.place,
                sku=each.text("sku", most=64, check=_by(sku_validator)),
                name=each.text("name", most=60),
                stock=each.integer("stock", least=0, most=MOST_UNITS),
            )
    else:
        stock = reader.integer("stock", least=0, most=MOST_UNITS)
        yield VariantDocument(place=reader.place, sku=product_sku, name="", stock=stock)


def _repetitions(deals: Iterable[DealDocument]) -> Iterator[Problem]:
    """Skus, addresses and names of variants that stand in the document twice."""
    products: dict[str, str] = {}
    slugs: dict[str, str] = {}
    variants: dict[str, str] = {}
    for deal in deals:
        if deal.sku in products:
            # Its variants are not worth a word: they are the same product's.
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


#: Stands for an instant that could not be read.
_UNKNOWN = datetime.max.replace(tzinfo=UTC)


def _instant(reader: ObjectReader, name: str) -> datetime:
    """An instant in ISO 8601 with its offset; ``_UNKNOWN`` where there is none."""
    if not reader.has(name):
        reader.text(name, most=40)
        return _UNKNOWN
    count = len(reader.problems)
    text = reader.text(name, most=40)
    if len(reader.problems) > count:
        return _UNKNOWN
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        reader.complain(name, f"{text} is not a time such as 2026-11-27T12:00:00+01:00")
        return _UNKNOWN
    if instant.tzinfo is None:
        reader.complain(name, f"{text} has no offset: write it as 2026-11-27T12:00:00+01:00")
        return _UNKNOWN
    # Far from the calendar's ends, so that whatever is added to it is a date.
    if not 2000 <= instant.year < 3000:
        reader.complain(name, f"{text} is not in the years 2000 to 2999")
        return _UNKNOWN
    return instant.astimezone(UTC)


def _sale_slug_problem(slug: str) -> str | None:
    if slug == LIST:
        return f"{LIST} stands for list prices: no sale can be called so"
    return _by(Sale._meta.get_field("slug").run_validators)(slug)


def _currency_problem(code: str) -> str | None:
    return None if is_currency(code) else f"{code} is not a currency of ISO 4217, such as EUR"


def _by(validate: Callable[[str], None]) -> Callable[[str], str | None]:
    """A model's validator, as something that says what is wrong."""

    def problem(value: str) -> str | None:
        try:
            validate(value)
        except ValidationError as error:
            return f"{value} will not do: {error.messages[0]}"
        return None

    return problem
