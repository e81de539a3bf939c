"""A shopper's browser without JavaScript, and the pages that it gets."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from bs4 import BeautifulSoup, Tag
from django.conf import settings
from django.test import Client

from offers import conf, tokens
from offers.terms import Offer
from shop.qa.addresses import fresh_address
from shop.sales.showcase import showcase

ADDRESS = {
    "email": "ada@example.org",
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "line2": "",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


def read(message: str) -> Offer:
    """The offer that a signed message carries."""
    return tokens.read_offer(message, conf.ring())


@dataclass
class HtmlPage:
    """An answer: its status, its path after redirects, and its document."""

    status: int
    path: str
    html: str

    @classmethod
    def of(cls, answer: Any, path: str = "") -> Self:
        """The page in an answer of Django's test client; ``path`` if it was not redirected."""
        chain = getattr(answer, "redirect_chain", [])
        return cls(answer.status_code, chain[-1][0] if chain else path, answer.content.decode())

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        """The page as it reads, white space folded."""
        return " ".join(self.soup.get_text(" ").split()).replace(" ,", ",").replace(" .", ".")

    @cached_property
    def offers(self) -> dict[str, str]:
        """The signed messages on the page, by sku."""
        if 'name="offer"' not in self.html:
            return {}  # Parsing is slow.
        messages = [str(field["value"]) for field in self.soup.select("input[name=offer]")]
        return {read(message).sku: message for message in messages}

    @property
    def verdicts(self) -> list[str]:
        return [str(each["data-verdict"]) for each in self.soup.select("[data-verdict]")]

    @property
    def lines(self) -> dict[str, int]:
        """The bag's lines: unit price in minor units by sku."""
        return {
            str(each["data-sku"]): int(str(each["data-amount"]))
            for each in self.soup.select("[data-sku][data-amount]")
        }

    @property
    def order_status(self) -> str:
        return str(self.one("[data-order-status]")["data-order-status"])

    @property
    def total(self) -> int:
        return int(str(self.one("[data-total]")["data-total"]))

    def one(self, selector: str) -> Tag:
        found = self.soup.select_one(selector)
        assert found is not None, f"{self.path} has no {selector}:\n{self.text[:2000]}"
        return found


class ShopClient:
    """A browser with its cookies; it follows redirects after a form.

    :param address: its IP address; one of a network of its own unless given
    """

    def __init__(self, address: str = "") -> None:
        self.client = Client(enforce_csrf_checks=True, REMOTE_ADDR=address or fresh_address())

    def open(self, path: str, **headers: str) -> HtmlPage:
        """Visit a page."""
        return HtmlPage.of(self.client.get(path, follow=True, headers=headers), path)

    def send(self, path: str, data: dict[str, Any], *, htmx: bool = False) -> HtmlPage:
        """Send a form; the page is the one it redirects to, the status the form's own."""
        token = settings.CSRF_COOKIE_NAME
        if token not in self.client.cookies:
            self.open("/sales/autumn/")
        headers = {"X-CSRFToken": self.client.cookies[token].value}
        if htmx:
            headers["HX-Request"] = "true"
        answer = self.client.post(path, data, headers=headers)
        if answer.status_code == 303 and "Location" in answer.headers:
            followed = self.open(answer.headers["Location"])
            return HtmlPage(303, followed.path, followed.html)
        return HtmlPage.of(answer, path)

    def offer(self, sku: str = "MUG-01", *, sale: str = "autumn") -> str:
        """The signed message for a deal, as the sale page shows it now."""
        showcase.clear()
        return self.open(f"/sales/{sale}/").offers[sku]

    def add(self, message: str, quantity: int = 1, variant: str = "") -> HtmlPage:
        """Put an offer into the bag."""
        return self.send("/bag/add/", {"offer": message, "quantity": quantity, "variant": variant})

    def bag(self) -> HtmlPage:
        return self.open("/bag/")

    def order(self, token: str, *, shown_total: int | None = None, **address: str) -> HtmlPage:
        """Order and pay with a card's token, at the total that the checkout page shows."""
        if shown_total is None:
            page = self.open("/checkout/")
            found = page.soup.select_one("[data-total]")
            shown_total = int(str(found["data-total"])) if found else 1
        form = {"shown_total": shown_total, "confirmation_token": token}
        return self.send("/checkout/", {**ADDRESS, **address, **form})

    def cookie(self, prefix: str) -> str:
        """The value of the cookie whose name starts so, or nothing."""
        cookies = self.client.cookies.items()
        return next((each.value for name, each in cookies if name.startswith(prefix)), "")
