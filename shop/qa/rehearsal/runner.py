"""The whole rehearsal: every scenario of a sale, one after the other."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from shop.core.machine_clock import monotonic_seconds
from shop.qa.rehearsal.progress import Progress
from shop.qa.rehearsal.purchases import PurchaseRun, PurchaseScenario
from shop.qa.rehearsal.results import RehearsalReport, ScenarioResult
from shop.qa.rehearsal.scenario import ScenarioRun
from shop.qa.rehearsal.scenarios import AnyScenario, scenarios_of
from shop.qa.rehearsal.temporary_database import SampledDeal, TemporaryDatabase


def rehearse(
    rows: str,
    *,
    now: datetime | None = None,
    only: Sequence[str] = (),
    report_progress: Callable[[Progress], None] = lambda progress: None,
) -> RehearsalReport:
    """Run the scenarios of the sale in these rows, in this process and its database.

    :param now: the shop's time: what is past is not rehearsed; None is before the opening
    :param only: names of scenarios; by default all
    :param report_progress: called before each scenario
    :raises UnknownScenario: the sale has no scenario of one of these names
    """
    started = monotonic_seconds()
    # Before time is frozen: freezegun's datetimes lose their fold.
    database = TemporaryDatabase(rows)
    sale, samples = database.sale, database.samples()
    scenarios = scenarios_of(database, now=now, only=only)
    notes: list[str] = []
    results: list[ScenarioResult] = []
    # Started once, then moved: each start searches all modules.
    with freeze_time("2000-01-01") as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        for number, scenario in enumerate(scenarios, 1):
            broken = sum(len(result.findings) for result in results)
            report_progress(Progress(number, len(scenarios), scenario.name, scenario.title, broken))
            results.append(_run(scenario, database, samples, clock, notes))
    if database.empty:
        empty = ", ".join(database.empty)
        notes.append(f"The shop has none left of {empty}; rehearsed as if it had.")
    if database.cheaper_outside:
        cheaper = ", ".join(database.cheaper_outside)
        notes.append(
            f"Outside the sale these cost less, and the bag takes that price: {cheaper}. They were "
            "rehearsed as if the sale alone had them."
        )
    return RehearsalReport(
        slug=sale.slug,
        title=sale.title,
        zone=sale.time_zone,
        starts_at=sale.starts_at,
        ends_at=sale.ends_at,
        hold=sale.hold,
        was_draft=database.was_draft,
        is_over=now is not None and now >= sale.ends_at,
        samples=samples,
        deals_total=len(database.skus),
        scenarios=results,
        notes=notes,
        seconds=monotonic_seconds() - started,
    )


def _run(
    scenario: AnyScenario,
    database: TemporaryDatabase,
    samples: Sequence[SampledDeal],
    clock: FrozenDateTimeFactory,
    notes: list[str],
) -> ScenarioResult:
    started = monotonic_seconds()
    run: ScenarioRun | PurchaseRun
    if isinstance(scenario, PurchaseScenario):
        run = PurchaseRun(scenario, database=database, samples=samples, clock=clock, notes=notes)
    else:
        run = ScenarioRun(scenario, database=database, samples=samples, clock=clock, notes=notes)
    try:
        result = run.run()
    except Exception as error:
        # What breaks down here would break down in the shop, and the other scenarios go on.
        traceback.print_exc()
        recorder = run.recorder
        recorder.record_broken(
            f"It could not be played to its end, at {recorder.format_time(recorder.now)}: "
            f"{type(error).__name__}: {error}"
        )
        result = ScenarioResult(
            name=scenario.name,
            title=scenario.title,
            text=scenario.text,
            starts_at=run.opens,
            ends_at=run.closes,
            findings=recorder.findings,
        )
    return replace(result, seconds=monotonic_seconds() - started)
