"""Prices that are kept past their hold, by a signed message of the shopper's own."""

from datetime import timedelta

from pytest_django import Settings

from offers import conf, tokens
from offers.anchors import new_id, renewed_id
from offers.terms import Offer
from shop.core.shopper import SHOPPER
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.kept_prices import KEPT, KeptPrices, longest_wait, may_be_kept

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
UNTIL = OPENS + 20 * MINUTE


def offer(offer_id: str = "", amount: int = 499) -> Offer:
    """An offer that was shown at the opening and is held for ten minutes."""
    return Offer(
        issuer="http://localhost",
        shopper=new_id(),
        id=offer_id or new_id(),
        issued_at=int(OPENS.timestamp()),
        expires_at=int(OPENS.timestamp()) + 600,
        sale="autumn",
        sku="MUG-01",
        amount=amount,
        currency="EUR",
        was=4990,
        max=2,
        anchor="a" * 16,
    )


def test_the_message_keeps_what_it_names_and_nothing_else() -> None:
    mine, other = offer(), offer()
    kept = KeptPrices.read(KeptPrices().keep([mine.id], UNTIL, OPENS).message)
    [extension] = kept.extensions(mine, mine.held_until)
    assert extension.seconds == 600
    assert kept.extensions(other, other.held_until) == []


def test_it_shortens_nothing() -> None:
    mine = offer()
    kept = KeptPrices().keep([mine.id], UNTIL, OPENS)
    assert kept.extensions(mine, UNTIL) == []
    assert kept.extensions(mine, UNTIL + SECOND) == []
    assert kept.extensions(mine, UNTIL - SECOND)[0].seconds == 1
    assert kept.keep([mine.id], UNTIL - MINUTE, OPENS).until == {mine.id: UNTIL}
    assert kept.keep([mine.id], UNTIL + MINUTE, OPENS).until == {mine.id: UNTIL + MINUTE}


def test_what_was_kept_before_stays_until_it_is_over() -> None:
    first, second = new_id(), new_id()
    kept = KeptPrices().keep([first], UNTIL, OPENS)
    assert kept.keep([second], UNTIL + MINUTE, UNTIL - SECOND).until.keys() == {first, second}
    assert kept.keep([second], UNTIL + MINUTE, UNTIL).until.keys() == {second}


def test_a_cheaper_offer_in_its_place_is_kept_as_long() -> None:
    mine = offer()
    kept = KeptPrices().keep([mine.id], UNTIL, OPENS)
    cheaper = offer(renewed_id(mine.id, 399), amount=399)
    assert kept.extensions(cheaper, cheaper.held_until) != []
    forged = offer(renewed_id(mine.id, 399), amount=398)
    assert kept.extensions(forged, forged.held_until) == []


def test_a_message_that_is_not_ours_keeps_nothing(settings: Settings) -> None:
    mine = offer()
    message = KeptPrices().keep([mine.id], UNTIL, OPENS).message
    until = {mine.id: int(UNTIL.timestamp())}
    of_an_offer_key = tokens.sign(KEPT, {"until": until}, conf.ring().active)
    of_another_kind = tokens.sign(SHOPPER, {"ids": [new_id()]}, conf.site_ring().active)
    altered = message[:-2] + ("AA" if message[-2:] != "AA" else "BB")
    for each in ("", "x", altered, of_an_offer_key, of_another_kind):
        assert KeptPrices.read(each) == KeptPrices()


def test_no_message_outgrows_a_cookie() -> None:
    kept = KeptPrices()
    for minute in range(9):
        ids = [new_id() for _ in range(20)]
        kept = kept.keep(ids, UNTIL + minute * MINUTE, OPENS)
    assert len(kept.message) <= 2000
    assert KeptPrices.read(kept.message) == kept
    assert set(ids) <= kept.until.keys(), "the newest stay"


def test_one_wait_is_as_long_as_a_claim_and_leaves_time_to_return(settings: Settings) -> None:
    settings.CLAIM_SECONDS = 600
    assert longest_wait() == 16 * MINUTE
    assert may_be_kept(OPENS, OPENS + 16 * MINUTE)
    assert not may_be_kept(OPENS, OPENS + 16 * MINUTE + SECOND)
