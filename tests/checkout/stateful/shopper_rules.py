"""Rules of the shoppers: look, add, change the bag, check out, cancel, answer the bank."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

from hypothesis import strategies as st
from hypothesis.stateful import rule

from shop.orders.links import order_path
from shop.orders.models import Order, OrderLine
from shop.qa.pytest_plugin.client import ADDRESS
from tests.checkout.stateful.actions import ShopActions, email_of
from tests.checkout.stateful.faulty_stripe import BAD, BANK, GOOD
from tests.checkout.stateful.strategies import (
    CARD,
    EDGE,
    EVENT,
    FAULT,
    MAIL,
    NTH,
    QUANTITY,
    SIZE,
    SKU,
    WHO,
)


class ShopperRules(ShopActions):
    """What shoppers do."""

    @rule(who=WHO, what=st.sampled_from(["sale", "product", "bag", "order"]), sku=SKU, nth=NTH)
    def looks_at_a_page(self, who: int, what: str, sku: str, nth: int) -> None:
        orders = self.buyers[who].orders_seen
        if what == "sale":
            self._open_sale_page(who)
        elif what == "order" and orders:
            self._open(who, orders[-1 - nth % len(orders)])
        else:
            page = self._open(who, f"/products/{sku.lower()}/" if what == "product" else "/bag/")
            if page is not None and what == "product":
                self._record_offers(who, page)

    @rule(
        who=WHO,
        sku=SKU,
        size=SIZE,
        quantity=QUANTITY,
        nth=NTH,
        which=st.sampled_from(["mine", "used", "another's", "mine"]),
    )
    def adds_an_offer_seen_earlier(
        self, who: int, sku: str, size: int, quantity: int, nth: int, which: str
    ) -> None:
        owner = (who + (which == "another's")) % 3
        seen = [p for p in self.model.promises.values() if p.owner == owner and p.offer.sku == sku]
        if which == "used":
            used = set(OrderLine.objects.values_list("jti", flat=True))
            seen = [
                p for p in self.model.promises.values() if p.owner == who and p.offer.id in used
            ]
        if seen:
            # The newest first, so that the smallest number is the usual case.
            self._add(who, seen[-1 - nth % len(seen)], size, quantity)

    @rule(who=WHO, sku=SKU, size=SIZE, quantity=QUANTITY)
    def adds_an_offer_fresh_from_the_page(
        self, who: int, sku: str, size: int, quantity: int
    ) -> None:
        self._add_fresh(who, sku, size, quantity)

    @rule(who=WHO, nth=NTH, quantity=st.sampled_from([2, 1, 3, 0]))
    def changes_a_quantity_or_removes(self, who: int, nth: int, quantity: int) -> None:
        lines = self.buyers[who].bag
        if lines:
            line = lines[nth % len(lines)]
            variant = next(iter(line.quantities))
            form = {"line": line.id, "variant": variant, "quantity": quantity}
            self._send(who, "/bag/update/" if quantity or nth % 2 else "/bag/remove/", form)

    @rule(who=WHO)
    def accepts_current_prices(self, who: int) -> None:
        page = self._open(who, "/bag/")
        for field_ in page.soup.select("input[name=accept_amount]") if page else []:
            form = field_.find_parent("form")
            assert form is not None
            line, amount = form.select_one("input[name=line]"), int(str(field_["value"]))
            assert line is not None
            answer = self._send(
                who, "/bag/update/", {"line": line["value"], "accept_amount": amount}
            )
            if answer and answer.status == 303:
                self.counts["price of now agreed to"] += 1

    @rule(who=WHO, nth=NTH)
    def returns_to_a_tab_with_an_older_bag(self, who: int, nth: int) -> None:
        buyer = self.buyers[who]
        if buyer.bags:
            buyer.browser.client.cookies["bag"] = buyer.bags[-1 - nth % len(buyer.bags)]

    @rule(who=WHO, card=CARD, address=MAIL)
    def checks_out(self, who: int, card: str | None, address: int | None) -> None:
        if not self.buyers[who].bag:
            self._add_fresh(who, "LMP-01", 0, 1)
        self._check_out(who, card, address)

    @rule(who=WHO, sku=SKU, size=SIZE, quantity=QUANTITY, card=CARD, address=MAIL)
    def buys(
        self, who: int, sku: str, size: int, quantity: int, card: str | None, address: int | None
    ) -> None:
        self._add_fresh(who, sku, size, quantity)
        self._check_out(who, card, address)

    @rule(
        who=WHO,
        skus=st.lists(SKU, min_size=1, max_size=3),
        card=st.sampled_from(BAD + BANK),
        about=EVENT,
    )
    def orders_and_empties_the_bag(self, who: int, skus: list[str], card: str, about: str) -> None:
        """Then an event arrives that is false, or no longer true."""
        for sku in skus:
            self._add_fresh(who, sku, 1, 1)
            self._check_out(who, card, None)
            self.buyers[who].browser.client.cookies.pop("bag", None)
        self._send_events(f"payment_intent.{about}", self.stand_in.ledger()[-1:])

    @rule(
        who=WHO,
        sku=SKU,
        card=st.sampled_from([None, BANK[0], *BAD, BANK[0], None]),
        kind=FAULT,
        # The third call is the one that confirms.
        after=st.sampled_from([2, 0, 1, 3, 4, 2]),
        again=st.booleans(),
    )
    def buys_while_stripe_fails(
        self, who: int, sku: str, card: str | None, kind: str, after: int, again: bool
    ) -> None:
        self._add_fresh(who, sku, 0, 1)
        self.fault.arm(kind, after, 1)
        self._check_out(who, card, None)
        self.fault.clear()
        if again:
            self._check_out(who, None, None)

    @rule(
        who=WHO,
        sku=SKU,
        seconds=EDGE,
        card=CARD,
        meanwhile=st.sampled_from(
            [
                "extended",
                "dearer",
                "closed",
                "recalled",
                "cheaper",
                "",
                "hidden",
                "recalled late",
                "extended",
            ]
        ),
    )
    def checks_out_as_a_hold_ends(
        self, who: int, sku: str, seconds: int, card: str | None, meanwhile: str
    ) -> None:
        if not self.model.is_open():
            self._open_again()
        self._add_fresh(who, sku, 0, 1)
        if meanwhile in {"dearer", "cheaper"}:
            self._change_price(sku, 6000 if meanwhile == "dearer" else 399)
        elif meanwhile == "closed":
            self._close(timedelta(0))
        elif meanwhile == "recalled":
            self._recall(sku, None)
        elif meanwhile == "hidden":
            self._hide()
        elif meanwhile == "recalled late":
            self.clock.tick(timedelta(seconds=700))
            self._recall(None, 601)
        elif meanwhile == "extended":
            self._extend(60)
            self._extend(60)
        ends = [
            self.model.honored_until(self.model.promise(who, line)) for line in self.buyers[who].bag
        ]
        if ends and not meanwhile.startswith("recalled"):
            self._move_to(min(ends) + timedelta(seconds=seconds))
        self._check_out(who, card, None)

    @rule(who=WHO, sku=SKU, price=st.sampled_from([399, 6000]))
    def a_price_changes_while_the_checkout_page_is_open(
        self, who: int, sku: str, price: int
    ) -> None:
        self._add_fresh(who, sku, 0, 1)
        page = self._open(who, "/checkout/")
        found = re.search(r'data-total="(\d+)"', page.html) if page else None
        if found:
            self._change_price(sku, price)
            token, _ = self.stand_in.token(GOOD[who])
            form = {
                **ADDRESS,
                "email": email_of(who, who),
                "shown_total": int(found[1]),
                "confirmation_token": token,
            }
            self._send(who, "/checkout/", form)

    @rule(who=WHO, nth=NTH, with_that_bag=st.booleans())
    def sends_the_same_form_again(self, who: int, nth: int, with_that_bag: bool) -> None:
        buyer = self.buyers[who]
        if buyer.forms:
            form, bag = buyer.forms[-1 - nth % len(buyer.forms)]
            if with_that_bag:
                buyer.browser.client.cookies["bag"] = bag
            self._send(who, "/checkout/", form)

    @rule(who=WHO, nth=NTH, about=EVENT)
    def cancels_an_order(self, who: int, nth: int, about: str) -> None:
        orders = Order.objects.filter(shopper=self.buyers[who].id).order_by("pk")
        if orders:
            order = orders[nth % len(orders)]
            self._send(who, f"{order_path(order)}cancel/", {})
            ledger = self.stand_in.ledger()
            its_own = [i for i in ledger if i["id"] == order.payment_intent]
            self._send_events(f"payment_intent.{about}", its_own)

    @rule(nth=NTH, approve=st.booleans(), comes_back=st.booleans())
    def answers_the_bank(self, nth: int, approve: bool, comes_back: bool) -> None:
        for page in self.stand_in.bank_pages():
            if page not in self.bank_pages:
                self.bank_pages.append(page)
        if self.bank_pages:
            page = self.bank_pages[-1 - nth % len(self.bank_pages)]
            self.stand_in.decide(page, approve=approve)
            self.has_changed = True
            intent = urlsplit(page).path.split("/")[-1]
            order = Order.objects.filter(payment_intent=intent).first()
            if comes_back and order is not None:
                self._open(self._who(order), f"{order_path(order)}?payment_intent={intent}")
