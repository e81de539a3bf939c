"""Shoppers who ask a server over HTTP, each with cookies of a browser of their own."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter

import requests

from benchmarks.served_shop import DEALS, SLUG, Server
from offers.anchors import new_id
from shop.qa.pytest_plugin.client import ADDRESS
from shop.qa.pytest_plugin.stand_in import StripeApi

SALE = f"/sales/{SLUG}/"
#: A card has so few orders open at a time that one would not do.
CARDS = ("pm_card_visa", "pm_card_mastercard", "pm_card_amex")
_OFFER = re.compile(r'name="offer" value="([^"]+)"')
_TOTAL = re.compile(r'data-total="(\d+)"')
_PATIENCE = 30


@dataclass
class Shopper:
    """Someone who looks at the sale, puts a deal into the bag and pays for it."""

    server: Server
    card: str
    token: str
    deal: int
    session: requests.Session = field(default_factory=requests.Session)
    offers: list[str] = field(default_factory=list)
    total: str = ""
    order: str = ""
    #: How long the shop took to place the order and to charge it.
    seconds: float = 0

    def see_sale(self) -> None:
        """The page with the offers."""
        self.offers = _OFFER.findall(self._get(SALE))
        assert len(self.offers) == DEALS, f"{SALE} has {len(self.offers)} offers."

    def add(self) -> None:
        """One unit into the bag."""
        form = {"offer": self.offers[self.deal % DEALS], "quantity": "1"}
        assert self._post("/bag/add/", form) == "/bag/"

    def see_bag(self) -> None:
        """The page that a browser is sent to."""
        self._get("/bag/")

    def see_form(self) -> None:
        """Checkout's page, with the total that will be paid."""
        [self.total] = set(_TOTAL.findall(self._get("/checkout/")))

    def place(self) -> None:
        """The order, and its payment."""
        form = {"shown_total": self.total, "confirmation_token": self.token}
        address = {**ADDRESS, "email": f"{new_id()}@example.org"}
        began = perf_counter()
        self.order = self._post("/checkout/", {**address, **form})
        self.seconds = perf_counter() - began

    def see_order(self) -> None:
        """The order's page, which says that it is paid."""
        assert 'data-order-status="paid"' in self._get(self.order), "The order is not paid."

    @property
    def cookies(self) -> str:
        """The header that the browser would send."""
        return "; ".join(f"{each.name}={each.value}" for each in self.session.cookies)

    def _get(self, path: str) -> str:
        answer = self.session.get(f"{self.server.address}{path}", timeout=_PATIENCE)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def _post(self, path: str, form: dict[str, str]) -> str:
        """Where the shop sends the browser then."""
        answer = self.session.post(
            f"{self.server.address}{path}",
            form,
            headers={"Sec-Fetch-Site": "same-origin"},
            timeout=_PATIENCE,
            allow_redirects=False,
        )
        assert answer.status_code == 303, f"{path}: {answer.status_code}"
        return answer.headers["Location"]


#: A whole order, step by step, as a browser without scripts does it.
STEPS: dict[str, Callable[[Shopper], None]] = {
    "page": Shopper.see_sale,
    "add": Shopper.add,
    "bag": Shopper.see_bag,
    "form": Shopper.see_form,
    "place": Shopper.place,
    "order page": Shopper.see_order,
}


def new_shoppers(server: Server, count: int, stripe: StripeApi | None = None) -> list[Shopper]:
    """So many, with what Stripe.js would give them to pay with, if they want to."""
    return [
        Shopper(server, card, stripe.token(card) if stripe else "", number)
        for number, card in zip(range(count), cycle(CARDS), strict=False)
    ]


def take_step(step: Callable[[Shopper], None], shoppers: Iterable[Shopper], at_once: int) -> None:
    """Let all of them take a step, so many at a time."""
    with ThreadPoolExecutor(at_once) as people:
        list(people.map(step, shoppers))
