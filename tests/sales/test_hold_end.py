"""When the last hold of a sale ends: one function, and every page that asks it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offers.anchors import Extension
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales.deal_recalls import DealRecall
from shop.sales.hold_end import SaleHolds, last_hold_ends_at
from shop.sales.holds import extend, recall
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from shop.sales.term_history import TermChange, Terms, terms_history
from tests.support.fixtures import Clock

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

#: Each page, and what it says while a price of a closed sale is still held.
PAGES = {
    "/sales/autumn/": "Prices shown before that are held",
    "/": "prices are still held",
    "/merchant/": "Its prices are held until",
    "/merchant/sales/sale/": "over, prices held",
}


def held_on(page: str, at: datetime, clock: Clock, merchant: Merchant) -> bool:
    """Whether a page says at an instant that prices of the sale are held."""
    clock.move_to(at)
    showcase.clear()
    visitor = merchant if page.startswith("/merchant/") else ShopClient()
    return PAGES[page] in visitor.open(page).text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_held_until_the_last_extended_price_runs_out(
    page: str, sale: Sale, merchant: Merchant, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES - SECOND)
    message = shopper.offer()
    clock.move_to(CLOSES)
    extend(sale=sale, seconds=3600, by=None, now=CLOSES)
    end = CLOSES + HOLD + HOUR
    assert held_on(page, end - SECOND, clock, merchant)
    assert not held_on(page, end, clock, merchant)
    clock.move_to(end - 2 * SECOND)
    assert shopper.add(message).status == 303, "and it is honored in its last second"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_held_until_everything_is_recalled(
    page: str, sale: Sale, merchant: Merchant, clock: Clock
) -> None:
    assert held_on(page, CLOSES + MINUTE, clock, merchant)
    recall(sale=sale, reason="A slip", by=None, now=CLOSES + MINUTE)
    assert not held_on(page, CLOSES + MINUTE, clock, merchant)


def test_a_recall_up_to_an_instant_of_the_last_minutes_ends_every_hold(sale: Sale) -> None:
    """No stale page may be minting in it, so everything that is out is void."""
    now = CLOSES + MINUTE
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=CLOSES - MINUTE)
    assert last_hold_ends_at(sale) == now


def test_a_recall_up_to_an_instant_long_past_leaves_the_holds_after_it(sale: Sale) -> None:
    extend(sale=sale, seconds=36_000, by=None, now=OPENS + 5 * MINUTE)
    assert last_hold_ends_at(sale) == OPENS + 5 * MINUTE + HOLD + 10 * HOUR
    now = CLOSES + 20 * MINUTE
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=OPENS + 5 * MINUTE)
    assert last_hold_ends_at(sale) == CLOSES + HOLD


def test_an_extension_made_before_the_opening_extends_nothing(sale: Sale) -> None:
    extend(sale=sale, seconds=36_000, by=None, now=OPENS - MINUTE)
    assert last_hold_ends_at(sale) == CLOSES + HOLD


# --- Held against an account of every second ------------------------------------------

#: The sale opens at 0 and closes at 20, in seconds; what happens happens at whole seconds.
MUG, LAMP = 1, 2
ACTS = st.lists(
    st.tuples(
        st.integers(-5, 40),
        st.sampled_from(
            ["hold", "open", "close", "hide", "show", "withdraw", "return", "extend", "recall"]
        ),
        st.integers(1, 30),
        st.none() | st.integers(-5, 40),
        st.none() | st.integers(-5, 40),
        st.sampled_from([None, MUG]),
    ),
    max_size=6,
)


class Ledger:
    """A sale of two deals, done to second by second, and every offer that it made."""

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {
            "starts_at": 0,
            "ends_at": 20,
            "hold_seconds": 10,
            "state": "published",
        }
        self.withdrawn: set[int] = set()
        self.changes: list[TermChange] = []
        self.extensions: list[tuple[int, int]] = []
        self.recalls: list[tuple[int | None, int | None, int | None, int]] = []
        #: Deal, when it was issued, until when it is held, how many recalls its page knew.
        self.offers: list[tuple[int, int, int, int]] = []

    def do(
        self,
        at: int,
        act: str,
        value: int,
        since: int | None,
        before: int | None,
        deal: int | None,
    ) -> None:
        match act:
            case "hold":
                self._change(at, "hold_seconds", value)
            case "open" if at + value - 10 < self.terms["ends_at"]:
                self._change(at, "starts_at", at + value - 10)
            case "close" if at + value - 10 > self.terms["starts_at"]:
                self._change(at, "ends_at", at + value - 10)
            case "hide" | "show":
                self._change(at, "state", "draft" if act == "hide" else "published")
            case "withdraw" | "return":
                is_out = MUG in self.withdrawn
                if is_out is not (act == "withdraw"):
                    self.changes.append(TermChange("withdrawn", MUG, is_out, instant(at)))
                    self.withdrawn ^= {MUG}
            case "extend":
                self.extensions.append((at, value))
            case "recall" if since is None or before is None or since < before:
                before = None if before is None or before > at else before
                self.recalls.append((deal, since, before, at))

    def _change(self, at: int, field: str, value: Any) -> None:
        if self.terms[field] != value:
            before = self.terms[field]
            is_instant = field in {"starts_at", "ends_at"}
            told = instant(before).isoformat() if is_instant else before
            self.changes.append(TermChange(field, None, told, instant(at)))
            self.terms[field] = value

    def open_page(self, at: int) -> None:
        terms = self.terms
        if terms["state"] == "published" and terms["starts_at"] <= at < terms["ends_at"]:
            known, until = len(self.recalls), at + terms["hold_seconds"]
            self.offers += [(deal, at, until, known) for deal in {MUG, LAMP} - self.withdrawn]

    def end(self) -> int | None:
        """The first second at which no offer is honored; None if none was made."""
        return max(map(self._end, self.offers), default=None)

    def _end(self, offer: tuple[int, int, int, int]) -> int:
        deal, issued, until, known = offer
        until += sum(more for before, more in self.extensions if issued < before)
        for number, (of_deal, since, before, made) in enumerate(self.recalls):
            is_reached = number >= known if before is None else issued < before
            if of_deal in {None, deal} and is_reached and (since is None or issued >= since):
                until = min(until, made)
        return until

    def holds(self) -> SaleHolds:
        """What the shop works out from the rows of all that."""
        terms = self.terms
        present = Terms(
            starts_at=instant(terms["starts_at"]),
            ends_at=instant(terms["ends_at"]),
            hold=terms["hold_seconds"] * SECOND,
            is_published=terms["state"] == "published",
            withdrawn=frozenset(self.withdrawn),
            since=instant(-10),
        )
        recalls = {
            deal: [
                DealRecall(
                    issued_from=None if since is None else instant(since),
                    issued_before=None if before is None else instant(before),
                    replaced_anchor=None,
                    reason="",
                    made_at=instant(made),
                )
                for of_deal, since, before, made in self.recalls
                if of_deal in {None, deal}
            ]
            for deal in (MUG, LAMP)
        }
        extensions = [Extension(instant(before), more) for before, more in self.extensions]
        return SaleHolds(list(terms_history(present, reversed(self.changes))), extensions, recalls)


def instant(second: int) -> datetime:
    return OPENS + second * SECOND


@given(acts=ACTS)
@example([(9, "hold", 2, None, None, None)])
@example([(9, "hide", 1, None, None, None), (30, "show", 1, None, None, None)])
@example([(25, "recall", 1, 10, None, None)])
@example([(25, "recall", 1, 15, None, MUG), (26, "recall", 1, 5, 18, None)])
def test_the_last_hold_ends_when_the_last_of_all_offers_does(
    acts: list[tuple[int, str, int, int | None, int | None, int | None]],
) -> None:
    ledger = Ledger()
    for second in range(-5, 80):
        for act in acts:
            if act[0] == second:
                ledger.do(*act)
        ledger.open_page(second)
    holds, end = ledger.holds(), ledger.end()
    if end is None:
        assert holds.last_end == instant(ledger.terms["starts_at"])
    else:
        assert holds.end(to_the_second=True) == instant(end)
        # What is told may be a second later, so that a sale until 12:15 does not end at 12:14:59.
        assert instant(end) <= holds.last_end <= instant(end + 1)
