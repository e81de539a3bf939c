"""The bag: offers that the browser carries, with the units wanted of each.

It lives in one cookie and nowhere else. An offer's deal stands in it once. A
line whose offer can no longer be read stays, marked, until the shopper removes
it: nothing leaves a bag by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from offers import conf, tokens
from offers.terms import Offer
from offers.verdicts import Verdict
from shop.bag import cookie
from shop.core.money import format_money

MAX_AGE_SECONDS = 90 * 24 * 3600


@dataclass(frozen=True)
class Line:
    """One offer, as the browser brought it, and the units wanted by variant's sku."""

    message: str
    quantities: Mapping[str, int]

    @cached_property
    def offer(self) -> Offer | None:
        """The terms, if the message is one of ours; None otherwise, with ``defect`` saying why."""
        return self._reading if isinstance(self._reading, Offer) else None

    @cached_property
    def defect(self) -> Verdict | None:
        """Why the message cannot be read, if it cannot."""
        return None if isinstance(self._reading, Offer) else self._reading

    @cached_property
    def _reading(self) -> Offer | Verdict:
        try:
            return tokens.read_offer(self.message, conf.ring())
        except tokens.Unreadable as error:
            return error.verdict

    @cached_property
    def id(self) -> str:
        """What forms call the line: the offer's ``jti``, or a digest where there is none."""
        if self.offer is not None:
            return self.offer.id
        return sha256(self.message.encode()).hexdigest()[:22]

    @cached_property
    def sku(self) -> str:
        """The product it is about; of an unreadable message, what it says of itself."""
        return self.offer.sku if self.offer else tokens.hint(self.message, "sku")

    @property
    def quantity(self) -> int:
        """Units wanted, of all variants together."""
        return sum(self.quantities.values())

    def with_quantity(self, variant: str, quantity: int) -> "Line | None":
        """The line with another number of units of a variant; None where nothing is left."""
        rest = {sku: units for sku, units in self.quantities.items() if sku != variant}
        wanted = {**self.quantities, variant: quantity} if quantity else rest
        return replace(self, quantities=wanted) if wanted else None


class Bag:
    """The lines of one browser, in the order in which they came."""

    def __init__(self, value: str = "") -> None:
        unpacked = cookie.unpack(value)
        self.damaged = unpacked.damaged
        self.lines = [Line(each.message, each.quantities) for each in unpacked.lines]
        self._brought = self.lines

    @classmethod
    def from_request(cls, request: HttpRequest) -> "Bag":
        """The bag that a request brought."""
        return cls(request.COOKIES.get(cookie_name(), ""))

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def count(self) -> int:
        """Units in the bag, whatever has become of their prices."""
        return sum(line.quantity for line in self.lines)

    @property
    def total_text(self) -> str:
        """What its prices add up to, as people read it, before anyone has judged them."""
        totals: dict[str, int] = {}
        for line in self.lines:
            if line.offer is not None:
                amount = line.offer.amount * line.quantity
                totals[line.offer.currency] = totals.get(line.offer.currency, 0) + amount
        return " + ".join(format_money(total, currency) for currency, total in totals.items())

    @property
    def offers(self) -> list[Offer]:
        """The offers that can be read."""
        return [line.offer for line in self.lines if line.offer is not None]

    def line(self, line_id: str) -> Line | None:
        """The line that a form names."""
        return next((line for line in self.lines if line.id == line_id), None)

    def line_of(self, deal: tuple[str, str]) -> Line | None:
        """The line that holds an offer of this deal, (sale, sku)."""
        return next(
            (line for line in self.lines if line.offer is not None and line.offer.deal == deal),
            None,
        )

    def put(self, line: Line, *, instead_of: Line | None = None) -> None:
        """Take a line in, in the place of another or at the end.

        :raises cookie.BagFull: it does not fit; the bag is as it was
        """
        lines = [line if each is instead_of else each for each in self.lines]
        if instead_of is None:
            lines.append(line)
        _pack(lines)
        self.lines = lines

    def remove(self, line: Line) -> None:
        """Take a line out."""
        self.lines = [each for each in self.lines if each is not line]

    def save(self, response: HttpResponse) -> None:
        """Give the browser its bag, if it is not the one it brought."""
        if self.lines == self._brought:
            return
        value = _pack(self.lines)
        response.set_cookie(
            cookie_name(),
            value,
            max_age=MAX_AGE_SECONDS if value else 0,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )


def _pack(lines: list[Line]) -> str:
    return cookie.pack([cookie.Packed(line.message, line.quantities) for line in lines])


def cookie_name() -> str:
    """The bag's cookie; tied to the host where the connection is encrypted (``__Host-``)."""
    return "__Host-bag" if settings.HTTPS else "bag"
