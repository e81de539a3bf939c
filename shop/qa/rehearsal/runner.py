"""The whole rehearsal: the sale as configured, and what its merchant may yet do to it."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from shop.core.durations import exact_duration
from shop.core.machine_clock import monotonic_seconds
from shop.qa.rehearsal.boundary_plan import SECOND, whole
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.results import RehearsalReport
from shop.qa.rehearsal.scenario import Scenario, ScenarioRun
from shop.qa.rehearsal.temporary_database import TemporaryDatabase
from shop.sales.models import Sale

#: The longest extension that is rehearsed.
MOST_EXTENSION = timedelta(minutes=15)


def rehearse(rows: str) -> RehearsalReport:
    """Run every scenario of the sale in these rows, in this process and its database."""
    started = monotonic_seconds()
    # Before time is frozen: freezegun's datetimes lose their fold.
    database = TemporaryDatabase(rows)
    sale, samples = database.sale, database.samples()
    notes: list[str] = []
    counts: Counter[str] = Counter()
    # Started once, then moved: each start searches all modules.
    with freeze_time("2000-01-01") as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        scenarios = [
            ScenarioRun(
                scenario,
                database=database,
                samples=samples,
                clock=clock,
                notes=notes,
                counts=counts,
            ).run()
            for scenario in _scenarios(sale)
        ]
    if database.empty:
        empty = ", ".join(database.empty)
        notes.append(f"The shop has none left of {empty}; rehearsed as if it had.")
    return RehearsalReport(
        slug=sale.slug,
        title=sale.title,
        zone=sale.time_zone,
        starts_at=sale.starts_at,
        ends_at=sale.ends_at,
        hold=sale.hold,
        was_draft=database.was_draft,
        samples=samples,
        deals_total=database.deals_total,
        scenarios=scenarios,
        notes=notes,
        counts=dict(counts),
        seconds=monotonic_seconds() - started,
    )


def _scenarios(sale: Sale) -> Iterator[Scenario]:
    yield Scenario("As configured", "Every offer as its page promised it.")
    opens, last = whole(sale.starts_at), whole(sale.ends_at) - SECOND
    half_way = whole(opens + (last - opens) / 2) + SECOND
    yield Scenario(
        "If prices rise and the sale closes early",
        "Half-way through, every price doubles, the window closes and the page is hidden. "
        "What was promised before stays promised.",
        [
            MerchantAction(kind=ActionKind.PRICE_RISE, at=half_way),
            MerchantAction(kind=ActionKind.CLOSE, at=half_way),
        ],
    )
    extension = min(sale.hold, MOST_EXTENSION) // SECOND
    late = opens + sale.hold + SECOND
    yield Scenario(
        "If offers are held longer",
        f"A second after the first hold is over, offers shown by then get "
        f"{exact_duration(extension)} more: those that had run out are good again.",
        [MerchantAction(kind=ActionKind.EXTENSION, at=late, seconds=extension, issued_before=late)],
    )
    yield Scenario(
        "If offers are recalled",
        "Half-way through, every offer that is out is taken back; those made afterwards are good.",
        [MerchantAction(kind=ActionKind.RECALL, at=half_way)],
    )
