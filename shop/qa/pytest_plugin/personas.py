"""Shoppers of a scenario: a browser with tabs, a card, a mail address, and what they were shown."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.core.shopper import Shopper as Cookie
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient, read
from shop.qa.pytest_plugin.parsing import WrongWords
from shop.qa.pytest_plugin.payment_vocabulary import CARDS
from shop.qa.pytest_plugin.stripe import Stripe

_CARDS_OF_THEIR_OWN = ["pm_card_visa", "pm_card_mastercard", "pm_card_amex"]


@dataclass(frozen=True)
class Seen:
    """A page in a tab, and the offers it made when it was opened, by sku."""

    page: HtmlPage
    offers: dict[str, str]


class Person:
    """One shopper. What is done in a browser is done in the tab that is in front."""

    def __init__(self, name: str, *, place: int, stripe: Stripe) -> None:
        self.name = name
        self.mail = f"{name.replace(' ', '.').lower()}@example.org"
        self.browser = ShopClient()
        self.order_path = ""
        self._stripe = stripe
        self._card = [*_CARDS_OF_THEIR_OWN, "pm_card_standIn_noFingerprint"][min(place, 3)]
        self._tabs: list[list[Seen]] = [[]]
        self._tab = 0
        self._held_until: datetime | None = None
        self._last_offer = ""
        self._has_added = False
        self._form: dict[str, Any] = {}
        self._way_back = ""

    # --- Looking --------------------------------------------------------------

    @property
    def page(self) -> HtmlPage:
        """What is on the screen.

        :raises WrongWords: nothing is
        """
        return self._seen[-1].page

    @property
    def offers(self) -> dict[str, str]:
        """The signed messages on the screen, by sku."""
        return self._seen[-1].offers

    @property
    def _seen(self) -> list[Seen]:
        seen = self._tabs[self._tab]
        if not seen:
            raise WrongWords(f"{self.name} has opened no page yet.")
        return seen

    @property
    def held_until(self) -> datetime:
        """Until when the price is held, by the last page that said so.

        :raises WrongWords: none did
        """
        if self._held_until is None:
            raise WrongWords(f"No page has promised {self.name} a price yet.")
        return self._held_until

    def open(self, path: str) -> HtmlPage:
        """Go to a page."""
        return self._show(self.browser.open(path))

    def open_tab(self) -> None:
        """Open another tab, in front."""
        self._tabs.append([])
        self._tab = len(self._tabs) - 1

    def turn_to_tab(self, place: int) -> None:
        """Bring a tab to the front, as it was left."""
        self._tab = place

    def go_back(self) -> None:
        """See the page before this one again, as it was."""
        if len(self._seen) < 2:
            raise WrongWords(f"There is no page for {self.name} to go back to.")
        self._seen.pop()

    # --- The bag --------------------------------------------------------------

    def offer_of(self, sku: str) -> str:
        """The signed message for a product, from the last page in this tab that has one.

        :raises WrongWords: none has
        """
        for seen in reversed(self._seen):
            if sku in seen.offers:
                return seen.offers[sku]
        raise WrongWords(f"No page that {self.name} has open shows a price for that.")

    def add(self, message: str, units: int = 1, variant: str = "") -> HtmlPage:
        """Put an offer into the bag."""
        self._last_offer, self._has_added = message, True
        return self._show(self.browser.add(message, units, variant))

    def add_again(self) -> HtmlPage:
        """Put the offer of last time into the bag again."""
        return self.add(self._last_offer)

    def change(self, sku: str, **fields: Any) -> HtmlPage:
        """Send one of the forms that the bag has for a product."""
        if not self.page.soup.select("[data-line]"):
            self.open("/bag/")
        item = self.page.one(f'[data-line][data-sku="{sku}"]')
        path = "/bag/update/" if fields else "/bag/remove/"
        if fields.pop("accept", False):
            button = item.select_one("[name=accept_amount]")
            assert button is not None, f"The bag offers no new price: {item.get_text(' ')}"
            fields = {"accept_amount": button["value"]}
        elif fields:
            variant = item.select_one("[name=variant]")
            assert variant is not None, f"The bag lets nobody change that: {item.get_text(' ')}"
            fields["variant"] = variant["value"]
        return self._show(self.browser.send(path, {"line": item["data-line"], **fields}))

    # --- Paying ---------------------------------------------------------------

    def card(self, words: str = "a card that works") -> str:
        """A card, entered: the token that the page makes of it."""
        return self._stripe.card(CARDS[words] or self._card)

    def pay(self, token: str, mail: str = "", *, is_answer_lost: bool = False) -> None:
        """Order and pay at the total on the screen, or as the checkout shows it now."""
        if not self._has_added:
            offers = self.offers
            if len(offers) != 1:
                raise WrongWords(f"Say what {self.name} adds: there is {', '.join(offers) or '–'}.")
            self.add(next(iter(offers.values())))
        if not self.page.soup.select_one("form [name=shown_total]"):
            self.open("/checkout/")
        total = self.page.soup.select_one("form [name=shown_total]")
        if total is None:
            return  # The bag stands there in its place, and says why.
        self._form = {
            **ADDRESS,
            "name": self.name.title(),
            "email": mail or self.mail,
            "shown_total": total["value"],
            "confirmation_token": token,
        }
        self.send_form(is_answer_lost=is_answer_lost)

    def send_form(self, *, is_answer_lost: bool = False) -> None:
        """Send the checkout's form as it was filled in, maybe for another time."""
        if not self._form:
            raise WrongWords(f"{self.name} has not paid yet.")
        if is_answer_lost:
            client = self.browser.client
            before = {name: morsel.value for name, morsel in client.cookies.items()}
            token = before["csrftoken"]
            client.post("/checkout/", self._form, headers={"X-CSRFToken": token})
            for name, value in before.items():
                client.cookies[name] = value
            return
        self._show(self.browser.send("/checkout/", self._form))

    def cancel(self) -> None:
        """Give the order up."""
        self._show(self.browser.send(f"{self._order()}cancel/", {}))

    def open_order(self) -> None:
        """Look at the order."""
        self.open(self._order())

    def answer_bank(self, *, approve: bool) -> None:
        """Go to the bank's page, and say yes or no there."""
        link = self.page.soup.select_one("a[data-next-action]")
        if link is None:
            raise WrongWords(f"No bank asks {self.name} anything: {self.page.text[:300]}")
        self._way_back = self._stripe.decide_at_bank(str(link["href"]), approve=approve)

    def come_back(self) -> None:
        """Come back from the bank's page."""
        if not self._way_back:
            raise WrongWords(f"{self.name} has not answered a bank.")
        self.open(self._way_back)

    # --- What is not meant to be done ------------------------------------------

    def alter(self, message: str, amount: int) -> str:
        """An offer with another amount in it, and the signature it had."""
        head, payload, signature = message.split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        altered = json.dumps({**claims, "amount": amount}).encode()
        return f"{head}.{urlsafe_b64encode(altered).decode().rstrip('=')}.{signature}"

    def ids(self) -> tuple[str, ...]:
        """What the shop calls this browser by."""
        cookies = {name: morsel.value for name, morsel in self.browser.client.cookies.items()}
        return Cookie.from_cookies(cookies).ids

    def _order(self) -> str:
        if not self.order_path:
            raise WrongWords(f"{self.name} has no order.")
        return self.order_path

    def _show(self, page: HtmlPage) -> HtmlPage:
        # Most pages have neither, and to take one apart is what takes time here.
        offers = page.offers if 'name="offer"' in page.html else {}
        self._tabs[self._tab].append(Seen(page, offers))
        if page.path.startswith("/orders/"):
            self.order_path = page.path.partition("?")[0]
        if "data-held-until" in page.html:
            held = page.one("time[data-held-until]")
            self._held_until = datetime.fromisoformat(str(held["datetime"]))
        elif offers:
            self._held_until = read(next(iter(offers.values()))).held_until
        return page
