"""Sense checks: what is allowed in a sale, and is probably a slip.

Here is what they are, the facts that they judge (``sense_facts`` reads them from rows), and
what they find; ``sense_rules`` has the rules. A warning is to be acknowledged before the sale
is published; a hint is only shown. Neither keeps anybody from anything: what is impossible,
models refuse.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class SenseCheck(StrEnum):
    """Every check."""

    NO_DEALS = "no_deals"
    OVER = "over"
    OPENS_FAR = "opens_far"
    OPENS_SOON = "opens_soon"
    OPENS_AT_ONCE = "opens_at_once"
    OPENS_AT_NIGHT = "opens_at_night"
    SHORT_WINDOW = "short_window"
    LONG_WINDOW = "long_window"
    ODD_LENGTH = "odd_length"
    A_MINUTE_SHORT = "a_minute_short"
    SHORT_HOLD = "short_hold"
    LONG_HOLD = "long_hold"
    TWO_CURRENCIES = "two_currencies"
    NOTHING_IN_STOCK = "nothing_in_stock"
    NO_STOCK = "no_stock"
    ABOVE_LIST_PRICE = "above_list_price"
    NOT_REDUCED = "not_reduced"
    DEEP_REDUCTION = "deep_reduction"
    TWO_PRICES = "two_prices"
    OVER_ALLOCATED = "over_allocated"
    SET_ASIDE_TWICE = "set_aside_twice"
    RAISED_IN_VAIN = "raised_in_vain"
    LIMIT_ABOVE_STOCK = "limit_above_stock"

    @property
    def is_warning(self) -> bool:
        """Whether what it finds is to be acknowledged, or only shown."""
        return self not in _HINTS

    @property
    def field(self) -> str:
        """The field that it concerns: of the sale, of a deal, its ``deals``, or the ``stock``."""
        return next(field for field, checks in _CHECKS_BY_FIELD.items() if self in checks)


_HINTS = frozenset(
    {
        SenseCheck.OPENS_SOON,
        SenseCheck.OPENS_AT_ONCE,
        SenseCheck.OPENS_AT_NIGHT,
        SenseCheck.ODD_LENGTH,
        SenseCheck.A_MINUTE_SHORT,
        SenseCheck.SHORT_HOLD,
        SenseCheck.LIMIT_ABOVE_STOCK,
    }
)
_CHECKS_BY_FIELD = {
    "deals": frozenset(
        {SenseCheck.NO_DEALS, SenseCheck.TWO_CURRENCIES, SenseCheck.NOTHING_IN_STOCK}
    ),
    "ends_at": frozenset(
        {
            SenseCheck.OVER,
            SenseCheck.SHORT_WINDOW,
            SenseCheck.LONG_WINDOW,
            SenseCheck.ODD_LENGTH,
            SenseCheck.A_MINUTE_SHORT,
        }
    ),
    "starts_at": frozenset(
        {
            SenseCheck.OPENS_FAR,
            SenseCheck.OPENS_SOON,
            SenseCheck.OPENS_AT_ONCE,
            SenseCheck.OPENS_AT_NIGHT,
        }
    ),
    "hold_seconds": frozenset({SenseCheck.SHORT_HOLD, SenseCheck.LONG_HOLD}),
    "stock": frozenset({SenseCheck.NO_STOCK}),
    "price": frozenset(
        {
            SenseCheck.ABOVE_LIST_PRICE,
            SenseCheck.NOT_REDUCED,
            SenseCheck.DEEP_REDUCTION,
            SenseCheck.TWO_PRICES,
        }
    ),
    "allocation": frozenset(
        {SenseCheck.OVER_ALLOCATED, SenseCheck.SET_ASIDE_TWICE, SenseCheck.RAISED_IN_VAIN}
    ),
    "max_per_shopper": frozenset({SenseCheck.LIMIT_ABOVE_STOCK}),
}


@dataclass(frozen=True, slots=True)
class OtherDeal:
    """A deal of the same product in a sale whose window overlaps."""

    sale: str
    is_draft: bool
    price: int
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    set_aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DealFacts:
    """What is checked of a deal; amounts in minor units, None where nothing valid is written.

    ``was`` is the reference price (None where there is none), ``stock`` what was ever supplied of
    the product, ``left`` what is left of it, ``claimed`` the deal's own claims, and ``raised`` the
    units that came in since the sale was published and its allocation last decided.
    """

    product: int
    sku: str
    name: str
    currency: str
    list_price: int
    price: int | None
    was: int | None
    allocation: int | None
    claimed: int
    limit: int | None
    stock: int
    left: int
    raised: int = 0
    others: tuple[OtherDeal, ...] = ()

    @property
    def set_aside(self) -> int:
        """Units that are set aside and not claimed yet."""
        return (self.allocation or 0) - self.claimed

    @property
    def for_sale(self) -> int:
        """Units that can still be claimed."""
        return self.left if self.allocation is None else min(self.left, self.set_aside)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it can be bought, and nothing was."""
        return not self.claimed and self.for_sale <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFacts:
    """What is checked of a sale; None where nothing valid is written yet."""

    zone: ZoneInfo
    starts_at: datetime | None
    ends_at: datetime | None
    hold: timedelta | None
    is_published: bool
    deals: tuple[DealFacts, ...]


@dataclass(frozen=True, slots=True)
class SenseFinding:
    """What a check found: its sentence, and the deal's sku and product where it concerns one.

    ``figures`` are those that make it another finding when they change.
    """

    check: SenseCheck
    text: str
    figures: tuple[object, ...] = ()
    sku: str = ""
    product: int | None = None

    @property
    def is_warning(self) -> bool:
        """Whether it is to be acknowledged."""
        return self.check.is_warning

    @property
    def key(self) -> str:
        """What identifies it: who acknowledged a finding has acknowledged all with its key."""
        return " ".join(str(each) for each in (self.check, self.sku, *self.figures) if each)


def warnings(found: Iterable[SenseFinding]) -> tuple[SenseFinding, ...]:
    """The warnings among findings."""
    return tuple(each for each in found if each.is_warning)
