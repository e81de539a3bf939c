"""What is on show of a product, as immutable values."""

from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse

from shop.catalog.pictures import Picture
from shop.core.money import format_money


@dataclass(frozen=True)
class VariantSnapshot:
    """A size of a product (unnamed where it has none), and how many are left."""

    id: int
    sku: str
    name: str
    position: int
    left: int


@dataclass(frozen=True, kw_only=True)
class ProductSnapshot:
    """A product, with what its list price offer is made of."""

    id: int
    sku: str
    slug: str
    name: str
    text: str
    picture: Picture
    list_price: int
    currency: str
    sold_at_list_price: bool
    nonce: str
    variants: tuple[VariantSnapshot, ...]

    @cached_property
    def url(self) -> str:
        return reverse("sales:product", args=[self.slug])

    @cached_property
    def list_price_text(self) -> str:
        return format_money(self.list_price, self.currency)

    @cached_property
    def left(self) -> int:
        """Units left, of all variants together."""
        return sum(variant.left for variant in self.variants)

    @cached_property
    def has_choice(self) -> bool:
        """Whether the shopper has to pick a variant."""
        return any(variant.name for variant in self.variants)

    def variant(self, sku: str) -> VariantSnapshot | None:
        """The variant of this sku, if it is one of this product's."""
        return next((each for each in self.variants if each.sku == sku), None)
