"""What is promised: until when at the latest, for how many units and how much money at most."""

from datetime import datetime, timedelta

import pytest

from shop.checkout.models import Order
from shop.merchant.outstanding import Outstanding, PromisedDeal, outstanding
from shop.sales.changes import record
from shop.sales.models import Deal, Sale
from shop.sales.promises import extend, recall
from shop.sales.publishing import cancel, unpublish
from tests.conftest import CLOSES, HOLD, OPENS
from tests.merchant.orders import make_order

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def mug(sale: Sale, now: datetime) -> PromisedDeal:
    found = outstanding(Sale.objects.get(), now)
    promised = found.of(Deal.objects.get(product__sku="MUG-01"))
    assert promised is not None
    return promised


def change(sale: Sale, at: datetime, deal: Deal | None = None, **fields: object) -> None:
    """Change something as the back office does, with its record."""
    row = deal or sale
    for name, value in fields.items():
        record(
            sale=sale,
            deal=deal,
            field=name,
            before=getattr(row, name),
            after=value,
            now=at,
            by=None,
        )
        setattr(row, name, value)
    row.save(update_fields=list(fields))


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
def test_what_was_shown_last_is_held_longest(
    sale: Sale, now: datetime, held_until: datetime
) -> None:
    assert mug(sale, now).held_until == held_until


@pytest.mark.parametrize("now", [OPENS - SECOND, CLOSES + HOLD])
def test_nothing_is_out_before_the_sale_opens_or_after_the_last_hold(
    sale: Sale, now: datetime
) -> None:
    assert not outstanding(sale, now)


def test_a_draft_promised_nothing(sale: Sale) -> None:
    Sale.objects.update(state="draft", published_at=None)
    assert not outstanding(Sale.objects.get(), CLOSES)


def test_what_is_left_bounds_the_units_and_the_money(sale: Sale) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(claimed=20)
    found = outstanding(sale, OPENS)
    assert [(each.units, each.amount) for each in found.deals] == [(100, 49_900), (30, 23_700)]
    assert (found.units, found.amounts) == (130, {"EUR": 73_600})


def test_units_that_wait_for_their_payment_may_come_free_and_count(sale: Sale) -> None:
    order = make_order(sale, status=Order.Status.PENDING, paid_at=None, receipt_sent_at=None)
    units = order.lines.get().quantity
    Deal.objects.filter(product__sku="MUG-01").update(allocation=10, claimed=units)
    assert mug(sale, OPENS).units == 10


def test_the_lowest_price_that_is_still_held_counts(sale: Sale) -> None:
    deal = Deal.objects.get(product__sku="MUG-01")
    change(sale, OPENS + MINUTE, deal, price=399)
    change(sale, OPENS + 2 * MINUTE, deal, price=999)
    assert mug(sale, OPENS + 3 * MINUTE).price == 399
    assert mug(sale, OPENS + 2 * MINUTE + HOLD - SECOND).price == 399
    assert mug(sale, OPENS + 2 * MINUTE + HOLD).price == 999


def test_a_longer_hold_of_before_still_holds(sale: Sale) -> None:
    change(sale, OPENS + MINUTE, hold_seconds=60)
    assert mug(sale, OPENS + 2 * MINUTE).held_until == OPENS + MINUTE + HOLD


def test_a_window_that_was_closed_early_had_minted_until_then(sale: Sale) -> None:
    change(sale, OPENS + 5 * MINUTE, ends_at=OPENS + 4 * MINUTE)
    assert mug(sale, OPENS + 6 * MINUTE).held_until == OPENS + 5 * MINUTE + HOLD


@pytest.mark.parametrize("end", [unpublish, cancel])
def test_a_sale_that_was_taken_down_had_minted_until_then(sale: Sale, end: object) -> None:
    assert callable(end)
    end(sale, now=OPENS + 5 * MINUTE)
    assert mug(sale, OPENS + 6 * MINUTE).held_until == OPENS + 5 * MINUTE + HOLD


def test_an_extension_lengthens_what_was_shown_before_it(sale: Sale) -> None:
    extend(sale=sale, seconds=3600, by=None, now=OPENS + MINUTE)
    assert mug(sale, OPENS + 2 * MINUTE).held_until == OPENS + MINUTE + HOLD + 60 * MINUTE


def test_a_recall_leaves_nothing_but_what_is_shown_after_it(sale: Sale) -> None:
    change(sale, OPENS + MINUTE, Deal.objects.get(product__sku="MUG-01"), price=999)
    recall(sale=sale, reason="A slip", by=None, now=OPENS + 2 * MINUTE)
    assert mug(sale, OPENS + 3 * MINUTE).price == 999
    recall(sale=sale, reason="A slip", by=None, now=CLOSES)
    assert not outstanding(Sale.objects.get(), CLOSES)


def test_a_recall_of_one_deal_leaves_the_others(sale: Sale) -> None:
    deal = Deal.objects.get(product__sku="MUG-01")
    recall(sale=sale, deal=deal, reason="A slip", by=None, now=CLOSES)
    found: Outstanding = outstanding(Sale.objects.get(), CLOSES)
    assert [each.deal.product.sku for each in found.deals] == ["LMP-01"]


def test_a_recall_up_to_an_instant_leaves_what_was_shown_later(sale: Sale) -> None:
    now = CLOSES + 20 * MINUTE
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=CLOSES - MINUTE)
    assert mug(sale, now).held_until == CLOSES + HOLD
    recall(sale=sale, reason="A slip", by=None, now=now, issued_before=now - MINUTE)
    assert not outstanding(Sale.objects.get(), now)


def test_a_deal_that_was_withdrawn_is_held_for_those_who_were_shown_it(sale: Sale) -> None:
    deal = Deal.objects.get(product__sku="MUG-01")
    change(sale, OPENS + MINUTE, deal, withdrawn=True)
    assert mug(sale, OPENS + 5 * MINUTE).held_until == OPENS + MINUTE + HOLD
    assert outstanding(sale, OPENS + MINUTE + HOLD).of(deal) is None
