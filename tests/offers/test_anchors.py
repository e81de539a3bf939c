"""When an offer holds, and by what it is called back."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from offers.anchors import (
    Extension,
    OfferState,
    Recall,
    TermBounds,
    anchor_digest,
    earlier_anchors,
    honored_until,
    judge,
    new_id,
    new_nonce,
    renewed_id,
)
from offers.terms import Offer, identifier
from offers.verdicts import Verdict
from tests.offers.handmade_tokens import ANCHOR, SHOPPER, claims, seconds

ISSUED = datetime(2026, 11, 27, 11, 5, tzinfo=UTC)
END = ISSUED + timedelta(minutes=30)
SECOND = timedelta(seconds=1)
TICK = timedelta(microseconds=1)


def an_offer(issued: datetime = ISSUED, end: datetime = END, most: int = 2) -> Offer:
    return Offer.from_claims(claims(iat=seconds(issued), exp=seconds(end), max=most))


def judged(
    offer: Offer | None = None,
    *,
    now: datetime = ISSUED,
    shoppers: Collection[str] | None = (SHOPPER,),
    quantity: int = 1,
    **state: Any,
) -> Verdict:
    return judge(
        offer or an_offer(),
        now=now,
        shoppers=shoppers,
        state=OfferState(**{"anchor": ANCHOR, **state}),
        quantity=quantity,
    )


# --- Time ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (ISSUED - 61 * SECOND, Verdict.NOT_YET_VALID),
        (ISSUED - 60 * SECOND - TICK, Verdict.NOT_YET_VALID),
        (ISSUED - 60 * SECOND, Verdict.HONORED),
        (ISSUED - 60 * SECOND + TICK, Verdict.HONORED),
        (ISSUED - SECOND, Verdict.HONORED),
        (ISSUED, Verdict.HONORED),
        (END - SECOND, Verdict.HONORED),
        (END - TICK, Verdict.HONORED),
        (END, Verdict.EXPIRED),
        (END + TICK, Verdict.EXPIRED),
        (END + SECOND, Verdict.EXPIRED),
    ],
)
def test_an_offer_holds_from_a_minute_before_its_issue_to_its_end(
    now: datetime, verdict: Verdict
) -> None:
    assert judged(now=now) is verdict


def test_the_clock_may_be_in_any_time_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert judged(now=(END - TICK).astimezone(berlin)) is Verdict.HONORED
    assert judged(now=END.astimezone(berlin)) is Verdict.EXPIRED


def test_the_end_of_summer_time_makes_no_hold_longer_or_shorter() -> None:
    issued = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 in Berlin, for the first time
    offer = an_offer(issued, issued + timedelta(minutes=30))
    berlin = ZoneInfo("Europe/Berlin")
    # The hold ends at 02:15, which the clocks of Berlin show twice: this is the second time.
    end = datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=1)
    assert judged(offer, now=end.replace(minute=14, second=59)) is Verdict.HONORED
    assert judged(offer, now=end) is Verdict.EXPIRED
    assert judged(offer, now=end.replace(fold=0)) is Verdict.NOT_YET_VALID


def test_the_page_promised_the_end_without_extensions() -> None:
    assert an_offer().held_until == END


# --- Extensions ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("extensions", "more"),
    [
        ([], 0),
        ([(ISSUED + TICK, 600)], 600),
        ([(ISSUED + SECOND, 600)], 600),
        ([(ISSUED, 600)], 0),
        ([(ISSUED - SECOND, 600)], 0),
        ([(END, 600), (END, 600)], 1200),
        ([(END, 600), (ISSUED, 60), (ISSUED + SECOND, 1)], 601),
        ([(END + timedelta(days=1), 86_400)], 86_400),
    ],
)
def test_extensions_that_apply_add_up(extensions: list[tuple[datetime, int]], more: int) -> None:
    all_of_them = [Extension(*each) for each in extensions]
    until = END + timedelta(seconds=more)
    assert honored_until(an_offer(), all_of_them) == until
    assert judged(now=until - TICK, extensions=all_of_them) is Verdict.HONORED
    assert judged(now=until, extensions=all_of_them) is Verdict.EXPIRED


def test_an_extension_revives_an_offer_that_had_lapsed() -> None:
    tomorrow = END + timedelta(days=1)
    assert judged(now=tomorrow) is Verdict.EXPIRED
    day_and_hour = Extension(tomorrow, 90_000)
    assert judged(now=tomorrow, extensions=[day_and_hour]) is Verdict.HONORED


def test_an_extension_makes_nothing_good_but_time() -> None:
    longer = [Extension(END, 600)]
    assert judged(used=True, extensions=longer) is Verdict.USED
    assert judged(anchor="other", extensions=longer) is Verdict.RECALLED
    assert judged(now=ISSUED - 61 * SECOND, extensions=longer) is Verdict.NOT_YET_VALID


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_no_extension_leads_beyond_the_last_date(zone: str) -> None:
    latest = datetime.fromtimestamp(250_000_000_000, UTC)
    offer = an_offer(latest - SECOND, latest)
    until = honored_until(offer, [Extension(datetime.max.replace(tzinfo=UTC), 10**15)] * 3)
    assert until.astimezone(ZoneInfo(zone)).year == 9999
    assert until > latest


# --- Recall -------------------------------------------------------------------


def test_a_replaced_nonce_recalls() -> None:
    assert judged(anchor="AAAAAAAAAAAAAAAA") is Verdict.RECALLED


def test_an_unknown_deal_honors_nothing() -> None:
    assert judged(anchor=None) is Verdict.RECALLED


@pytest.mark.parametrize(
    ("issued_from", "issued_before", "verdict"),
    [
        (None, ISSUED - SECOND, Verdict.HONORED),
        (None, ISSUED, Verdict.HONORED),
        (None, ISSUED + TICK, Verdict.RECALLED),
        (None, ISSUED + SECOND, Verdict.RECALLED),
        (ISSUED - SECOND, ISSUED, Verdict.HONORED),
        (ISSUED, ISSUED + SECOND, Verdict.RECALLED),
        (ISSUED + SECOND, END, Verdict.HONORED),
    ],
)
def test_a_recalled_stretch_has_its_first_instant_and_not_its_last(
    issued_from: datetime | None, issued_before: datetime, verdict: Verdict
) -> None:
    assert judged(recalls=[Recall(issued_from, issued_before)]) is verdict


def test_of_several_recalled_stretches_each_counts() -> None:
    others = [Recall(END, END + SECOND), Recall(None, ISSUED)]
    assert judged(recalls=others) is Verdict.HONORED
    assert judged(recalls=[*others, Recall(ISSUED, END)]) is Verdict.RECALLED


@pytest.mark.parametrize(
    ("issued_from", "verdict"),
    [
        (ISSUED - SECOND, Verdict.RECALLED),
        (ISSUED, Verdict.RECALLED),
        (ISSUED + SECOND, Verdict.HONORED),
    ],
)
def test_a_replaced_anchor_is_good_for_offers_from_before_the_recall_began(
    issued_from: datetime, verdict: Verdict
) -> None:
    state: dict[str, Any] = {"anchor": "todays", "earlier_anchors": {ANCHOR: issued_from}}
    assert judged(**state) is verdict
    assert judged(**state, recalls=[Recall(None, ISSUED)]) is verdict
    assert judged(**state, recalls=[Recall(None, END)]) is Verdict.RECALLED


def test_a_replaced_anchor_is_good_before_the_earliest_recall_since() -> None:
    first, second, third = ISSUED, ISSUED - SECOND, ISSUED + SECOND
    replaced = [("c", third), ("b", second), ("a", first)]
    assert earlier_anchors(replaced) == {"c": third, "b": second, "a": second}


def test_a_recall_of_everything_ends_what_older_anchors_were_good_for() -> None:
    replaced = [("c", ISSUED), ("b", None), ("a", ISSUED)]
    assert earlier_anchors(replaced) == {"c": ISSUED}


#: Recalls in their order: when each begins, in seconds from the first instant.
BEGINNINGS = st.lists(st.none() | st.integers(0, 9), max_size=5)


@given(beginnings=BEGINNINGS, minted_after=st.integers(0, 5), issued=st.integers(0, 9))
def test_an_offer_is_good_exactly_if_it_is_older_than_every_recall_since_it_was_made(
    beginnings: list[int | None], minted_after: int, issued: int
) -> None:
    """``minted_after``: how many of the recalls a page knew that made the offer."""
    anchors = [f"anchor-{each:09}" for each in range(len(beginnings) + 1)]
    minted_after = min(minted_after, len(beginnings))
    offer = Offer.from_claims(
        claims(iat=seconds(ISSUED) + issued, exp=seconds(END), anchor=anchors[minted_after])
    )
    expected = all(
        beginning is not None and issued < beginning for beginning in beginnings[minted_after:]
    )

    begins = [None if each is None else ISSUED + each * SECOND for each in beginnings]
    verdict = judged(
        offer,
        now=ISSUED + 10 * SECOND,
        anchor=anchors[-1],
        earlier_anchors=earlier_anchors(reversed(list(zip(anchors[:-1], begins, strict=True)))),
    )
    assert verdict is (Verdict.HONORED if expected else Verdict.RECALLED)


def test_the_digest_depends_on_both_nonces_and_on_where_one_ends() -> None:
    digests = {
        anchor_digest("sale", "deal"),
        anchor_digest("sale2", "deal"),
        anchor_digest("sale", "deal2"),
        anchor_digest("deal", "sale"),
        anchor_digest("saled", "eal"),
    }
    assert len(digests) == 5


def test_the_digest_never_changes_from_one_release_to_the_next() -> None:
    assert anchor_digest("sale-nonce", "deal-nonce") == "UmQkzTuLiH3VfGTl"


# --- Ids ----------------------------------------------------------------------


def test_fresh_ids_and_nonces_are_well_formed_and_differ() -> None:
    fresh = {make() for make in (new_id, new_nonce) for _ in range(100)}
    assert len(fresh) == 200
    assert all(map(identifier, fresh))


def test_a_renewal_has_one_id_for_each_amount_and_each_offer() -> None:
    assert renewed_id("a", 499) == renewed_id("a", 499)
    assert len({renewed_id("a", 499), renewed_id("a", 500), renewed_id("b", 499)}) == 3
    assert identifier(renewed_id("a", 499))
    assert renewed_id("p0UeJtLQR8mXyKzv3F2c1w", 499) == "Ox365eJHcPGUxdbJ-KWtug"
    assert renewed_id(renewed_id("a", 1), 1) != renewed_id("a", 1)


# --- What can have been promised ----------------------------------------------


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ({}, Verdict.HONORED),
        ({"least_amount": 498}, Verdict.HONORED),
        ({"least_amount": 499}, Verdict.HONORED),
        ({"least_amount": 500}, Verdict.FORGED),
        ({"longest_hold": 1801}, Verdict.HONORED),
        ({"longest_hold": 1800}, Verdict.HONORED),
        ({"longest_hold": 1799}, Verdict.FORGED),
        ({"most_units": 3}, Verdict.HONORED),
        ({"most_units": 2}, Verdict.HONORED),
        ({"most_units": 1}, Verdict.FORGED),
        ({"currency": "EUR"}, Verdict.HONORED),
        ({"currency": "SEK"}, Verdict.FORGED),
    ],
)
def test_an_offer_beyond_what_was_ever_promised_is_forged(
    bounds: dict[str, Any], verdict: Verdict
) -> None:
    assert judged(bounds=TermBounds(**bounds)) is verdict


@pytest.mark.parametrize(
    ("bounds", "claim"),
    [
        ({"currency": "SEK", "least_amount": 500}, "currency"),
        ({"least_amount": 500, "longest_hold": 1}, "amount"),
        ({"longest_hold": 1, "most_units": 1}, "exp"),
        ({"most_units": 1}, "max"),
        ({"currency": "EUR", "least_amount": 499, "longest_hold": 1800, "most_units": 2}, ""),
    ],
)
def test_the_claim_that_lies_beyond_its_bound_is_named(bounds: dict[str, Any], claim: str) -> None:
    assert TermBounds(**bounds).claim_beyond(an_offer()) == claim


def test_an_extension_is_no_longer_hold_than_was_promised() -> None:
    bounds = TermBounds(longest_hold=1800)
    longer = [Extension(END, 600)]
    assert judged(now=END, bounds=bounds, extensions=longer) is Verdict.HONORED


# --- Shoppers and units -------------------------------------------------------


@pytest.mark.parametrize(
    ("shoppers", "verdict"),
    [
        ([SHOPPER], Verdict.HONORED),
        (["another", SHOPPER], Verdict.HONORED),
        (None, Verdict.HONORED),
        (["another"], Verdict.NOT_YOURS),
        ([SHOPPER[:-1]], Verdict.NOT_YOURS),
        ([], Verdict.NOT_YOURS),
    ],
)
def test_an_offer_is_for_the_browser_that_has_its_shopper(
    shoppers: list[str] | None, verdict: Verdict
) -> None:
    assert judged(shoppers=shoppers) is verdict


@pytest.mark.parametrize(
    ("quantity", "allowed", "left", "verdict"),
    [
        (2, None, None, Verdict.HONORED),
        (3, None, None, Verdict.OVER_LIMIT),
        (2, 1, None, Verdict.OVER_LIMIT),
        (3, 100, None, Verdict.OVER_LIMIT),
        (1, 0, None, Verdict.OVER_LIMIT),
        (1, -1, None, Verdict.OVER_LIMIT),
        (2, 2, 2, Verdict.HONORED),
        (2, 2, 1, Verdict.SOLD_OUT),
        (1, None, 0, Verdict.SOLD_OUT),
        (1, None, -1, Verdict.SOLD_OUT),
        (3, None, 0, Verdict.OVER_LIMIT),
    ],
)
def test_units_are_bounded_by_the_promise_the_shopper_and_the_stock(
    quantity: int, allowed: int | None, left: int | None, verdict: Verdict
) -> None:
    assert judged(quantity=quantity, units_allowed=allowed, units_left=left) is verdict


# --- All of it ----------------------------------------------------------------

#: What makes each verdict fit, in the order in which they win.
REASONS: dict[Verdict, dict[str, Any]] = {
    Verdict.FORGED: {"bounds": TermBounds(least_amount=500)},
    Verdict.NOT_YOURS: {"shoppers": ()},
    Verdict.USED: {"used": True},
    Verdict.RECALLED: {"anchor": None},
    Verdict.NOT_YET_VALID: {"now": ISSUED - 61 * SECOND},
    Verdict.EXPIRED: {"now": END},
    Verdict.OVER_LIMIT: {"quantity": 3},
    Verdict.SOLD_OUT: {"units_left": 0},
}


@pytest.mark.parametrize("verdict", REASONS)
def test_each_reason_alone_refuses(verdict: Verdict) -> None:
    assert judged(**REASONS[verdict]) is verdict


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pair
        for pair in combinations(REASONS, 2)
        if pair != (Verdict.NOT_YET_VALID, Verdict.EXPIRED)  # no instant is both
    ],
)
def test_of_two_reasons_the_first_in_order_wins(first: Verdict, second: Verdict) -> None:
    assert judged(**{**REASONS[second], **REASONS[first]}) is first


near = st.integers(-70, 70) | st.integers(-4000, 4000)
microseconds = st.sampled_from([0, 0, 1, 999_999]) | st.integers(0, 999_999)


@given(
    now=st.tuples(near | near.map(lambda s: 1800 + s), microseconds),
    mine=st.none() | st.booleans(),
    used=st.booleans() | st.just(False),
    anchor=st.sampled_from([ANCHOR, ANCHOR, ANCHOR, "other", None]),
    good_before=st.none() | near,
    recalls=st.lists(st.tuples(st.none() | near, near), max_size=2),
    extensions=st.lists(st.tuples(near, st.integers(1, 4000)), max_size=3),
    quantity=st.integers(1, 4),
    most=st.integers(1, 4),
    allowed=st.none() | st.integers(-1, 4),
    left=st.none() | st.integers(-1, 4),
)
@example((1800, 0), True, False, ANCHOR, None, [], [(1, 1)], 1, 1, 1, 1)
def test_an_offer_is_honored_exactly_if_the_rule_says_so(
    now: tuple[int, int],
    mine: bool | None,
    used: bool,
    anchor: str | None,
    good_before: int | None,
    recalls: list[tuple[int | None, int]],
    extensions: list[tuple[int, int]],
    quantity: int,
    most: int,
    allowed: int | None,
    left: int | None,
) -> None:
    # The rule, in microseconds since the issue; all times but now are whole seconds.
    clock = now[0] * 10**6 + now[1]
    end = 1800 + sum(more for before, more in extensions if before > 0)
    holds = {
        Verdict.NOT_YOURS: mine is not False,
        Verdict.USED: not used,
        Verdict.RECALLED: (anchor == ANCHOR or (good_before is not None and good_before > 0))
        and not any(before > 0 and (since is None or since <= 0) for since, before in recalls),
        Verdict.NOT_YET_VALID: clock >= -60 * 10**6,
        Verdict.EXPIRED: clock < end * 10**6,
        Verdict.OVER_LIMIT: quantity <= most and (allowed is None or quantity <= allowed),
        Verdict.SOLD_OUT: left is None or quantity <= left,
    }
    expected = next((verdict for verdict, held in holds.items() if not held), Verdict.HONORED)

    verdict = judged(
        an_offer(most=most),
        now=ISSUED + timedelta(microseconds=clock),
        shoppers=None if mine is None else [SHOPPER] if mine else ["another"],
        quantity=quantity,
        anchor=anchor,
        earlier_anchors={} if good_before is None else {ANCHOR: ISSUED + good_before * SECOND},
        recalls=[
            Recall(None if since is None else ISSUED + since * SECOND, ISSUED + before * SECOND)
            for since, before in recalls
        ],
        extensions=[Extension(ISSUED + at * SECOND, more) for at, more in extensions],
        used=used,
        units_allowed=allowed,
        units_left=left,
    )
    assert verdict is expected


def test_every_verdict_has_a_sentence_for_the_shopper_and_a_label_for_the_merchant() -> None:
    sentences = {verdict.sentence for verdict in Verdict}
    assert len(sentences) == len(Verdict)
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len({verdict.label for verdict in Verdict}) == len(Verdict)
