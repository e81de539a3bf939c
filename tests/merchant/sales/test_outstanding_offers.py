"""Outstanding offers: until when at the latest, for how many units and how much money at most."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from offers import conf
from offers.anchors import honored_until, judge
from offers.terms import Offer
from offers.tokens import read_offer
from offers.verdicts import Verdict
from shop.merchant.sales.outstanding_offers import (
    OutstandingDeal,
    OutstandingOffers,
    outstanding_offers,
)
from shop.orders.models import Order
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.sales.audit import record
from shop.sales.documents.loader import load_sale
from shop.sales.documents.schema import parse_document
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import cancel, publish, unpublish
from shop.sales.minting import freeze_all
from shop.sales.models import Deal, Sale
from shop.sales.showcase import FRESH_SECONDS
from shop.sales.snapshot import SaleSnapshot
from shop.sales.snapshot_queries import read_snapshot
from tests.support.factories import change, make_order

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
STALE = timedelta(seconds=FRESH_SECONDS)


def mug(sale: Sale, now: datetime) -> OutstandingDeal:
    found = outstanding_offers(Sale.objects.get(pk=sale.pk), now)
    deal = found.of(sale.deals.get(product__sku="MUG-01"))
    assert deal is not None
    return deal


@pytest.mark.parametrize(
    ("now", "held_until"),
    [
        (OPENS, OPENS + HOLD),
        (OPENS + MINUTE, OPENS + MINUTE + HOLD),
        (CLOSES - SECOND, CLOSES - SECOND + HOLD),
        (CLOSES, CLOSES + HOLD),
        (CLOSES + HOLD - SECOND, CLOSES + HOLD),
    ],
)
def test_what_was_shown_last_ends_last(sale: Sale, now: datetime, held_until: datetime) -> None:
    assert mug(sale, now).held_until == held_until


@pytest.mark.parametrize("now", [OPENS - SECOND, CLOSES + HOLD])
def test_nothing_is_out_before_the_opening_or_after_all_holds(sale: Sale, now: datetime) -> None:
    assert not outstanding_offers(sale, now)


def test_a_draft_promised_nothing(sale: Sale) -> None:
    Sale.objects.update(state="draft", published_at=None)
    assert not outstanding_offers(Sale.objects.get(), CLOSES)


def test_what_is_left_bounds_the_units_and_the_money(sale: Sale) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(claimed=20)
    found = outstanding_offers(sale, OPENS)
    assert [(each.units, each.total) for each in found.deals] == [(100, 49_900), (30, 23_700)]
    assert (found.units, found.totals) == (130, {"EUR": 73_600})


def test_units_that_wait_for_their_payment_may_come_free_and_count(sale: Sale) -> None:
    order = make_order(sale, status=Order.Status.PENDING, paid_at=None, receipt_sent_at=None)
    units = order.lines.get().quantity
    Deal.objects.filter(product__sku="MUG-01").update(allocation=10, claimed=units)
    assert mug(sale, OPENS).units == 10


def test_units_of_another_sale_that_wait_for_their_payment_count_too(sale: Sale) -> None:
    """They are of the same stock."""
    later = Sale.objects.create(slug="later", title="Later", starts_at=OPENS, ends_at=CLOSES)
    deal = sale.deals.get(product__sku="MUG-01")
    Deal.objects.create(sale=later, product=deal.product, price=450)
    before = mug(sale, OPENS).units
    make_order(later, status=Order.Status.PROCESSING, paid_at=None, receipt_sent_at=None)
    assert mug(sale, OPENS).units == before + 2
    Deal.objects.filter(pk=deal.pk).update(allocation=before)
    assert mug(sale, OPENS).units == before, "what is set aside bounds it all the same"


def test_minutes_are_told_rounded_up(sale: Sale) -> None:
    assert mug(sale, OPENS + SECOND).shown_until == OPENS + HOLD + MINUTE
    assert mug(sale, CLOSES).shown_until == CLOSES + HOLD
    assert outstanding_offers(sale, OPENS + SECOND).shown_until == OPENS + HOLD + MINUTE


def test_the_lowest_price_that_is_still_held_counts(sale: Sale) -> None:
    deal = Deal.objects.get(product__sku="MUG-01")
    change(sale, OPENS + MINUTE, deal, price=399)
    change(sale, OPENS + 2 * MINUTE, deal, price=999)
    assert mug(sale, OPENS + 3 * MINUTE).amount == 399
    assert mug(sale, OPENS + 2 * MINUTE + HOLD).amount == 399, "a page may be a second old"
    assert mug(sale, OPENS + 2 * MINUTE + HOLD + STALE).amount == 999


def test_a_longer_hold_of_before_still_holds(sale: Sale) -> None:
    change(sale, OPENS + MINUTE, hold_seconds=60)
    assert mug(sale, OPENS + 2 * MINUTE).held_until == OPENS + MINUTE + HOLD + STALE


def test_a_window_that_was_closed_early_had_minted_until_then(sale: Sale) -> None:
    change(sale, OPENS + 5 * MINUTE, ends_at=OPENS + 4 * MINUTE)
    assert mug(sale, OPENS + 6 * MINUTE).held_until == OPENS + 5 * MINUTE + HOLD + STALE


@pytest.mark.parametrize("end", [unpublish, cancel])
def test_a_sale_that_was_taken_down_had_minted_until_then(
    sale: Sale, end: Callable[..., object]
) -> None:
    end(sale, now=OPENS + 5 * MINUTE)
    assert mug(sale, OPENS + 6 * MINUTE).held_until == OPENS + 5 * MINUTE + HOLD + STALE


def test_an_extension_lengthens_what_was_shown_before_it(sale: Sale) -> None:
    extend(sale=sale, seconds=3600, by=None, now=OPENS + MINUTE)
    assert mug(sale, OPENS + 2 * MINUTE).held_until == OPENS + MINUTE + HOLD + 60 * MINUTE


def test_a_recall_leaves_nothing_but_what_is_shown_after_it(sale: Sale) -> None:
    change(sale, OPENS + MINUTE, Deal.objects.get(product__sku="MUG-01"), price=999)
    recall(sale=sale, reason="A slip", by=None, now=OPENS + 2 * MINUTE)
    assert mug(sale, OPENS + 3 * MINUTE).amount == 999
    recall(sale=sale, reason="A slip", by=None, now=CLOSES)
    assert not outstanding_offers(Sale.objects.get(), CLOSES)


@pytest.mark.parametrize("end", [unpublish, cancel])
def test_a_sale_that_is_taken_down_with_its_offers_leaves_nothing(
    sale: Sale, end: Callable[..., object]
) -> None:
    end(sale, now=OPENS + 5 * MINUTE)
    recall(sale=sale, reason="A slip", by=None, now=OPENS + 5 * MINUTE)
    assert not outstanding_offers(Sale.objects.get(), OPENS + 5 * MINUTE)
    assert not outstanding_offers(Sale.objects.get(), OPENS + 6 * MINUTE)


def test_a_deal_that_came_later_was_not_shown_before(sale: Sale) -> None:
    change(sale, OPENS + MINUTE, ends_at=OPENS + MINUTE)
    deal = Deal.objects.get(product__sku="MUG-01")
    record(sale=sale, deal=deal, field="deal", before=None, after="MUG-01", now=CLOSES, by=None)
    found = outstanding_offers(sale, CLOSES)
    assert [each.deal.product.sku for each in found.deals] == ["LMP-01"]


def test_a_document_that_shows_a_sale_again_at_another_price_promised_no_other(sale: Sale) -> None:
    unpublish(sale, now=OPENS + MINUTE)
    now = OPENS + MINUTE + HOLD + STALE
    deal = {"sku": "MUG-01", "name": "Mug", "list_price": 4990, "price": 999, "stock": 100}
    document = {"slug": sale.slug, "title": "Autumn", "published": True, "deals": [deal]}
    window = {"starts_at": OPENS.isoformat(), "ends_at": (now + MINUTE).isoformat()}
    load_sale(parse_document(document | window), now=now)
    assert mug(sale, now).amount == 999


def test_a_recall_of_one_deal_leaves_the_others(sale: Sale) -> None:
    deal = Deal.objects.get(product__sku="MUG-01")
    recall(sale=sale, deal=deal, reason="A slip", by=None, now=CLOSES)
    found: OutstandingOffers = outstanding_offers(Sale.objects.get(), CLOSES)
    assert [each.deal.product.sku for each in found.deals] == ["LMP-01"]


def test_a_recall_up_to_an_instant_leaves_what_was_shown_later(sale: Sale) -> None:
    now = CLOSES + 20 * MINUTE
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=CLOSES - MINUTE)
    assert mug(sale, now).held_until == CLOSES + HOLD
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=now - MINUTE)
    assert not outstanding_offers(Sale.objects.get(), now)


def test_a_deal_that_was_withdrawn_is_held_for_those_who_were_shown_it(sale: Sale) -> None:
    deal = Deal.objects.get(product__sku="MUG-01")
    change(sale, OPENS + MINUTE, deal, withdrawn=True)
    assert mug(sale, OPENS + 5 * MINUTE).held_until == OPENS + MINUTE + HOLD + STALE
    assert outstanding_offers(sale, OPENS + MINUTE + HOLD + STALE).of(deal) is None


# --- Whatever happens ---------------------------------------------------------------


class History:
    """A sale that things are done to, pages of it that are minted, and what the judge says."""

    def __init__(self, sale: Sale) -> None:
        self.sale, self.now = Sale.objects.get(pk=sale.pk), OPENS
        self.offers: list[Offer] = []
        self.shown: list[tuple[datetime, SaleSnapshot]] = []
        self.look()

    def look(self) -> None:
        """See the sale as pages do from now on."""
        snapshot = read_snapshot(self.now, slug=self.sale.slug)
        self.shown.append((self.now, snapshot.sales[self.sale.slug]))

    def open_page(self, age: timedelta) -> None:
        """Mint what a page shows whose showcase is so old."""
        at = bisect_right(self.shown, self.now - age, key=lambda each: each[0])
        on_show = self.shown[max(at - 1, 0)][1]
        if on_show.is_open(self.now):
            minted = freeze_all(on_show.deals_on_show, "s" * 22, self.now)
            self.offers += [read_offer(message, conf.ring()) for message, _ in minted]

    def do(self, act: str, value: int) -> None:
        """One thing that a merchant may do."""
        sale, now, reason = self.sale, self.now, "A slip"
        deal = sale.deals.get(product__sku="MUG-01")
        acts: dict[str, Callable[[], Any]] = {
            "price": lambda: change(sale, now, deal, price=100 + value),
            "withdrawn": lambda: change(sale, now, deal, withdrawn=not deal.withdrawn),
            "hold": lambda: change(sale, now, hold_seconds=60 + value),
            "open": lambda: change(
                sale, now, starts_at=min(now + value * SECOND, sale.ends_at - SECOND)
            ),
            "close": lambda: change(
                sale, now, ends_at=max(now, sale.starts_at) + (value + 1) * SECOND
            ),
            "hide": lambda: unpublish(sale, now=now),
            "show": lambda: publish(sale, now=now),
            "extend": lambda: extend(sale=sale, seconds=value + 1, by=None, now=now),
            "recall": lambda: recall(sale=sale, reason=reason, by=None, now=now),
            "recall a deal": lambda: recall(sale=sale, deal=deal, reason=reason, by=None, now=now),
            "recall the oldest": lambda: recall(
                sale=sale, reason=reason, by=None, now=now, issued_before=now - value * SECOND
            ),
            "recall the youngest": lambda: recall(
                sale=sale, reason=reason, by=None, now=now, issued_from=now - value * SECOND
            ),
            "recall a stretch": lambda: recall(
                sale=sale,
                deal=deal,
                reason=reason,
                by=None,
                now=now,
                issued_from=now - (value + 700) * SECOND,
                issued_before=now - value * SECOND,
            ),
        }
        acts[act]()
        self.look()

    def check(self) -> None:
        """Hold what is said to be out against what would be honored."""
        on_show = read_snapshot(self.now, slug=self.sale.slug).sales[self.sale.slug]
        deals = {deal.product.sku: deal for deal in on_show.deals}
        out = outstanding_offers(Sale.objects.get(pk=self.sale.pk), self.now)
        bounds = {each.deal.product.sku: each for each in out.deals}
        for offer in self.offers:
            deal = deals[offer.sku]
            state = deal.offer_state({offer.sku: 1}, used=False, units_taken=0, most=offer.max)
            verdict = judge(offer, now=self.now, shoppers=None, state=state, quantity=1)
            if verdict is Verdict.HONORED:
                bound = bounds[offer.sku]
                assert honored_until(offer, state.extensions) <= bound.held_until
                assert offer.amount >= bound.amount


ACTS = ("price", "withdrawn", "hold", "open", "close", "hide", "show", "extend")
RECALLS = (
    *("recall", "recall a deal", "recall the oldest"),
    *("recall the youngest", "recall a stretch"),
)
STEPS = st.lists(
    st.tuples(
        # Milliseconds of waiting: often a few, sometimes long.
        st.one_of(st.integers(1, 1_500), st.integers(1, 1_500_000)),
        st.sampled_from((*ACTS, *RECALLS)),
        st.integers(0, 1_800),
        # How many later a page is opened that does not know of it yet.
        st.integers(1, 998),
    ),
    min_size=2,
    max_size=8,
)


@settings(
    max_examples=settings().max_examples // 4,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(steps=STEPS)
def test_whatever_happens_nothing_is_honored_beyond_what_is_said(
    sale: Sale, steps: list[tuple[int, str, int, int]]
) -> None:
    with transaction.atomic():
        history = History(sale)
        for wait, act, value, later in steps:
            history.now += timedelta(milliseconds=wait)
            history.open_page(age=timedelta(0))
            history.do(act, value)
            history.check()
            history.now += timedelta(milliseconds=later)
            history.open_page(age=timedelta(milliseconds=later + 1))
            history.check()
        transaction.set_rollback(True)
