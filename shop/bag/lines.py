"""The bag: offers that the browser carries, with the units wanted of each.

It lives in one cookie and nowhere else. Each deal has one line at most. A line
whose offer cannot be read any more stays, marked, until the shopper removes it.
A second cookie, which hardly anybody has, keeps prices past their hold (``kept_prices``).
"""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from offers import tokens
from offers.terms import Offer
from offers.verdicts import Verdict
from shop.bag import cookie
from shop.bag.verified_offers import read_offer
from shop.core.cookie_names import host_cookie
from shop.core.money import format_money
from shop.sales.kept_prices import KeptPrices

MAX_AGE_SECONDS = 90 * 24 * 3600


class Line(cookie.Packed):
    """One offer as the browser brought it, and the units wanted by variant's sku."""

    @cached_property
    def offer(self) -> Offer | None:
        """The terms; None where the message cannot be read, for ``defect``."""
        return self._reading if isinstance(self._reading, Offer) else None

    @property
    def defect(self) -> Verdict:
        """The verdict on a message that cannot be read."""
        return Verdict.FORGED if isinstance(self._reading, Offer) else self._reading

    @cached_property
    def _reading(self) -> Offer | Verdict:
        try:
            return read_offer(self.message)
        except tokens.Unreadable as error:
            return error.verdict

    @cached_property
    def id(self) -> str:
        """The line's name in forms: the offer's ``jti``; a digest where it cannot be read."""
        if self.offer is not None:
            return self.offer.id
        return sha256(self.message.encode()).hexdigest()[:22]

    @cached_property
    def sku(self) -> str:
        """The product's sku; of an unreadable message, the one it claims."""
        return self.offer.sku if self.offer else tokens.hint(self.message, "sku")

    @property
    def quantity(self) -> int:
        """Units wanted, of all variants together."""
        return sum(self.quantities.values())

    @property
    def amount(self) -> int:
        """The unit price in minor units; 0 where the message cannot be read."""
        return self.offer.amount if self.offer else 0

    @property
    def amount_text(self) -> str:
        """The unit price, as people read it."""
        return format_money(self.amount, self.offer.currency) if self.offer else ""

    @property
    def total_text(self) -> str:
        """The price of all its units, as people read it."""
        return total_text([self])

    def with_quantity(self, variant: str, quantity: int) -> "Line | None":
        """The line with another number of units of a variant; None where no unit is left."""
        rest = {sku: units for sku, units in self.quantities.items() if sku != variant}
        wanted = {**self.quantities, variant: quantity} if quantity else rest
        return replace(self, quantities=wanted) if wanted else None


def totals(lines: Iterable[Line]) -> dict[str, int]:
    """The sums of lines by currency, in minor units."""
    sums: Counter[str] = Counter()
    for line in lines:
        if line.offer is not None:
            sums[line.offer.currency] += line.amount * line.quantity
    return sums


def total_text(lines: Iterable[Line]) -> str:
    """The sums of lines as people read them, one for each currency."""
    return " + ".join(format_money(sum_, currency) for currency, sum_ in totals(lines).items())


class Bag:
    """The lines of one browser, in the order in which they came."""

    def __init__(self, value: str = "", kept: str = "") -> None:
        packed, self.damaged = cookie.unpack(value)
        self.lines = [Line(each.message, each.quantities) for each in packed]
        self.kept = KeptPrices.read(kept)
        self._brought, self._brought_kept = self.lines, self.kept

    @classmethod
    def from_request(cls, request: HttpRequest) -> "Bag":
        """The bag that a request brought."""
        cookies = request.COOKIES
        return cls(cookies.get(cookie_name(), ""), cookies.get(cookie_name("kept"), ""))

    @property
    def count(self) -> int:
        """Units in the bag, refused lines included."""
        return sum(line.quantity for line in self.lines)

    def line(self, line_id: str) -> Line | None:
        """The line that a form names."""
        return next((line for line in self.lines if line.id == line_id), None)

    def line_of(self, sale: str, sku: str) -> Line | None:
        """The line that holds an offer of a deal."""
        deal = sale, sku
        return next((line for line in self.lines if line.offer and line.offer.deal == deal), None)

    def put(self, line: Line, *, instead_of: Line | None = None) -> None:
        """Put a line in the place of another, or at the end.

        :raises cookie.BagFull: it does not fit; the bag is as it was
        """
        lines = [line if each is instead_of else each for each in self.lines]
        if instead_of is None:
            lines.append(line)
        cookie.pack(lines)
        self.lines = lines

    def remove(self, line: Line) -> None:
        """Remove a line."""
        self.lines = [each for each in self.lines if each is not line]

    def keep(self, lines: Iterable[Line], until: datetime, now: datetime) -> None:
        """Keep the prices of lines until an instant, whatever their hold."""
        self.kept = self.kept.keep([line.id for line in lines], until, now)

    def save(self, response: HttpResponse) -> None:
        """Set the bag's cookies, those of them that have changed."""
        if self.lines != self._brought:
            # Lines are only added where they fit. What another program packed may not fit with
            # fewer lines either, and stays as it is.
            with suppress(cookie.BagFull):
                _set_cookie(response, cookie_name(), cookie.pack(self.lines))
        if self.kept != self._brought_kept:
            _set_cookie(response, cookie_name("kept"), self.kept.message)


def cookie_name(name: str = "bag") -> str:
    """The name of a cookie."""
    return host_cookie(name, https=settings.HTTPS)


def _set_cookie(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=MAX_AGE_SECONDS if value else 0,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
