"""From an empty shop to a report: someone who has never seen it opens a sale and steers it."""

from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from shop.sales.models import Sale
from shop.staff.models import Staff
from tests.browser.conftest import PHONE, OpenBrowser
from tests.browser.shopping import add, check_out, deal, expect_paid, in_seconds, lines, open_sale
from tests.browser.test_back_office import log_in, olga

__all__ = ["olga"]

pytestmark = pytest.mark.browser

#: Somewhere else than the shop, and than Berlin.
TOKYO = ZoneInfo("Asia/Tokyo")
#: What somebody needs for a field or a click who reads before doing it.
SECONDS_AN_ACT = 4
FIVE_MINUTES = 300


class Hands:
    """Types and presses, and counts how often."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.acts = 0

    def fill(self, label: str, text: str, *, within: Locator | None = None) -> None:
        (within or self.page).get_by_label(label, exact=True).fill(text)
        self.acts += 1

    def press(self, name: str, role: str = "button") -> None:
        of_role = self.page.locator("main").get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        of_role.first.click()
        self.acts += 1

    def tick(self, label: str) -> None:
        self.page.get_by_label(label, exact=True).check()
        self.acts += 1

    def choose(self, label: str, value: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(value)
        self.acts += 1

    def save(self) -> None:
        """Save, and having read what follows, save again."""
        self.press("Save")
        if self.page.locator(".impact").count():
            self.press("Save")
        expect(self.page.locator(".messagelist")).to_contain_text("success")


def in_tokyo(instant: datetime) -> str:
    return f"{instant.astimezone(TOKYO):%Y-%m-%d %H:%M:%S}"


def picture_of_a_mug() -> bytes:
    file = BytesIO()
    Image.new("RGB", (900, 600), "#7a3b0b").save(file, "JPEG")
    return file.getvalue()


def go_to_sale(hands: Hands) -> None:
    hands.page.goto("/merchant/")
    hands.acts += 1
    hands.page.get_by_role("link", name="Autumn", exact=True).first.click()
    hands.acts += 1


def test_the_first_sale_of_a_shop_from_its_first_product_to_its_report(
    desktop: BrowserContext, open_browser: OpenBrowser, olga: Staff
) -> None:
    page = desktop.new_page()
    hands = Hands(page)
    log_in(page)

    # A product with a picture.
    hands.press("Add a product", "link")
    hands.fill("Sku:", "MUG-01")
    hands.fill("Name:", "Stoneware mug")
    page.locator("#id_picture").set_input_files(
        {"name": "mug.jpg", "mimeType": "image/jpeg", "buffer": picture_of_a_mug()}
    )
    hands.fill("List price:", "49.90")
    page.locator("[name=variants-0-stock]").fill("20")
    hands.acts += 2
    hands.save()

    # A sale in another time zone, with one deal; read what it means, then publish it.
    page.goto("/merchant/")
    hands.press("Make a sale", "link")
    hands.fill("Title:", "Autumn")
    hands.choose("Time zone:", "Asia/Tokyo")
    hands.fill("Opens at:", in_tokyo(in_seconds(-60)))
    hands.fill("Closes at:", in_tokyo(in_seconds(15 * 60)))
    hands.fill("Prices are held for:", "20 min")
    summary = page.locator("#window-summary")
    expect(summary).to_contain_text("a page opened in the last second is honored")
    expect(summary).to_contain_text("Tokyo time")
    expect(page.locator("#products option")).to_have_text(["Stoneware mug"])
    page.locator("[name=deals-0-product]").fill("MUG-01")
    page.locator("[name=deals-0-price]").fill("80%")
    hands.acts += 2
    hands.save()
    assert Sale.objects.get().slug == "autumn"
    go_to_sale(hands)
    hands.press("Publish…")
    expect(page.locator("main")).to_contain_text("your browser’s")
    # What nobody could buy before is no bargain yet.
    expect(page.locator(".checks .is-warning")).to_contain_text("shoppers see no reduction")
    hands.tick("I have read the warning, and mean it")
    hands.press("Publish")
    expect(page.locator(".messagelist")).to_contain_text("Autumn is published.")

    # A shopper sees it live, and is promised the price.
    shopper = open_browser(viewport=PHONE).new_page()
    open_sale(shopper)
    expect(deal(shopper, "MUG-01")).to_contain_text("€9.98")
    expect(deal(shopper, "MUG-01").locator("picture source").first).to_have_attribute(
        "type", "image/avif"
    )
    add(shopper, "MUG-01")

    # The price goes up: the promise holds, and somebody pays it.
    page.locator("[name=deals-0-price]").fill("19.90")
    hands.acts += 1
    hands.press("Save")
    expect(page.locator(".impact")).to_contain_text("whoever was shown €9.98 still pays that")
    hands.press("Save")
    expect(page.locator(".messagelist")).to_contain_text("success")
    shopper.goto("/bag/")
    assert lines(shopper) == {"MUG-01": 998}
    buyer = open_browser(viewport=PHONE).new_page()
    # A page may be a second old.
    buyer.wait_for_timeout(1100)
    open_sale(buyer)
    expect(deal(buyer, "MUG-01")).to_contain_text("€19.90")
    add(buyer, "MUG-01")
    check_out(buyer)
    expect_paid(buyer)

    # Held longer, then taken back, with a reason that the shopper reads.
    go_to_sale(hands)
    hands.press("Hold offers for longer…")
    hands.fill("Minutes more:", "10")
    hands.press("Hold offers for longer")
    expect(page.locator(".messagelist")).to_contain_text("held 10 minutes longer")
    hands.press("Recall offers…")
    hands.choose("What to take back:", "Every deal of the sale")
    hands.fill("Reason:", "The mugs crack in hot water.")
    hands.press("See what will happen")
    expect(page.locator("#consequences")).to_contain_text("are held now")
    page.get_by_label("are right: go on offering them").check()
    hands.acts += 1
    hands.press("Take these offers back")
    expect(page.locator(".messagelist")).to_contain_text("are void")
    shopper.goto("/bag/")
    expect(shopper.locator("[data-verdict=recalled]")).to_contain_text(
        "The mugs crack in hot water."
    )

    # What it came to.
    hands.press("Report", "link")
    expect(page.get_by_role("heading", name="Autumn: report")).to_be_visible()
    expect(page.locator("main")).to_contain_text("€19.90")
    hands.page.go_back()
    hands.press("History", "link")
    for told in ("€9.98 → €19.90", "held 10 minutes longer", "The mugs crack in hot water."):
        expect(page.locator("main")).to_contain_text(told)
    assert hands.acts * SECONDS_AN_ACT < FIVE_MINUTES
