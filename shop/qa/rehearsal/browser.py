"""A shopper's browser without scripts, and what it reads on the shop's pages.

It reads what people read and what scripts may rely on: prices and instants as
shown, ``data-`` attributes, forms. Claims of offers are decoded, not verified.
"""

import sys
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bs4 import BeautifulSoup, Tag

from shop.core.formatting import offset
from shop.core.wall_time import comes_twice, wall_time
from shop.qa.rehearsal.oracle import Promise
from shop.qa.walk.readers import claims_of
from shop.qa.walk.visitor import SAME_ORIGIN, new_client


@dataclass(frozen=True)
class BrowserPage:
    """A response: its status, its page, and for a form the path that it redirects to."""

    status: int
    path: str
    html: str
    error: str = ""

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The parsed document."""
        return BeautifulSoup(self.html, "html.parser")

    @property
    def verdict(self) -> str:
        """The server's error, else the first refusal on the page by its name, else empty."""
        return self.error or self._data("verdict") or self._data("obstacle")

    @property
    def problem(self) -> str:
        """The text of the first alarming notice."""
        found = self.soup.select_one(".notice.problem")
        return _text(found) if found is not None else ""

    @property
    def total(self) -> int | None:
        """The whole charge of the checkout page, in minor units."""
        return int(total) if (total := self._data("total")) else None

    @property
    def order_status(self) -> str:
        """The status on the page of an order."""
        return self._data("order-status")

    def instant(self, name: str) -> datetime | None:
        """The instant of the first ``<time data-{name}>``."""
        found = self.soup.select_one(f"time[data-{name}]")
        return datetime.fromisoformat(str(found["datetime"])) if found is not None else None

    def words(self, name: str) -> str:
        """The text of the same element."""
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

    def struck_price(self, sale: str, sku: str) -> str:
        """The struck-through price of a deal, as shown; empty where there is none."""
        article = self.deals(sale).get(sku)
        struck = article.select_one(".price s") if article is not None else None
        return _text(struck).rpartition(" ")[2] if struck is not None else ""

    def lines(self) -> dict[str, Tag]:
        """The lines of a bag, by sku."""
        return {str(each["data-sku"]): each for each in self.soup.select("[data-line][data-sku]")}

    def _data(self, name: str) -> str:
        found = self.soup.select_one(f"[data-{name}]")
        return str(found[f"data-{name}"]) if found is not None else ""


class Browser:
    """A browser with its cookies."""

    def __init__(self) -> None:
        self.client = new_client()

    def copy(self) -> "Browser":
        """Another browser with the same cookies; what it does leaves this one unchanged."""
        other = Browser()
        other.client.cookies = deepcopy(self.client.cookies)
        other.client.defaults["REMOTE_ADDR"] = self.client.defaults["REMOTE_ADDR"]
        return other

    def open(self, path: str) -> BrowserPage:
        """Visit a page, and follow redirects."""
        answer: Any = self.client.get(path, follow=True)
        chain = getattr(answer, "redirect_chain", [])
        return _page(answer, chain[-1][0] if chain else path)

    def post(self, path: str, **fields: object) -> BrowserPage:
        """Send a form, without following its redirect."""
        answer: Any = self.client.post(path, fields, headers=SAME_ORIGIN)
        return _page(answer, answer.headers.get("Location", path))

    def add(self, promise: Promise, quantity: int = 1, variant: str = "") -> BrowserPage:
        """Put the promised offer into the bag, by default for the first size that is left."""
        variant = variant or promise.variant
        return self.post("/bag/add/", offer=promise.message, quantity=quantity, variant=variant)

    def order(self, total: int, token: str, address: dict[str, str]) -> BrowserPage:
        """Order and pay what is in the bag: the order's page, or checkout with its refusal."""
        answer = self.post("/checkout/", **address, shown_total=total, confirmation_token=token)
        return self.open(answer.path) if answer.status == 303 else answer


def promise_on(page: BrowserPage, article: Tag, shown_at: datetime, name: str) -> Promise | None:
    """The promise of a deal on a page; None where the page leaves something out."""
    offer, price = article.select_one("input[name=offer]"), article.select_one(".price b")
    held_until = page.instant("held-until")
    if offer is None or price is None or held_until is None:
        return None
    message, amount_text = str(offer["value"]), _text(price)
    variants = article.select("select[name=variant] option[value]:not([disabled])")
    claims = claims_of(message)
    return Promise(
        sku=str(claims["sku"]),
        name=name,
        shown_at=shown_at,
        held_until=held_until,
        amount_text=amount_text,
        # A price shows all decimals of its currency: its digits are its minor units.
        amount=int("".join(letter for letter in amount_text if letter.isdecimal()) or 0),
        currency=str(claims["currency"]),
        message=message,
        variant=next((str(each["value"]) for each in variants if each["value"]), ""),
    )


def words_agree(words: str, instant: datetime, shown_at: datetime, zone: ZoneInfo) -> bool:
    """Whether an instant in words says hour and minute, the zone, and the day if not today's.

    The offset from UTC too, if clocks show that hour and minute twice.
    """
    local, today = wall_time(instant, zone), wall_time(shown_at, zone).date()
    needed = [f"{local:%H:%M}", zone.key.rpartition("/")[2].replace("_", " ")]
    if local.date() != today:
        needed.append(str(local.day))
    if comes_twice(instant, zone):
        needed.append(offset(instant, zone))
    return all(each in words for each in needed)


def _page(answer: Any, path: str) -> BrowserPage:
    error = ""
    if answer.status_code >= 500:
        raised = getattr(answer, "exc_info", None) or sys.exc_info()
        what = raised[0].__name__ if raised and raised[0] else "error"
        error = f"{answer.status_code} {what}"
    return BrowserPage(answer.status_code, path, answer.content.decode(), error)


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split()).replace(" ,", ",").replace(" .", ".")
