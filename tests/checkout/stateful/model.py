"""What the shop promised, and what follows from it: computed without the shop's own judge."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from offers.terms import LIST, Offer
from offers.tokens import decode_segment
from shop.bag.lines import Bag, Line
from shop.catalog.models import Variant
from shop.orders.limits import normalise_email
from shop.orders.models import OPEN, OVER, Order
from shop.orders.state_machine import Status
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient, read
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Deal
from tests.checkout.stateful.faulty_stripe import StandIn

WINDOW = timedelta(minutes=40)
HOLD = timedelta(minutes=15)
SHIPPING, FREE_FROM = 390, 2500
#: Variants by product: the tee has sizes.
SKUS = {"MUG-01": ("MUG-01",), "LMP-01": ("LMP-01",), "TEE-01": ("TEE-01-M", "TEE-01-L")}
LIST_PRICES = {"MUG-01": 4990, "LMP-01": 7900, "TEE-01": 3900}
MOST_OPEN_ORDERS = 3

type Wanted = list[tuple[Promise, Mapping[str, int]]]


@dataclass(eq=False)
class Promise:
    """An offer that a shopper was shown."""

    message: str
    offer: Offer
    owner: int
    is_recalled: bool = False


@dataclass
class Buyer:
    """A shopper's browser, with its earlier bags, forms and orders."""

    browser: ShopClient = field(default_factory=ShopClient)
    bags: list[str] = field(default_factory=list)
    forms: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    orders_seen: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The browser's id in the shop's signed cookie."""
        _, payload, *_ = self.browser.cookie("shopper-").split(".")
        return json.loads(decode_segment(payload))["ids"][0]  # type: ignore[no-any-return]

    @property
    def bag(self) -> list[Line]:
        return Bag(self.browser.cookie("bag")).lines

    def send(self, path: str, form: dict[str, Any]) -> HtmlPage:
        """Send a form; a form of the bag is not followed to the bag's page."""
        if not path.startswith("/bag/"):
            return self.browser.send(path, form)
        token = self.browser.client.cookies["csrftoken"].value
        answer = self.browser.client.post(path, form, headers={"X-CSRFToken": token})
        return HtmlPage.of(answer, path)


class Model:
    """Promises made to the buyers, and what they are worth now."""

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.buyers = [Buyer() for _ in range(3)]
        self.promises: dict[str, Promise] = {}
        self.extensions: list[tuple[datetime, int]] = []
        self.is_published = True
        self.ends_at = OPENS + WINDOW

    def is_open(self) -> bool:
        return self.is_published and OPENS <= timezone.now() < self.ends_at

    def promise(self, who: int, line: Line) -> Promise:
        """The promise of a bag's line; an unknown offer must have been minted just now."""
        return self.promises.get(line.message) or self.record_offer(who, line.message)

    def record_offer(self, who: int, message: str) -> Promise:
        """Check that a new offer has the terms of now, and record it as a promise."""
        offer = read(message)
        now = timezone.now()
        assert offer.shopper == self.buyers[who].id
        assert offer.issued_at == int(now.timestamp())
        if offer.sale == LIST:
            assert offer.amount == LIST_PRICES[offer.sku]
        else:
            assert self.is_open(), "an offer was made outside the window"
            deal = Deal.objects.get(product__sku=offer.sku)
            assert (offer.amount, offer.max) == (deal.price, deal.max_per_shopper)
            assert offer.expires_at - offer.issued_at == HOLD.total_seconds()
        self.promises[message] = promise = Promise(message, offer, who)
        return promise

    def honored_until(self, promise: Promise) -> datetime:
        """The instant from which a promise is expired, with extensions."""
        offer = promise.offer
        extensions = self.extensions if offer.sale != LIST else []
        more = sum(s for at, s in extensions if offer.issued_at < at.timestamp())
        return datetime.fromtimestamp(offer.expires_at + more, UTC)

    def verdict(self, who: int, wanted: Wanted) -> str:
        """The verdict on offers that are presented together."""
        held = self._holding_orders()
        now = timezone.now()
        used = {line.jti for order in held for line in order.lines.all()}
        for promise, quantities in wanted:
            offer, units = promise.offer, sum(quantities.values())
            if promise.owner != who:
                return "not_yours"
            if offer.id in used:
                return "used"
            if promise.is_recalled:
                return "recalled"
            if now >= self.honored_until(promise):
                return "expired"
            mine = _units(held, offer, lambda order: order.shopper == self.buyers[who].id)
            if units + mine > offer.max:
                return "over_limit"
        return "honored" if _is_in_stock(wanted, held) else "sold_out"

    def must_sell(self, who: int, email: str, key: str) -> bool:
        """Whether the bag has to be sold at its prices to this mail address and card key."""
        wanted: Wanted = [
            (self.promise(who, line), line.quantities) for line in self.buyers[who].bag
        ]
        if not wanted or self.verdict(who, wanted) != "honored":
            return False
        held = self._holding_orders()
        unpaid = [o for o in held if o.status in OPEN and o.shopper == self.buyers[who].id]
        if len(unpaid) >= MOST_OPEN_ORDERS:
            return False
        return _is_within_limits(wanted, held, email, key)

    def must_charge(self, pending: Order, who: int, email: str, key: str) -> bool:
        """Whether a pending order may be paid with this mail address and card key.

        Its own units are counted already, towards the mail address and card that it has now.
        """
        wanted: Wanted = [
            (self.promise(who, line), line.quantities) for line in self.buyers[who].bag
        ]
        others = [order for order in self._holding_orders() if order.pk != pending.pk]
        return _is_within_limits(wanted, others, email, key)

    def pending_order(self, who: int) -> Order | None:
        """The shopper's own order of exactly this bag, waiting for another card."""
        wanted = {
            (line.id, sku, units)
            for line in self.buyers[who].bag
            for sku, units in line.quantities.items()
        }
        for order in Order.objects.filter(status=Status.PENDING, lapses_at__gt=timezone.now()):
            ordered = {(line.jti, line.sku, line.quantity) for line in order.lines.all()}
            if order.shopper == self.buyers[who].id and wanted == ordered:
                return order
        return None

    def _holding_orders(self) -> list[Order]:
        """Orders that keep what they claimed; those past their time do not."""
        now = timezone.now()
        statuses = {i["metadata"].get("order"): i["status"] for i in self.stand_in.ledger()}
        orders = Order.objects.exclude(status__in=OVER).prefetch_related("lines")
        return [
            order
            for order in orders
            if order.status not in OPEN
            or order.lapses_at > now
            or statuses.get(order.number) in {"succeeded", "processing"}
        ]


def highest_total(wanted: Wanted) -> int:
    """The most that a bag may cost. A lower subtotal may cost more to ship, so shipping is in."""
    subtotal = sum(promise.offer.amount * sum(units.values()) for promise, units in wanted)
    return subtotal + SHIPPING if subtotal else 0


def shipping(subtotal: int) -> int:
    return 0 if subtotal >= FREE_FROM else SHIPPING


def _is_within_limits(wanted: Wanted, held: list[Order], email: str, key: str) -> bool:
    address = normalise_email(email)
    for promise, quantities in wanted:
        offer, units = promise.offer, sum(quantities.values())
        by_mail = _units(held, offer, lambda o: normalise_email(o.email) == address)
        by_card = _units(held, offer, lambda o: bool(key) and o.card_key == key)
        if units + max(by_mail, by_card) > offer.max:
            return False
    return True


def _is_in_stock(wanted: Wanted, held: list[Order]) -> bool:
    units: Counter[str] = Counter()
    for promise, quantities in wanted:
        units.update(quantities)
        deal = Deal.objects.get(product__sku=promise.offer.sku)
        if promise.offer.sale != LIST and deal.allocation is not None:
            claimed = _units(held, promise.offer, lambda order: True)
            if claimed + sum(quantities.values()) > deal.allocation:
                return False
    claimed_of: Counter[str] = Counter()
    for order in held:
        for line in order.lines.all():
            claimed_of[line.sku] += line.quantity - line.restocked
    stock = dict(Variant.objects.values_list("sku", "stock"))
    return all(claimed_of[sku] + n <= stock[sku] for sku, n in units.items())


def _units(held: Iterable[Order], offer: Offer, counts: Callable[[Order], bool]) -> int:
    """Units of an offer's deal in the orders that count, less restocked ones; 0 at list price."""
    if offer.sale == LIST:
        return 0
    return sum(
        line.quantity - line.restocked
        for order in held
        if counts(order)
        for line in order.lines.all()
        if line.deal_id is not None and line.sku in SKUS[offer.sku]
    )
