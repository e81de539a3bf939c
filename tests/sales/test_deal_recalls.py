"""Which of several recalls void an offer, and whose reason the shopper reads."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from offers.anchors import OfferState, anchor_digest, judge
from offers.terms import Offer
from offers.verdicts import Verdict
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.deal_recalls import (
    RecallRow,
    deal_recalls,
    good_anchors,
    reason_of,
    recalled_stretches,
)
from tests.offers.handmade_tokens import claims, seconds

SECOND = timedelta(seconds=1)
DEAL, OTHER_DEAL = 1, 2

#: Recalls in their order: of which deal, from and before which second; no end replaces a nonce.
RECALLS = st.lists(
    st.tuples(
        st.sampled_from([None, None, DEAL, OTHER_DEAL]),
        st.none() | st.integers(0, 9),
        st.none() | st.integers(0, 12),
    ),
    max_size=5,
)


@given(recalls=RECALLS, known=st.integers(0, 5), issued=st.integers(0, 9), forgotten=st.booleans())
def test_an_offer_is_void_by_the_first_recall_that_reaches_it_and_by_no_other(
    recalls: list[tuple[int | None, int | None, int | None]],
    known: int,
    issued: int,
    forgotten: bool,
) -> None:
    """``known``: how many of the recalls had been made when a process read what the page shows.

    ``forgotten``: of recalls of everything up to then no row says which nonce they replaced.
    """
    sale_nonce, deal_nonce = "sale-0", "deal-0"
    nonces, rows = [(sale_nonce, deal_nonce)], []
    for number, (deal, since, before) in enumerate(recalls):
        replaced = ""
        if before is None:
            if deal is None:
                replaced, sale_nonce = sale_nonce, f"sale-{number + 1}"
            elif deal == DEAL:
                replaced, deal_nonce = deal_nonce, f"deal-{number + 1}"
            else:
                replaced = "a nonce of the other deal"
        rows.append(
            RecallRow(
                deal=deal,
                issued_from=None if since is None else OPENS + since * SECOND,
                issued_before=None if before is None else OPENS + before * SECOND,
                replaced_nonce="" if forgotten and since is None else replaced,
                reason=f"reason {number}",
                made_at=OPENS + 20 * SECOND,
            )
        )
        nonces.append((sale_nonce, deal_nonce))
    known = min(known, len(recalls))
    reasons = [
        f"reason {number}"
        for number, (deal, since, before) in enumerate(recalls)
        if deal in {None, DEAL}
        and (since is None or issued >= since)
        and (issued < before if before is not None else number >= known)
    ]

    anchor = anchor_digest(sale_nonce, deal_nonce)
    found = deal_recalls(rows, DEAL, sale_nonce, deal_nonce)
    offer = Offer.from_claims(
        claims(
            iat=seconds(OPENS) + issued,
            exp=seconds(OPENS) + 1800,
            anchor=anchor_digest(*nonces[known]),
        )
    )
    state = OfferState(
        anchor=anchor, earlier_anchors=good_anchors(found), recalls=recalled_stretches(found)
    )
    verdict = judge(offer, now=OPENS + 20 * SECOND, shoppers=None, state=state, quantity=1)
    assert verdict is (Verdict.RECALLED if reasons else Verdict.HONORED)
    if not forgotten:
        assert reason_of(offer, anchor, found) == next(iter(reasons), "")
    elif reasons:
        assert reason_of(offer, anchor, found), "a reason is told all the same"
