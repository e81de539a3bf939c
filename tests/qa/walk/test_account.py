"""The account: what follows from events, against examples and against every single second."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shop.qa.walk.account import SECOND, ShopAccount
from shop.qa.walk.events import (
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
from shop.qa.walk.sums import ChargeTerms, charge, expected_bag, turnover

OPENS = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO = OPENS - timedelta(days=60)


def terms(
    *, price: int = 499, minutes: int = 15, hold: int = 1800, shown: bool = True
) -> SaleTerms:
    return SaleTerms(
        title="Autumn",
        zone="Europe/Berlin",
        opens=OPENS,
        closes=OPENS + minutes * MINUTE,
        hold=timedelta(seconds=hold),
        is_published=shown,
        deals={"MUG-01": DealTerms(price=price)},
    )


def made(*, minutes: int = 15, hold: int = 1800) -> TermsSet:
    return TermsSet(at=LONG_AGO, sale="autumn", terms=terms(minutes=minutes, hold=hold))


def listed(price: int = 4990, *, is_sold: bool = True, at: datetime = LONG_AGO) -> ListPriceSet:
    return ListPriceSet(at=at, sku="MUG-01", price=price, is_sold=is_sold)


def shown(after: timedelta = timedelta(), price: int = 499) -> ShownPrice:
    at = OPENS + after
    return ShownPrice(
        sale="autumn",
        sku="MUG-01",
        shown_at=at,
        held_until=at + timedelta(minutes=30),
        price=price,
        was=4990,
        line=f"line {after}",
    )


def extended(after: timedelta, minutes: int) -> HoldExtended:
    at = OPENS + after
    return HoldExtended(at=at, sale="autumn", longer=minutes * MINUTE, shown_before=at)


def recalled(after: timedelta, sku: str | None = None) -> OffersRecalled:
    return OffersRecalled(at=OPENS + after, sale="autumn", sku=sku)


def test_a_price_is_honored_to_the_last_second_of_its_hold() -> None:
    account = ShopAccount([made()])
    until = OPENS + 30 * MINUTE
    assert account.verdict(shown(), until - SECOND) == "honored"
    assert account.verdict(shown(), until) == "expired"


def test_an_extension_reaches_what_was_shown_before_it_and_revives_it() -> None:
    account = ShopAccount([made(), extended(31 * MINUTE, 10)])
    assert account.verdict(shown(), OPENS + 31 * MINUTE - SECOND) == "expired"
    assert account.verdict(shown(), OPENS + 31 * MINUTE) == "honored"
    assert account.honored_until(shown(31 * MINUTE), OPENS + 31 * MINUTE) == OPENS + 61 * MINUTE


def test_a_recall_spares_what_is_shown_from_then_on() -> None:
    account = ShopAccount([made(), recalled(5 * MINUTE)])
    assert account.verdict(shown(5 * MINUTE - SECOND), OPENS + 5 * MINUTE) == "recalled"
    assert account.verdict(shown(5 * MINUTE), OPENS + 5 * MINUTE) == "honored"


def test_a_recall_by_an_instant_spares_later_offers_only_if_that_is_long_ago() -> None:
    at = OPENS + 14 * MINUTE
    for before, spared in ((OPENS + 3 * MINUTE, True), (OPENS + 5 * MINUTE, False)):
        account = ShopAccount(
            [made(), OffersRecalled(at=at, sale="autumn", shown_before=before)],
            max_stale=10 * MINUTE,
        )
        assert (account.verdict(shown(6 * MINUTE), at) == "honored") is spared
        assert account.verdict(shown(2 * MINUTE), at) == "recalled"


def test_a_hidden_sale_keeps_its_promises_and_makes_no_more() -> None:
    hidden = TermsSet(at=OPENS + 5 * MINUTE, sale="autumn", terms=terms(shown=False))
    account = ShopAccount([made(), hidden])
    assert account.phase("autumn", OPENS + 5 * MINUTE) == "absent"
    last = OPENS + 5 * MINUTE - SECOND + timedelta(minutes=30)
    assert account.last_hold_end("autumn", OPENS + 5 * MINUTE) == last


def test_the_reference_price_is_the_lowest_that_could_be_paid_in_thirty_days() -> None:
    month_ago = OPENS - timedelta(days=30)
    cheap, dear = listed(990), listed(4990, at=month_ago)
    assert ShopAccount([cheap, dear, made()]).reference("autumn", "MUG-01", OPENS) == 4990
    longer = listed(4990, at=month_ago + SECOND)
    assert ShopAccount([cheap, longer, made()]).reference("autumn", "MUG-01", OPENS) == 990
    unsold = ShopAccount([listed(990, is_sold=False), made()])
    assert unsold.reference("autumn", "MUG-01", OPENS) is None
    assert unsold.was("autumn", "MUG-01", OPENS) == 499


def test_a_bag_counts_what_is_refused_in_its_units_and_not_in_its_total() -> None:
    account = ShopAccount([made(hold=60), recalled(5 * MINUTE)])
    carried = [(shown(), 2), (shown(6 * MINUTE), 1)]
    bag = expected_bag(account, carried, OPENS + 20 * MINUTE)
    assert (bag.units, bag.total) == (3, 499)
    assert not bag.can_be_ordered


def test_a_bag_renews_what_has_run_out_and_takes_what_is_cheaper() -> None:
    cheaper = TermsSet(at=OPENS + 40 * MINUTE, sale="autumn", terms=terms(price=399, minutes=60))
    account = ShopAccount([made(minutes=60), cheaper])
    renewed = expected_bag(account, [(shown(), 1)], OPENS + 30 * MINUTE).lines[0]
    assert (renewed.is_renewed, renewed.price) == (True, 499)
    assert renewed.held_until == OPENS + 60 * MINUTE
    taken = expected_bag(account, [(shown(20 * MINUTE), 1)], OPENS + 40 * MINUTE).lines[0]
    assert (taken.is_cheaper, taken.price) == (True, 399)


def test_the_tax_in_a_total_is_rounded_half_up_without_a_float() -> None:
    # 1.15 × 19 / 119 is 0.18361…; 2.38 × 19 / 119 is 0.38; 100.05 × 5 / 105 is 4.764…
    for goods, percent, tax in ((115, "19", 18), (238, "19", 38), (21, "5", 1), (31, "20", 5)):
        assert charge([("MUG-01", goods, 1)], ChargeTerms(tax_percent=percent), "EUR").tax == tax


def test_shipping_is_free_from_its_sum_on() -> None:
    rules = ChargeTerms(shipping=490, free_from=1000)
    assert charge([("MUG-01", 999, 1)], rules, "EUR").total == 1489
    assert charge([("MUG-01", 500, 2)], rules, "EUR").total == 1000
    assert charge([("MUG-01", 999, 1)], rules, "CHF").total == 999


def test_what_was_ordered_from_the_close_on_is_late() -> None:
    closes = OPENS + 15 * MINUTE
    orders = [
        OrderPaid(at=at, number=str(at), bought=(Bought(price=shown(), units=2, refunded=1),))
        for at in (closes - SECOND, closes)
    ]
    account = ShopAccount([made(), *orders])
    sold, late = (turnover(account, "autumn", closes, late=late) for late in (False, True))
    assert (sold.orders, sold.units, sold.revenue, sold.discount) == (2, 4, 1996, 4 * 4491)
    assert (late.orders, late.units, late.revenue) == (1, 2, 998)
    assert (sold.refunded_units, sold.refunded) == (2, 998)


seconds = st.integers(0, 50).map(lambda each: timedelta(seconds=each))


@given(
    st.lists(
        st.builds(
            lambda after, what, value: (after, what, value),
            seconds,
            st.sampled_from(["extend", "recall", "hold", "hide", "show"]),
            st.integers(1, 20),
        ),
        max_size=4,
    ),
    seconds,
)
def test_the_end_of_the_last_hold_is_that_of_every_single_second(
    done: list[tuple[timedelta, str, int]], now: timedelta
) -> None:
    hold, is_shown = 10, True
    events: list[Event] = [made(minutes=1, hold=hold)]
    for after, what, value in sorted(done):
        at = OPENS + after
        if what == "extend":
            events.append(
                HoldExtended(at=at, sale="autumn", longer=timedelta(seconds=value), shown_before=at)
            )
        elif what == "recall":
            events.append(OffersRecalled(at=at, sale="autumn"))
        else:
            hold, is_shown = (value, is_shown) if what == "hold" else (hold, what == "show")
            changed = terms(minutes=1, hold=hold, shown=is_shown)
            events.append(TermsSet(at=at, sale="autumn", terms=changed))
    account, at = ShopAccount(events), OPENS + now
    ends = []
    for second in range(60):
        issued = OPENS + timedelta(seconds=second)
        stands = account.terms("autumn", min(issued, at))
        if stands is None or not stands.is_published or stands.closes <= issued:
            continue
        offer = ShownPrice(
            sale="autumn",
            sku="MUG-01",
            shown_at=issued,
            held_until=issued + stands.hold,
            price=499,
            was=499,
        )
        if not account.is_recalled("autumn", "MUG-01", issued, at):
            ends.append(account.honored_until(offer, at))
    assert account.last_hold_end("autumn", at) == max(ends, default=None)
