"""The shoppers of a scenario: a browser with tabs, a card, a mail address, and pages seen."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.text import slugify

from offers import conf
from offers.tokens import sign_offer
from shop.core.shopper import Shopper as Cookie
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient, read
from shop.qa.pytest_plugin.parsing import WrongWords
from shop.qa.pytest_plugin.payment_vocabulary import CARDS
from shop.qa.pytest_plugin.stripe import Stripe

#: Each shopper's own working card; the fourth and all later ones have the last.
_OWN_CARDS = ["pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_standIn_noFingerprint"]


class Person:
    """One shopper. All actions happen in the tab in front."""

    def __init__(self, name: str, *, place: int, stripe: Stripe) -> None:
        self.name = name
        self.mail = f"{slugify(name).replace('-', '.')}@example.org"
        self.browser = ShopClient()
        self.order_path = ""
        self._stripe = stripe
        self._card = _OWN_CARDS[min(place, 3)]
        self._tabs: list[list[HtmlPage]] = [[]]
        self._tab = 0
        self._held_until: datetime | None = None
        self._last_offer = ""
        self._has_added = False
        self._form: dict[str, Any] = {}
        self._return_path = ""

    # --- Looking --------------------------------------------------------------

    @property
    def page(self) -> HtmlPage:
        """The page in front, or ``WrongWords`` before the first."""
        return self._pages[-1]

    @property
    def _pages(self) -> list[HtmlPage]:
        pages = self._tabs[self._tab]
        if not pages:
            raise WrongWords(f"{self.name} has opened no page yet.")
        return pages

    @property
    def held_until(self) -> datetime:
        """The end of the hold on the last page with one, or ``WrongWords`` without any."""
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
        """Show the page before this one, as it was."""
        if len(self._pages) < 2:
            raise WrongWords(f"There is no page for {self.name} to go back to.")
        self._pages.pop()

    # --- The bag --------------------------------------------------------------

    def offer_of(self, sku: str) -> str:
        """The signed message on this tab's last page with one, or ``WrongWords`` without any."""
        for page in reversed(self._pages):
            if sku in page.offers:
                return page.offers[sku]
        raise WrongWords(f"No page that {self.name} has open shows a price for that.")

    def add(self, message: str, units: int = 1, variant: str = "") -> HtmlPage:
        """Put an offer into the bag."""
        self._last_offer, self._has_added = message, True
        return self._show(self.browser.add(message, units, variant))

    def add_again(self) -> HtmlPage:
        """Put the offer of last time into the bag again."""
        return self.add(self._last_offer)

    def change(self, sku: str, **fields: Any) -> HtmlPage:
        """Send one of the bag's forms for a product."""
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
        """Enter a card; returns its token."""
        return self._stripe.card(CARDS[words] or self._card)

    def pay(self, token: str, mail: str = "", *, is_answer_lost: bool = False) -> None:
        """Order and pay at the total on the screen, or as the checkout shows it now."""
        if not self._has_added:
            offers = self.page.offers
            if len(offers) != 1:
                raise WrongWords(f"Say what {self.name} adds: there is {', '.join(offers) or '–'}.")
            self.add(next(iter(offers.values())))
        if not self.page.soup.select_one("form [name=shown_total]"):
            self.open("/checkout/")
        total = self.page.soup.select_one("form [name=shown_total]")
        if total is None:
            return  # The bag is shown instead, and says why.
        self._form = {
            **ADDRESS,
            "name": self.name.title(),
            "email": mail or self.mail,
            "shown_total": total["value"],
            "confirmation_token": token,
        }
        self.send_form(is_answer_lost=is_answer_lost)

    def send_form(self, *, is_answer_lost: bool = False) -> None:
        """Send the checkout's form as it was filled in last."""
        if not self._form:
            raise WrongWords(f"{self.name} has not paid yet.")
        if is_answer_lost:
            client = self.browser.client
            before = {name: morsel.value for name, morsel in client.cookies.items()}
            token = before[settings.CSRF_COOKIE_NAME]
            client.post("/checkout/", self._form, headers={"X-CSRFToken": token})
            for name, value in before.items():
                client.cookies[name] = value
            return
        self._show(self.browser.send("/checkout/", self._form))

    def cancel(self) -> None:
        """Cancel the order."""
        self._show(self.browser.send(f"{self._order()}cancel/", {}))

    def open_order(self) -> None:
        """Open the order's page."""
        self.open(self._order())

    def answer_bank(self, *, approve: bool) -> None:
        """Approve or decline on the bank's page."""
        link = self.page.soup.select_one("a[data-next-action]")
        if link is None:
            raise WrongWords(f"No bank asks {self.name} anything: {self.page.text[:300]}")
        self._return_path = self._stripe.decide_at_bank(str(link["href"]), approve=approve)

    def come_back(self) -> None:
        """Return from the bank's page."""
        if not self._return_path:
            raise WrongWords(f"{self.name} has not answered a bank.")
        self.open(self._return_path)

    # --- Tampering ------------------------------------------------------------

    def alter(self, message: str, amount: int) -> str:
        """An offer with another amount under its old signature."""
        head, payload, signature = message.split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        altered = json.dumps({**claims, "amount": amount}).encode()
        return f"{head}.{urlsafe_b64encode(altered).decode().rstrip('=')}.{signature}"

    def sign_anew(self, message: str, amount: int) -> str:
        """An offer of another amount that the shop's own key has signed."""
        return sign_offer(replace(read(message), amount=amount), conf.ring().active)

    def ids(self) -> tuple[str, ...]:
        """The shopper ids in this browser's cookies."""
        cookies = {name: morsel.value for name, morsel in self.browser.client.cookies.items()}
        return Cookie.from_cookies(cookies).ids

    def _order(self) -> str:
        if not self.order_path:
            raise WrongWords(f"{self.name} has no order.")
        return self.order_path

    def _show(self, page: HtmlPage) -> HtmlPage:
        # Read now, and kept: keys may be voided later.
        offers = page.offers
        self._tabs[self._tab].append(page)
        if page.path.startswith("/orders/"):
            self.order_path = page.path.partition("?")[0]
        if "data-held-until" in page.html:
            held = page.one("time[data-held-until]")
            self._held_until = datetime.fromisoformat(str(held["datetime"]))
        elif offers:
            self._held_until = read(next(iter(offers.values()))).held_until
        return page
