"""A shopper's browser without scripts, and what it reads on the shop's pages.

Only what a page says to people and what the contract names is read: prices and
instants as shown, ``data-`` attributes, forms. An offer's claims are decoded as
anyone can decode a JWT, and verified by nobody here.
"""

import base64
import copy
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.test.client import ClientHandler

from shop.qa.rehearsal.oracle import Promise

#: A form that the browser says is the shop's own.
_SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Page:
    """What the shop answered: the form's own status, and the page where it led."""

    status: int
    path: str
    html: str
    error: str = ""

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The document."""
        return BeautifulSoup(self.html, "html.parser")

    @property
    def verdict(self) -> str:
        """The first refusal on it, by its name; or what else stood in the way; or nothing."""
        if self.error:
            return self.error
        for name in ("data-verdict", "data-obstacle"):
            found = self.soup.select_one(f"[{name}]")
            if found is not None:
                return str(found[name])
        return ""

    @property
    def problem(self) -> str:
        """What a notice on it says."""
        found = self.soup.select_one(".notice.problem")
        return _text(found) if found is not None else ""

    @property
    def total(self) -> int | None:
        """The whole charge that checkout asks for, in minor units."""
        found = self.soup.select_one("[data-total]")
        return int(str(found["data-total"])) if found is not None else None

    @property
    def order_status(self) -> str:
        """What has become of an order, on its page."""
        found = self.soup.select_one("[data-order-status]")
        return str(found["data-order-status"]) if found is not None else ""

    def instant(self, name: str) -> datetime | None:
        """The instant of the first ``<time data-{name}>``."""
        found = self.soup.select_one(f"time[data-{name}]")
        return datetime.fromisoformat(str(found["datetime"])) if found is not None else None

    def words(self, name: str) -> str:
        """The same as people read it."""
        found = self.soup.select_one(f"time[data-{name}]")
        return _text(found) if found is not None else ""

    def deals(self, sale: str) -> dict[str, Tag]:
        """The deals of a sale that can be bought from it, by sku."""
        articles = {str(each["data-deal"]): each for each in self.soup.select("article[data-deal]")}
        return {
            deal.removeprefix(f"{sale}/"): article
            for deal, article in articles.items()
            if deal.startswith(f"{sale}/") and article.select_one("input[name=offer]")
        }

    def lines(self) -> dict[str, Tag]:
        """The lines of a bag, by sku."""
        return {str(each["data-sku"]): each for each in self.soup.select("[data-line][data-sku]")}


#: One for all: each would set up every middleware anew.
_HANDLER = ClientHandler(enforce_csrf_checks=False)


class Browser:
    """A browser with its cookies."""

    def __init__(self) -> None:
        self._client = Client(raise_request_exception=False, SERVER_NAME="localhost")
        self._client.handler = _HANDLER

    def twin(self) -> "Browser":
        """The same browser as it is now, to try something that it is not to remember."""
        twin = Browser()
        twin._client.cookies = copy.deepcopy(self._client.cookies)
        return twin

    def open(self, path: str) -> Page:
        """Visit a page, and follow where it leads."""
        answer: Any = self._client.get(path, follow=True)
        chain = getattr(answer, "redirect_chain", [])
        return _page(answer, chain[-1][0] if chain else path)

    def send(self, path: str, **fields: object) -> Page:
        """Send a form; ``path`` of the answer is where it leads."""
        answer: Any = self._client.post(path, fields, headers=_SAME_ORIGIN)
        return _page(answer, answer.headers.get("Location", path))

    def add(self, promise: Promise, quantity: int = 1) -> Page:
        """Put what was promised into the bag."""
        return self.send(
            "/bag/add/", offer=promise.message, quantity=quantity, variant=promise.variant
        )

    def order(self, total: int, token: str, address: dict[str, str]) -> Page:
        """Order and pay what is in the bag, at a total that was shown; the order's page, if any."""
        sent = self.send("/checkout/", **address, shown_total=total, confirmation_token=token)
        return self.open(sent.path) if sent.status == 303 else sent


def claims_of(message: str) -> dict[str, Any]:
    """What an offer says of itself, unverified."""
    payload = message.split(".")[1]
    padded = payload + "=" * (-len(payload) % 4)
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    return claims


def promise_on(page: Page, article: Tag, shown_at: datetime, name: str) -> Promise | None:
    """What a deal on a page promises; None where the page leaves something out."""
    offer, price = article.select_one("input[name=offer]"), article.select_one(".price b")
    held_until = page.instant("held-until")
    if offer is None or price is None or held_until is None:
        return None
    message, price_text = str(offer["value"]), _text(price)
    quantity = article.select_one("input[name=quantity][max]")
    variants = article.select("select[name=variant] option[value]:not([disabled])")
    claims = claims_of(message)
    return Promise(
        sku=str(claims["sku"]),
        name=name,
        shown_at=shown_at,
        held_until=held_until,
        price_text=price_text,
        # A price shows all decimals of its currency: its digits are its minor units.
        amount=int("".join(letter for letter in price_text if letter.isdecimal()) or 0),
        currency=str(claims["currency"]),
        message=message,
        variant=next((str(each["value"]) for each in variants if each["value"]), ""),
        most=int(str(quantity["max"])) if quantity is not None else 1,
    )


def words_agree(words: str, instant: datetime, shown_at: datetime, zone: ZoneInfo) -> bool:
    """Whether an instant in words says hour and minute, the zone, and the day if not today's."""
    there, today = instant.astimezone(zone), shown_at.astimezone(zone).date()
    needed = [f"{there:%H:%M}", zone.key.rpartition("/")[2].replace("_", " ")]
    if there.date() != today:
        needed.append(str(there.day))
    return all(each in words for each in needed)


def _page(answer: Any, path: str) -> Page:
    error = ""
    if answer.status_code >= 500:
        raised = getattr(answer, "exc_info", None) or sys.exc_info()
        what = raised[0].__name__ if raised and raised[0] else "error"
        error = f"{answer.status_code} {what}"
    return Page(answer.status_code, path, answer.content.decode(), error)


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split()).replace(" ,", ",").replace(" .", ".")
