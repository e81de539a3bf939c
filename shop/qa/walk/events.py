"""What a merchant and shoppers did: plain records, from which the account works out the rest.

Money is in minor units; instants are aware; a sale is named by its slug, a product by
its sku. Whoever arranges a sale records here what he did, never what came of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

#: The slug that stands for list prices, outside any sale (the offer's claim ``sale``).
LIST_PRICES = "list"


@dataclass(frozen=True, kw_only=True)
class DealTerms:
    """A product in a sale: what one unit costs there, and the most for one shopper.

    ``allocation``: units set aside for it; None: all the stock.
    """

    price: int
    limit: int = 10
    allocation: int | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, kw_only=True)
class SaleTerms:
    """A sale as its merchant has set it, from one change to the next; deals by sku."""

    title: str
    zone: str
    opens: datetime
    closes: datetime
    hold: timedelta
    is_published: bool
    deals: Mapping[str, DealTerms]


@dataclass(frozen=True, kw_only=True)
class TermsSet:
    """From ``at`` on a sale stands as ``terms`` say."""

    at: datetime
    sale: str
    terms: SaleTerms


@dataclass(frozen=True, kw_only=True)
class HoldExtended:
    """Offers shown before an instant are held so much longer."""

    at: datetime
    sale: str
    longer: timedelta
    shown_before: datetime


@dataclass(frozen=True, kw_only=True)
class OffersRecalled:
    """Offers of a sale, or of one product in it, were taken back.

    All that were out, or those shown from ``shown_from`` on and before ``shown_before``.
    """

    at: datetime
    sale: str
    sku: str | None = None
    shown_from: datetime | None = None
    shown_before: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ListPriceSet:
    """From ``at`` on a product costs so much outside any sale, if it is sold there at all.

    ``stock``: units ever supplied of it; None where nobody counts.
    """

    at: datetime
    sku: str
    price: int
    is_sold: bool = True
    stock: int | None = None


@dataclass(frozen=True, kw_only=True)
class ShownPrice:
    """A price that a page has shown to one shopper, and until when it said it would hold."""

    sale: str
    sku: str
    shown_at: datetime
    held_until: datetime
    price: int
    was: int
    currency: str = "EUR"
    limit: int = 10
    #: The id of the signed offer, by which a bag names its line.
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class Bought:
    """Units bought at a shown price, and how many of them went back."""

    price: ShownPrice
    units: int
    refunded: int = 0


@dataclass(frozen=True, kw_only=True)
class OrderPaid:
    """An order that was paid as it was placed; ``number`` is how people name it."""

    at: datetime
    number: str
    bought: tuple[Bought, ...]
    #: When anything happened to it that its pages tell: it was ordered, paid, refunded.
    events: tuple[datetime, ...] = ()
    money_back: int = 0


type Event = TermsSet | HoldExtended | OffersRecalled | ListPriceSet | OrderPaid
