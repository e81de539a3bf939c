"""The account's own sums: of lines, bags, charges, orders and what a sale sold.

Exact fractions in place of the shop's arithmetic; money is in minor units.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import floor

from shop.qa.walk.account import ShopAccount
from shop.qa.walk.events import Bought, ShownPrice


@dataclass(frozen=True, kw_only=True)
class ChargeTerms:
    """What the shop adds to goods: shipping, free from a sum on (0: never); a tax in prices."""

    shipping: int = 0
    free_from: int = 0
    tax_percent: str = "0"
    currency: str = "EUR"


@dataclass(frozen=True)
class ExpectedLine:
    """What a bag has to say of a price that it carries.

    ``held_until`` is that of the price it has now: renewed, if the old one has run out
    and the product costs no more, or taken in its place because it costs less.
    ``costs_now`` is what the product can be had for instead; None where it cannot.
    """

    shown: ShownPrice
    units: int
    verdict: str
    price: int
    held_until: datetime
    sale: str
    was: int
    is_renewed: bool = False
    is_cheaper: bool = False
    costs_now: int | None = None

    def as_price(self, at: datetime) -> ShownPrice:
        """The price that the bag carries from now on: a new one, where it took one."""
        if not self.is_renewed and not self.is_cheaper:
            return self.shown
        return replace(
            self.shown,
            sale=self.sale,
            shown_at=at,
            held_until=self.held_until,
            price=self.price,
            was=self.was,
        )

    @property
    def is_honored(self) -> bool:
        """Whether it can be bought."""
        return self.verdict == "honored"

    @property
    def total(self) -> int:
        """What its units cost together."""
        return self.price * self.units


@dataclass(frozen=True)
class ExpectedBag:
    """What a bag has to say of itself; ``ids`` are what the page calls its lines, in order."""

    lines: tuple[ExpectedLine, ...]
    ids: tuple[str, ...] = ()

    @property
    def units(self) -> int:
        """Units in it, refused ones included."""
        return sum(line.units for line in self.lines)

    @property
    def total(self) -> int:
        """What of it can be bought, together."""
        return sum(line.total for line in self.lines if line.is_honored)

    @property
    def first_hold_end(self) -> datetime | None:
        """When the first of the prices that can be bought runs out."""
        return min((line.held_until for line in self.lines if line.is_honored), default=None)

    @property
    def can_be_ordered(self) -> bool:
        """Whether checkout takes all of it."""
        return bool(self.lines) and all(line.is_honored for line in self.lines)

    def line(self, line_id: str) -> ExpectedLine | None:
        """The line that a page calls so: a renewed one has another id than its offer had."""
        if line_id in self.ids and len(self.ids) == len(self.lines):
            return self.lines[self.ids.index(line_id)]
        return next((line for line in self.lines if line.shown.line == line_id), None)


@dataclass(frozen=True)
class ExpectedCharge:
    """What an order costs: its goods, shipping, all of it, and the tax that is in it."""

    lines: tuple[tuple[str, int, int], ...]
    shipping: int
    tax: int

    @property
    def goods(self) -> int:
        """The goods alone."""
        return sum(price * units for _, price, units in self.lines)

    @property
    def total(self) -> int:
        """All that is charged."""
        return self.goods + self.shipping


def expected_bag(
    account: ShopAccount,
    carried: Sequence[tuple[ShownPrice, int]],
    at: datetime,
    *,
    is_added: bool = False,
) -> ExpectedBag:
    """A bag with prices and units of each, as it has to be shown at an instant.

    :param is_added: they are just being put into it: a price that has run out is refused then,
        and not renewed
    """
    return ExpectedBag(
        tuple(
            _expected_line(account, carried, shown, units, at, is_added) for shown, units in carried
        )
    )


def _expected_line(
    account: ShopAccount,
    carried: Sequence[tuple[ShownPrice, int]],
    shown: ShownPrice,
    units: int,
    at: datetime,
    is_added: bool,
) -> ExpectedLine:
    verdict, until = account.verdict(shown, at), account.honored_until(shown, at)
    now = account.cheapest(shown.sku, at, prefer=shown.sale)
    costs_now = now[1] if now is not None else None
    others = {(each.sale, each.sku) for each, _ in carried if each is not shown}
    if now is not None and (now[0], shown.sku) not in others:
        sale, price = now
        ran_out = verdict == "expired" and price <= shown.price and not is_added
        is_cheaper = verdict == "honored" and price < shown.price
        if ran_out or is_cheaper:
            second = at.replace(microsecond=0)
            return ExpectedLine(
                *(shown, units, "honored", price, second + account.hold(sale, at)),
                *(sale, account.was(sale, shown.sku, at)),
                is_renewed=not price < shown.price,
                is_cheaper=price < shown.price,
                costs_now=price,
            )
    instead = None if verdict == "used" else costs_now
    return ExpectedLine(
        *(shown, units, verdict, shown.price, until, shown.sale, shown.was), costs_now=instead
    )


def charge(
    lines: Iterable[tuple[str, int, int]], terms: ChargeTerms, currency: str
) -> ExpectedCharge:
    """What lines of sku, unit price and units cost, with shipping, and the tax in it."""
    lines = tuple(lines)
    goods = sum(price * units for _, price, units in lines)
    shipping = terms.shipping if currency == terms.currency else 0
    if terms.free_from and goods >= terms.free_from:
        shipping = 0
    percent = Fraction(terms.tax_percent)
    tax = Fraction(goods + shipping) * percent / (100 + percent)
    return ExpectedCharge(lines, shipping, floor(tax + Fraction(1, 2)))


@dataclass(frozen=True, kw_only=True)
class Turnover:
    """What was paid for in a sale: the goods alone, refunded or not."""

    orders: int = 0
    units: int = 0
    revenue: int = 0
    discount: int = 0
    refunded_units: int = 0
    refunded: int = 0


def turnover(
    account: ShopAccount, sale: str, at: datetime, *, sku: str | None = None, late: bool = False
) -> Turnover:
    """What a sale, or one product in it, had sold by an instant.

    :param late: only what was ordered when the sale was over
    """
    orders, bought = 0, list[Bought]()
    for order in account.orders:
        terms = account.terms(sale, order.at)
        is_late = terms is not None and order.at >= terms.closes
        of_it = [
            each
            for each in order.bought
            if each.price.sale == sale and sku in {None, each.price.sku}
        ]
        if order.at <= at and of_it and (is_late or not late):
            orders += 1
            bought += of_it
    return Turnover(
        orders=orders,
        units=sum(each.units for each in bought),
        revenue=sum(each.units * each.price.price for each in bought),
        discount=sum(each.units * max(0, each.price.was - each.price.price) for each in bought),
        refunded_units=sum(each.refunded for each in bought),
        refunded=sum(each.refunded * each.price.price for each in bought),
    )


def units_left(account: ShopAccount, sale: str, sku: str, at: datetime) -> tuple[int, int] | None:
    """Units that orders of a sale keep of a product, and units that are left of it there.

    None where nobody counts its stock. What was refunded is back in stock.
    """
    listed = account.list_price(sku, at)
    terms = account.terms(sale, at)
    if listed is None or listed.stock is None or terms is None:
        return None
    kept = [
        (each.price.sale, each.units - each.refunded)
        for order in account.orders
        for each in order.bought
        if order.at <= at and each.price.sku == sku
    ]
    of_deal = sum(units for each, units in kept if each == sale)
    left = listed.stock - sum(units for _, units in kept)
    allocation = terms.deals[sku].allocation
    return of_deal, left if allocation is None else min(left, allocation - of_deal)
