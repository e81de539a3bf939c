"""The walk through sales with a history: nothing that the shop says is untrue."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import hypothesis
import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase

from shop.bag.judging import JudgedBag
from shop.bag.lines import total_text
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.factories import OPENS
from shop.qa.pytest_plugin.stripe import Stripe
from shop.qa.walk.places import PLACES
from shop.qa.walk.walker import Walk
from shop.sales.models import Outage
from tests.qa.walk.histories import Narrator, SaleStory, Step
from tests.qa.walk.merchants_hand import MerchantsHand
from tests.qa.walk.stories import NAMED, sale_stories
from tests.support.fixtures import Card, Clock

pytestmark = pytest.mark.django_db
_MINUTE = timedelta(minutes=1)
#: What a merchant most often does, and two orders: one while it is open, one at a held price.
EVENTFUL = SaleStory(
    prices={"MUG-01": 499, "LMP-01": 790},
    list_prices={"MUG-01": 4990, "LMP-01": 7900},
    steps=[
        Step(3 * _MINUTE, "buy"),
        Step(5 * _MINUTE, "price", "LMP-01", 690),
        Step(7 * _MINUTE, "extend", value=10),
        Step(9 * _MINUTE, "recall", "MUG-01"),
        Step(17 * _MINUTE, "buy"),
        Step(20 * _MINUTE, "refund"),
    ],
)
#: Generated sales of each run; ``make verify`` has four runs.
STORIES = 4


@pytest.fixture(autouse=True)
def _quiet_and_quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # 250 options take longer to render than everything else on the page.
    monkeypatch.setattr("shop.checkout.forms.countries", lambda: [("GB", "United Kingdom")])
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def hand(clock: Clock, merchant: Merchant) -> MerchantsHand:
    return MerchantsHand(clock, merchant)


def found(walk: Walk) -> str:
    """What a walk found, each thing once, with how often."""
    sorts: dict[tuple[str, str], list[str]] = {}
    for each in walk.findings:
        sorts.setdefault((each.place, each.words.rpartition("(")[2]), []).append(str(each))
    return "\n".join(f"{len(every)} times: {every[0]}" for every in sorts.values())


def test_nothing_is_untrue_in_a_sale_that_is_changed_extended_and_recalled(
    hand: MerchantsHand, card: Card, stripe: Stripe
) -> None:

    walk = Narrator(hand, EVENTFUL, card, is_brief=True).tell()
    assert found(walk) == ""
    assert walk.counts["instants"] > 20
    assert walk.counts["statements"] > 2000


@pytest.mark.verify
@pytest.mark.parametrize("name", NAMED)
def test_nothing_is_untrue_whatever_happens_to_a_sale(
    name: str, hand: MerchantsHand, card: Card, stripe: Stripe
) -> None:
    """Every place, at every boundary and the second before it."""
    assert found(Narrator(hand, NAMED[name], card, is_brief=True, is_whole=True).tell()) == ""


@pytest.mark.verify
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_untrue_in_generated_sales(
    seed: int, hand: MerchantsHand, card: Card, stripe: Stripe
) -> None:
    """Every place, at every boundary and both seconds beside it."""

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=STORIES,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(sale_stories())
    def tell(story: SaleStory) -> None:
        with transaction.atomic():
            walk = Narrator(MerchantsHand(hand.clock, hand.merchant), story, card).tell()
            transaction.set_rollback(True)
        print(dict(walk.counts))  # In the report of a failure.
        assert found(walk) == ""

    tell()


def test_refused_lines_that_count_into_the_bags_total_are_found(
    hand: MerchantsHand, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_every_line = property(lambda judged: total_text(each.line for each in judged.lines))
    monkeypatch.setattr(JudgedBag, "total_text", of_every_line)
    walk = arranged(hand, card, "bag:show")
    walk.take_offers("/sales/autumn/", OPENS)
    walk.visit_all(OPENS)
    assert found(walk) == ""
    hand.recall("autumn", OPENS + _MINUTE, "LMP-01")
    walk.visit_all(OPENS + _MINUTE)
    assert "Total €12.89 (total of bag)”: true is 499." in found(walk)


def test_a_sale_that_says_it_is_over_while_a_promise_is_held_is_found(
    hand: MerchantsHand, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = arranged(hand, card, "sales:sale", "sales:home")
    hand.extend("autumn", 15, EVENTFUL.closes)
    at = EVENTFUL.closes + EVENTFUL.hold + _MINUTE
    hand.move_to(at)
    walk.visit_all(at)
    assert found(walk) == ""
    ends_at = EVENTFUL.closes + EVENTFUL.hold
    monkeypatch.setattr("shop.sales.snapshot.SaleSnapshot.last_hold_ends_at", ends_at)
    hand.move_to(at)
    walk.visit_all(at)
    assert "All prices of it have run out" in found(walk)
    assert "closed 12:15, Berlin time" in found(walk)


def test_what_the_start_page_says_of_an_outage_is_read(hand: MerchantsHand, card: Card) -> None:
    walk = arranged(hand, card, "admin:index")
    for minute in (1, 3):
        began_at = OPENS + minute * _MINUTE
        Outage.objects.create(began_at=began_at, ended_at=began_at + _MINUTE, cause="shop")
    for at in (OPENS + 2 * _MINUTE, OPENS + 5 * _MINUTE, EVENTFUL.closes + EVENTFUL.hold):
        hand.move_to(at)
        walk.visit_all(at)
        assert found(walk) == ""


def arranged(hand: MerchantsHand, card: Card, *places: str) -> Walk:
    """The walk of an uneventful sale through some places, when it opens."""
    narrator = Narrator(hand, EVENTFUL, card)
    narrator.arrange()
    hand.move_to(OPENS)
    walk = hand.walk()
    walk.places = [place for place in PLACES if place.name in places]
    return walk
