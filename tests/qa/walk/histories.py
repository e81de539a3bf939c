"""Sales with a history: what a merchant and shoppers do, step by step, and the walk through it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core import mail

from shop.orders.emails import send_receipt, send_refund_note
from shop.orders.models import Order, Refund
from shop.qa.pytest_plugin.client import ADDRESS
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.qa.rehearsal.boundary_plan import clock_changes
from shop.qa.walk.account import SECOND
from shop.qa.walk.events import Bought, OrderPaid
from shop.qa.walk.order_sentences import RECEIPT, REFUND_NOTE
from shop.qa.walk.places import Reader
from shop.qa.walk.sums import expected_bag
from shop.qa.walk.walker import Carrier, Walk
from tests.qa.walk.merchants_hand import MerchantsHand
from tests.support.fixtures import Card

SLUG = "autumn"
NAMES = {"MUG-01": "Stoneware mug", "LMP-01": "Brass lamp"}
#: Bags that are looked at, at the most.
MOST_SHOPPERS = 5
_NOW = timedelta()
_MUCH_LATER = OPENS + timedelta(days=400)


@dataclass(frozen=True)
class Step:
    """Something that is done so long after the opening."""

    after: timedelta
    what: str
    sku: str | None = None
    value: int = 0


def _seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


@dataclass(frozen=True, kw_only=True)
class SaleStory:
    """A sale of products at their prices, and what is done to it, in order of time."""

    opens: datetime = OPENS
    closes: datetime = CLOSES
    hold: timedelta = HOLD
    zone: str = "Europe/Berlin"
    prices: Mapping[str, int]
    list_prices: Mapping[str, int]
    are_listed: bool = True
    steps: Sequence[Step] = ()


@dataclass
class Narrator:
    """Tells a story from boundary to boundary, and walks through the shop at each.

    ``is_brief``: without the second after a boundary, and with the back office at the
    boundaries alone, of which the walk visits a third, in turn; ``is_whole``: all of it.
    """

    hand: MerchantsHand
    story: SaleStory
    enter_card: Card
    is_brief: bool = False
    is_whole: bool = False
    walk: Walk = field(init=False)

    def tell(self) -> Walk:
        """Arrange the sale, go through it, and hand back the walk with what it found."""
        self.arrange()
        self.walk = self.hand.walk()
        self.walk.is_brief = self.is_brief and not self.is_whole
        story = self.story
        steps = {story.opens + step.after: step for step in story.steps}
        boundaries = set(steps) | {story.opens}
        at = story.opens - 2 * SECOND
        sides = (-SECOND, _NOW) if self.is_brief else (-SECOND, _NOW, SECOND)
        while True:
            boundaries |= set(self._boundaries())
            instants = {each + side for each in boundaries for side in sides}
            coming = sorted(each for each in instants if each > at)
            if not coming:
                return self.walk
            at = coming[0]
            self.hand.move_to(at)
            if at in steps:
                self._do(steps[at], at)
            if self._is_time_to_shop(at) and len(self.walk.carriers) < MOST_SHOPPERS:
                self.walk.take_offers(f"/sales/{SLUG}/", at)
            skip = {Reader.STAFF} if self.is_brief and at not in boundaries else set()
            ahead = sorted(each for each in boundaries if each > at)[:1]
            self.walk.known = replace(self.walk.known, coming=tuple(ahead))
            self.walk.visit_all(at, skip=skip)

    def _is_time_to_shop(self, at: datetime) -> bool:
        """In the first and last second of the window, and on both sides of each step."""
        terms = self.hand.terms[SLUG]
        steps = {self.story.opens + step.after for step in self.story.steps}
        times = {terms.opens, *steps, *(each - SECOND for each in (terms.closes, *steps))}
        return at in times and self.hand.account.phase(SLUG, at) == "open"

    def arrange(self) -> None:
        """Make the products and the sale, long before it opens."""
        story, long_ago = self.story, self.story.opens - timedelta(days=60)
        for sku, price in story.list_prices.items():
            self.hand.make_product(
                sku, NAMES[sku], price, long_ago, sold_at_list_price=story.are_listed
            )
        self.hand.make_sale(
            SLUG,
            story.prices,
            story.opens - timedelta(days=2),
            opens=story.opens,
            closes=story.closes,
            hold=story.hold,
            zone=story.zone,
        )

    def _boundaries(self) -> Iterator[datetime]:
        account = self.hand.account
        for slug, changes in account.terms_set.items():
            terms = changes[-1].terms
            yield terms.opens
            yield terms.closes
            if (end := account.last_hold_end(slug, _MUCH_LATER)) is not None:
                yield end
            yield from clock_changes(terms.opens, terms.closes + terms.hold, ZoneInfo(terms.zone))
        for carrier in self.walk.carriers[:1] if self.is_brief else self.walk.carriers:
            for shown, _ in carrier.carried:
                yield account.honored_until(shown, _MUCH_LATER)

    def _do(self, step: Step, at: datetime) -> None:
        hand = self.hand
        match step.what:
            case "extend":
                hand.extend(SLUG, step.value, at)
            case "recall":
                hand.recall(SLUG, at, step.sku)
            case "recall since":
                hand.recall(SLUG, at, step.sku, shown_from=self.story.opens + _seconds(step.value))
            case "price" if step.sku:
                hand.set_price(SLUG, step.sku, step.value, at)
            case "list price" if step.sku:
                hand.set_list_price(step.sku, step.value, at)
            case "withdraw" if step.sku:
                hand.withdraw(SLUG, step.sku, at)
            case "close":
                hand.set_end(SLUG, at + timedelta(seconds=step.value), at)
            case "hold":
                hand.set_hold(SLUG, timedelta(seconds=step.value), at)
            case "hide":
                hand.hide(SLUG, at)
            case "show":
                hand.show_again(SLUG, at)
            case "buy":
                self._buy(at)
            case "refund":
                self._refund(at)

    def _buy(self, at: datetime) -> None:
        """The first shopper whose bag can be ordered does so."""
        for carrier in self.walk.carriers:
            # Looking at it may renew what is in the bag.
            page = carrier.visitor.copy().open("/checkout/")
            if page.status != 200:
                continue
            total = page.page.one("total")
            form = {
                **ADDRESS,
                "shown_total": total,
                "confirmation_token": self.enter_card("pm_card_visa"),
            }
            sent = carrier.visitor.send("/checkout/", form)
            assert sent.status == 303, sent.text
            self._record(carrier, sent.location, at)
            return

    def _record(self, carrier: Carrier, page: str, at: datetime) -> None:
        order = Order.objects.latest("pk")
        send_receipt.call(order.pk)
        bag = expected_bag(self.hand.account, carrier.carried, at)
        bought = tuple(Bought(price=line.as_price(at), units=line.units) for line in bag.lines)
        self.hand.account.record(OrderPaid(at=at, number=order.number, bought=bought, events=(at,)))
        receipt = str(mail.outbox[-1].body)
        self.walk.read_mail(receipt, RECEIPT, order.number, at)
        # Its bag is empty from now on.
        self.walk.carriers.remove(carrier)
        known = self.walk.known
        self.walk.known = replace(
            known,
            orders={**known.orders, order.number: order.pk},
            order_pages={**known.order_pages, order.number: page},
        )

    def _refund(self, at: datetime) -> None:
        account = self.hand.account
        if not account.orders:
            return
        paid = account.orders[0]
        first = paid.bought[0]
        if first.refunded:
            return
        order = Order.objects.get(number=paid.number)
        self.hand.merchant.refund(order, first.price.sku, 1, "It was broken.")
        send_refund_note.call(Refund.objects.latest("pk").pk)
        account.orders[0] = replace(
            paid,
            bought=(replace(first, refunded=1), *paid.bought[1:]),
            events=(*paid.events, at),
            money_back=first.price.price,
        )
        note = str(mail.outbox[-1].body)
        self.walk.read_mail(note, REFUND_NOTE, order.number, at)
