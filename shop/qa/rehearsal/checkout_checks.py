"""Checks of the bag and checkout: what a page promised is put into the bag, ordered and paid."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bs4 import Tag
from django.conf import settings

from offers.verdicts import Verdict
from shop.core.money import format_money
from shop.orders.models import Order
from shop.payments.stripe_amounts import from_stripe_amount, obstacle
from shop.payments.stripe_client import client
from shop.qa.rehearsal import charge_oracle
from shop.qa.rehearsal.browser import Browser, BrowserPage
from shop.qa.rehearsal.findings import FindingsRecorder
from shop.qa.rehearsal.oracle import Promise, expected_verdict
from shop.qa.rehearsal.results import Cell, MatrixColumn
from shop.qa.rehearsal.temporary_database import TemporaryDatabase
from shop.qa.walk.readers import claims_of

GOOD_CARD, DECLINED_CARD = "pm_card_visa", "pm_card_visa_chargeDeclined"
#: How long after the end of the hold a declined shopper tries another card.
RETRY_AFTER = timedelta(seconds=30)
#: Limits above this are not tested.
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
class PageVisit:
    """A shopper's visit to the page at an instant, with what it promised by sku.

    ``bags`` are, by currency, this browser with all that was promised in its bag.
    """

    column: MatrixColumn
    browser: Browser
    promises: dict[str, Promise]
    bags: dict[str, Browser]


class CheckoutChecker:
    """Compares the verdicts of the bag and checkout in one scenario with the oracle's."""

    def __init__(
        self,
        *,
        database: TemporaryDatabase,
        recorder: FindingsRecorder,
        closes: datetime,
        move_to: Callable[[datetime], None],
    ) -> None:
        self.database = database
        self.recorder = recorder
        self.closes = closes
        self.move_to = move_to
        self._max_stale = timedelta(seconds=settings.SHOWCASE_MAX_STALE)
        self._verdicts: dict[tuple[str, datetime, datetime], tuple[str, Verdict]] = {}
        self._marks: defaultdict[tuple[str, datetime, datetime], set[str]] = defaultdict(set)

    def cell(self, sku: str, shown_at: datetime, at: datetime) -> Cell:
        """The result of presenting an offer; an empty cell where it was not presented."""
        key = sku, shown_at, at
        if key not in self._verdicts:
            return Cell()
        got, expected = self._verdicts[key]
        marks = self._marks[key]
        return Cell(got, expected, renewed="renewed" in marks, paid="paid" in marks)

    def expected(self, promise: Promise, at: datetime) -> Verdict:
        """The oracle's verdict."""
        return expected_verdict(promise, self.recorder.actions, at, max_stale=self._max_stale)

    def check_adding(self, browser: Browser, promise: Promise, at: datetime) -> None:
        """Put an offer into the bag."""
        expected = self.expected(promise, at)
        got = verdict_on(browser.add(promise))
        self.recorder.counts["presented"] += 1
        self._verdicts[promise.sku, promise.shown_at, at] = got, expected
        if got != expected:
            self.recorder.record_verdict("the bag", promise, at, expected=expected, got=got)

    def check_bag(self, visit: PageVisit, currency: str, at: datetime) -> list[Promise]:
        """Open the bag that was filled at the visit: the promises that it honors, or renewed."""
        lines = self.open(visit.bags[currency].copy(), "/bag/").lines()
        good = []
        for promise in visit.promises.values():
            if promise.currency != currency:
                continue
            line = lines.get(promise.sku)
            if line is None:
                self.recorder.record_broken(
                    f"{self.recorder.describe(promise)}. It had gone from the bag at "
                    f"{self.recorder.format_time(at)}."
                )
            elif self._is_good(promise, line, at):
                good.append(promise)
        return good

    def _is_good(self, promise: Promise, line: Tag, at: datetime) -> bool:
        got = str(line.get("data-verdict") or Verdict.HONORED)
        expected = self.expected(promise, at)
        amount = int(str(line.get("data-amount") or 0))
        is_renewed = (
            got == Verdict.HONORED and expected is Verdict.EXPIRED and self._is_on_sale(promise, at)
        )
        if is_renewed:
            self._marks[promise.sku, promise.shown_at, at].add("renewed")
        elif got == Verdict.HONORED and amount > promise.amount:
            self.recorder.record_price("the bag", promise, at, amount, most=promise.amount)
            return False
        elif got != expected:
            self.recorder.record_verdict("the bag", promise, at, expected=expected, got=got)
            return False
        most = self._most(promise, at)
        if got == Verdict.HONORED and amount > most:
            self.recorder.record_price("the bag", promise, at, amount, most=most)
        return got == Verdict.HONORED

    def check_payment(
        self,
        visit: PageVisit,
        promises: Sequence[Promise],
        refused: Sequence[Promise],
        at: datetime,
    ) -> None:
        """Remove what the bag refuses, pay for the rest, and check what was charged."""
        first = promises[0]
        browser = visit.bags[first.currency].copy()
        for promise in refused:
            browser.post("/bag/remove/", line=claims_of(promise.message)["jti"])
        with self.database.savepoint():
            checkout = self.open(browser, "/checkout/")
            unpayable = obstacle(_sum(promises), first.currency)
            if checkout.total is None and unpayable:
                # The shop says so before a card is typed.
                problem = checkout.problem or unpayable
                self.recorder.record_note(f"{first.name}: checkout says “{problem}”")
                return
            page = pay(browser, checkout.total or _sum(promises))
            order = Order.objects.first()
            if order is None or page.order_status != Order.Status.PAID:
                got = page.verdict or page.order_status or page.problem or str(page.status)
                self.recorder.record_verdict(
                    "checkout", first, at, expected=Verdict.HONORED, got=got
                )
                return
            self.recorder.counts["paid"] += 1
            self._check_charge(order, promises, at)
            for promise in promises:
                self._marks[promise.sku, promise.shown_at, at].add("paid")
            if visit.column.issued.at == at:
                self._check_single_use(visit, first, at)

    def check_late_form(self, visit: PageVisit, promises: Sequence[Promise], at: datetime) -> None:
        """Send a checkout form that was opened while the price was held, in the second after."""
        first = promises[0]
        with self.database.savepoint():
            page = pay(visit.bags[first.currency].copy(), _sum(promises))
            expected = self.expected(first, at)
            if expected is Verdict.HONORED:
                got = page.verdict or page.problem or str(page.status)
                if not page.order_status:
                    self.recorder.record_verdict("checkout", first, at, expected=expected, got=got)
            elif page.order_status or Order.objects.exists():
                got = str(Verdict.HONORED)
                self.recorder.record_verdict("checkout", first, at, expected=expected, got=got)

    def check_retry(self, visit: PageVisit, promises: Sequence[Promise], at: datetime) -> None:
        """Pay with a declined card while the price is held, and with a good one afterwards."""
        first = promises[0]
        browser, later = visit.bags[first.currency].copy(), at + RETRY_AFTER
        with self.database.savepoint():
            total = self.open(browser, "/checkout/").total
            if total is None:
                return
            pay(browser, total, DECLINED_CARD)
            self.move_to(later)
            page = pay(browser, total)
            if page.order_status != Order.Status.PAID:
                self.recorder.record_verdict(
                    "checkout, after a declined card,",
                    first,
                    later,
                    expected=Verdict.HONORED,
                    got=page.verdict or page.problem or page.order_status,
                )
            self.move_to(at)

    def check_limits(self, visit: PageVisit, at: datetime) -> None:
        """Add as many units as each offer allows, and one more."""
        for promise in visit.promises.values():
            most = int(claims_of(promise.message)["max"])
            if most > MOST_UNITS_TRIED:
                continue
            for quantity, expected in ((most, Verdict.HONORED), (most + 1, Verdict.OVER_LIMIT)):
                got = verdict_on(visit.browser.copy().add(promise, quantity))
                if got != expected:
                    self.recorder.record_broken(
                        f"{self.recorder.describe(promise)}. The offer allows {most} a shopper; "
                        f"{quantity} were {got} at {self.recorder.format_time(at)}."
                    )

    def open(self, browser: Browser, path: str) -> BrowserPage:
        """Open a page, and count it."""
        self.recorder.counts["pages"] += 1
        return browser.open(path)

    def _check_charge(self, order: Order, promises: Sequence[Promise], at: datetime) -> None:
        """The order's lines cost what was promised, and its total was charged."""
        amounts = {line.sku: line.amount for line in order.lines.all()}
        for promise in promises:
            amount = amounts.get(promise.variant or promise.sku)
            most = self._most(promise, at)
            if amount is None or amount > most:
                self.recorder.record_price(
                    "checkout", promise, at, amount or order.total, most=most
                )
        self._check_added(order, at)
        intent = client().v1.payment_intents.retrieve(order.payment_intent)
        charged = from_stripe_amount(intent.amount_received or 0, order.currency)
        if charged != order.total:
            self.recorder.record_broken(
                f"The order of {self.recorder.format_time(at)} says {order.total_text}, and "
                f"{format_money(charged, order.currency)} was charged."
            )

    def _check_added(self, order: Order, at: datetime) -> None:
        """Shipping and tax are those of the settings."""
        if not charge_oracle.is_known():
            return
        charge, currency = order.charge, order.currency
        shipping = charge_oracle.expected_shipping(charge.subtotal, currency)
        tax = charge_oracle.expected_tax(charge.subtotal + shipping)
        for what, got, expected in (
            ("shipping", charge.shipping, shipping),
            ("tax in it", sum(line.amount for line in charge.included_taxes), tax),
        ):
            if got != expected:
                self.recorder.record_broken(
                    f"The order of {self.recorder.format_time(at)} says {order.total_text} with "
                    f"{format_money(got, currency)} of {what}, where it is "
                    f"{format_money(expected, currency)}."
                )

    def _check_single_use(self, visit: PageVisit, promise: Promise, at: datetime) -> None:
        """A paid offer makes no second order."""
        got = verdict_on(visit.browser.copy().add(promise))
        if got != Verdict.USED:
            self.recorder.record_verdict("the bag", promise, at, expected=Verdict.USED, got=got)

    def _is_on_sale(self, promise: Promise, at: datetime) -> bool:
        """Whether the shop sells the product now at the promised price or a lower one."""
        amount = self._current_amount(promise, at)
        return amount is not None and amount <= promise.amount

    def _most(self, promise: Promise, at: datetime) -> int:
        """The most that a promise costs: as promised, or less if it has become cheaper."""
        amount = self._current_amount(promise, at)
        return promise.amount if amount is None else min(amount, promise.amount)

    def _current_amount(self, promise: Promise, at: datetime) -> int | None:
        is_open = self.database.sale.starts_at <= at < self.closes
        return self.database.lowest_amount(promise.sku, is_open=is_open)


def pay(
    browser: Browser,
    total: int,
    card: str = GOOD_CARD,
    *,
    email: str = _ADDRESS["email"],
    agrees: bool = True,
) -> BrowserPage:
    """Order and pay.

    :param agrees: whether to agree to another total, where shipping or tax change with the address
    """
    token = client().v1.test_helpers.confirmation_tokens.create({"payment_method": card})
    address = {**_ADDRESS, "email": email}
    page = browser.order(total, token.id, address)
    if agrees and page.total is not None and page.total != total and not page.verdict:
        return browser.order(page.total, token.id, address)
    return page


def verdict_on(page: BrowserPage) -> str:
    """The bag's verdict on an offer that was added; the status where it gave none."""
    return str(Verdict.HONORED) if page.status == 303 else page.verdict or str(page.status)


def _sum(promises: Sequence[Promise]) -> int:
    return sum(promise.amount for promise in promises)
