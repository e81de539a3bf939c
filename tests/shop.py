"""What tests do to the shop: a merchant's sale, and a shopper's browser without JavaScript."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.utils import timezone
from joserfc.jwk import OctKey

from offers import conf, tokens
from offers.terms import Offer
from shop.catalog.list_prices import record_list_price
from shop.catalog.models import Product, Variant
from shop.sales.lifecycle import publish
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase

ROOT = Path(__file__).parents[1]

#: The window of the sale that most tests are about: a quarter of an hour, prices held for half.
OPENS = datetime(2026, 11, 27, 11, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(minutes=15)
HOLD = timedelta(minutes=30)

ADDRESS = {
    "email": "ada@example.org",
    "name": "Ada Lovelace",
    "line1": "12 St James's Square",
    "line2": "",
    "postal_code": "SW1Y 4JH",
    "city": "London",
    "country": "GB",
}


def new_key(kid: str, status: str = "active") -> dict[str, Any]:
    """A fresh HS256 key, as a member of a private JWK Set."""
    return {**OctKey.generate_key(256).as_dict(private=True), "kid": kid, "status": status}


def make_product(
    sku: str = "MUG-01",
    name: str = "Stoneware mug",
    *,
    list_price: int = 4990,
    stock: int = 100,
    currency: str = "EUR",
    variants: dict[str, int] | None = None,
    **fields: Any,
) -> Product:
    """A product with its stock; ``variants`` gives names and stock of sizes instead."""
    product = Product.objects.create(
        sku=sku,
        slug=sku.lower(),
        name=name,
        list_price=list_price,
        currency=currency,
        **fields,
    )
    for size, units in (variants or {"": stock}).items():
        variant_sku = f"{sku}-{size}" if size else sku
        Variant.objects.create(product=product, sku=variant_sku, name=size, stock=units)
    record_list_price(product, now=timezone.now())
    return product


def add_deal(sale: Sale, product: Product, price: int, **fields: Any) -> Deal:
    """A product in a sale; its reference price is fixed if the sale is published."""
    position = sale.deals.count()
    deal = Deal.objects.create(sale=sale, product=product, price=price, position=position, **fields)
    if sale.published_at:
        publish(sale, now=timezone.now())
    return deal


def make_sale(
    slug: str = "autumn",
    *,
    starts_at: datetime,
    ends_at: datetime,
    hold: timedelta = timedelta(minutes=30),
    **fields: Any,
) -> Sale:
    """A published sale of a mug and a lamp."""
    sale = Sale.objects.create(
        slug=slug,
        title=slug.capitalize(),
        time_zone="Europe/Berlin",
        starts_at=starts_at,
        ends_at=ends_at,
        hold_seconds=int(hold.total_seconds()),
        **fields,
    )
    add_deal(sale, make_product(), 499, max_per_shopper=2)
    add_deal(sale, make_product("LMP-01", "Brass lamp", list_price=7900), 790, allocation=50)
    publish(sale, now=timezone.now())
    showcase.clear()
    return sale


def read(message: str) -> Offer:
    """The offer that a signed message carries."""
    return tokens.read_offer(message, conf.ring())


@dataclass
class Page:
    """What a browser got: status, where it ended up, and the document."""

    status: int
    path: str
    html: str

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "html.parser")

    @property
    def text(self) -> str:
        """The page as it reads, white space folded."""
        return " ".join(self.soup.get_text(" ").split()).replace(" ,", ",").replace(" .", ".")

    @property
    def offers(self) -> dict[str, str]:
        """The signed messages on the page, by the sku they are for."""
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


class Shopper:
    """A browser of someone's, cookies and all; it follows redirects after a form."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.csrf = ""

    def open(self, path: str, **headers: str) -> Page:
        """Visit a page."""
        return self._page(self.client.get(path, follow=True, headers=headers), path)

    def send(self, path: str, data: dict[str, Any], *, htmx: bool = False) -> Page:
        """Send a form; the status is the form's own answer, the page where it led."""
        if "csrftoken" not in self.client.cookies:
            self.open("/sales/autumn/")
        headers = {"X-CSRFToken": self.client.cookies["csrftoken"].value}
        if htmx:
            headers["HX-Request"] = "true"
        answer = self.client.post(path, data, headers=headers)
        if answer.status_code == 303 and "Location" in answer.headers:
            followed = self.open(answer.headers["Location"])
            return Page(303, followed.path, followed.html)
        return self._page(answer, path)

    def offer(self, sku: str = "MUG-01", *, sale: str = "autumn") -> str:
        """The signed message for a deal, as the sale page shows it now."""
        showcase.clear()
        return self.open(f"/sales/{sale}/").offers[sku]

    def add(self, message: str, quantity: int = 1, variant: str = "") -> Page:
        """Put an offer into the bag."""
        return self.send("/bag/add/", {"offer": message, "quantity": quantity, "variant": variant})

    def bag(self) -> Page:
        return self.open("/bag/")

    def order(self, token: str, *, shown_total: int | None = None, **address: str) -> Page:
        """Order and pay with a card's token, at the total that the checkout page shows."""
        if shown_total is None:
            page = self.open("/checkout/")
            found = page.soup.select_one("[data-total]")
            shown_total = int(str(found["data-total"])) if found else 1
        return self.send(
            "/checkout/",
            {
                **ADDRESS,
                **address,
                "shown_total": shown_total,
                "confirmation_token": token,
            },
        )

    def cookie(self, prefix: str) -> str:
        """The value of the cookie whose name starts so."""
        return next(
            (each.value for name, each in self.client.cookies.items() if name.startswith(prefix)),
            "",
        )

    def _page(self, answer: Any, path: str) -> Page:
        chain = getattr(answer, "redirect_chain", [])
        return Page(answer.status_code, chain[-1][0] if chain else path, answer.content.decode())
