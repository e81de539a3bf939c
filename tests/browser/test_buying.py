"""From a deal on a page to an order that is paid, in a real browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from shop.orders.models import Order
from shop.qa.pytest_plugin.factories import add_deal, make_product, make_sale
from shop.sales.models import Sale
from shop.sales.showcase import showcase
from tests.browser.shopping import (
    ASKS_THE_BANK,
    DECLINED,
    ORDER,
    VISA,
    add,
    bag_count,
    bank,
    check_out,
    expect_paid,
    fill_address,
    in_seconds,
    lines,
    open_sale,
    pay,
    pay_button,
)

pytestmark = pytest.mark.browser


def test_what_was_taken_in_the_window_is_bought_at_its_price_after_the_close(page: Page) -> None:
    make_sale(starts_at=in_seconds(-60), ends_at=in_seconds(4), hold=timedelta(minutes=1))
    open_sale(page)
    add(page, "MUG-01")
    add(page, "LMP-01")
    expect(page.get_by_text("The sale is over", exact=True)).to_be_visible()
    assert page.request.get("/sales/autumn/").text().count('name="offer"') == 0

    page.goto("/checkout/")
    assert page.locator("[data-total]").get_attribute("data-total") == str(499 + 790)
    fill_address(page)
    pay(page)
    expect_paid(page)
    expect(page.locator("tr.total")).to_contain_text("€12.89")
    expect(bag_count(page)).to_have_count(0)
    page.goto("/bag/")
    expect(page.get_by_text("It is empty.")).to_be_visible()
    order = Order.objects.get()
    assert (order.status, order.total) == ("paid", 1289)


def test_twenty_deals_fit_into_a_cookie_and_an_order(desktop: BrowserContext, sale: Sale) -> None:
    for number in range(2, 20):
        product = make_product(f"THING-{number:02}", f"Thing number {number}", list_price=5000)
        add_deal(sale, product, 100 + number)
    showcase.clear()
    page = desktop.new_page()
    open_sale(page)
    skus = page.locator("[data-deal]").evaluate_all(
        "deals => deals.map(deal => deal.dataset.deal.split('/')[1])"
    )
    assert len(skus) == 20
    for sku in skus:
        add(page, sku)
    expect(bag_count(page)).to_have_text("20")
    for cookie in desktop.cookies():
        assert len(cookie["name"] + cookie["value"]) < 4096
    page.goto("/bag/")
    assert len(lines(page)) == 20
    check_out(page)
    expect_paid(page)
    order = Order.objects.get()
    assert order.lines.count() == 20
    assert order.total == 499 + 790 + sum(100 + number for number in range(2, 20))
    expect(bag_count(page)).to_have_count(0)


def test_a_declined_card_is_said_and_another_pays_the_same_order(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    check_out(page, DECLINED, name="Grace Hopper", city="Arlington")
    problem = page.locator("#problem")
    expect(problem).to_contain_text("Your card was declined")
    expect(problem).to_contain_text("Nothing was charged")
    expect(problem).to_be_in_viewport()
    expect(page.locator("[name=name]")).to_have_value("Grace Hopper")
    expect(page.locator("[name=city]")).to_have_value("Arlington")
    expect(page.locator("[name=country]")).to_have_value("GB")
    number = Order.objects.get().number
    expect(page.get_by_role("heading", name=f"Order {number}")).to_be_visible()
    expect(bag_count(page)).to_have_text("1")

    pay(page, VISA)
    expect_paid(page)
    assert Order.objects.get().number == number
    expect(page.locator("address")).to_contain_text("Grace Hopper")


def test_a_bank_that_asks_is_answered_on_the_order_page(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    check_out(page, ASKS_THE_BANK)
    page.wait_for_url(ORDER)
    expect(page.locator("[data-order-status=requires_action]")).to_be_attached()
    expect(bank(page).get_by_text("€4.99 EUR")).to_be_visible()
    bank(page).get_by_role("button", name="Approve").click()
    expect_paid(page)
    expect(page.locator("dialog")).to_have_count(0)
    expect(bag_count(page)).to_have_count(0)


def test_who_declines_at_the_bank_can_pay_with_another_card(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    check_out(page, ASKS_THE_BANK)
    bank(page).get_by_role("button", name="Decline").click()
    expect(page.locator("[data-order-status=pending]")).to_be_visible()
    expect(page.get_by_text("Nothing was charged")).to_be_visible()
    expect(bag_count(page)).to_have_text("1")

    page.get_by_role("link", name="Pay with another card").click()
    expect(page.locator("[name=name]")).to_have_value("Ada Lovelace")
    pay(page, VISA)
    expect_paid(page)
    assert Order.objects.count() == 1


def test_who_reloads_while_the_bank_asks_can_still_answer_it(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    check_out(page, ASKS_THE_BANK)
    expect(bank(page).get_by_role("button", name="Approve")).to_be_visible()
    page.reload()
    expect(page.locator("dialog")).to_have_count(0)
    page.get_by_role("button", name="Answer your bank").click()
    bank(page).get_by_role("button", name="Approve").click()
    expect_paid(page)


def test_a_double_click_on_order_and_pay_is_one_order(page: Page, sale: Sale) -> None:
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/checkout/")
    fill_address(page)
    card = page.frame_locator("#payment-element iframe")
    card.get_by_label("Card number").fill(VISA)
    card.get_by_label("Expiration (MM / YY)").fill("12 / 34")
    card.get_by_label("Security code").fill("123")
    pay_button(page).dblclick()
    expect_paid(page)
    assert [order.status for order in Order.objects.all()] == ["paid"]
