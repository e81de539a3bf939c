"""Checkout follows the country and asks about slips, and loses nothing of what is typed."""

from playwright.sync_api import Page, expect

from shop.orders.models import Order
from shop.sales.models import Sale
from tests.browser.conftest import PHONE, OpenBrowser
from tests.browser.shopping import add, expect_paid, fill_address, open_sale, pay


def at_checkout(page: Page) -> None:
    """Be at checkout with a mug."""
    open_sale(page)
    add(page, "MUG-01")
    page.goto("/checkout/")


def choose(page: Page, country: str, labels: list[str]) -> None:
    """Choose a country, and see what it asks for."""
    page.locator("[name=country]").select_option(country)
    expect(page.locator("#region label")).to_have_text(labels)


def test_the_fields_follow_the_country_and_keep_what_is_typed(page: Page, sale: Sale) -> None:
    at_checkout(page)
    expect(page.locator("[name=country]")).to_have_value("DE")
    fill_address(page, country="DE", city="Springfield", postal_code="62701")
    page.locator("[name=country]").focus()
    choose(page, "US", ["Town or city", "State", "ZIP code"])
    expect(page.locator("[name=country]")).to_be_focused()
    page.locator("[name=state]").select_option("IL")
    choose(page, "DE", ["Postal code", "Town or city"])
    choose(page, "US", ["Town or city", "State", "ZIP code"])
    expect(page.locator("[name=city]")).to_have_value("Springfield")
    expect(page.locator("[name=postal_code]")).to_have_value("62701")
    expect(page.locator("[name=state]")).to_have_value("IL")
    pay(page)
    expect_paid(page)
    expect(page.locator("address")).to_contain_text("Springfield, IL 62701")
    assert Order.objects.get().state == "IL"


def test_what_is_typed_while_the_shop_answers_is_kept(page: Page, sale: Sale) -> None:
    at_checkout(page)
    page.locator("[name=city]").fill("Old")
    with page.expect_response("**/checkout/fields/"):
        page.locator("[name=country]").select_option("GB")
        page.locator("[name=city]").fill("London")
    expect(page.locator("#region label").first).to_have_text("Town")
    expect(page.locator("[name=city]")).to_have_value("London")


def test_the_country_is_chosen_still_after_a_look_at_the_bag(page: Page, sale: Sale) -> None:
    at_checkout(page)
    choose(page, "US", ["Town or city", "State", "ZIP code"])
    page.locator("[name=state]").select_option("IL")
    page.get_by_role("link", name="Back to the bag").click()
    page.get_by_role("link", name="Check out").click()
    expect(page.locator("#region label")).to_have_text(["Town or city", "State", "ZIP code"])
    expect(page.locator("[name=country]")).to_have_value("US")
    expect(page.locator("[name=state]")).to_have_value("IL")


def test_a_slip_in_the_mail_address_is_mended_with_one_press(page: Page, sale: Sale) -> None:
    at_checkout(page)
    fill_address(page, email="ada@gmial.com")
    expect(page.locator("#email-remark")).to_contain_text("Did you mean ada@gmail.com?")
    page.get_by_role("button", name="Use ada@gmail.com").click()
    expect(page.locator("[name=email]")).to_have_value("ada@gmail.com")
    expect(page.locator("[name=email]")).to_be_focused()
    expect(page.locator("#email-remark p")).to_have_count(0)
    pay(page)
    expect_paid(page)
    assert Order.objects.get().email == "ada@gmail.com"


def test_what_looks_like_a_slip_is_kept_by_whoever_means_it(page: Page, sale: Sale) -> None:
    at_checkout(page)
    fill_address(page, email="ada@gmial.com")
    page.get_by_role("button", name="Keep ada@gmial.com").click()
    expect(page.locator("#email-remark p")).to_have_count(0)
    pay(page)
    expect_paid(page)
    assert Order.objects.get().email == "ada@gmial.com"


def test_whoever_pays_past_the_question_is_not_asked_twice(page: Page, sale: Sale) -> None:
    at_checkout(page)
    fill_address(page, email="ada@gmial.com")
    expect(page.locator("#email-remark")).to_contain_text("Did you mean ada@gmail.com?")
    pay(page)
    expect_paid(page)


def test_without_scripts_a_button_shows_the_fields_of_the_country(
    open_browser: OpenBrowser, sale: Sale
) -> None:
    page = open_browser(viewport=PHONE, java_script_enabled=False).new_page()
    open_sale(page)
    page.locator("[data-deal$='/MUG-01']").get_by_role("button", name="Add to bag").click()
    page.goto("/checkout/")
    page.locator("[name=city]").fill("Springfield")
    page.locator("[name=email]").fill("ada@gmial.com")
    page.locator("[name=country]").select_option("US")
    page.get_by_role("button", name="Show the fields of this country").click()
    expect(page.locator("#region label")).to_have_text(["Town or city", "State", "ZIP code"])
    expect(page.locator("[name=city]")).to_have_value("Springfield")
    expect(page.locator("#email-remark")).to_contain_text("Did you mean ada@gmail.com?")
    page.get_by_role("button", name="Use ada@gmail.com").click()
    expect(page.locator("[name=email]")).to_have_value("ada@gmail.com")
    expect(page.locator("#email-remark p")).to_have_count(0)
    expect(page.locator("[name=country]")).to_have_value("US")
