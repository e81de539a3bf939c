"""The account: what is offered, held and recalled at an instant, worked out from events alone.

It is the test oracle of walks and rehearsals. It never asks the shop's judge nor any of
its rules: an end of holds, for one, is found by looking at the last seconds in which a
price can have been shown, and not by a formula. Offers say when they were issued in
whole seconds, rounded down; windows are half-open.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shop.qa.walk.events import (
    LIST_PRICES,
    Bought,
    DealTerms,
    Event,
    HoldExtended,
    ListPriceSet,
    OffersRecalled,
    OrderPaid,
    SaleTerms,
    ShownPrice,
    TermsSet,
)

SECOND = timedelta(seconds=1)
#: Directive 98/6/EC, article 6a.
REFERENCE_PERIOD = timedelta(days=30)
FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Span:
    """A half-open stretch of time in which a price could be paid, and for how long it is held."""

    start: datetime
    end: datetime
    price: int
    hold: timedelta = timedelta()


class ShopAccount:
    """The account of a shop; events are recorded in the order of their instants.

    :param max_stale: how old a page may be: a recall of offers from before an instant
        spares later ones only if that instant is longer ago
    :param list_hold: how long a list price is held
    :param references: reference prices by deal (``autumn/MUG-01``) that were fixed by what
        nobody has recorded here; they are not worked out
    """

    def __init__(
        self,
        events: Iterable[Event] = (),
        *,
        max_stale: timedelta = timedelta(minutes=10),
        list_hold: timedelta = timedelta(minutes=30),
        list_limit: int = 10,
        references: Mapping[str, int] | None = None,
    ) -> None:
        self.max_stale = max_stale
        self.list_hold = list_hold
        self.list_limit = list_limit
        self.references = references or {}
        self.terms_set: dict[str, list[TermsSet]] = {}
        self.extensions: list[HoldExtended] = []
        self.recalls: list[OffersRecalled] = []
        self.list_prices: dict[str, list[ListPriceSet]] = {}
        self.orders: list[OrderPaid] = []
        for event in events:
            self.record(event)

    def record(self, event: Event) -> None:
        """Take down what was done."""
        match event:
            case TermsSet():
                self.terms_set.setdefault(event.sale, []).append(event)
            case HoldExtended():
                self.extensions.append(event)
            case OffersRecalled():
                self.recalls.append(event)
            case ListPriceSet():
                self.list_prices.setdefault(event.sku, []).append(event)
            case OrderPaid():
                self.orders.append(event)

    # --- What stands at an instant ---

    def terms(self, sale: str, at: datetime) -> SaleTerms | None:
        """A sale as it stood; None before it was made."""
        done = [each.terms for each in self.terms_set.get(sale, ()) if each.at <= at]
        return done[-1] if done else None

    def phase(self, sale: str, at: datetime) -> str:
        """``upcoming``, ``open``, ``closed``; or ``absent``, where no page shows it."""
        terms = self.terms(sale, at)
        if terms is None or not terms.is_published:
            return "absent"
        if at < terms.opens:
            return "upcoming"
        return "open" if at < terms.closes else "closed"

    def offered(self, sale: str, at: datetime) -> dict[str, DealTerms]:
        """The deals that a sale's page offers, by sku; none while it is not open."""
        if self.phase(sale, at) != "open":
            return {}
        return self.on_show(sale, at)

    def on_show(self, sale: str, at: datetime) -> dict[str, DealTerms]:
        """The deals that a sale's page shows, offered or not."""
        terms = self.terms(sale, at)
        deals = terms.deals.items() if terms else ()
        return {sku: deal for sku, deal in deals if not deal.is_withdrawn}

    def list_price(self, sku: str, at: datetime) -> ListPriceSet | None:
        """What a product costs outside any sale, sold there or not; None before it was made."""
        done = [each for each in self.list_prices.get(sku, ()) if each.at <= at]
        return done[-1] if done else None

    def cheapest(self, sku: str, at: datetime, prefer: str = "") -> tuple[str, int] | None:
        """Where a product costs the least now, and how much: in an open sale, or at list price.

        :param prefer: the sale to stay in where the prices are equal
        """
        found = [
            (deal.price, sale != prefer, number, sale)
            for number, sale in enumerate(self.terms_set)
            for each, deal in self.offered(sale, at).items()
            if each == sku
        ]
        listed = self.list_price(sku, at)
        if listed is not None and listed.is_sold:
            found.append((listed.price, prefer != LIST_PRICES, len(self.terms_set), LIST_PRICES))
        price, _, _, sale = min(found, default=(0, True, 0, ""))
        return (sale, price) if found else None

    def hold(self, sale: str, at: datetime) -> timedelta:
        """How long a price that is shown now is held."""
        terms = self.terms(sale, at)
        return terms.hold if terms is not None else self.list_hold

    # --- Promises ---

    def honored_until(self, shown: ShownPrice, at: datetime) -> datetime:
        """The end of a price's hold, with the extensions made by an instant."""
        return shown.held_until + self.longer(shown.sale, shown.shown_at, at)

    def longer(self, sale: str, shown_at: datetime, at: datetime) -> timedelta:
        """How much longer the extensions made by an instant hold what was shown at another."""
        longer = (
            each.longer
            for each in self.extensions
            if each.sale == sale and each.at <= at and _second(shown_at) < each.shown_before
        )
        return sum(longer, timedelta())

    def is_recalled(self, sale: str, sku: str, shown_at: datetime, at: datetime) -> bool:
        """Whether what was shown at one instant had been taken back by another."""
        issued = _second(shown_at)
        for each in self.recalls:
            if each.sale != sale or each.at > at or each.sku not in {None, sku}:
                continue
            if each.shown_from is not None and issued < _second(each.shown_from):
                continue
            if issued < self._end_of_recalled(each):
                return True
        return False

    def verdict(self, shown: ShownPrice, at: datetime) -> str:
        """The verdict that bag and checkout owe a price that is presented at an instant."""
        if any(shown.line and shown.line == each.price.line for each in self._bought(at)):
            return "used"
        if self.is_recalled(shown.sale, shown.sku, shown.shown_at, at):
            return "recalled"
        return "honored" if at < self.honored_until(shown, at) else "expired"

    def last_hold_end(
        self, sale: str, at: datetime, sku: str | None = None, *, shown_by: datetime = FAR
    ) -> datetime | None:
        """The first instant from which no price of a sale, or of one product in it, is held.

        By what was done until ``at``; what stands then goes on. None if no price can be out.

        :param shown_by: of prices that were shown until then alone
        """
        ends = [
            end
            for deal in self._skus(sale, sku)
            for span in self.payable(sale, deal, at)
            for end in self.span_hold_ends(sale, deal, span, at, shown_by=shown_by)
        ]
        return max(ends, default=None)

    def is_held(self, sale: str, at: datetime) -> bool:
        """Whether a price that a page of the sale has shown by now is still honored."""
        end = self.last_hold_end(sale, at, shown_by=at)
        return end is not None and at < end

    # --- What was asked before ---

    def reference(self, sale: str, sku: str, at: datetime) -> int | None:
        """The lowest price that could be paid in the 30 days before the sale's opening.

        None where it could not be bought then at all.
        """
        terms = self.terms(sale, at)
        if terms is None or f"{sale}/{sku}" in self.references:
            return self.references.get(f"{sale}/{sku}")
        until = terms.opens
        since = until - REFERENCE_PERIOD
        spans = [
            span
            for each in [*self.terms_set, LIST_PRICES]
            for span in self.payable(each, sku, at)
            if span.start < until and span.end > since
        ]
        return min((span.price for span in spans), default=None)

    def was(self, sale: str, sku: str, at: datetime) -> int:
        """The price to compare with: the reference price, or the price itself for no reduction."""
        price = self.price(sale, sku, at)
        return max(price, self.reference(sale, sku, at) or 0) if sale != LIST_PRICES else price

    def price(self, sale: str, sku: str, at: datetime) -> int:
        """What a product costs in a sale, or at list price."""
        if sale == LIST_PRICES:
            listed = self.list_price(sku, at)
            return listed.price if listed else 0
        terms = self.terms(sale, at)
        return terms.deals[sku].price if terms and sku in terms.deals else 0

    def payable(self, sale: str, sku: str, at: datetime) -> Iterator[Span]:
        """The stretches in which a page offered a product, by what was done until ``at``."""
        if sale == LIST_PRICES:
            for listed, end in _stretches(self.list_prices.get(sku, ()), at):
                if listed.is_sold and listed.at < end:
                    yield Span(listed.at, end, listed.price, self.list_hold)
            return
        for change, end in _stretches(self.terms_set.get(sale, ()), at):
            terms, deal = change.terms, change.terms.deals.get(sku)
            if not terms.is_published or deal is None or deal.is_withdrawn:
                continue
            start, stop = max(change.at, terms.opens), min(end, terms.closes)
            if start < stop:
                yield Span(start, stop, deal.price, terms.hold)

    # --- How it is worked out ---

    def span_hold_ends(
        self, sale: str, sku: str, span: Span, at: datetime, *, shown_by: datetime = FAR
    ) -> Iterator[datetime]:
        """The ends of the holds that may be a stretch's last: of prices shown before a change."""
        bounds = [each.shown_before for each in self.extensions if each.sale == sale]
        for each in self.recalls:
            if each.sale == sale:
                bounds += [self._end_of_recalled(each), each.shown_from or each.at]
        end = span.end if shown_by == FAR else min(span.end, shown_by + SECOND)
        for bound in [end, *(each for each in bounds if span.start < each < end)]:
            issued = _last_second_before(bound)
            if issued >= _second(span.start) and not self.is_recalled(sale, sku, issued, at):
                yield issued + span.hold + self.longer(sale, issued, at)

    def _end_of_recalled(self, recall: OffersRecalled) -> datetime:
        """Offers shown from this instant on are spared: they carry a new nonce, or are later."""
        before = recall.shown_before
        is_settled = before is not None and before < recall.at - self.max_stale
        return before if is_settled and before is not None else recall.at

    def _skus(self, sale: str, sku: str | None) -> list[str]:
        if sku is not None:
            return [sku]
        every = (each.terms.deals for each in self.terms_set.get(sale, ()))
        return list(dict.fromkeys(sku for deals in every for sku in deals))

    def _bought(self, at: datetime) -> Iterator[Bought]:
        for order in self.orders:
            if order.at <= at:
                yield from order.bought


def _stretches[Change: TermsSet | ListPriceSet](
    changes: Sequence[Change], at: datetime
) -> Iterator[tuple[Change, datetime]]:
    """The changes until an instant, each with when the next one ended it."""
    done = [each for each in changes if each.at <= at]
    ends = [*(later.at for later in done[1:]), FAR]
    yield from zip(done, ends, strict=False)


def _second(instant: datetime) -> datetime:
    """The whole second in which an instant lies: so an offer says when it was issued."""
    return instant.replace(microsecond=0)


def _last_second_before(instant: datetime) -> datetime:
    whole = _second(instant)
    return whole if whole < instant else whole - SECOND
