"""Shoppers over plain HTTP, who note every answer, every offer they saw and every order."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock, Thread
from typing import Any

import requests

from shop.core.machine_clock import monotonic_seconds

#: No answer from the shop itself, or one that says to come again.
AWAY = frozenset({0, 500, 502, 503, 504})
#: How many lines the bags have, one shopper after the other.
BAGS = (1, 2, 1, 20, 2, 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the shop; status 0 where there was none."""

    place: str
    method: str
    status: int
    seconds: float
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer that a page showed to a shopper, and one variant that it can be had in."""

    shopper: str
    message: str
    variant: str
    deal: str
    expires_at: int


@dataclass
class Record:
    """What all shoppers met, by any thread."""

    chapter: str = ""
    #: After a restore, while bags have to wait: then it is no problem that they do.
    is_undecided: bool = False
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    offers: list[ShownOffer] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    buyers: "list[Shopper]" = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def note(self, answer: Answer) -> None:
        with self.lock:
            self.answers.append((self.chapter, answer))

    def note_problem(self, text: str) -> None:
        with self.lock:
            self.problems.append(f"{self.chapter}: {text}")


@dataclass(frozen=True)
class Shop:
    """Where the shop and Stripe's stand-in are, as browsers see them."""

    url: str
    certificate: str
    stripe: str
    stripe_key: str
    sale: str


class GaveUp(Exception):
    """A shopper's patience ended."""


class Shopper:
    """One browser without scripts, with the patience of a person who wants these goods."""

    _numbers = count(1)

    def __init__(self, shop: Shop, record: Record, lines: int, patience: float = 120) -> None:
        self.shop, self.record, self.lines, self.patience = shop, record, lines, patience
        self.email = f"shopper-{next(self._numbers)}@example.org"
        self.session = requests.Session()
        self.session.verify = shop.certificate
        # The environment may name another bundle of certificates, or a proxy.
        self.session.trust_env = False
        self.session.headers["Sec-Fetch-Site"] = "same-origin"
        self.order_path = ""
        #: The chapter in which the order was paid.
        self.chapter = ""
        #: The cookies of the moment before the order: what a second tab still has.
        self.bag_cookies = self.session.cookies.copy()
        self.bought: list[ShownOffer] = []

    def look(self) -> list[ShownOffer]:
        """Open the sale's page; the offers on it."""
        answer = self._ask("GET", f"/sales/{self.shop.sale}/")
        seen = list(_offers(answer.text))
        if not seen:
            self.record.note_problem(f"a sale page without offers: {answer.status_code}")
        with self.record.lock:
            self.record.offers.extend(seen)
        return seen

    def fill_bag(self) -> None:
        """Put one unit of as many deals into the bag as it has lines."""
        for offer in self.look()[: self.lines]:
            self.add(offer)
            self.bought.append(offer)

    def add(self, offer: ShownOffer) -> int:
        """Add one unit of an offer; the status, which is noted where it is no redirect."""
        form = {"offer": offer.message, "quantity": "1", "variant": offer.variant}
        answer = self._ask("POST", "/bag/add/", form)
        if answer.status_code != 303:
            self.record.note_problem(f"an offer was not taken: {_refusal(answer)}")
        return answer.status_code

    def buy(self, card: str = "pm_card_visa") -> str:
        """Order and pay for the bag, as often as it takes; the address of the paid order.

        :raises GaveUp: the patience has ended
        """
        self.bag_cookies = self.session.cookies.copy()
        deadline = monotonic_seconds() + self.patience
        while not self.order_path:
            self._check_out(card)
            if monotonic_seconds() > deadline:
                raise GaveUp(f"{self.email} could not order")
        while (status := self.order_status()) != "paid":
            if monotonic_seconds() > deadline:
                raise GaveUp(f"{self.email}: the order is {status}")
            time.sleep(0.5)
        self.chapter = self.record.chapter
        with self.record.lock:
            self.record.buyers.append(self)
        return self.order_path

    def _check_out(self, card: str) -> None:
        page = self._ask("GET", "/checkout/")
        if page.status_code == 303:
            self._follow(page)
            return
        answer = self.send_checkout(page.text, card)
        if answer.status_code == 303:
            self._follow(answer)
        elif answer.status_code not in AWAY:
            # Such as: the payment service does not answer. A person tries again.
            self.record.note_problem(f"checkout: {_refusal(answer)}")
            time.sleep(1)

    def send_checkout(self, page: str, card: str) -> requests.Response:
        """Send the checkout form once; the answer, whatever it is."""
        total = re.search(r'data-total="(\d+)"', page)
        form = {
            "email": self.email,
            "name": "Sam Shopper",
            "line1": "Main Street 1",
            "postal_code": "10115",
            "city": "Berlin",
            "country": "DE",
            "shown_total": total[1] if total else "1",
            "confirmation_token": self._card(card),
        }
        return self._once("POST", "/checkout/", form)

    def order_status(self) -> str:
        """The status that the order's page shows."""
        answer = self._ask("GET", self.order_path)
        found = re.search(r'data-order-status="(\w+)"', answer.text)
        return found[1] if found else f"an answer of {answer.status_code}"

    def second_tab(self) -> "Shopper":
        """The same browser, with the bag as it was before the order."""
        tab = Shopper(self.shop, self.record, self.lines)
        tab.email = self.email
        tab.session.cookies = self.bag_cookies.copy()
        return tab

    def send_again(self) -> int:
        """Open checkout and send its form once, whatever it answers; the last status.

        303 is an order's page, and no other.
        """
        answer = self._once("GET", "/checkout/")
        if answer.status_code in {200, 503}:
            answer = self.send_checkout(answer.text, "pm_card_visa")
        leads_to_order = answer.headers.get("Location", "").startswith("/orders/")
        return answer.status_code if answer.status_code != 303 or leads_to_order else 0

    def _follow(self, answer: requests.Response) -> None:
        path = answer.headers["Location"]
        if path.startswith("/orders/"):
            self.order_path = path
        else:
            if not self.record.is_undecided:
                self.record.note_problem(f"checkout leads to {path}")
            time.sleep(1)

    def _card(self, method: str) -> str:
        """A ConfirmationToken, as Stripe's script makes one."""
        answer = requests.post(
            f"{self.shop.stripe}/v1/test_helpers/confirmation_tokens",
            {"payment_method": method},
            auth=(self.shop.stripe_key, ""),
            timeout=20,
        )
        return str(answer.json()["id"])

    def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> requests.Response:
        """Ask, and come again while the shop is away.

        :raises GaveUp: the patience has ended
        """
        deadline = monotonic_seconds() + self.patience
        while True:
            answer = self._once(method, path, form)
            if answer.status_code not in AWAY:
                return answer
            if monotonic_seconds() > deadline:
                raise GaveUp(f"{self.email}: {method} {place_of(path)} {answer.status_code}")
            time.sleep(min(float(answer.headers.get("Retry-After", 1)), 1))

    def _once(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> requests.Response:
        began = monotonic_seconds()
        try:
            answer = self.session.request(
                method, f"{self.shop.url}{path}", data=form, timeout=70, allow_redirects=False
            )
        except requests.RequestException:
            answer = requests.Response()
            answer.status_code, answer._content = 0, b""
        took = monotonic_seconds() - began
        after = answer.headers.get("Retry-After", "")
        self.record.note(Answer(place_of(path), method, answer.status_code, took, after))
        return answer


class Crowd:
    """Threads of shoppers who come, look, hold or buy until they are told to stop."""

    def __init__(self, shop: Shop, record: Record, threads: int = 5) -> None:
        self._shop, self._record = shop, record
        self._stopped = Event()
        self._bags = count()
        self._threads = [Thread(target=self._shop_on, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            # Each finishes what it has begun.
            thread.join(200)
            assert not thread.is_alive(), "a shopper waits for ever"

    def _shop_on(self) -> None:
        while not self._stopped.is_set():
            number = next(self._bags)
            shopper = Shopper(self._shop, self._record, BAGS[number % len(BAGS)])
            try:
                shopper.fill_bag()
                # Every third only holds what it saw, for later.
                if number % 3:
                    shopper.buy()
            except GaveUp as end:
                self._record.note_problem(str(end))
            except Exception as error:
                self._record.note_problem(f"{type(error).__name__}: {error}")
                raise


class Watch:
    """Asks each web process itself for its health and a sale page, twice a second."""

    def __init__(self, urls: list[str], sale: str, record: Record) -> None:
        self._paths = {"/healthz": 1.0, f"/sales/{sale}/": 1.0}
        self._urls, self._record = urls, record
        self._stopped = Event()
        self._threads = [
            Thread(target=self._ask, args=(url, path), daemon=True)
            for url in urls
            for path in self._paths
        ]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(100)

    def _ask(self, url: str, path: str) -> None:
        headers = {"X-Forwarded-Proto": "https", "Host": "localhost"}
        while not self._stopped.wait(0.5):
            began = monotonic_seconds()
            try:
                status = requests.get(f"{url}{path}", headers=headers, timeout=90).status_code
            except requests.RequestException:
                status = 0
            took = monotonic_seconds() - began
            self._record.note(Answer(f"watch {path}", "GET", status, took))


def place_of(path: str) -> str:
    """An address without what is secret or of one shopper in it."""
    return "/orders/…/" if path.startswith("/orders/") else path


def _offers(html: str) -> Iterator[ShownOffer]:
    for article in re.findall(r"<article class=.*?</article>", html, re.S):
        deal = re.search(r'data-deal="([^"]+)"', article)
        message = re.search(r'name="offer" value="([^"]+)"', article)
        if deal is None or message is None:
            continue
        terms = _payload(message[1])
        variant = re.search(r'<option value="([^"]+)"(?![^>]*disabled)', article)
        yield ShownOffer(
            shopper=terms["sub"],
            message=message[1],
            variant=variant[1] if variant else "",
            deal=deal[1],
            expires_at=terms["exp"],
        )


def _payload(message: str) -> dict[str, Any]:
    segment = message.split(".")[1]
    terms: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    )
    return terms


def _refusal(answer: requests.Response) -> str:
    verdicts = sorted(set(re.findall(r'data-verdict="(\w+)"', answer.text)))
    main = re.search(r"<main.*</main>", answer.text, re.S)
    words = re.sub(r"<[^>]*>|\s+", " ", main[0] if main else answer.text)
    return f"{answer.status_code} {' '.join(verdicts)}: {' '.join(words.split())[:200]}"
