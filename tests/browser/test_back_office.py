"""Everyone can work in the back office: on any screen, in the dark, without mouse or scripts."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import BrowserContext, FilePayload, Page, Route, expect
from pytest_django import Settings

from shop.orders.sale_totals import count_paid
from shop.sales.models import Sale
from shop.staff.models import Staff
from shop.staff.roles import Role, give_role
from tests.browser.conftest import DESKTOP, PHONE, OpenBrowser
from tests.browser.test_accessibility import TWICE, Keyboard
from tests.support.factories import make_order
from tests.support.rehearsal_files import BROKEN, FOUND, leave, running

pytestmark = pytest.mark.browser

#: Of an open sale.
DEALS = "/merchant/sales/deal/import/"
PASSWORD = "a long walk in the snow"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def olga(shop: str) -> Staff:
    """The owner of the shop."""
    # A test that ends with all tables emptied has taken the roles with it.
    call_command("migrate", verbosity=0)
    person = Staff.objects.create_user("olga", "olga@example.org", PASSWORD, is_staff=True)
    give_role(person, Role.OWNER)
    return person


def log_in(page: Page) -> None:
    page.goto("/merchant/")
    page.get_by_label("Name").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def log_in_on_a_phone(page: Page, scheme: Literal["light", "dark"]) -> None:
    log_in(page)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})


@pytest.fixture
def rehearsals(settings: Settings, tmp_path: Path) -> Path:
    """Where those of the sale are: one, which found broken promises."""
    settings.VAR = tmp_path
    folder = tmp_path / "rehearsals" / "autumn"
    leave(folder, found=BROKEN)
    return folder


@pytest.fixture
def pages(sale: Sale, olga: Staff, rehearsals: Path) -> dict[str, str]:
    """The pages of the back office, each with something on it."""
    order = make_order(sale)
    make_order(sale, "FF-PENDING1", status="pending", paid_at=None, receipt_sent_at=None)
    product = sale.deals.all()[0].product
    return {
        "today": "/merchant/",
        "sales": reverse("admin:sales_sale_changelist"),
        "a sale": reverse("admin:sales_sale_change", args=[sale.pk]),
        "a new sale": reverse("admin:sales_sale_add"),
        "the live room": reverse("admin:sale_live", args=[sale.slug]),
        "the report": reverse("admin:sale_report", args=[sale.slug]),
        "a preview's instants": reverse("admin:sale_preview", args=[sale.slug]),
        "a preview's hour that is none": f"{reverse('admin:sale_preview', args=[sale.slug])}?at=no",
        "the rehearsal": reverse("admin:sale_rehearsal", args=[sale.slug]),
        "a recall": reverse("admin:sales_sale_recall", args=[sale.pk]),
        "hiding it": reverse("admin:sales_sale_unpublish", args=[sale.pk]),
        "a copy": reverse("admin:sales_sale_copy", args=[sale.pk]),
        "a sale's history": reverse("admin:sales_sale_history", args=[sale.pk]),
        "products": reverse("admin:catalog_product_changelist"),
        "a product": reverse("admin:catalog_product_change", args=[product.pk]),
        "a table of products": reverse("admin:catalog_product_import"),
        "stock": reverse("admin:catalog_product_stock", args=[product.pk]),
        "orders": reverse("admin:checkout_order_changelist"),
        "an order": reverse("admin:checkout_order_change", args=[order.pk]),
        "a packing slip": reverse("admin:checkout_order_slip", args=[order.pk]),
        "a refund": reverse("admin:checkout_order_refund", args=[order.pk]),
        "staff": reverse("admin:staff_staff_changelist"),
        "one of the staff": reverse("admin:staff_staff_change", args=[olga.pk]),
        "a history": reverse("admin:staff_staff_history", args=[olga.pk]),
        "another password": reverse("admin:password_change"),
    }


OUTSIDE = {
    "the door": "/merchant/login/",
    "a forgotten password": "/merchant/password/forgotten/",
    "a link that was mailed": "/merchant/password/forgotten/sent/",
    "a link that is used up": "/merchant/password/new/MQ/none/",
}


def a_file(name: str) -> FilePayload:
    """A file of the corpus, or one that changes the price of a published sale."""
    path = Path(__file__).parents[1] / "inputs" / "tables" / name
    content = path.read_bytes() if path.exists() else b"sale,sku,price\nautumn,MUG-01,5.99\n"
    return {"name": name, "mimeType": "text/csv", "buffer": content}


def violations(page: Page, scheme: str = "light") -> list[str]:
    """What axe-core finds wrong, by rule and element; by night nothing but colours is different."""
    page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"], "runOnly": WCAG}
    if scheme == "dark":
        options["runOnly"] = {"type": "rule", "values": ["color-contrast"]}
    else:
        # Django's own tables of rows that belong to another have heads without words.
        options["rules"] = {"empty-table-header": {"enabled": False}}
    found: dict[str, Any] = page.evaluate(f"axe.run(document, {json.dumps(options)})")
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.verify
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_the_consequences_of_a_recall(
    page: Page, pages: dict[str, str], scheme: Literal["light", "dark"]
) -> None:
    log_in_on_a_phone(page, scheme)
    page.goto(pages["a recall"])
    page.get_by_label("What to take back:", exact=True).select_option("all")
    page.get_by_label("Reason:", exact=True).fill("A slip of the pen")
    for button in ("See what will happen", "Take these offers back"):
        page.get_by_role("button", name=button).click()
        expect(page.locator("#prices")).to_be_visible()
        assert not violations(page, scheme)


@pytest.mark.verify
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_with_what_a_file_is_and_does(
    page: Page, pages: dict[str, str], scheme: Literal["light", "dark"]
) -> None:
    log_in_on_a_phone(page, scheme)
    for path, name in ((pages["a table of products"], "shopify-export.csv"), (DEALS, "deals.csv")):
        page.goto(path)
        page.get_by_label("File:").set_input_files(a_file(name))
        page.get_by_role("button", name="Look at it first").click()
        if name != "deals.csv":
            page.get_by_text("more columns, left out").click()
            expect(page.get_by_label("Variant Price")).to_have_value("list_price")
            assert not violations(page, scheme)
            page.get_by_role("button", name="Look at it").click()
        expect(page.get_by_role("button", name="Write it")).to_be_visible()
        assert not violations(page, scheme)


def test_axe_finds_nothing_wrong_on_the_page_of_a_sale(page: Page, pages: dict[str, str]) -> None:
    log_in(page)
    page.goto(pages["a sale"])
    assert not violations(page)


@pytest.mark.verify
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing_wrong(
    open_browser: OpenBrowser, pages: dict[str, str], scheme: str, screen: dict[str, int]
) -> None:
    page = open_browser(color_scheme=scheme, viewport=screen).new_page()
    found = []
    for name, path in OUTSIDE.items():
        page.goto(path)
        found += [f"{name}: {each}" for each in violations(page, scheme)]
    log_in(page)
    for name, path in pages.items():
        page.goto(path)
        found += [f"{name}: {each}" for each in violations(page, scheme)]
    assert not found, "\n".join(found)


def test_no_page_scrolls_sideways_or_says_anything_twice(
    desktop: BrowserContext, pages: dict[str, str]
) -> None:
    page = desktop.new_page()
    log_in(page)
    for name, path in pages.items():
        page.goto(path)
        assert page.locator("h1").count() == 1, name
        assert page.evaluate(TWICE) == [], name
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert too_wide <= 0, f"{name} at {width} px"


def test_a_merchant_needs_no_scripts(open_browser: OpenBrowser, pages: dict[str, str]) -> None:
    page = open_browser(java_script_enabled=False, viewport=PHONE).new_page()
    log_in(page)
    page.get_by_role("link", name="Orders", exact=True).click()
    page.get_by_text("Status: All").click()
    page.get_by_role("link", name="Pending", exact=True).click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Sales", exact=True).click()
    page.get_by_role("link", name="Autumn").click()
    page.get_by_role("button", name="Hide the sale…").click()
    page.get_by_role("button", name="Hide the sale").click()
    expect(page.locator(".messagelist")).to_contain_text("Autumn is hidden")
    page.locator(".account summary").click()
    page.get_by_role("button", name="Log out everywhere").click()
    expect(page.locator(".messagelist")).to_contain_text("You are logged out everywhere.")


def test_a_page_that_waits_for_a_rehearsal_tells_by_itself_when_it_is_over(
    desktop: BrowserContext, pages: dict[str, str], rehearsals: Path
) -> None:
    page = desktop.new_page()
    log_in(page)
    leave(rehearsals, 2)
    with running(rehearsals):
        page.goto(pages["the rehearsal"])
        expect(page.get_by_role("heading", name="It is being rehearsed")).to_be_visible()
        (rehearsals / "2" / "report.json").write_text(json.dumps(FOUND))
    expect(page.locator("#rehearsal .promise")).to_have_text("Every promise was kept.")
    expect(page.locator("#outcome")).to_have_text("Rehearsed: every promise was kept.")
    expect(page.frame_locator("iframe").locator("h1")).to_have_text("Drawn")


def test_without_scripts_the_wait_for_a_rehearsal_has_a_link(
    open_browser: OpenBrowser, pages: dict[str, str], rehearsals: Path
) -> None:
    page = open_browser(java_script_enabled=False, viewport=PHONE).new_page()
    log_in(page)
    leave(rehearsals, 2, found=FOUND)
    with running(rehearsals):
        page.goto(pages["the rehearsal"])
        expect(page.get_by_text("It is being rehearsed")).to_be_visible()
    page.get_by_role("link", name="Look again").click()
    expect(page.locator("#rehearsal .promise")).to_have_text("Every promise was kept.")


def test_enter_in_a_field_saves_and_does_nothing_else(
    desktop: BrowserContext, pages: dict[str, str], sale: Sale
) -> None:
    page = desktop.new_page()
    log_in(page)
    page.goto(pages["a sale"])
    page.get_by_label("Title").fill("Fall")
    page.get_by_label("Title").press("Enter")
    expect(page.locator(".messagelist")).to_contain_text("Fall")
    sale.refresh_from_db()
    assert (sale.title, sale.state) == ("Fall", Sale.State.PUBLISHED)


def test_two_clicks_on_save_add_one_thing(desktop: BrowserContext, olga: Staff) -> None:
    page = desktop.new_page()
    log_in(page)
    address = reverse("admin:staff_staff_add")
    page.goto(address)
    page.get_by_label("Name to log in with").fill("petra")
    page.get_by_label("Email").fill("petra@example.org")
    page.locator("[name=role]").first.check()
    sent: list[Route] = []
    page.route(f"**{address}", lambda route: sent.append(route))
    save = page.get_by_role("button", name="Save", exact=True)
    save.evaluate("save => { save.click(); setTimeout(() => save.click(), 200); }")
    page.wait_for_timeout(1000)
    sent[0].continue_()
    expect(page.locator(".messagelist")).to_contain_text("petra")
    assert (len(sent), Staff.objects.filter(username="petra").count()) == (1, 1)


def test_the_back_office_works_by_keyboard(desktop: BrowserContext, pages: dict[str, str]) -> None:
    page = desktop.new_page()
    log_in(page)
    keyboard = Keyboard(page)
    page.goto("/merchant/")
    keyboard.go_to(".skip-to-content-link", within=1)
    keyboard.go_to(".menu a[href*='/order/']")
    keyboard.press("Enter")
    page.wait_for_url("**/merchant/checkout/order/")
    keyboard.go_to(f"#result_list th a[href='{pages['an order']}']", within=60)
    keyboard.press("Enter")
    page.wait_for_url("**/change/")
    keyboard.go_to("main a[href*='/refund/']")
    keyboard.press("Enter")
    page.wait_for_url("**/refund/")
    keyboard.go_to("[name^=units_]")


def test_the_sale_room_refreshes_its_table_too(
    desktop: BrowserContext, pages: dict[str, str], sale: Sale
) -> None:
    page = desktop.new_page()
    log_in(page)
    page.goto(pages["the live room"])
    page.get_by_text("The chart as a table").click()
    expect(page.locator("#columns tr")).to_have_count(0)
    count_paid(make_order(sale, "FF-ANOTHER"))
    expect(page.locator("#columns tr")).to_have_count(1)
    stray = page.locator("main").evaluate(
        "main => [...main.querySelectorAll('#content, #figures')].flatMap(each =>"
        " [...each.childNodes]).filter(node => node.nodeType === Node.TEXT_NODE)"
        ".map(node => node.textContent.trim()).filter(Boolean)"
    )
    assert stray == []
