"""The record of terms: no offer of the shop lies beyond it, and its bounds are no wider."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.conf import settings as configured
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from offers import conf
from offers.anchors import TermBounds
from offers.terms import LIST, Offer
from offers.tokens import read_offer
from shop.core.repeated_time import TimeSpan
from shop.core.shopper import Shopper
from shop.orders.offer_facts import read_facts
from shop.qa.pytest_plugin.factories import CLOSES, OPENS
from shop.sales.minting import freeze
from shop.sales.models import Sale
from shop.sales.reference_prices import set_list_price
from shop.sales.snapshot import DealSnapshot, Snapshot
from shop.sales.snapshot_queries import read_snapshot
from shop.sales.term_record import RecordedChange, ValueHistory, history_of_points, moments_of
from tests.support.factories import change, mug

SECOND = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return OPENS + timedelta(seconds=seconds)


# --- Histories of one value ---------------------------------------------------


def test_a_value_counts_for_the_moments_at_which_it_was_in_force() -> None:
    history = ValueHistory((RecordedChange(at(10), 1, 2), RecordedChange(at(20), 2, 3)))

    def between(first: float, last: float) -> set[int]:
        return set(history.values(TimeSpan(at(first), at(last))))

    assert between(0, 5) == {1}
    assert between(0, 10) == {1}
    assert between(0, 10.5) == between(9, 11) == {1, 2}
    assert between(10, 15) == between(12, 20) == {2}
    assert between(9.999, 20.001) == {1, 2, 3}
    assert between(20, 30) == {3}
    assert set(history.values(None)) == {1, 2, 3}


def test_of_several_values_of_one_instant_each_counts() -> None:
    history = ValueHistory((RecordedChange(at(10), 3, 1), RecordedChange(at(10), 1, 2)))
    assert set(history.values(TimeSpan(at(9), at(11)))) == {1, 2, 3}
    assert set(history.values(TimeSpan(at(5), at(10)))) == {3}


def test_changes_by_clocks_that_differ_are_taken_in_the_order_in_which_they_were_made() -> None:
    history = ValueHistory((RecordedChange(at(30), 1, 2), RecordedChange(at(10), 2, 3)))
    assert set(history.values(TimeSpan(at(0), at(5)))) == {1}
    assert set(history.values(TimeSpan(at(15), at(20)))) == {1, 2, 3}
    assert set(history.values(TimeSpan(at(35), at(40)))) == {3}


def test_a_history_of_points_has_the_first_value_from_ever_and_the_last_for_good() -> None:
    history = history_of_points([(at(0), 5, None), (at(10), 4, 1), (at(20), 7, None)])
    assert set(history.values(TimeSpan(at(-20), at(-10)))) == {5}
    assert set(history.values(TimeSpan(at(0), at(10)))) == {5}
    assert set(history.values(TimeSpan(at(5), at(15)))) == {5, 4, 1}
    assert set(history.values(TimeSpan(at(12), at(15)))) == {4}
    assert set(history.values(TimeSpan(at(25), at(30)))) == {7}
    assert set(history_of_points([]).values(None)) == set()


@given(
    values=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), min_size=1, max_size=8),
    since=st.integers(-1, 42),
    length=st.integers(1, 30),
)
def test_the_values_of_a_span_are_those_of_its_moments(
    values: list[tuple[int, int]], since: int, length: int
) -> None:
    """By brute force: in steps of half a second, as changes are at whole ones."""
    values.sort(key=lambda each: each[0])
    changes = [
        RecordedChange(at(when), before, after)
        for (_, before), (when, after) in pairwise([(0, 9), *values])
    ]
    moments = [since + half / 2 for half in range(1, 2 * length)]
    expected = {
        ([9] + [value for when, value in values if when <= moment])[-1] for moment in moments
    }
    # And what was set and replaced at one instant within.
    expected |= {value for when, value in values if since < when < since + length}

    span = TimeSpan(at(since), at(since + length))
    present = {values[-1][1]}
    assert set(ValueHistory(tuple(changes)).values(span)) | present == expected | present


def test_the_moments_of_an_offer_allow_for_an_old_page_and_for_clocks_that_differ() -> None:
    offer = Offer(
        issuer="x",
        shopper="s",
        id="i",
        issued_at=int(OPENS.timestamp()),
        expires_at=int(CLOSES.timestamp()),
        sale="autumn",
        sku="MUG-01",
        amount=499,
        currency="EUR",
        was=499,
        max=1,
        anchor="a",
    )
    stale = configured.SHOWCASE_MAX_STALE
    assert moments_of(offer) == TimeSpan(at(-stale - 60), at(61))


# --- Whatever happens ---------------------------------------------------------


@dataclass
class Made:
    """An offer that some process made, and what that process had read."""

    offer: Offer
    deal: DealSnapshot


@dataclass
class Shop:
    """Several servers on one database, whose clocks differ, and what their pages promised.

    Its clock is in milliseconds since the opening. What a page may have shown at any moment is
    kept by hand: ``states`` has every state of the terms, and until when it was the present one.
    """

    sale: Sale
    now: int = 0
    made: list[Made] = field(default_factory=list)
    states: list[tuple[int, Snapshot]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        self.states.append((self.now, read_snapshot(OPENS)))

    def state_of(self, moment: int) -> Snapshot:
        return ([self.states[0][1]] + [each for when, each in self.states if when <= moment])[-1]

    def open_page(self, *, age: int, ahead: int) -> None:
        """A server whose snapshot is so old and whose clock is so far ahead makes its offers."""
        snapshot = self.state_of(self.now - age)
        shown_at = at((self.now + ahead) / 1000)
        for deal in (snapshot.deal("autumn", "MUG-01"), snapshot.deal(LIST, "MUG-01")):
            assert deal is not None
            message = freeze(deal, shopper="s" * 22, now=shown_at)
            self.made.append(Made(read_offer(message, conf.ring()), deal))

    def do(self, act: str, value: int, *, ahead: int) -> None:
        """A merchant changes something, by a server whose clock is so far ahead."""
        when = at((self.now + ahead) / 1000)
        deal = self.sale.deals.get(product__sku="MUG-01")
        match act:
            case "price":
                change(self.sale, when, deal, price=100 + value)
            case "limit":
                change(self.sale, when, deal, max_per_shopper=1 + value)
            case "hold":
                change(self.sale, when, hold_seconds=60 + value)
            case "list price":
                set_list_price(mug(), 100 + value, now=when)
        self.look()

    def bounds(self) -> list[tuple[Offer, TermBounds]]:
        offers = [each.offer for each in self.made]
        facts = read_facts(offers, skus=["MUG-01"], shopper=Shopper([], []), now=OPENS)
        assert facts.record is not None
        found = []
        for offer in offers:
            deal = facts.snapshot.deal(*offer.deal)
            assert deal is not None
            found.append((offer, facts.record.bounds(offer, deal)))
        return found

    def check(self) -> None:
        """No offer that was made is beyond its bounds, and its bounds are no wider than need be."""
        for offer, bounds in self.bounds():
            assert bounds.claim_beyond(offer) == ""
            around = self.shown_around(offer)
            assert bounds.least_amount is not None
            assert bounds.least_amount >= min(each.amount for each in around)
            assert bounds.longest_hold is not None
            assert bounds.longest_hold <= max(each.hold // SECOND for each in around)
            assert bounds.most_units is not None
            assert bounds.most_units <= max(each.max for each in around)

    def shown_around(self, offer: Offer) -> list[DealSnapshot]:
        """All that any page can have said when any server's clock showed the offer's second.

        A minute more on either side: the record is written by clocks that differ, too.
        """
        issued = (offer.issued_at - int(OPENS.timestamp())) * 1000
        first = issued - (configured.SHOWCASE_MAX_STALE + 120) * 1000
        last = issued + 121_000
        ends = [when for when, _ in self.states[1:]] + [self.now]
        snapshots = [
            state
            for (since, state), until in zip(self.states, ends, strict=True)
            if since <= last and until >= first
        ]
        # What was in force before the first state was in force from ever.
        if first < 0:
            snapshots.append(self.states[0][1])
        deals = (each.deal(*offer.deal) for each in [*snapshots, self.states[-1][1]])
        return [each for each in deals if each is not None]


#: By how many milliseconds a server's clock differs from that of the database, to either side.
CLOCKS = st.sampled_from((-30_000, -29_999, -1, 0, 0, 0, 1, 29_999, 30_000))
AGES = st.sampled_from((0, 0, 1, 999, 1_000, 59_999, 300_000, 540_000, 599_999, 600_000))
STEPS = st.lists(
    st.tuples(
        # Milliseconds of waiting: often none or a few, sometimes just as long as matters.
        st.one_of(
            st.sampled_from((0, 1, 999, 1_000, 59_999, 60_000, 600_000, 660_000, 661_000)),
            st.integers(0, 1_500_000),
        ),
        st.sampled_from(("price", "price", "limit", "hold", "list price", "list price")),
        st.integers(0, 9),
        CLOCKS,
        AGES,
        CLOCKS,
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.django_db
@settings(
    max_examples=settings().max_examples // 4,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(steps=STEPS)
def test_no_offer_of_the_shop_is_forged_whatever_was_changed(
    sale: Sale, steps: list[tuple[int, str, int, int, int, int]]
) -> None:
    with transaction.atomic():
        shop = Shop(Sale.objects.get(pk=sale.pk))
        for wait, act, value, merchants_clock, age, servers_clock in steps:
            shop.open_page(age=0, ahead=servers_clock)
            shop.now += wait
            shop.open_page(age=0, ahead=servers_clock)
            shop.do(act, value, ahead=merchants_clock)
            shop.open_page(age=min(age, wait), ahead=servers_clock)
            shop.now += age
            shop.open_page(age=age, ahead=servers_clock)
            shop.check()
        transaction.set_rollback(True)


def test_where_nothing_was_changed_the_bounds_are_what_is_asked_now(sale: Sale) -> None:
    shop = Shop(sale)
    shop.open_page(age=0, ahead=0)
    [(_, of_sale), (_, at_list)] = shop.bounds()
    asked = TermBounds(currency="EUR", longest_hold=1800, least_amount=499, most_units=2)
    assert of_sale == asked
    assert at_list == replace(asked, least_amount=4990, most_units=10)
