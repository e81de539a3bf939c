"""A browser without scripts, and the prices that it is shown."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.test import Client
from django.test.client import ClientHandler

from shop.qa.addresses import fresh_address
from shop.qa.walk.blocks import PageText, read_page
from shop.qa.walk.events import ShownPrice
from shop.qa.walk.readers import claims_of, digits_of

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
#: Shared: each handler would set up all middleware again.
_HANDLER = ClientHandler(enforce_csrf_checks=False)


@dataclass(frozen=True)
class Answer:
    """What an address answered; ``location`` is where it sends the browser."""

    status: int
    kind: str
    text: str
    location: str = ""

    @cached_property
    def page(self) -> PageText:
        """Its blocks, where it is HTML."""
        return read_page(self.text)


class Visitor:
    """A browser with its cookies; a copy of it leaves it as it is."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or new_client()

    def copy(self, *, without: str = "") -> "Visitor":
        """Another browser with the same cookies, but for those whose names end so."""
        other = new_client()
        other.cookies = deepcopy(self.client.cookies)
        for name in [each for each in other.cookies if without and each.endswith(without)]:
            del other.cookies[name]
        return Visitor(other)

    def open(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Visit an address, without following redirects."""
        return _answer(self.client.get(path, headers={**SAME_ORIGIN, **(headers or {})}))

    def send(
        self, path: str, data: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a form, without following its redirect."""
        sent = self.client.post(path, dict(data), headers={**SAME_ORIGIN, **(headers or {})})
        return _answer(sent)


def prices_shown(answer: Answer, at: datetime) -> Iterator[tuple[ShownPrice, str]]:
    """The prices that a page offers, as it shows them, each with its signed message."""
    page = answer.page
    until = {time.name: time.at for block in page.blocks for time in block.times}
    prices = {
        block.data("deal"): digits_of(block.text.split()[0])
        for block in page.blocks
        if block.data("deal") and block.has_class("price")
    }
    for field in page.fields:
        if field.name != "offer" or "held-until" not in until:
            continue
        claims = claims_of(field.value)
        price = prices.get(f"{claims['sale']}/{claims['sku']}")
        if price is not None:
            yield (
                ShownPrice(
                    sale=claims["sale"],
                    sku=claims["sku"],
                    shown_at=at,
                    held_until=until["held-until"],
                    price=price,
                    was=claims["was"],
                    currency=claims["currency"],
                    limit=claims["max"],
                    line=claims["jti"],
                ),
                field.value,
            )


def new_client() -> Client:
    """A client without cookies that answers a server's error as a browser gets it.

    It is of a network of its own, as shoppers are.
    """
    client = Client(
        raise_request_exception=False, SERVER_NAME="localhost", REMOTE_ADDR=fresh_address()
    )
    client.handler = _HANDLER
    return client


def _answer(answer: Any) -> Answer:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = answer.headers
    kind, location = headers.get("Content-Type", ""), headers.get("Location", "")
    return Answer(answer.status_code, kind, body.decode(), location)
