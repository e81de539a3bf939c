"""A rehearsal reads the pages as the walk does, and says what it finds to a merchant."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shop.catalog.models import Product, Variant
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale
from shop.qa.rehearsal.findings import FindingsRecorder
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.page_walk import PageWalk
from shop.qa.rehearsal.sale_export import sale_document
from shop.qa.rehearsal.temporary_database import TemporaryDatabase
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from tests.support.fixtures import Clock

pytestmark = pytest.mark.django_db
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: Offers are held a quarter of an hour longer from a minute after the close on.
EXTENSION = MerchantAction(
    kind=ActionKind.EXTENSION,
    at=CLOSES + MINUTE,
    seconds=900,
    issued_before=CLOSES + MINUTE,
)


class Rehearsed:
    """A sale in a rehearsal, whose pages are read at instants."""

    def __init__(self, clock: Clock) -> None:
        rows = sale_document(make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD))
        for model in (Sale, Variant, Product):
            model.objects.all().delete()
        self.database, self.clock = TemporaryDatabase(rows), clock
        zone = ZoneInfo("Europe/Berlin")
        self.recorder = FindingsRecorder(zone=zone, opens=OPENS, actions=[], notes=[], now=OPENS)
        self.pages = PageWalk(self.database, self.recorder, self.database.samples())

    def do(self, action: MerchantAction) -> None:
        self.database.apply(action)
        self.pages.take_down(action)

    def found_at(self, at: datetime) -> list[str]:
        self.clock.move_to(at)
        showcase.clear()
        self.pages.look(at, [])
        return [finding.text for finding in self.recorder.findings]


@pytest.fixture
def rehearsed(clock: Clock) -> Rehearsed:
    return Rehearsed(clock)


@pytest.mark.parametrize(
    "at",
    [OPENS - SECOND, OPENS, CLOSES - SECOND, CLOSES, CLOSES + HOLD - SECOND, CLOSES + HOLD],
    ids=["before", "opening", "last second", "close", "last held second", "after"],
)
def test_pages_that_tell_the_truth_are_not_remarked_on(rehearsed: Rehearsed, at: datetime) -> None:
    assert rehearsed.found_at(at) == []


def test_pages_that_deny_an_extension_are_found(
    rehearsed: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed.do(EXTENSION)
    assert rehearsed.found_at(CLOSES + HOLD) == []
    monkeypatch.setattr("shop.sales.snapshot.SaleSnapshot.last_hold_ends_at", CLOSES + HOLD)
    [on_list, on_page] = rehearsed.found_at(CLOSES + HOLD)
    assert on_list == (
        "The page / of 12:45:00 said “closed 12:15, Berlin time”; prices of it are still held."
    )
    assert on_page.startswith("The page /sales/autumn/ of 12:45:00 said “All prices of it have")
    assert on_page.endswith("; prices of it are still held.")


def test_a_page_with_a_wrong_price_is_found(
    rehearsed: Rehearsed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shop.sales.snapshot.DealSnapshot.amount_text", "€5.99")
    found = rehearsed.found_at(OPENS)
    assert any("said “€5.99 before: €49.90 −90%”; it costs €4.99." in each for each in found)
