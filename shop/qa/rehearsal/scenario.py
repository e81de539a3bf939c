"""The walk: one scene of a sale from before its opening until its last hold has run out.

Time stands still and is moved from instant to instant. At each, what the merchant
does is done; pages are opened by shoppers, and what earlier pages promised is
presented: put into the bag, taken to checkout, and at every boundary paid for.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from freezegun.api import FrozenDateTimeFactory

from offers.verdicts import Verdict
from shop.core.money import format_money
from shop.qa.rehearsal.boundary_plan import SECOND, BoundaryPlan, Instant, plan_boundaries, whole
from shop.qa.rehearsal.browser import Browser, Page, claims_of, promise_on, words_agree
from shop.qa.rehearsal.checkout_checks import CheckoutChecker, Look
from shop.qa.rehearsal.findings import Findings, FindingsRecorder
from shop.qa.rehearsal.merchant_actions import ActionKind, MerchantAction
from shop.qa.rehearsal.oracle import Promise
from shop.qa.rehearsal.results import Cell, Matrix, MatrixColumn, ScenarioResult
from shop.qa.rehearsal.temporary_database import Part, TemporaryDatabase
from shop.sales.showcase import showcase

#: Deals that are walked in a brief scene.
MOST_PARTS_IN_BRIEF = 3


class ScenarioRun:
    """Through one scene.

    A brief one looks at fewer instants, and puts only the deals that lead into
    the bag one by one; all of them are in the bag that is carried.
    """

    def __init__(
        self,
        *,
        stage: TemporaryDatabase,
        parts: Sequence[Part],
        clock: FrozenDateTimeFactory,
        findings: Findings,
        supposed: Sequence[MerchantAction] = (),
        scene: str = "",
    ) -> None:
        sale, acts = stage.sale, [*stage.acts, *supposed]
        closings = [act.at for act in acts if act.kind is ActionKind.CLOSE]
        self.stage, self.clock, self.is_brief = stage, clock, bool(scene)
        self.parts = parts[:MOST_PARTS_IN_BRIEF] if self.is_brief else parts
        self.acts = sorted(acts, key=lambda act: act.at)
        self.zone = ZoneInfo(sale.time_zone)
        self.opens, self.closes = whole(sale.starts_at), whole(min([sale.ends_at, *closings]))
        self.hidden_at = min(closings, default=None)
        self.scribe = FindingsRecorder(
            findings=findings, scene=scene, zone=self.zone, opens=self.opens, acts=self.acts
        )
        self.till = CheckoutChecker(
            stage=stage,
            scribe=self.scribe,
            acts=self.acts,
            settled=timedelta(seconds=settings.SHOWCASE_MAX_STALE),
            closes=self.closes,
            move=self.move,
        )
        self.plan: BoundaryPlan = plan_boundaries(
            starts_at=sale.starts_at,
            ends_at=self.closes,
            hold=sale.hold,
            acts=self.acts,
            zone=self.zone,
            told=supposed if self.is_brief else None,
        )
        self.looks: list[Look] = []

    def play(self, title: str, text: str) -> ScenarioResult:
        """Walk from the first instant to the last, and set the stage back."""
        issued = {instant.at: instant for instant in self.plan.issued}
        presented = {instant.at for instant in self.plan.presented}
        with self.stage.aside():
            for at in sorted(presented | {act.at for act in self.acts}):
                self.move(at)
                for act in self.acts:
                    if act.at == at:
                        self.stage.enact(act)
                showcase.clear()
                if at in presented & self._turning_points or at in issued:
                    self._look_at_page(at, issued.get(at))
                for look in self.looks if at in presented else ():
                    self._present(look, at)
        acts = tuple(self.acts)
        starts_at = self.stage.sale.starts_at
        return ScenarioResult(title, text, starts_at, self.closes, acts, list(self._matrices()))

    def move(self, at: datetime) -> None:
        """Let it be another instant. The showcase's age is told by a clock that is not moved."""
        self.clock.move_to(at)
        showcase.clear()

    # --- What pages say ---

    @property
    def _turning_points(self) -> set[datetime]:
        """Where the page turns into another one, from both sides."""
        acts = [whole(act.at) for act in self.acts]
        turns = [self.opens, self.closes, *acts]
        return {self.opens + SECOND, *turns, *(turn - SECOND for turn in turns)}

    def _look_at_page(self, at: datetime, issue: Instant | None) -> None:
        """Prices show while the window is open, and at no other time."""
        sale, when, browser = self.stage.sale, self.scribe.when(at), Browser()
        page = self.till.open(browser, sale.get_absolute_url())
        is_hidden = self.hidden_at is not None and self.hidden_at <= at
        if page.error or page.status != (404 if is_hidden else 200):
            self.scribe.broken(f"The sale page answered {page.error or page.status} at {when}.")
            return
        is_open, shows = self.opens <= at < self.closes, bool(page.deals(sale.slug))
        if shows and not is_open:
            phase = "before the sale opened" if at < self.opens else "after the sale had closed"
            self.scribe.broken(f"The sale page showed prices at {when}, {phase}.")
        if is_open and not shows:
            self.scribe.broken(f"The sale page showed no price at {when}, while the sale was open.")
        if at < self.opens:
            self._check_told(page, "window-opens", sale.starts_at, at)
        if not is_hidden:
            self._check_told(page, "window-ends", sale.ends_at, at)
        if issue is not None:
            self._note_promises(issue, browser, page)

    def _check_told(self, page: Page, name: str, instant: datetime, at: datetime) -> None:
        """An instant on a page is the sale's, in its figures and in its words."""
        told, words = page.instant(name), page.words(name)
        instant = instant.replace(microsecond=0)
        if told != instant or not words_agree(words, instant, at, self.zone):
            self.scribe.broken(
                f"The page of {self.scribe.when(at)} told {self.scribe.when(instant)} as “{words}”."
            )

    def _note_promises(self, instant: Instant, browser: Browser, page: Page) -> None:
        """The shopper who looks at the page notes what it promises, and fills a bag."""
        at, sale = instant.at, self.stage.sale
        held_until = page.instant("held-until")
        if held_until is None:
            self.scribe.broken(
                f"The page of {self.scribe.when(at)} did not say until when prices are held."
            )
            return
        self._check_told(page, "held-until", at + sale.hold, at)
        articles, promises = page.deals(sale.slug), {}
        for part in self.parts:
            article = articles.get(part.sku)
            promise = promise_on(page, article, at, part.name) if article else None
            if promise is None:
                self.scribe.broken(f"The page of {self.scribe.when(at)} did not offer {part.name}.")
            else:
                promises[part.sku] = promise
                self._check_fine_print(promise)
        bags: dict[str, Browser] = {}
        for promise in promises.values():
            bags.setdefault(promise.currency, browser.twin()).add(promise)
        look = Look(MatrixColumn(instant, held_until), browser, promises, bags)
        if not self.looks and not self.is_brief:
            self.till.try_limits(look, at)
        self.looks.append(look)

    def _check_fine_print(self, promise: Promise) -> None:
        """The offer behind a price says what the page says."""
        claims = claims_of(promise.message)
        until = datetime.fromtimestamp(claims["exp"], UTC)
        if claims["amount"] != promise.amount or until != promise.held_until:
            self.scribe.broken(
                f"{self.scribe.whose(promise)}. The page said {promise.price_text}, held until "
                f"{self.scribe.when(promise.held_until)}; its offer says "
                f"{format_money(claims['amount'], claims['currency'])}, held until "
                f"{self.scribe.when(until)}."
            )

    # --- What the bag and checkout answer ---

    def _present(self, look: Look, at: datetime) -> None:
        """Hold all that a page promised against what it is worth now."""
        is_boundary = self._is_boundary(look, at)
        fresh = {currency: look.browser.twin() for currency in look.bags}
        for part in self.parts:
            promise = look.promises.get(part.sku)
            if promise and (part.leads or (is_boundary and not self.is_brief)):
                self.till.present(fresh[promise.currency], promise, at)
        owed = {self.till.owes(promise, at) for promise in look.promises.values()}
        may_be_renewed = Verdict.EXPIRED in owed and at < self.closes
        for currency in look.bags if is_boundary or may_be_renewed else ():
            good = self.till.bring_bag(look, currency, at)
            if is_boundary:
                self._go_to_checkout(look, currency, good, at)

    def _go_to_checkout(
        self, look: Look, currency: str, good: Sequence[Promise], at: datetime
    ) -> None:
        promises = [each for each in look.promises.values() if each.currency == currency]
        lost = [each for each in promises if each not in good]
        if lost and self.till.owes(lost[0], at - SECOND) is Verdict.HONORED:
            self.till.try_to_pay_all_the_same(look, lost, at)
        if not good:
            return
        is_last = look is self.looks[-1] and at + SECOND == look.column.held_until
        if is_last and not lost and not self.is_brief:
            self.till.decline_and_retry(look, good, at)
        self.till.pay(look, good, lost, at)

    def _is_boundary(self, look: Look, at: datetime) -> bool:
        """Whether this look's promises fare otherwise a second earlier or later."""
        if at == self.closes or (at == look.column.issued.at and not self.is_brief):
            return True

        def fares(moment: datetime) -> list[Verdict]:
            return [self.till.owes(each, moment) for each in look.promises.values()]

        return not fares(at - SECOND) == fares(at) == fares(at + SECOND)

    def _matrices(self) -> Iterator[Matrix]:
        """One for each leading deal whose offers fare otherwise than those before it."""
        seen: list[list[list[Cell]]] = []
        columns = [look.column for look in self.looks]
        for part in self.parts:
            cells = [
                [self.till.cell(part.sku, each.issued.at, row.at) for each in columns]
                for row in self.plan.presented
            ]
            if part.leads and cells not in seen:
                seen.append(cells)
                yield Matrix(part.sku, columns, self.plan.presented, cells)
