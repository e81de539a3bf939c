"""What a shopper does in a browser."""

import re
from datetime import datetime, timedelta

from django.utils import timezone
from playwright.sync_api import FrameLocator, Locator, Page, expect

from shop.qa.pytest_plugin.client import ADDRESS

VISA = "4242 4242 4242 4242"
DECLINED = "4000 0000 0000 0002"
ASKS_THE_BANK = "4000 0027 6000 3184"

#: What an order page's address looks like: the way to it is a signed token.
ORDER = re.compile(r"/orders/[^/]+/$")


def in_seconds(seconds: int) -> datetime:
    """At least so many seconds from now: a whole one, as pages tell them."""
    return timezone.now().replace(microsecond=0) + timedelta(seconds=seconds + 1)


def open_sale(page: Page, slug: str = "autumn") -> None:
    """Visit a sale page and see its deals."""
    page.goto(f"/sales/{slug}/")
    expect(page.locator("[data-deal]").first).to_be_visible()


def deal(page: Page, sku: str) -> Locator:
    """A deal on a page that shows prices."""
    return page.locator(f"[data-deal$='/{sku}']")


def add_button(page: Page, sku: str) -> Locator:
    return deal(page, sku).get_by_role("button", name="Add to bag")


def offers(page: Page) -> dict[str, str]:
    """The signed messages on a page, by deal."""
    fields = page.locator("[data-deal] input[name=offer]").evaluate_all(
        "fields => fields.map(field => [field.closest('[data-deal]').dataset.deal, field.value])"
    )
    return {str(of): str(message) for of, message in fields}


def add(page: Page, sku: str) -> None:
    """Put a deal into the bag, and see that it is there."""
    name = deal(page, sku).get_by_role("heading").inner_text()
    add_button(page, sku).click()
    expect(page.locator("#notice")).to_contain_text(f"{name} is in your bag")


def bag_count(page: Page) -> Locator:
    """How many units the bag holds, in the page's head."""
    return page.locator("#bag-link .count")


def lines(page: Page) -> dict[str, int]:
    """The bag's lines on its page: unit price by sku."""
    found = page.locator("[data-sku][data-amount]").evaluate_all(
        "lines => lines.map(line => [line.dataset.sku, Number(line.dataset.amount)])"
    )
    return {str(sku): int(amount) for sku, amount in found}


def quantities(page: Page) -> dict[str, int]:
    """Units by sku, on the bag's page."""
    found = page.locator("[data-sku] input[name=quantity]").evaluate_all(
        "inputs => inputs.map(each => [each.closest('[data-sku]').dataset.sku, each.valueAsNumber])"
    )
    return {str(sku): int(units) for sku, units in found}


def fill_address(page: Page, **changes: str) -> None:
    """Type an address into the checkout page."""
    for name, value in {**ADDRESS, **changes}.items():
        field = page.locator(f"#checkout [name={name}]")
        if name == "country":
            field.select_option(value)
        else:
            field.fill(value)


def card_form(page: Page) -> FrameLocator:
    """Stripe's own frame, as far as a person sees into it."""
    return page.frame_locator("#payment-element iframe")


def enter_card(page: Page, number: str = VISA) -> None:
    """Type a card into Stripe's frame."""
    card_form(page).get_by_label("Card number").fill(number)
    card_form(page).get_by_label("Expiration (MM / YY)").fill("12 / 34")
    card_form(page).get_by_label("Security code").fill("123")


def pay_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Order and pay")


def pay(page: Page, number: str = VISA) -> None:
    """Order and pay with a card."""
    enter_card(page, number)
    pay_button(page).click()


def check_out(page: Page, number: str = VISA, **address: str) -> None:
    """The whole way from wherever one is to a payment."""
    page.goto("/checkout/")
    fill_address(page, **address)
    pay(page, number)


def expect_paid(page: Page) -> None:
    """Be on the page of an order that is paid."""
    page.wait_for_url(ORDER)
    expect(page.locator("[data-order-status=paid]")).to_be_visible()


def bank(page: Page) -> FrameLocator:
    """The bank's question, over the order page."""
    return page.frame_locator("dialog iframe")
