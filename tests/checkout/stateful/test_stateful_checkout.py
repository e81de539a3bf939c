"""Shoppers, a merchant, time and a Stripe that fails, in any order: no promise breaks.

A state machine (hypothesis) drives the real stack: pages and forms through the
middleware, the Stripe stand-in over HTTP, the shop's clock. Beside it runs a
model that knows only what was promised to whom; what the model expects is
worked out from that, never asked of the shop's own judging. After every step
the books are checked (``invariants``), and in the end that nothing is left open.

``HYPOTHESIS_PROFILE=explore`` runs it long, and at random.
"""

import hashlib
import hmac
import http.client
import json
import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import hypothesis
import pytest
import stripe
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from offers.terms import LIST, Offer
from shop.bag.lines import Bag, Line
from shop.catalog.models import Variant
from shop.core.machine_clock import unix_seconds
from shop.orders.limits import card_key, normalise_email
from shop.orders.links import order_path
from shop.orders.models import OPEN, OVER, Order, OrderLine, Refund
from shop.orders.state_machine import Status
from shop.payments import refunds
from shop.payments.refund_plans import Units, plan_refund
from shop.qa.pytest_plugin.client import ADDRESS, Page, Shopper, read
from shop.qa.pytest_plugin.factories import OPENS, ROOT, add_deal, make_product, make_sale
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from tests.support.invariants import check_books, check_charges

pytestmark = pytest.mark.django_db(transaction=True)

WINDOW = timedelta(minutes=40)
HOLD = timedelta(minutes=15)
SHIPPING, FREE_FROM = 390, 2500
#: The tee has sizes, the others are one thing each.
SKUS = {"MUG-01": ("MUG-01",), "LMP-01": ("LMP-01",), "TEE-01": ("TEE-01-M", "TEE-01-L")}
LIST_PRICES = {"MUG-01": 4990, "LMP-01": 7900, "TEE-01": 3900}
MOST_OPEN_ORDERS = 3

#: Cards that pay at once, by their names.
GOOD = ("pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_standIn_noFingerprint")
BAD = ("pm_card_visa_chargeDeclined",)
BANK = ("pm_card_authenticationRequired", "pm_card_threeDSecureRequiredChargeDeclined")
DEBIT = ("pm_sepaDebit_standIn_success", "pm_sepaDebit_standIn_failure")

hypothesis.settings.register_profile(
    "machine",
    max_examples=36,
    stateful_step_count=30,
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
hypothesis.settings.register_profile(
    "explore",
    hypothesis.settings.get_profile("machine"),
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "500")),
    stateful_step_count=50,
)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "machine")
#: The same steps every time, unless it is to explore. One that buys often, and all kinds of things.
SEED = 1


# What the machine stands on


class ServerFell(BaseException):
    """The process is gone in the middle of a request: nothing of ours catches this."""


@dataclass
class Trouble:
    """What befalls the shop's calls to Stripe: from the next one but ``after`` on, ``calls``."""

    kind: str = ""
    after: int = 0
    calls: int = 0
    #: How often something befell a call.
    struck: int = 0

    def arm(self, kind: str, after: int, calls: int) -> None:
        self.kind, self.after, self.calls = kind, after, calls

    def clear(self) -> None:
        self.kind, self.calls = "", 0

    def strikes(self) -> str:
        """What befalls this call; nothing mostly."""
        if not self.kind:
            return ""
        if self.after > 0:
            self.after -= 1
            return ""
        kind, self.struck = self.kind, self.struck + 1
        self.calls -= 1
        if self.calls <= 0:
            self.clear()
        return kind


def _connection_error(text: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(text)  # type: ignore[no-untyped-call]


class UnreliableClient(stripe.RequestsClient):
    """The way to Stripe, on which questions and answers get lost."""

    trouble = Trouble()

    def request_with_retries(self, *args: Any, **kwargs: Any) -> Any:
        kind = self.trouble.strikes()
        if kind == "question lost":
            raise _connection_error("There is no way to Stripe.")
        answer = super().request_with_retries(*args, **kwargs)
        if kind == "answer lost":
            raise _connection_error("Stripe's answer was lost.")
        if kind == "server falls":
            raise ServerFell
        return answer


@dataclass
class StandIn:
    """The Stripe stand-in, as its own tests and its bank see it: never through the shop."""

    base: str
    db: Path

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Any:
        where = urlsplit(self.base)
        link = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
        try:
            headers = {
                "Authorization": "Bearer sk_test_shop",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            link.request(method, path, urlencode(form or {}), headers)
            answer = link.getresponse()
            body = answer.read()
        finally:
            link.close()
        return json.loads(body) if answer.headers.get_content_subtype() == "json" else {}

    def reset(self) -> None:
        self.ask("POST", "/reset")

    def ledger(self) -> list[dict[str, Any]]:
        intents: list[dict[str, Any]] = self.ask("GET", "/ledger")["intents"]
        return intents

    def token(self, card: str) -> tuple[str, str]:
        """A card is entered: the ConfirmationToken, and the card's key in the limits."""
        token = self.ask("POST", "/v1/test_helpers/confirmation_tokens", {"payment_method": card})
        fingerprint = (token["payment_method_preview"].get("card") or {}).get("fingerprint")
        return token["id"], card_key(fingerprint) if fingerprint else ""

    def bank_pages(self) -> list[str]:
        """Where the banks wait for a shopper, by the order's number."""
        intents = self.ask("GET", "/v1/payment_intents?limit=100")["data"]
        actions = [each["next_action"] for each in intents if each["next_action"]]
        return [action["redirect_to_url"]["url"] for action in actions[::-1]]

    def decide(self, bank_page: str, *, approve: bool) -> None:
        where = urlsplit(bank_page)
        attempt = where.query.removeprefix("attempt=")
        decision = "approve" if approve else "decline"
        self.ask("POST", where.path, {"attempt": attempt, "decision": decision})

    def decide_debits(self, intents: Iterable[str]) -> None:
        """The days are over that a bank takes for a debit."""
        wanted = list(intents)
        with sqlite3.connect(self.db, timeout=10) as db:
            db.executemany("UPDATE timers SET due = 0 WHERE subject = ?", [(i,) for i in wanted])
        db.close()
        self.token("pm_card_visa")  # Whatever is written wakes its clockwork.
        deadline = time.clock_gettime(time.CLOCK_MONOTONIC) + 10
        for intent in wanted:
            while self.ask("GET", f"/v1/payment_intents/{intent}")["status"] == "processing":
                assert time.clock_gettime(time.CLOCK_MONOTONIC) < deadline
                time.sleep(0.005)


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in whose debits are decided when the machine says so."""
    db = tmp_path / "stripe.sqlite3"
    command = [sys.executable, "-m", "shop.sandbox", "--port", "0", "--db", str(db)]
    with subprocess.Popen(
        [*command, "--delay", "86400"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield StandIn(process.stdout.readline().split()[-1], db)
        process.send_signal(signal.SIGTERM)


# What the model knows


@dataclass(eq=False)
class Promise:
    """An offer that was handed out: all that the shop is bound by."""

    message: str
    offer: Offer
    owner: int
    is_recalled: bool = False


@dataclass
class Someone:
    """A shopper: a browser, and what was done with it."""

    browser: Shopper = field(default_factory=Shopper)
    bags: list[str] = field(default_factory=list)
    forms: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    orders_seen: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Who the shop takes the browser for."""
        return json.loads(_payload(self.browser.cookie("shopper-")))["ids"][0]  # type: ignore[no-any-return]

    @property
    def bag(self) -> list[Line]:
        return Bag(self.browser.cookie("bag")).lines

    def send(self, path: str, form: dict[str, Any]) -> Page:
        """Send a form; where the bag's own is done, do not look at the bag at once."""
        if not path.startswith("/bag/"):
            return self.browser.send(path, form)
        token = self.browser.client.cookies["csrftoken"].value
        answer = self.browser.client.post(path, form, headers={"X-CSRFToken": token})
        return Page(answer.status_code, path, answer.content.decode())


def _payload(token: str) -> bytes:
    from offers.tokens import decode_segment

    return decode_segment(token.split(".")[1])


@dataclass
class World:
    """What outlives an example: the clock, the stand-in, and counts of what was seen."""

    clock: FrozenDateTimeFactory
    stand_in: StandIn
    trouble: Trouble
    seen: Counter[str] = field(default_factory=Counter)


WHO = st.integers(0, 2)
NTH = st.integers(0, 9)
QUANTITY = st.sampled_from([1, 1, 1, 2, 3])
SKU = st.sampled_from(sorted(SKUS))
SIZE = st.integers(0, 1)
# What comes first and last is drawn more often than the rest. None is one's own card.
CARD = st.sampled_from([*[None] * 4, *BAD, *BANK, *DEBIT, *GOOD, *[None] * 3])
#: Whose mail address is given: mostly one's own.
MAIL = st.sampled_from([None, None, None, 0, 1, None])
#: Just then, or a second before or after.
EDGE = st.sampled_from([0, 1, -1])
ABOUT = st.sampled_from(["succeeded", "payment_failed", "canceled", "processing", "succeeded"])
KINDS = ("answer lost", "question lost", "server falls")
KIND = st.sampled_from(KINDS)


class FlashSale(RuleBasedStateMachine):
    """A sale of three products, three shoppers after it, and everything that can happen."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        world = self.world
        self.stand_in, self.trouble = world.stand_in, world.trouble
        self.trouble.clear()
        self.stand_in.reset()
        _delete_all_rows()
        mail.outbox.clear()
        world.clock.move_to(OPENS)
        self.sale = make_sale(
            starts_at=OPENS, ends_at=OPENS + WINDOW, hold=HOLD, delayed_payment=True
        )
        tee = make_product("TEE-01", "Organic tee", list_price=3900, variants={"M": 1, "L": 6})
        add_deal(self.sale, tee, 999, max_per_shopper=3)
        Variant.objects.filter(sku="MUG-01").update(stock=6)
        Variant.objects.filter(sku="LMP-01").update(stock=14)
        Deal.objects.filter(product__sku="LMP-01").update(allocation=10)
        self.people = [Someone() for _ in range(3)]
        self.promises: dict[str, Promise] = {}
        self.extensions: list[tuple[datetime, int]] = []
        self.is_published = True
        self.ends_at = OPENS + WINDOW
        self.bank_pages: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.last_order = 0
        #: Whether anything that the books tell of may have changed since they were checked.
        self.is_touched = True
        for who in range(3):
            self._open_sale_page(who)

    # Shoppers

    @rule(who=WHO, what=st.sampled_from(["sale", "product", "bag", "order"]), sku=SKU, nth=NTH)
    def looks_at_a_page(self, who: int, what: str, sku: str, nth: int) -> None:
        orders = self.people[who].orders_seen
        if what == "sale":
            self._open_sale_page(who)
        elif what == "order" and orders:
            self._open(who, orders[-1 - nth % len(orders)])
        else:
            page = self._open(who, f"/products/{sku.lower()}/" if what == "product" else "/bag/")
            if page is not None and what == "product":
                self._take_note(who, page)

    @rule(
        who=WHO,
        sku=SKU,
        size=SIZE,
        quantity=QUANTITY,
        nth=NTH,
        which=st.sampled_from(["mine", "used", "another's", "mine"]),
    )
    def adds_an_offer_seen_earlier(
        self, who: int, sku: str, size: int, quantity: int, nth: int, which: str
    ) -> None:
        owner = (who + (which == "another's")) % 3
        seen = [p for p in self.promises.values() if p.owner == owner and p.offer.sku == sku]
        if which == "used":
            used = set(OrderLine.objects.values_list("jti", flat=True))
            seen = [p for p in self.promises.values() if p.owner == who and p.offer.id in used]
        if seen:
            # The newest first, so that the smallest number is the usual case.
            self._add(who, seen[-1 - nth % len(seen)], size, quantity)

    @rule(who=WHO, sku=SKU, size=SIZE, quantity=QUANTITY)
    def adds_an_offer_fresh_from_the_page(
        self, who: int, sku: str, size: int, quantity: int
    ) -> None:
        self._add_fresh(who, sku, size, quantity)

    @rule(who=WHO, nth=NTH, quantity=st.sampled_from([2, 1, 3, 0]))
    def changes_a_quantity_or_removes(self, who: int, nth: int, quantity: int) -> None:
        lines = self.people[who].bag
        if lines:
            line = lines[nth % len(lines)]
            variant = next(iter(line.quantities))
            form = {"line": line.id, "variant": variant, "quantity": quantity}
            self._send(who, "/bag/update/" if quantity or nth % 2 else "/bag/remove/", form)

    @rule(who=WHO)
    def says_yes_to_the_prices_of_now(self, who: int) -> None:
        page = self._open(who, "/bag/")
        for field_ in page.soup.select("input[name=accept_amount]") if page else []:
            form = field_.find_parent("form")
            assert form is not None
            line, amount = form.select_one("input[name=line]"), int(str(field_["value"]))
            assert line is not None
            answer = self._send(
                who, "/bag/update/", {"line": line["value"], "accept_amount": amount}
            )
            if answer and answer.status == 303:
                self.world.seen["price of now agreed to"] += 1

    @rule(who=WHO, nth=NTH)
    def goes_on_in_another_tab_with_an_older_bag(self, who: int, nth: int) -> None:
        someone = self.people[who]
        if someone.bags:
            someone.browser.client.cookies["bag"] = someone.bags[-1 - nth % len(someone.bags)]

    @rule(who=WHO, card=CARD, address=MAIL)
    def checks_out(self, who: int, card: str | None, address: int | None) -> None:
        if not self.people[who].bag:
            self._add_fresh(who, "LMP-01", 0, 1)
        self._check_out(who, card, address)

    @rule(who=WHO, sku=SKU, size=SIZE, quantity=QUANTITY, card=CARD, address=MAIL)
    def buys(
        self, who: int, sku: str, size: int, quantity: int, card: str | None, address: int | None
    ) -> None:
        self._add_fresh(who, sku, size, quantity)
        self._check_out(who, card, address)

    @rule(
        who=WHO,
        skus=st.lists(SKU, min_size=1, max_size=3),
        card=st.sampled_from(BAD + BANK),
        about=ABOUT,
    )
    def orders_and_thinks_better_of_it(
        self, who: int, skus: list[str], card: str, about: str
    ) -> None:
        """And an event says something of the order that is not so, or not any more."""
        for sku in skus:
            self._add_fresh(who, sku, 1, 1)
            self._check_out(who, card, None)
            self.people[who].browser.client.cookies.pop("bag", None)
        self._tell(f"payment_intent.{about}", self.stand_in.ledger()[-1:])

    @rule(
        who=WHO,
        sku=SKU,
        card=st.sampled_from([None, BANK[0], *BAD, BANK[0], None]),
        kind=KIND,
        # The third call is the one that confirms.
        after=st.sampled_from([2, 0, 1, 3, 4, 2]),
        again=st.booleans(),
    )
    def buys_while_stripe_fails(
        self, who: int, sku: str, card: str | None, kind: str, after: int, again: bool
    ) -> None:
        self._add_fresh(who, sku, 0, 1)
        self.trouble.arm(kind, after, 1)
        self._check_out(who, card, None)
        self.trouble.clear()
        if again:
            self._check_out(who, None, None)

    @rule(
        who=WHO,
        sku=SKU,
        seconds=EDGE,
        card=CARD,
        meanwhile=st.sampled_from(
            [
                "extended",
                "dearer",
                "closed",
                "recalled",
                "cheaper",
                "",
                "hidden",
                "recalled late",
                "extended",
            ]
        ),
    )
    def checks_out_as_a_price_runs_out(
        self, who: int, sku: str, seconds: int, card: str | None, meanwhile: str
    ) -> None:
        if not self._is_open():
            self._open_again()
        self._add_fresh(who, sku, 0, 1)
        if meanwhile in {"dearer", "cheaper"}:
            self._change_price(sku, 6000 if meanwhile == "dearer" else 399)
        elif meanwhile == "closed":
            self._close(timedelta(0))
        elif meanwhile == "recalled":
            self._recall(sku, None)
        elif meanwhile == "hidden":
            self._hide()
        elif meanwhile == "recalled late":
            self.world.clock.tick(timedelta(seconds=700))
            self._recall(None, 601)
        elif meanwhile == "extended":
            self._extend(60)
            self._extend(60)
        ends = [self._honored_until(self._promise(who, line)) for line in self.people[who].bag]
        if ends and not meanwhile.startswith("recalled"):
            self._move_to(min(ends) + timedelta(seconds=seconds))
        self._check_out(who, card, None)

    @rule(who=WHO, sku=SKU, price=st.sampled_from([399, 6000]))
    def a_price_changes_while_the_checkout_page_is_open(
        self, who: int, sku: str, price: int
    ) -> None:
        self._add_fresh(who, sku, 0, 1)
        page = self._open(who, "/checkout/")
        found = re.search(r'data-total="(\d+)"', page.html) if page else None
        if found:
            self._change_price(sku, price)
            token, _ = self.stand_in.token(GOOD[who])
            form = {
                **ADDRESS,
                "email": _mail_of(who, who),
                "shown_total": int(found[1]),
                "confirmation_token": token,
            }
            self._send(who, "/checkout/", form)

    @rule(who=WHO, nth=NTH, with_that_bag=st.booleans())
    def sends_the_same_form_again(self, who: int, nth: int, with_that_bag: bool) -> None:
        someone = self.people[who]
        if someone.forms:
            form, bag = someone.forms[-1 - nth % len(someone.forms)]
            if with_that_bag:
                someone.browser.client.cookies["bag"] = bag
            self._send(who, "/checkout/", form)

    @rule(who=WHO, nth=NTH, about=ABOUT)
    def cancels_an_order(self, who: int, nth: int, about: str) -> None:
        orders = Order.objects.filter(shopper=self.people[who].id).order_by("pk")
        if orders:
            order = orders[nth % len(orders)]
            self._send(who, f"{order_path(order)}cancel/", {})
            ledger = self.stand_in.ledger()
            its_own = [i for i in ledger if i["id"] == order.payment_intent]
            self._tell(f"payment_intent.{about}", its_own)

    @rule(nth=NTH, approve=st.booleans(), comes_back=st.booleans())
    def answers_the_bank(self, nth: int, approve: bool, comes_back: bool) -> None:
        for page in self.stand_in.bank_pages():
            if page not in self.bank_pages:
                self.bank_pages.append(page)
        if self.bank_pages:
            page = self.bank_pages[-1 - nth % len(self.bank_pages)]
            self.stand_in.decide(page, approve=approve)
            self.is_touched = True
            intent = urlsplit(page).path.split("/")[-1]
            order = Order.objects.filter(payment_intent=intent).first()
            if comes_back and order is not None:
                self._open(self._who(order), f"{order_path(order)}?payment_intent={intent}")

    # Time, Stripe, the shop's own clockwork

    @rule(seconds=st.sampled_from([1, 0.4, 299, 599, 901, 59]))
    def time_passes(self, seconds: float) -> None:
        self.world.clock.tick(timedelta(seconds=seconds))

    @rule(nth=NTH, seconds=EDGE, who=WHO, card=CARD, same_mail=st.booleans())
    def an_order_comes_to_the_end_of_its_time_and_somebody_wants_what_it_held(
        self, nth: int, seconds: int, who: int, card: str | None, same_mail: bool
    ) -> None:
        open_orders = list(Order.objects.filter(status__in=OPEN).order_by("pk"))
        if open_orders:
            order = open_orders[nth % len(open_orders)]
            line = order.lines.all()[0]
            sku, size = next(
                (sku, sizes.index(line.sku)) for sku, sizes in SKUS.items() if line.sku in sizes
            )
            self._move_to(order.lapses_at + timedelta(seconds=seconds))
            self._add_fresh(who, sku, size, line.quantity)
            self._check_out(who, card, int(order.email[8]) if same_mail else None)

    @rule()
    def reconcile_runs(self) -> None:
        self.is_touched = True
        with suppress(ServerFell):
            call_command("reconcile", stdout=_Nowhere())

    @rule(nth=NTH, about=ABOUT, times=st.sampled_from([1, 1, 2]))
    def a_webhook_is_delivered(self, nth: int, about: str, times: int) -> None:
        intents = self.stand_in.ledger()
        if intents:
            self._tell(f"payment_intent.{about}", [intents[-1 - nth % len(intents)]] * times)

    @precondition(lambda self: self.events)
    @rule(nth=NTH)
    def an_old_webhook_is_delivered_again(self, nth: int) -> None:
        self._deliver(self.events[-1 - nth % len(self.events)])

    @precondition(lambda self: Order.objects.filter(status=Status.PROCESSING).exists())
    @rule(nth=NTH)
    def a_bank_decides_about_a_debit(self, nth: int) -> None:
        processing = list(Order.objects.filter(status=Status.PROCESSING).order_by("pk"))
        self.stand_in.decide_debits([processing[nth % len(processing)].payment_intent])

    @rule(kind=KIND, after=st.integers(0, 4), calls=st.integers(1, 3))
    def stripe_is_about_to_fail(self, kind: str, after: int, calls: int) -> None:
        self.trouble.arm(kind, after, 1 if kind == "server falls" else calls)

    # The merchant

    @rule(sku=SKU, price=st.sampled_from([399, 499, 999, 2900, 6000]))
    def the_merchant_changes_a_price(self, sku: str, price: int) -> None:
        self._change_price(sku, price)

    @rule(what=st.sampled_from(["opens again", "closes", "hides", "opens again"]))
    def the_merchant_changes_the_window(self, what: str) -> None:
        if what == "opens again":
            self._open_again()
        elif what == "closes":
            self._close(timedelta(0))
        else:
            self._hide()

    @rule(seconds=st.sampled_from([60, 600, 3600]))
    def the_merchant_extends(self, seconds: int) -> None:
        self._extend(seconds)

    @rule(sku=st.sampled_from([None, *sorted(SKUS)]), ago=st.sampled_from([None, 60, 601]))
    def the_merchant_recalls(self, sku: str | None, ago: int | None) -> None:
        self._recall(sku, ago)

    @rule(sku=SKU, size=SIZE)
    def the_merchant_finds_more_stock(self, sku: str, size: int) -> None:
        variants = SKUS[sku]
        Variant.objects.filter(sku=variants[size % len(variants)]).update(stock=F("stock") + 1)
        limited = Deal.objects.filter(product__sku=sku, allocation__isnull=False)
        limited.update(allocation=F("allocation") + 1)

    @rule(
        nth=NTH,
        units=st.sampled_from([1, 2]),
        restock=st.sampled_from([True, True, False]),
        kind=st.sampled_from(["", *KINDS, ""]),
        after=st.integers(0, 1),
        times=st.sampled_from([1, 0, 2]),
    )
    def the_merchant_refunds(
        self, nth: int, units: int, restock: bool, kind: str, after: int, times: int
    ) -> None:
        """Units of a line, mostly back into stock; an answer may be lost, news come so often."""
        orders = Order.objects.filter(status__in=[Status.PAID, Status.PARTIALLY_REFUNDED])
        lines = OrderLine.objects.filter(order__in=orders, refunded__lt=F("quantity"))
        found = list(lines.order_by("pk"))
        if not found:
            return
        line = found[nth % len(found)]
        self.is_touched = True
        agreed = plan_refund(
            line.order, [Units(line, min(units, line.refundable), restock)], shipping=False
        )
        now, seen = timezone.now(), line.order.refunds.count()
        refund = refunds.create_refund(agreed, reason="Chipped.", by=None, seen=seen, now=now)
        if kind:
            self.trouble.arm(kind, after, 1)
        with suppress(ServerFell):
            refunds.execute(refund, cause="merchant", now=now)
        self.trouble.clear()
        about = {"id": "ch_unknown", "payment_intent": line.order.payment_intent, "metadata": {}}
        self._tell("charge.refunded", [about] * times)
        self.world.seen["refunds"] += 1

    def _change_price(self, sku: str, price: int) -> None:
        Deal.objects.filter(product__sku=sku).update(price=price)

    def _hide(self) -> None:
        unpublish(self.sale, now=timezone.now())
        self.is_published = False
        self._look_everywhere()

    def _look_everywhere(self) -> None:
        """Nothing but list prices is minted outside the window, wherever one looks."""
        self._open_sale_page(0)
        for sku in ("mug-01", "lmp-01"):
            page = self._open(0, f"/products/{sku}/")
            if page is not None:
                self._take_note(0, page)

    def _open_again(self) -> None:
        self._close(WINDOW)
        publish(self.sale, now=timezone.now())
        self.is_published = True

    def _close(self, later: timedelta) -> None:
        self.ends_at = max(timezone.now(), OPENS + timedelta(seconds=1)) + later
        Sale.objects.filter(pk=self.sale.pk).update(ends_at=self.ends_at)
        if not later:
            # The window is half-open: just now it is over, if it ever opened.
            self._look_everywhere()

    def _extend(self, seconds: int) -> None:
        now = timezone.now()
        extend(sale=self.sale, seconds=seconds, by=None, now=now)
        self.extensions.append((now, seconds))

    def _recall(self, sku: str | None, ago: int | None) -> None:
        now = timezone.now()
        before = now - timedelta(seconds=ago) if ago else None
        deal = Deal.objects.get(product__sku=sku) if sku else None
        self.sale.refresh_from_db()
        recall(sale=self.sale, deal=deal, reason="A slip.", by=None, now=now, issued_before=before)
        for promise in self.promises.values():
            offer = promise.offer
            is_meant = offer.sale != LIST and sku in {None, offer.sku}
            if before and deal is None and ago == 601:
                # Long enough ago: those that were issued since stay good.
                is_meant = is_meant and offer.issued_at < before.timestamp()
            promise.is_recalled |= is_meant

    # What is true after every step

    @invariant()
    def the_books_balance(self) -> None:
        self.world.seen["steps"] += 1
        if not self.is_touched:
            return
        self.is_touched = False
        check_books(self.stand_in.ledger())
        is_late = Refund.objects.filter(reason=refunds.TOO_LATE).exists()
        assert not is_late, "a payment came for an order that was over"
        subjects = [str(letter.subject) for letter in mail.outbox]
        receipts = Counter(each.split()[-1] for each in subjects if " back for " not in each)
        paid = Order.objects.filter(paid_at__isnull=False).values_list("number", flat=True)
        assert receipts == Counter(paid), "one receipt for each order that is paid"
        notes = Counter(each.split()[-1] for each in subjects if " back for " in each)
        taken_on = Refund.objects.exclude(stripe_id="").values_list("order__number", flat=True)
        assert notes == Counter(taken_on), "one note for each refund that is made"

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self._comes_to_an_end()

    def _comes_to_an_end(self) -> None:
        """Everybody leaves; whatever is open has to settle by itself."""
        self.trouble.clear()
        self.world.clock.tick(timedelta(hours=1))
        for _ in range(2):
            self.reconcile_runs()
        check_books(self.stand_in.ledger(), settled=True)
        processing = Order.objects.filter(status=Status.PROCESSING)
        self.stand_in.decide_debits(processing.values_list("payment_intent", flat=True))
        self.reconcile_runs()
        check_books(self.stand_in.ledger(), settled=True)
        check_charges(self.stand_in.ledger())
        still_open = Order.objects.filter(status__in=OPEN)
        assert not still_open.exists(), list(still_open.values_list("number", "status"))
        payable = [
            i for i in self.stand_in.ledger() if i["status"] not in {"succeeded", "canceled"}
        ]
        assert not payable, "a payment was forgotten that could still be made"
        unfinished = Refund.objects.exclude(status=Refund.Status.SUCCEEDED)
        assert not unfinished.exists(), list(unfinished.values_list("order__number", "problem"))
        self.world.seen.update(f"order {status}" for status in _statuses())
        self.world.seen["examples"] += 1

    # How it is done

    def _open(self, who: int, path: str) -> Page | None:
        """Visit a page: it takes nothing out of the bag but what is bought, and orders nothing.

        None where the server fell.
        """
        showcase.clear()
        self.is_touched = True
        before = self.people[who].bag
        page: Page | None = None
        try:
            page = self.people[who].browser.open(path)
        except ServerFell:
            self.world.seen["server fell"] += 1
        self._check_kept(who, before)
        self._take_note_of_the_bag(who)
        assert self.last_order == _last_order(), "a visit ordered something"
        return page

    def _send(self, who: int, path: str, form: dict[str, Any]) -> Page | None:
        """Send a form, and look at what it did; None where the server fell."""
        showcase.clear()
        self.is_touched = True
        someone = self.people[who]
        before = someone.bag
        try:
            page = someone.send(path, form)
        except ServerFell:
            self.world.seen["server fell"] += 1
            page = None
        self._look_at_new_orders(who, before, form)
        for line in before:
            self._promise(who, line)
        if page is not None:
            assert page.status in {303, 422}, f"{path} answers {page.status}"
            if page.path.startswith("/orders/") and page.path not in someone.orders_seen:
                someone.orders_seen.append(page.path)
            if page.status == 422:
                self._check_kept(who, before)
        self._take_note_of_the_bag(who)
        return page

    def _check_kept(self, who: int, before: list[Line]) -> None:
        after = self.people[who].bag
        bought = OrderLine.objects.filter(
            order__status__in=[Status.PAID, Status.PROCESSING], jti__in=[b.id for b in before]
        )
        gone = set(bought.values_list("jti", flat=True)) - {line.id for line in after}
        kept = [line for line in before if line.id not in gone]
        assert [dict(line.quantities) for line in after] == [dict(line.quantities) for line in kept]
        for old, new in zip(kept, after, strict=True):
            was, now = self._promise(who, old), self._promise(who, new)
            assert now.offer.amount <= was.offer.amount, "a price rose by itself"
            assert was is now or not was.is_recalled, "a recalled offer was renewed by itself"

    def _open_sale_page(self, who: int) -> None:
        page = self._open(who, "/sales/autumn/")
        if page is not None:
            assert page.status == (200 if self.is_published else 404)
            assert bool(self._take_note(who, page)) == self._is_open()

    def _take_note(self, who: int, page: Page) -> list[str]:
        """Hold the shop to what its page says; ``Page.offers`` would parse it all."""
        messages = re.findall(r'name="offer" value="([\w.-]+)"', page.html)
        for message in messages:
            self._note_fresh(who, message)
        return messages

    def _take_note_of_the_bag(self, who: int) -> None:
        someone = self.people[who]
        cookie = someone.browser.cookie("bag")
        if cookie and cookie not in someone.bags:
            someone.bags.append(cookie)
        for line in someone.bag:
            self._promise(who, line)

    def _promise(self, who: int, line: Line) -> Promise:
        """What was promised by a line's offer; one that was not known was made just now."""
        return self.promises.get(line.message) or self._note_fresh(who, line.message)

    def _note_fresh(self, who: int, message: str) -> Promise:
        """Check that an offer says what the shop has to say now, and hold the shop to it."""
        offer = read(message)
        now = timezone.now()
        assert offer.shopper == self.people[who].id
        assert offer.issued_at == int(now.timestamp())
        if offer.sale == LIST:
            assert offer.amount == LIST_PRICES[offer.sku]
        else:
            assert self._is_open(), "an offer was made outside the window"
            deal = Deal.objects.get(product__sku=offer.sku)
            assert (offer.amount, offer.max) == (deal.price, deal.max_per_shopper)
            assert offer.expires_at - offer.issued_at == HOLD.total_seconds()
        self.promises[message] = promise = Promise(message, offer, who)
        return promise

    def _is_open(self) -> bool:
        return self.is_published and OPENS <= timezone.now() < self.ends_at

    def _honored_until(self, promise: Promise) -> datetime:
        offer = promise.offer
        extensions = self.extensions if offer.sale != LIST else []
        more = sum(s for at, s in extensions if offer.issued_at < at.timestamp())
        return datetime.fromtimestamp(offer.expires_at + more, UTC)

    def _move_to(self, instant: datetime) -> None:
        """Travel, but never back."""
        if instant > timezone.now():
            self.world.clock.move_to(instant)

    def _who(self, order: Order) -> int:
        return next(who for who in range(3) if self.people[who].id == order.shopper)

    def _add_fresh(self, who: int, sku: str, size: int, quantity: int) -> None:
        self._open_sale_page(who)
        fresh = [p for p in self.promises.values() if p.owner == who and p.offer.sku == sku]
        if fresh:
            self._add(who, fresh[-1], size, quantity)

    def _add(self, who: int, promise: Promise, size: int, quantity: int) -> None:
        sku = promise.offer.sku
        variant = SKUS[sku][size % len(SKUS[sku])]
        struck = self.trouble.struck
        expected = self._verdict(who, [(promise, {variant: quantity})])
        has_more = any(line.sku == sku for line in self.people[who].bag)
        form = {"offer": promise.message, "quantity": quantity, "variant": variant}
        page = self._send(who, "/bag/add/", form)
        if page is None or has_more or self.trouble.struck != struck:
            return
        self.world.seen[f"added: {expected}"] += 1
        if expected == "honored":
            assert page.status == 303, f"{page.text[:300]}"
        else:
            assert page.status == 422
            assert page.verdicts[:1] == [expected]

    def _tell(self, type_: str, objects: list[dict[str, Any]]) -> None:
        """Deliver an event about an object; about the same one it is delivered twice."""
        for about in objects[:1]:
            named = ("id", "payment_intent", "metadata")
            event = {
                "id": f"evt_{len(self.events)}",
                "type": type_,
                "data": {"object": {name: about[name] for name in named if name in about}},
            }
            self.events.append(event)
            for _ in objects:
                self._deliver(event)

    def _deliver(self, event: dict[str, Any]) -> None:
        body = json.dumps(event)
        at = int(unix_seconds())
        signature = hmac.new(b"whsec_development", f"{at}.{body}".encode(), hashlib.sha256)
        struck, self.is_touched = self.trouble.struck, True
        with suppress(ServerFell):
            answer = Client(enforce_csrf_checks=True).post(
                "/stripe/webhook/",
                body,
                content_type="application/json",
                headers={"Stripe-Signature": f"t={at},v1={signature.hexdigest()}"},
            )
            assert answer.status_code == 200 or self.trouble.struck != struck

    def _check_out(self, who: int, card: str | None, address: int | None) -> None:
        """The heart: what was promised is what is paid, and is never refused."""
        someone, card = self.people[who], card or GOOD[who]
        email = _mail_of(who if address is None else address, who)
        token, key = self.stand_in.token(card)
        presented = [(self._promise(who, line), line.quantities) for line in someone.bag]
        struck = self.trouble.struck
        standing = self._order_that_waits(who)
        expected = standing is not None or self._is_owed(who, email, key)
        is_shown = ""
        page = self._open(who, "/checkout/")
        if page is not None:
            found = re.search(r'data-total="(\d+)"', page.html)
            is_shown = found[1] if found else ""
        if expected and self.trouble.struck == struck:
            assert page is not None
            assert is_shown, f"refused: {page.text[:600]}"
        ceiling = standing.total if standing else _charge(presented)
        if expected and is_shown:
            assert int(is_shown) <= ceiling
        form = {
            **ADDRESS,
            "email": email,
            "shown_total": int(is_shown or ceiling or 1),
            "confirmation_token": token,
        }
        someone.forms.append((form, someone.browser.cookie("bag")))
        # With what the bag has become in front of the shopper's eyes.
        page = self._send(who, "/checkout/", form)
        if page is None or self.trouble.struck != struck:
            self.world.seen["checkout in trouble"] += 1
            return
        if expected:
            self._check_answer(page, card, int(is_shown), standing)
        elif page.status == 303:
            self.world.seen["checkout led to an order all the same"] += 1
        else:
            self.world.seen["checkout refused"] += 1

    def _check_answer(self, page: Page, card: str, total: int, standing: Order | None) -> None:
        if card in DEBIT and page.status == 422:
            # Something at its list price is in it: an order for cards alone.
            self.world.seen["debit refused"] += 1
            return
        if card in BAD:
            assert page.status == 422
            assert "declined" in page.text
            self.world.seen["declined"] += 1
            return
        assert page.status == 303, f"refused: {page.text[:600]}"
        order = Order.objects.get(pk=standing.pk) if standing else Order.objects.latest("pk")
        assert order.total == total
        if card in GOOD:
            assert (order.status, page.order_status) == ("paid", "paid")
            self.world.seen["paid as promised"] += 1
            if not self._is_open():
                self.world.seen["paid as promised after the window"] += 1
        elif card in BANK:
            assert order.status in {Status.REQUIRES_ACTION, Status.PAID}
            self.world.seen["asked by the bank"] += 1
        else:
            assert order.status in {Status.PROCESSING, Status.PAID}
            self.world.seen["debited later"] += 1

    def _look_at_new_orders(self, who: int, presented: list[Line], form: dict[str, Any]) -> None:
        """An order is what was in the bag, at prices that held, none above what was presented."""
        for order in Order.objects.filter(pk__gt=self.last_order).order_by("pk"):
            self.last_order = order.pk
            assert order.shopper == self.people[who].id
            assert order.total == form["shown_total"], "a total was charged that was not shown"
            assert order.charge.shipping == _shipping(order.subtotal)
            lines = order.lines.all()
            wanted: Counter[str] = Counter()
            for each in presented:
                wanted.update(each.quantities)
                assert not self._promise(who, each).is_recalled, "a recalled offer was bought"
            assert wanted == sum((Counter({each.sku: each.quantity}) for each in lines), Counter())
            for line in lines:
                promise = self.promises.get(line.offer) or self._note_fresh(who, line.offer)
                assert promise.owner == who
                assert not promise.is_recalled, "a recalled offer was honored"
                assert order.placed_at < self._honored_until(promise), "an expired one was honored"
                assert line.amount == promise.offer.amount
                prices = [p.offer.amount for p in presented if p.offer and line.sku in p.quantities]
                assert line.amount <= max(prices), "dearer than what was presented"
            self.world.seen["orders"] += 1

    # What the model makes of it

    def _held(self) -> list[Order]:
        """The orders that keep what they claimed, once those whose time is over have lapsed."""
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

    def _verdict(self, who: int, wanted: list[tuple[Promise, Mapping[str, int]]]) -> str:
        """What becomes of offers if they are presented together, in the contract's words."""
        held = self._held()
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
            if now >= self._honored_until(promise):
                return "expired"
            mine = _units(held, offer, lambda order: order.shopper == self.people[who].id)
            if units + mine > offer.max:
                return "over_limit"
        return "honored" if self._is_enough_left(wanted, held) else "sold_out"

    def _is_enough_left(
        self, wanted: list[tuple[Promise, Mapping[str, int]]], held: list[Order]
    ) -> bool:
        units: Counter[str] = Counter()
        for promise, quantities in wanted:
            units.update(quantities)
            deal = Deal.objects.get(product__sku=promise.offer.sku)
            if promise.offer.sale != LIST and deal.allocation is not None:
                taken = _units(held, promise.offer, lambda order: True)
                if taken + sum(quantities.values()) > deal.allocation:
                    return False
        taken_of: Counter[str] = Counter()
        for order in held:
            for line in order.lines.all():
                taken_of[line.sku] += line.quantity - line.restocked
        stock = dict(Variant.objects.values_list("sku", "stock"))
        return all(taken_of[sku] + n <= stock[sku] for sku, n in units.items())

    def _is_owed(self, who: int, email: str, key: str) -> bool:
        """Whether the bag, as it is, has to be sold at its prices to whoever pays with this."""
        wanted = [(self._promise(who, line), line.quantities) for line in self.people[who].bag]
        if not wanted or self._verdict(who, wanted) != "honored":
            return False
        held = self._held()
        waiting = [o for o in held if o.status in OPEN and o.shopper == self.people[who].id]
        if len(waiting) >= MOST_OPEN_ORDERS:
            return False
        address = normalise_email(email)
        for promise, quantities in wanted:
            offer, units = promise.offer, sum(quantities.values())
            by_mail = _units(held, offer, lambda o: normalise_email(o.email) == address)
            by_card = _units(held, offer, lambda o: bool(key) and o.card_key == key)
            if units + max(by_mail, by_card) > offer.max:
                return False
        return True

    def _order_that_waits(self, who: int) -> Order | None:
        """The shopper's own order of just this bag, that waits for another card."""
        now, jtis = timezone.now(), {line.id for line in self.people[who].bag}
        for order in Order.objects.filter(status=Status.PENDING, lapses_at__gt=now):
            is_mine = order.shopper == self.people[who].id
            if is_mine and jtis == {line.jti for line in order.lines.all()}:
                return order
        return None


def _units(held: list[Order], offer: Offer, counts: Callable[[Order], bool]) -> int:
    """Units of an offer's deal in orders that count, but for those that came back by a refund.

    At list price nothing is counted.
    """
    if offer.sale == LIST:
        return 0
    return sum(
        line.quantity - line.restocked
        for order in held
        if counts(order)
        for line in order.lines.all()
        if line.deal_id is not None and line.sku in SKUS[offer.sku]
    )


def _mail_of(someone: int, sender: int) -> str:
    """Someone's mail address, spelled in the sender's own way."""
    return f"Somebody{someone}+{sender}@Example.org"


def _charge(presented: Iterable[tuple[Promise, Mapping[str, int]]]) -> int:
    subtotal = sum(promise.offer.amount * sum(units.values()) for promise, units in presented)
    # The dearest charge below it: cheaper goods may cost more to ship.
    return subtotal + SHIPPING if subtotal else 0


def _shipping(subtotal: int) -> int:
    return 0 if subtotal >= FREE_FROM else SHIPPING


def _last_order() -> int:
    return Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _statuses() -> list[str]:
    return list(Order.objects.values_list("status", flat=True))


def _delete_all_rows() -> None:
    rooms = ("catalog", "sales", "checkout")
    tables = [m._meta.db_table for room in rooms for m in apps.get_app_config(room).get_models()]
    # Foreign keys are checked at the commit: the order makes no difference.
    with transaction.atomic(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'DELETE FROM "{table}"')


class _Nowhere:
    def write(self, text: str) -> None:
        """What reconcile has to say is not for us."""


@pytest.fixture
def world(
    settings: Settings, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The shop at that Stripe, on a stopped clock, and nothing logged."""
    monkeypatch.setattr(stripe, "RequestsClient", UnreliableClient)
    # 250 options take longer to render than everything else on the page.
    monkeypatch.setattr("shop.checkout.forms.countries", lambda: [("GB", "United Kingdom")])
    settings.STRIPE_API_BASE = stand_in.base
    settings.STRIPE_SECRET_KEY = "sk_test_shop"
    settings.SHIPPING_FLAT, settings.SHIPPING_FREE_FROM = SHIPPING, FREE_FROM
    logging.disable()
    with freeze_time(OPENS, ignore=["hypothesis"]) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        FlashSale.world = World(clock, stand_in, UnreliableClient.trouble)
        yield FlashSale.world
    logging.disable(logging.NOTSET)


def test_whatever_happens_no_promise_breaks_and_the_books_balance(world: World) -> None:
    if PROFILE == "machine":
        hypothesis.seed(SEED)(FlashSale)
    try:
        run_state_machine_as_test(FlashSale, settings=hypothesis.settings.get_profile(PROFILE))
    finally:
        print("\n".join(f"{n:6} {what}" for what, n in sorted(world.seen.items())))
    assert world.seen["paid as promised"] >= 25, "it says little where nobody buys"


def _an_extension_adds_up_and_is_over(at: FlashSale) -> Iterator[None]:
    yield at.the_merchant_extends(600)
    for seconds in (-1, 0):
        yield at.checks_out_as_a_price_runs_out(0, "LMP-01", seconds, None, "extended")
    yield at.checks_out_as_a_price_runs_out(0, "LMP-01", 0, None, "closed")


def _old_news_of_an_order_that_was_canceled(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "MUG-01", 0, 2, BAD[0], None)
    yield at.cancels_an_order(0, 0, "canceled")
    yield at.checks_out(0, None, None)


def _a_bank_page_nobody_saw_gives_way_to_another_card(at: FlashSale) -> Iterator[None]:
    yield at.buys_while_stripe_fails(0, "MUG-01", BANK[0], "answer lost", 2, again=True)
    yield at.answers_the_bank(0, approve=True, comes_back=True)


def _a_payment_whose_id_was_lost_is_found_again(at: FlashSale) -> Iterator[None]:
    yield at.buys_while_stripe_fails(0, "MUG-01", None, "answer lost", 1, again=True)
    yield at.buys_while_stripe_fails(1, "MUG-01", None, "server falls", 1, again=True)


def _a_mail_address_has_its_share_once(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "MUG-01", 0, 2, None, None)
    yield at.buys(1, "MUG-01", 0, 1, None, 0)


def _good_news_comes_twice(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "MUG-01", 0, 1, None, None)
    yield at.a_webhook_is_delivered(0, "succeeded", 2)
    yield at.a_webhook_is_delivered(0, "succeeded", 1)


def _two_offers_want_the_same_last_units(at: FlashSale) -> Iterator[None]:
    yield at.the_merchant_changes_a_price("MUG-01", 6000)
    yield at.looks_at_a_page(0, "product", "MUG-01", 0)
    yield at.adds_an_offer_seen_earlier(0, "MUG-01", 0, 5, 0, "mine")
    yield at.adds_an_offer_fresh_from_the_page(0, "MUG-01", 0, 2)
    yield at.checks_out(0, None, None)


def _an_offer_is_used_once(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "LMP-01", 0, 1, None, None)
    yield at.adds_an_offer_seen_earlier(0, "LMP-01", 0, 1, 0, "used")
    yield at.goes_on_in_another_tab_with_an_older_bag(0, 0)
    yield at.sends_the_same_form_again(0, 0, with_that_bag=True)


def _units_of_a_line_come_back_one_by_one(at: FlashSale) -> Iterator[None]:
    yield at.buys(0, "LMP-01", 0, 3, None, None)
    for kind, times in (("", 2), ("answer lost", 1), ("question lost", 0)):
        yield at.the_merchant_refunds(0, 1, restock=True, kind=kind, after=0, times=times)
        yield at.reconcile_runs()


@pytest.mark.parametrize(
    "play",
    [
        _an_extension_adds_up_and_is_over,
        _old_news_of_an_order_that_was_canceled,
        _a_bank_page_nobody_saw_gives_way_to_another_card,
        _a_payment_whose_id_was_lost_is_found_again,
        _a_mail_address_has_its_share_once,
        _good_news_comes_twice,
        _two_offers_want_the_same_last_units,
        _an_offer_is_used_once,
        _units_of_a_line_come_back_one_by_one,
    ],
)
def test_what_chance_seldom_comes_upon(
    world: World, play: Callable[[FlashSale], Iterator[None]]
) -> None:
    """The same machine, led by hand; its books are checked after every step as well."""
    machine = FlashSale()
    for _ in play(machine):
        machine.the_books_balance()
    machine.teardown()


# What it found


def test_orders_past_their_time_do_not_count_as_open_when_another_is_placed(
    sale: Sale, shopper: Shopper, card: Callable[..., str], clock: FrozenDateTimeFactory
) -> None:
    add_deal(sale, make_product("TEE-01", "Organic tee"), 999)
    for sku in ("MUG-01", "LMP-01", "TEE-01"):
        shopper.add(shopper.offer(sku))
        shopper.order(card("pm_card_visa_chargeDeclined"))
        shopper.client.cookies.pop("bag")
    shopper.add(shopper.offer("LMP-01"))
    clock.tick(timedelta(minutes=10))
    assert shopper.order(card()).order_status == "paid"


def test_an_order_past_its_time_does_not_use_up_the_limit_of_its_mail_address(
    sale: Sale,
    shopper: Shopper,
    another_shopper: Shopper,
    card: Callable[..., str],
    clock: FrozenDateTimeFactory,
) -> None:
    shopper.add(shopper.offer(), quantity=2)
    shopper.order(card("pm_card_visa_chargeDeclined"))
    another_shopper.add(another_shopper.offer())
    clock.tick(timedelta(minutes=10))
    page = another_shopper.order(card(), email="Ada+phone@example.org")
    assert page.order_status == "paid"


def test_too_many_open_orders_and_a_limit_that_are_both_past_their_time_both_give_way(
    sale: Sale,
    shopper: Shopper,
    another_shopper: Shopper,
    card: Callable[..., str],
    clock: FrozenDateTimeFactory,
) -> None:
    declined = "pm_card_visa_chargeDeclined"
    add_deal(sale, make_product("TEE-01", "Organic tee"), 999)
    add_deal(sale, make_product("CAP-01", "Cap"), 899)
    for sku in ("LMP-01", "TEE-01", "CAP-01"):
        shopper.add(shopper.offer(sku))
        shopper.order(card(declined), email="grace@example.org")
        shopper.client.cookies.pop("bag")
    another_shopper.add(another_shopper.offer(), quantity=2)
    another_shopper.order(card(declined))
    shopper.add(shopper.offer())
    clock.tick(timedelta(minutes=10))
    assert shopper.order(card(), email="Ada+phone@example.org").order_status == "paid"
