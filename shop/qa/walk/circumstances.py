"""What the truth depends on: the account, the instant, and the bag of whoever looks."""

from dataclasses import dataclass, field
from datetime import datetime

from shop.qa.walk.account import ShopAccount
from shop.qa.walk.events import OrderPaid, SaleTerms
from shop.qa.walk.sums import (
    ChargeTerms,
    ExpectedBag,
    ExpectedCharge,
    ExpectedLine,
    Turnover,
    charge,
    turnover,
    units_left,
)

#: What the bag is called in statements, and in those of the checkout page.
BAG = "bag"


class NotKnown(Exception):
    """The account cannot say: the statement is of something that was never recorded."""


class NotRecorded(NotKnown):
    """Nobody has recorded what it takes to say: no such statement is judged."""


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """An account at an instant, and the bag of whoever looks; times may be told in ``zones``.

    What is asked for and was never recorded raises ``NotKnown``.
    """

    account: ShopAccount
    at: datetime
    bag: ExpectedBag = field(default_factory=lambda: ExpectedBag(()))
    charges: ChargeTerms = field(default_factory=ChargeTerms)
    zones: frozenset[str] = frozenset()

    @property
    def second(self) -> datetime:
        """The instant in whole seconds, as offers have it."""
        return self.at.replace(microsecond=0)

    def terms(self, sale: str) -> SaleTerms:
        """A sale as it stands now."""
        terms = self.account.terms(sale, self.at)
        if terms is None:
            raise NotKnown(f"no sale {sale} was ever made")
        return terms

    def line(self, line: str) -> ExpectedLine:
        """A line of the bag by the page's name for it; of a single one, whatever it is called."""
        found = self.bag.line(line)
        if found is None:
            if len(self.bag.lines) == 1:
                return self.bag.lines[0]
            raise NotKnown("nothing of the kind is in this bag")
        return found

    def units(self, deal: str) -> tuple[int, int]:
        """Units of a deal that orders keep, and units that are left."""
        units = units_left(self.account, *parts(deal), self.at)
        if units is None:
            raise NotRecorded
        return units

    def order(self, number: str) -> OrderPaid:
        """An order by its number."""
        for order in self.account.orders:
            if order.number == number:
                return order
        raise NotKnown("nothing of the kind was ordered")

    def charge(self, subject: str) -> ExpectedCharge:
        """The charge of what a bag has that can be bought, or of an order."""
        if subject == BAG:
            honored = [line for line in self.bag.lines if line.is_honored]
            lines = [(line.shown.sku, line.price, line.units) for line in honored]
            currencies = {line.shown.currency for line in honored}
        else:
            bought = self.order(subject).bought
            lines = [(each.price.sku, each.price.price, each.units) for each in bought]
            currencies = {each.price.currency for each in bought}
        return charge(lines, self.charges, next(iter(currencies), self.charges.currency))

    def items(self, subject: str) -> list[tuple[int, int]]:
        """Unit price and units of a product in a bag or an order: ``bag/MUG-01``."""
        of, sku = parts(subject)
        return [(price, units) for each, price, units in self.charge(of).lines if each == sku]

    def sold(self, subject: str, *, late: bool = False) -> Turnover:
        """What a sale, or a deal, has sold by now; ``late``: of that, after its close."""
        sale, _, sku = subject.partition("/")
        return turnover(self.account, sale, self.at, sku=sku or None, late=late)


def sale_of(subject: str) -> str:
    """The sale of a deal, or the order of an item: what stands before the slash."""
    return subject.partition("/")[0]


def parts(deal: str) -> tuple[str, str]:
    """The sale and the sku of a deal.

    :raises NotKnown: nobody could tell of which product it was
    """
    sale, _, sku = deal.partition("/")
    if not sku:
        raise NotKnown("of which product it is, nobody can tell")
    return sale, sku
