"""A scenario without a timeline: a few customers order, pay and return things, step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import stripe
from freezegun.api import FrozenDateTimeFactory

from offers.verdicts import Verdict
from shop.orders.links import order_path
from shop.orders.models import Order
from shop.payments.stripe_client import client
from shop.qa.rehearsal.boundary_plan import SECOND, whole
from shop.qa.rehearsal.browser import Browser, BrowserPage, promise_on
from shop.qa.rehearsal.checkout_checks import GOOD_CARD, pay, verdict_on
from shop.qa.rehearsal.findings import FindingsRecorder
from shop.qa.rehearsal.oracle import Promise
from shop.qa.rehearsal.results import PurchaseStep, ScenarioResult
from shop.qa.rehearsal.temporary_database import SampledDeal, TemporaryDatabase
from shop.qa.stand_in import answer_bank
from shop.qa.walk.readers import claims_of
from shop.sales.showcase import showcase

#: Names of customers, and the cards that they have by default, with numbers of their own.
NAMES = "ada", "bea", "cleo"
CARDS = GOOD_CARD, "pm_card_mastercard", "pm_card_amex"
#: Outcomes in a merchant's words; a status or verdict that is missing here stands for itself.
_WORDS = {
    "asked again": "refused, with the new total",
    "honored": "taken",
    "over_limit": "refused as over the limit",
    "pending": "left unpaid",
    "requires_action": "waiting for the bank",
    "sold_out": "refused as sold out",
    "used": "refused as used",
}


@dataclass(frozen=True)
class PurchaseScenario:
    """What customers do, as a function that does it."""

    name: str
    title: str
    text: str
    check: "Callable[[PurchaseRun], None]"


class PurchaseRun:
    """Runs one such scenario. It starts half-way through the window, with nothing sold."""

    def __init__(
        self,
        scenario: PurchaseScenario,
        *,
        database: TemporaryDatabase,
        samples: Sequence[SampledDeal],
        clock: FrozenDateTimeFactory,
        notes: list[str],
    ) -> None:
        sale = database.sale
        self.scenario, self.database, self.samples, self.clock = scenario, database, samples, clock
        self.zone = ZoneInfo(sale.time_zone)
        self.opens, self.closes = whole(sale.starts_at), whole(sale.ends_at)
        self.now = self.half_way = whole(self.opens + (self.closes - SECOND - self.opens) / 2)
        self.recorder = FindingsRecorder(
            zone=self.zone, opens=self.opens, actions=(), notes=notes, now=self.now
        )
        self.steps: list[PurchaseStep] = []

    def run(self) -> ScenarioResult:
        """Let the customers do it, and restore the database."""
        with self.database.savepoint():
            self.move_to(self.half_way)
            self.scenario.check(self)
            self.recorder.counts["paid"] = Order.objects.filter(paid_at__isnull=False).count()
        return ScenarioResult(
            name=self.scenario.name,
            title=self.scenario.title,
            text=self.scenario.text,
            starts_at=self.database.sale.starts_at,
            ends_at=self.closes,
            steps=self.steps,
            findings=self.recorder.findings,
            counts=dict(self.recorder.counts),
        )

    def move_to(self, at: datetime) -> None:
        """Move the clock."""
        self.now = self.recorder.now = at
        self.clock.move_to(at)
        showcase.clear()

    def expect(self, promised: str, text: str, outcome: str, expected: str) -> bool:
        """Record a step; whether that came of it which was promised.

        :param promised: the promise, as a sentence
        :param text: what was done, as the beginning of a sentence that the outcome ends
        :param outcome: a status, a verdict or a sum
        """
        self.steps.append(PurchaseStep(self.now, text, outcome, expected))
        if outcome != expected:
            got, right = (_WORDS.get(each, each.rstrip(".")) for each in (outcome, expected))
            when, what = self.recorder.format_time(self.now), text[0].lower() + text[1:]
            self.recorder.record_broken(
                f"{promised} At {when}, {what}: {got}; it should have been {right}."
            )
        return outcome == expected

    def payable_sample(
        self, fits: Callable[[SampledDeal], bool] = lambda sample: True
    ) -> SampledDeal | None:
        """The first deal that fits, of which a card can pay one unit; without one, notes it."""
        for sample in self.samples:
            if fits(sample) and self.database.is_payable(sample.sku):
                return sample
        self.recorder.record_note(f"{self.scenario.title}: no card can pay for one unit.")
        return None

    def customers(self, cards: Sequence[str] = CARDS) -> "list[Customer]":
        """Two or three customers, each with one of these cards."""
        return [self.customer(name, card) for name, card in zip(NAMES, cards, strict=False)]

    def customer(self, name: str, card: str = GOOD_CARD) -> "Customer":
        """A customer with a browser, a mail address and a card of their own."""
        return Customer(self, f"{name}@example.org", card)


class Customer:
    """A customer: a browser, a mail address, a card; the last promise and the last order."""

    def __init__(self, run: PurchaseRun, email: str, card: str) -> None:
        self.run, self.email, self.card = run, email, card
        self.browser = Browser()
        self.order: Order | None = None
        self.promise: Promise | None = None

    def open(self, path: str) -> BrowserPage:
        """Open a page, and count it."""
        self.run.recorder.counts["pages"] += 1
        return self.browser.open(path)

    def find(self, sample: SampledDeal) -> Promise | None:
        """The promise of a deal on the sale's page; without one that is recorded as broken."""
        page = self.open(self.run.database.sale.get_absolute_url())
        article = page.deals(self.run.database.sale.slug).get(sample.sku)
        promise = promise_on(page, article, self.run.now, sample.name) if article else None
        if promise is None:
            when = self.run.recorder.format_time(self.run.now)
            self.run.recorder.record_broken(f"The page of {when} did not offer {sample.name}.")
        return promise

    def take(self, sample: SampledDeal, quantity: int = 1, variant: str = "") -> str:
        """Open the sale's page, and put units of a deal into the bag: its verdict."""
        self.promise = self.find(sample)
        if self.promise is None:
            return "not offered"
        self.run.recorder.counts["presented"] += 1
        return verdict_on(self.browser.add(self.promise, quantity, variant))

    def order_of(self, sample: SampledDeal, quantity: int = 1, variant: str = "") -> str:
        """Take units of a deal and buy them: the order's status, or the verdict of the refusal."""
        verdict = self.take(sample, quantity, variant)
        return self.buy() if verdict == Verdict.HONORED else verdict

    def buy(self, card: str = "") -> str:
        """Order and pay what is in the bag: the order's status, or the verdict of the refusal."""
        page = self.open("/checkout/")
        if page.total is None:
            return page.verdict or page.problem or str(page.status)
        last = Order.objects.first()
        page = pay(self.browser, page.total, card or self.card, email=self.email)
        return self._outcome(page, last)

    def send(self, total: int) -> str:
        """Send the checkout form of an older page: "asked again" where it says another total."""
        last = Order.objects.first()
        page = pay(self.browser, total, self.card, email=self.email, agrees=False)
        has_changed = page.total not in {None, total} and Order.objects.first() == last
        return "asked again" if has_changed else self._outcome(page, last)

    def _outcome(self, page: BrowserPage, last: Order | None) -> str:
        """The status of the order that was placed or paid, or why none was.

        :param last: the shop's newest order before
        """
        newest = Order.objects.first()
        if newest != last:
            self.order = newest
        if self.order is not None and (newest != last or page.order_status):
            return self.status()
        return page.verdict or page.problem or str(page.status)

    def status(self) -> str:
        """The status of the order."""
        assert self.order is not None
        self.order.refresh_from_db()
        return str(self.order.status)

    def open_order(self) -> BrowserPage:
        """Open the order's page, which asks Stripe while the order is open."""
        assert self.order is not None
        return self.open(order_path(self.order))

    def link_to_bank(self) -> str:
        """The address at which the bank asks, from the order's page; empty where there is none."""
        link = self.open_order().soup.select_one("a[data-next-action]")
        return str(link["href"]) if link is not None else ""

    def answer_bank(self, link: str, *, approve: bool) -> str:
        """Answer the bank, and come back to the order's page: the order's status."""
        way_back = answer_bank(link, approve=approve)
        if way_back:
            self.open(way_back)
        return self.status()

    def payment(self) -> stripe.PaymentIntent:
        """The payment of the order, as Stripe has it."""
        assert self.order is not None
        self.order.refresh_from_db()
        return client().v1.payment_intents.retrieve(self.order.payment_intent)


def limit_of(promise: Promise) -> int:
    """The most units of its deal that one shopper may have."""
    return int(claims_of(promise.message)["max"])
