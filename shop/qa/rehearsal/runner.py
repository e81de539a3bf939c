"""The whole play: the sale as configured, and what its merchant may yet do to it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from shop.core.machine_clock import monotonic_seconds
from shop.qa.rehearsal.boundary_plan import SECOND, whole
from shop.qa.rehearsal.findings import Findings
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction, in_words
from shop.qa.rehearsal.results import RehearsalReport
from shop.qa.rehearsal.scenario import ScenarioRun
from shop.qa.rehearsal.temporary_database import TemporaryDatabase
from shop.sales.models import Sale

#: How much more time the rehearsed extension gives, at most.
MOST_EXTENSION = timedelta(minutes=15)


class Supposition(NamedTuple):
    """Something that a merchant may do, and what is to become of promises then."""

    title: str
    text: str
    acts: list[MerchantAction]


def rehearse(rows: str) -> RehearsalReport:
    """Walk through every scene of the sale in these rows, in this process and its database."""
    started = monotonic_seconds()
    # Read before time stands still: false instants forget which of two equal hours they are in.
    stage, findings = TemporaryDatabase(rows), Findings()
    sale, parts = stage.sale, stage.parts()
    # Started once: each start looks through every module. From here on it is only moved.
    with freeze_time("2000-01-01") as clock:
        assert isinstance(clock, FrozenDateTimeFactory)

        def walk(scene: str = "", supposed: Sequence[MerchantAction] = ()) -> ScenarioRun:
            return ScenarioRun(
                stage=stage,
                parts=parts,
                clock=clock,
                findings=findings,
                supposed=supposed,
                scene=scene,
            )

        as_configured = walk()
        scenes = [as_configured.play("As configured", "Every offer as its page promised it.")]
        for title, text, acts in _suppositions(sale):
            scenes.append(walk(title, acts).play(title, text))
    notes = list(findings.notes)
    if stage.empty:
        notes.append(f"The shop has none left of {', '.join(stage.empty)}; rehearsed as if it had.")
    return RehearsalReport(
        slug=sale.slug,
        title=sale.title,
        zone=sale.time_zone,
        starts_at=sale.starts_at,
        ends_at=sale.ends_at,
        hold=sale.hold,
        was_draft=stage.was_draft,
        parts=parts,
        deals_in_all=stage.deals_in_all,
        scenes=scenes,
        breaches=findings.breaches,
        notes=notes,
        counts=dict(findings.counts),
        seconds=monotonic_seconds() - started,
    )


def _suppositions(sale: Sale) -> Iterator[Supposition]:
    opens, last = whole(sale.starts_at), whole(sale.ends_at) - SECOND
    soon = whole(opens + (last - opens) / 2) + SECOND
    yield Supposition(
        "If prices rise and the sale closes early",
        "Half-way through, every price doubles, the window closes and the page is hidden. "
        "What was promised before stays promised.",
        [
            MerchantAction(kind=ActionKind.RISE, at=soon),
            MerchantAction(kind=ActionKind.CLOSE, at=soon),
        ],
    )
    more = min(sale.hold, MOST_EXTENSION)
    late = opens + sale.hold + SECOND
    yield Supposition(
        "If offers are held longer",
        f"A second after the first hold is over, offers shown by then get {in_words(more)} more: "
        "those that had run out are good again.",
        [
            MerchantAction(
                kind=ActionKind.EXTENSION,
                at=late,
                seconds=int(more.total_seconds()),
                issued_before=late,
            )
        ],
    )
    yield Supposition(
        "If offers are recalled",
        "Half-way through, every offer that is out is taken back; those made afterwards are good.",
        [MerchantAction(kind=ActionKind.RECALL, at=soon)],
    )
