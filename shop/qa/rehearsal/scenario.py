"""A scenario of a sale, run from before its opening until its last hold is over.

Time stands still and is moved from instant to instant. At each, the merchant's
actions of that instant are applied; shoppers open pages; and what earlier pages
promised is put into the bag, taken to checkout, and at every boundary paid for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory

from offers.verdicts import Verdict
from shop.core.money import format_money
from shop.qa.rehearsal.boundary_plan import (
    END_OF_TIME,
    SECOND,
    BoundaryPlan,
    Instant,
    plan_boundaries,
    whole,
)
from shop.qa.rehearsal.browser import Browser, BrowserPage, promise_on, words_agree
from shop.qa.rehearsal.checkout_checks import CheckoutChecker, PageVisit
from shop.qa.rehearsal.findings import FindingsRecorder
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.oracle import TAKING_DOWN, Promise, closes_at, hold_at, is_withdrawn
from shop.qa.rehearsal.page_walk import PageWalk
from shop.qa.rehearsal.results import Cell, Matrix, MatrixColumn, ScenarioResult
from shop.qa.rehearsal.temporary_database import SampledDeal, TemporaryDatabase
from shop.qa.walk.readers import claims_of
from shop.sales.showcase import showcase

#: Deals that a short scenario tests.
MOST_SAMPLES_IN_SHORT = 3


@dataclass(frozen=True)
class Scenario:
    """The sale as configured, and what its merchant may do besides."""

    name: str
    title: str
    text: str
    actions: Sequence[MerchantAction] = ()


class ScenarioRun:
    """Runs one scenario.

    One with actions of its own is short: it tests fewer instants, and puts only
    the primary deals into the bag one by one. The bags carried along hold all.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        database: TemporaryDatabase,
        samples: Sequence[SampledDeal],
        clock: FrozenDateTimeFactory,
        notes: list[str],
    ) -> None:
        sale = database.sale
        self.scenario, self.database, self.clock = scenario, database, clock
        self.is_short = bool(scenario.actions)
        self.samples = samples[:MOST_SAMPLES_IN_SHORT] if self.is_short else samples
        self.actions = sorted([*database.actions, *scenario.actions], key=lambda each: each.at)
        hidings = [each.at for each in self.actions if each.kind in TAKING_DOWN]
        self.zone = ZoneInfo(sale.time_zone)
        self.opens, self.closes = whole(sale.starts_at), whole(self._closes_at(END_OF_TIME))
        self.hidden_at = min(hidings, default=None)
        self.recorder = FindingsRecorder(
            zone=self.zone, opens=self.opens, actions=self.actions, notes=notes, now=self.opens
        )
        self.checker = CheckoutChecker(
            database=database, recorder=self.recorder, closes=self.closes, move_to=self.move_to
        )
        self.plan: BoundaryPlan = plan_boundaries(
            starts_at=sale.starts_at,
            ends_at=self.closes,
            hold=sale.hold,
            actions=self.actions,
            zone=self.zone,
            focus=scenario.actions if self.is_short else None,
        )
        self.visits: list[PageVisit] = []
        self.pages = PageWalk(database, self.recorder, self.samples)

    def run(self) -> ScenarioResult:
        """Test every instant of the plan, and restore the database."""
        issued = {instant.at: instant for instant in self.plan.issued}
        presented = {instant.at for instant in self.plan.presented}
        with self.database.savepoint():
            for at in sorted(presented | {action.at for action in self.actions}):
                self.move_to(at)
                for action in self.actions:
                    if action.at == at:
                        self.database.apply(action)
                        self.pages.take_down(action)
                showcase.clear()
                if at in presented & self._page_changes or at in issued:
                    self._check_page(at, issued.get(at))
                for visit in self.visits if at in presented else ():
                    self._check_visit(visit, at)
                if at in presented:
                    self.pages.look(at, self.visits)
        return ScenarioResult(
            name=self.scenario.name,
            title=self.scenario.title,
            text=self.scenario.text,
            starts_at=self.database.sale.starts_at,
            ends_at=self.closes,
            actions=tuple(self.actions),
            matrices=list(self._matrices()),
            findings=self.recorder.findings,
            counts=dict(self.recorder.counts),
        )

    def move_to(self, at: datetime) -> None:
        """Move the clock. The showcase measures its age by another clock, which is not moved."""
        self.clock.move_to(at)
        self.recorder.now = at
        showcase.clear()

    # --- What pages say ---

    @property
    def _page_changes(self) -> set[datetime]:
        """The instants at which the page changes, and the seconds before."""
        actions = [whole(action.at) for action in self.actions]
        changes = [self.opens, self.closes, whole(self.database.sale.ends_at), *actions]
        return {self.opens + SECOND, *changes, *(change - SECOND for change in changes)}

    def _check_page(self, at: datetime, issue: Instant | None) -> None:
        """Prices show while the window is open, and at no other time."""
        recorder = self.recorder
        sale, when, browser = self.database.sale, recorder.format_time(at), Browser()
        page = self.checker.open(browser, sale.get_absolute_url())
        is_hidden = self.hidden_at is not None and self.hidden_at <= at
        if page.error or page.status != (404 if is_hidden else 200):
            recorder.record_broken(f"The sale page answered {page.error or page.status} at {when}.")
            return
        closes = self._closes_at(at)
        is_open, shown = self.opens <= at < whole(closes), page.deals(sale.slug)
        shows = bool(shown)
        if shows and not is_open:
            phase = "before the sale opened" if at < self.opens else "after the sale had closed"
            recorder.record_broken(f"The sale page showed prices at {when}, {phase}.")
        for sku in shown:
            if is_withdrawn(sku, self.actions, at):
                recorder.record_broken(f"The sale page offered {sku} at {when}, withdrawn by then.")
        if is_open and not shows and not self._is_all_withdrawn(at):
            recorder.record_broken(
                f"The sale page showed no price at {when}, while the sale was open."
            )
        if at < self.opens:
            self._check_time(page, "window-opens", sale.starts_at, at)
        if not is_hidden:
            self._check_time(page, "window-ends", closes, at)
        if issue is not None and not self._is_all_withdrawn(at):
            self._record_visit(issue, browser, page)

    def _closes_at(self, at: datetime) -> datetime:
        return closes_at(at, self.database.sale.ends_at, self.actions)

    def _is_all_withdrawn(self, at: datetime) -> bool:
        skus = self.database.skus
        return all(is_withdrawn(sku, self.actions, at) for sku in skus)

    def _check_time(self, page: BrowserPage, name: str, instant: datetime, at: datetime) -> None:
        """A page shows an instant of the sale rightly, as ``datetime`` and as text."""
        shown, words = page.instant(name), page.words(name)
        instant = instant.replace(microsecond=0)
        if shown != instant or not words_agree(words, instant, at, self.zone):
            self.recorder.record_broken(
                f"The page of {self.recorder.format_time(at)} showed "
                f"{self.recorder.format_time(instant)} as “{words}”."
            )

    def _record_visit(self, instant: Instant, browser: Browser, page: BrowserPage) -> None:
        """Remember what the page promises, and fill a bag with it."""
        at, sale = instant.at, self.database.sale
        when = self.recorder.format_time(at)
        held_until = page.instant("held-until")
        if held_until is None:
            self.recorder.record_broken(
                f"The page of {when} did not say until when prices are held."
            )
            return
        self._check_time(page, "held-until", at + hold_at(at, sale.hold, self.actions), at)
        articles, promises = page.deals(sale.slug), {}
        for sample in self.samples:
            if is_withdrawn(sample.sku, self.actions, at):
                continue
            article = articles.get(sample.sku)
            promise = promise_on(page, article, at, sample.name) if article else None
            if promise is None:
                self.recorder.record_broken(f"The page of {when} did not offer {sample.name}.")
            else:
                promises[sample.sku] = promise
                self._check_claims(promise)
        bags: dict[str, Browser] = {}
        for promise in promises.values():
            bags.setdefault(promise.currency, browser.copy()).add(promise)
        visit = PageVisit(MatrixColumn(instant, held_until), browser, promises, bags)
        if not self.visits and not self.is_short:
            self.checker.check_limits(visit, at)
        self.visits.append(visit)

    def _check_claims(self, promise: Promise) -> None:
        """The offer behind a price says what the page says."""
        claims, format_time = claims_of(promise.message), self.recorder.format_time
        until = datetime.fromtimestamp(claims["exp"], UTC)
        if claims["amount"] != promise.amount or until != promise.held_until:
            self.recorder.record_broken(
                f"{self.recorder.describe(promise)}. The page said {promise.amount_text}, held "
                f"until {format_time(promise.held_until)}; its offer says "
                f"{format_money(claims['amount'], claims['currency'])}, held until "
                f"{format_time(until)}."
            )

    # --- What the bag and checkout answer ---

    def _check_visit(self, visit: PageVisit, at: datetime) -> None:
        """Present all that a page promised, and at a boundary pay for it."""
        is_boundary = self._is_boundary(visit, at)
        browsers = {currency: visit.browser.copy() for currency in visit.bags}
        for sample in self.samples:
            promise = visit.promises.get(sample.sku)
            if promise and (sample.is_primary or (is_boundary and not self.is_short)):
                self.checker.check_adding(browsers[promise.currency], promise, at)
        expected = {self.checker.expected(promise, at) for promise in visit.promises.values()}
        may_be_renewed = Verdict.EXPIRED in expected and at < self.closes
        is_change = any(whole(action.at) == at for action in self.scenario.actions)
        for currency in visit.bags if is_boundary or may_be_renewed or is_change else ():
            good = self.checker.check_bag(visit, currency, at)
            if is_boundary or (is_change and visit is self.visits[0]):
                self._check_checkout(visit, currency, good, at)

    def _check_checkout(
        self, visit: PageVisit, currency: str, good: Sequence[Promise], at: datetime
    ) -> None:
        promises = [each for each in visit.promises.values() if each.currency == currency]
        refused = [each for each in promises if each not in good]
        if refused and self.checker.expected(refused[0], at - SECOND) is Verdict.HONORED:
            self.checker.check_late_form(visit, refused, at)
        if not good:
            return
        is_last = visit is self.visits[-1] and at + SECOND == visit.column.held_until
        if is_last and not refused and not self.is_short:
            self.checker.check_retry(visit, good, at)
        self.checker.check_payment(visit, good, refused, at)

    def _is_boundary(self, visit: PageVisit, at: datetime) -> bool:
        """Whether the visit's offers have other verdicts a second earlier or later."""
        if at == self.closes or (at == visit.column.issued.at and not self.is_short):
            return True

        def verdicts(instant: datetime) -> list[Verdict]:
            return [self.checker.expected(each, instant) for each in visit.promises.values()]

        return not verdicts(at - SECOND) == verdicts(at) == verdicts(at + SECOND)

    def _matrices(self) -> Iterator[Matrix]:
        """One for each primary deal whose verdicts differ from those before it."""
        seen: list[list[list[Cell]]] = []
        columns = [visit.column for visit in self.visits]
        for sample in self.samples:
            cells = [
                [self.checker.cell(sample.sku, each.issued.at, row.at) for each in columns]
                for row in self.plan.presented
            ]
            if sample.is_primary and cells not in seen:
                seen.append(cells)
                yield Matrix(sample.sku, columns, self.plan.presented, cells)
