"""What rules have in common: a checkout with its checks, the merchant's changes."""

import re
from datetime import timedelta

from django.utils import timezone

from offers.terms import LIST
from shop.orders.models import Order
from shop.orders.state_machine import Status
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import publish, unpublish
from shop.sales.models import Deal, Sale
from tests.checkout.stateful.faulty_stripe import BAD, BANK, DEBIT, GOOD
from tests.checkout.stateful.machine import ShopMachine
from tests.checkout.stateful.model import WINDOW, highest_total
from tests.support.factories import change


def email_of(buyer: int, sender: int) -> str:
    """A buyer's mail address, spelled in the sender's own way."""
    return f"Somebody{buyer}+{sender}@Example.org"


class ShopActions(ShopMachine):
    """A shop whose shoppers pay and whose merchant changes the sale."""

    def _check_out(self, who: int, card: str | None, address: int | None) -> None:
        """Order and pay; what the model says must be sold is sold, at no more than was promised."""
        buyer, card = self.buyers[who], card or GOOD[who]
        email = email_of(who if address is None else address, who)
        token, key = self.stand_in.token(card)
        presented = [(self.model.promise(who, line), line.quantities) for line in buyer.bag]
        hits = self.fault.hits
        pending = self.model.pending_order(who)
        expected = (
            self.model.must_charge(pending, who, email, key)
            if pending
            else self.model.must_sell(who, email, key)
        )
        is_shown = ""
        page = self._open(who, "/checkout/")
        if page is not None:
            found = re.search(r'data-total="(\d+)"', page.html)
            is_shown = found[1] if found else ""
        if expected and self.fault.hits == hits:
            assert page is not None
            assert is_shown, f"refused: {page.text[:600]}"
        ceiling = pending.total if pending else highest_total(presented)
        if expected and is_shown:
            assert int(is_shown) <= ceiling
        form = {
            **ADDRESS,
            "email": email,
            "shown_total": int(is_shown or ceiling or 1),
            "confirmation_token": token,
        }
        buyer.forms.append((form, buyer.browser.cookie("bag")))
        page = self._send(who, "/checkout/", form)
        if page is None or self.fault.hits != hits:
            self.counts["checkout with a fault"] += 1
            return
        if expected:
            self._check_answer(page, card, int(is_shown), pending)
        elif page.status == 303:
            self.counts["checkout led to an order all the same"] += 1
        else:
            self.counts["checkout refused"] += 1

    def _check_answer(self, page: HtmlPage, card: str, total: int, pending: Order | None) -> None:
        if card in DEBIT and page.status == 422:
            # A line at its list price makes it an order for cards alone.
            self.counts["debit refused"] += 1
            return
        if card in BAD:
            assert page.status == 422
            assert "declined" in page.text
            self.counts["declined"] += 1
            return
        assert page.status == 303, f"refused: {page.text[:600]}"
        order = Order.objects.get(pk=pending.pk) if pending else Order.objects.latest("pk")
        assert order.total == total
        if card in GOOD:
            assert (order.status, page.order_status) == ("paid", "paid")
            self.counts["paid as promised"] += 1
            if not self.model.is_open():
                self.counts["paid as promised after the window"] += 1
        elif card in BANK:
            assert order.status in {Status.REQUIRES_ACTION, Status.PAID}
            self.counts["asked by the bank"] += 1
        else:
            assert order.status in {Status.PROCESSING, Status.PAID}
            self.counts["debited later"] += 1

    def _change_price(self, sku: str, price: int) -> None:
        deal = Deal.objects.select_related("sale").get(product__sku=sku)
        change(deal.sale, timezone.now(), deal, price=price)

    def _hide(self) -> None:
        unpublish(self.sale, now=timezone.now())
        self.model.is_published = False
        self._open_all_pages()

    def _open_all_pages(self) -> None:
        """Outside the window no page may show an offer of the sale."""
        self._open_sale_page(0)
        for sku in ("mug-01", "lmp-01"):
            page = self._open(0, f"/products/{sku}/")
            if page is not None:
                self._record_offers(0, page)

    def _open_again(self) -> None:
        self._close(WINDOW)
        publish(self.sale, now=timezone.now())
        self.model.is_published = True

    def _close(self, later: timedelta) -> None:
        self.model.ends_at = max(timezone.now(), OPENS + timedelta(seconds=1)) + later
        Sale.objects.filter(pk=self.sale.pk).update(ends_at=self.model.ends_at)
        if not later:
            # The window is half-open: it is over at this very instant.
            self._open_all_pages()

    def _extend(self, seconds: int) -> None:
        now = timezone.now()
        extend(sale=self.sale, seconds=seconds, by=None, now=now)
        self.model.extensions.append((now, seconds))

    def _recall(self, sku: str | None, ago: int | None) -> None:
        now = timezone.now()
        before = now - timedelta(seconds=ago) if ago else None
        deal = Deal.objects.get(product__sku=sku) if sku else None
        self.sale.refresh_from_db()
        recall(sale=self.sale, deal=deal, reason="A slip.", by=None, now=now, issued_before=before)
        for promise in self.model.promises.values():
            offer = promise.offer
            is_meant = offer.sale != LIST and sku in {None, offer.sku}
            if before and ago == 601:
                # Long enough ago that offers issued since then stay valid.
                is_meant = is_meant and offer.issued_at < before.timestamp()
            promise.is_recalled |= is_meant
