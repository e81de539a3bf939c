"""At the till: what was promised is put into the bag, taken to checkout and paid for."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bs4 import Tag

from offers.verdicts import Verdict
from shop.orders.models import Order
from shop.payments import stripe_amounts
from shop.payments.stripe_client import client
from shop.qa.rehearsal.browser import Browser, Page, claims_of
from shop.qa.rehearsal.findings import FindingsRecorder
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.oracle import Promise, expected
from shop.qa.rehearsal.results import Cell, MatrixColumn
from shop.qa.rehearsal.temporary_database import TemporaryDatabase

GOOD_CARD, DECLINED_CARD = "pm_card_visa", "pm_card_visa_chargeDeclined"
#: A declined shopper tries another card this long after the hold is over.
RETRY_AFTER = timedelta(seconds=30)
#: Where a deal bounds a shopper by more than this, the bound itself is not tried.
MOST_UNITS_TRIED = 1000
_ADDRESS = {
    "email": "rehearsal@example.org",
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "line2": "",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


@dataclass(frozen=True)
class Look:
    """A shopper who looked at the page at an instant, with what it promised by sku.

    ``bags`` are this browser with all that was promised in one currency in its bag.
    """

    column: MatrixColumn
    browser: Browser
    promises: dict[str, Promise]
    bags: dict[str, Browser]


class CheckoutChecker:
    """The bag and checkout of one scene, and what they owe."""

    def __init__(
        self,
        *,
        stage: TemporaryDatabase,
        scribe: FindingsRecorder,
        acts: Sequence[MerchantAction],
        settled: timedelta,
        closes: datetime,
        move: Callable[[datetime], None],
    ) -> None:
        self.stage = stage
        self.scribe = scribe
        self.acts = acts
        self.settled = settled
        self.closes = closes
        self.move = move
        self._verdicts: dict[tuple[str, datetime, datetime], tuple[str, Verdict]] = {}
        self._marks: defaultdict[tuple[str, datetime, datetime], set[str]] = defaultdict(set)

    def cell(self, sku: str, shown_at: datetime, at: datetime) -> Cell:
        """What came of presenting an offer; an empty cell where it was not presented."""
        key = sku, shown_at, at
        if key not in self._verdicts:
            return Cell()
        got, owed = self._verdicts[key]
        marks = self._marks[key]
        return Cell(got, owed, renewed="renewed" in marks, paid="paid" in marks)

    def owes(self, promise: Promise, at: datetime) -> Verdict:
        """What is expected of it."""
        return expected(promise, self.acts, at, settled=self.settled)

    def present(self, browser: Browser, promise: Promise, at: datetime) -> None:
        """Put what a page offered into the bag now."""
        owed = self.owes(promise, at)
        page = browser.add(promise)
        self.scribe.count("presented")
        got = str(Verdict.HONORED) if page.status == 303 else page.verdict or str(page.status)
        self._verdicts[promise.sku, promise.shown_at, at] = got, owed
        if got != owed:
            self.scribe.disagree("the bag", promise, at, owed=owed, got=got)

    def bring_bag(self, look: Look, currency: str, at: datetime) -> list[Promise]:
        """Show the bag that was filled when the page was open: what of it can be bought now.

        What has run out is renewed by itself while the product costs no more.
        """
        lines = self.open(look.bags[currency].twin(), "/bag/").lines()
        good = []
        for promise in look.promises.values():
            if promise.currency != currency:
                continue
            line = lines.get(promise.sku)
            if line is None:
                self.scribe.broken(
                    f"{self.scribe.whose(promise)}. It had gone from the bag at "
                    f"{self.scribe.when(at)}."
                )
            elif self._is_good(promise, line, at):
                good.append(promise)
        return good

    def _is_good(self, promise: Promise, line: Tag, at: datetime) -> bool:
        got, owed = str(line.get("data-verdict") or Verdict.HONORED), self.owes(promise, at)
        amount = int(str(line.get("data-amount") or 0))
        is_renewed = (
            got == Verdict.HONORED and owed is Verdict.EXPIRED and self._is_on_sale(promise, at)
        )
        if is_renewed:
            self._marks[promise.sku, promise.shown_at, at].add("renewed")
        elif got != owed:
            self.scribe.disagree("the bag", promise, at, owed=owed, got=got)
            return False
        if got == Verdict.HONORED and amount > promise.amount:
            self.scribe.dearer("the bag", promise, at, amount)
        return got == Verdict.HONORED

    def pay(
        self, look: Look, promises: Sequence[Promise], lost: Sequence[Promise], at: datetime
    ) -> None:
        """Pay for what is good in a bag, see what was charged, and have it undone."""
        first = promises[0]
        browser = look.bags[first.currency].twin()
        for promise in lost:
            browser.send("/bag/remove/", line=claims_of(promise.message)["jti"])
        with self.stage.aside():
            checkout = self.open(browser, "/checkout/")
            obstacle = stripe_amounts.obstacle(self._sum(promises), first.currency)
            if checkout.total is None and obstacle:
                # The shop says so before a card is typed.
                self.scribe.note(f"{first.name}: checkout says “{checkout.problem or obstacle}”")
                return
            page = self._order(browser, checkout.total or self._sum(promises))
            order = Order.objects.first()
            if order is None or page.order_status != Order.Status.PAID:
                got = page.verdict or page.order_status or page.problem or str(page.status)
                self.scribe.disagree("checkout", first, at, owed=Verdict.HONORED, got=got)
                return
            self.scribe.count("paid")
            self._check_charge(order, promises, at)
            for promise in promises:
                self._marks[promise.sku, promise.shown_at, at].add("paid")
            if look.column.issued.at == at:
                self._present_again(look, first, at)

    def try_to_pay_all_the_same(
        self, look: Look, promises: Sequence[Promise], at: datetime
    ) -> None:
        """Send a form that was opened while the price was held, when it is held no more."""
        first = promises[0]
        with self.stage.aside():
            page = self._order(look.bags[first.currency].twin(), self._sum(promises))
            owed = self.owes(first, at)
            if owed is Verdict.HONORED:
                got = page.verdict or page.problem or str(page.status)
                if not page.order_status:
                    self.scribe.disagree("checkout", first, at, owed=owed, got=got)
            elif page.order_status or Order.objects.exists():
                got = str(Verdict.HONORED)
                self.scribe.disagree("checkout", first, at, owed=owed, got=got)

    def decline_and_retry(self, look: Look, promises: Sequence[Promise], at: datetime) -> None:
        """What was ordered while the price was held stays the shopper's for another card."""
        first = promises[0]
        browser, later = look.bags[first.currency].twin(), at + RETRY_AFTER
        with self.stage.aside():
            total = self.open(browser, "/checkout/").total
            if total is None:
                return
            self._order(browser, total, DECLINED_CARD)
            self.move(later)
            page = self._order(browser, total)
            if page.order_status != Order.Status.PAID:
                got = page.verdict or page.problem or page.order_status
                self.scribe.disagree(
                    "checkout, after a declined card,", first, later, owed=Verdict.HONORED, got=got
                )
            self.move(at)

    def try_limits(self, look: Look, at: datetime) -> None:
        """As many as the offer allows, and not one more."""
        for promise in look.promises.values():
            most = int(claims_of(promise.message)["max"])
            if most > MOST_UNITS_TRIED:
                continue
            for quantity, owed in ((most, Verdict.HONORED), (most + 1, Verdict.OVER_LIMIT)):
                page = look.browser.twin().add(promise, quantity)
                got = str(Verdict.HONORED) if page.status == 303 else page.verdict
                if got != owed:
                    self.scribe.broken(
                        f"{self.scribe.whose(promise)}. The offer allows {most} a shopper; "
                        f"{quantity} were {got} at {self.scribe.when(at)}."
                    )

    def open(self, browser: Browser, path: str) -> Page:
        """A page, counted."""
        self.scribe.count("pages")
        return browser.open(path)

    def _check_charge(self, order: Order, promises: Sequence[Promise], at: datetime) -> None:
        """What the goods cost is what was promised; what was charged is what the order says."""
        charged = {line.sku: line.amount for line in order.lines.all()}
        for promise in promises:
            amount = charged.get(promise.variant or promise.sku)
            if amount is None or amount > promise.amount:
                self.scribe.dearer("checkout", promise, at, amount or order.total)
        intent = client().v1.payment_intents.retrieve(order.payment_intent)
        if intent.amount_received != intent.amount or not intent.amount:
            self.scribe.broken(
                f"The order of {self.scribe.when(at)} says {order.total_text}, and not all of "
                "that was charged."
            )

    def _present_again(self, look: Look, promise: Promise, at: datetime) -> None:
        """What was paid for is used: it makes no second order."""
        page = look.browser.twin().add(promise)
        if page.verdict != Verdict.USED:
            got = page.verdict or str(Verdict.HONORED)
            self.scribe.disagree("the bag", promise, at, owed=Verdict.USED, got=got)

    def _is_on_sale(self, promise: Promise, at: datetime) -> bool:
        """Whether the same price, or a lower one, can be had of the shop now."""
        is_open = self.stage.sale.starts_at <= at < self.closes
        price = self.stage.price_now(promise.sku, is_open=is_open)
        return price is not None and price <= promise.amount

    def _order(self, browser: Browser, total: int, card: str = GOOD_CARD) -> Page:
        """Order and pay; where shipping or tax change with the address, agree to the new total."""
        token = client().v1.test_helpers.confirmation_tokens.create({"payment_method": card})
        page = browser.order(total, token.id, _ADDRESS)
        if page.total is not None and page.total != total and not page.verdict:
            return browser.order(page.total, token.id, _ADDRESS)
        return page

    @staticmethod
    def _sum(promises: Sequence[Promise]) -> int:
        return sum(promise.amount for promise in promises)
