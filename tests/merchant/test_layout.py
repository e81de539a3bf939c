"""The layout of the back office: the shop's colours, and pages that need nothing from outside."""

import re

from django.test import Client

from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import ROOT
from shop.sales.models import Sale
from shop.staff.models import Staff

TOKENS = ("paper", "card", "ink", "quiet", "line", "edge", "ice", "ice-wash", "heat", "heat-wash")


def colours(stylesheet: str) -> list[tuple[str, str]]:
    """Every colour that a stylesheet defines for a token on a screen, light before dark."""
    text = (ROOT / "static" / stylesheet).read_text().partition("@media print")[0]
    return re.findall(rf"--({'|'.join(TOKENS)}): (#\w+);", text)


def test_shop_and_back_office_have_the_same_colours() -> None:
    assert len(colours("tokens.css")) == 2 * len(TOKENS)
    assert colours("merchant.css") == colours("shop.css") == []
    for layout in ("base.html", "admin/base_site.html"):
        assert "{% static 'tokens.css' %}" in (ROOT / "templates" / layout).read_text()


def test_the_layout_shows_who_is_in_and_which_section_is_open(db: None, client: Client) -> None:
    client.force_login(Staff.objects.create_superuser("olga"))
    page = HtmlPage(200, "", client.get("/merchant/checkout/order/").content.decode())
    assert "olga, owner" in page.one(".account").text
    [section] = page.soup.select(".menu [aria-current]")
    assert section.text == "Orders"
    assert page.soup.select("main .breadcrumbs") == []


def test_the_section_of_a_sales_own_page_is_open(sale: Sale, client: Client) -> None:
    client.force_login(Staff.objects.create_superuser("olga"))
    page = HtmlPage(200, "", client.get(f"/merchant/sales/{sale.slug}/live/").content.decode())
    assert [each.text for each in page.soup.select(".menu [aria-current]")] == ["Sales"]


def test_who_has_no_role_sees_no_section_but_today(db: None, client: Client) -> None:
    client.force_login(Staff.objects.create_user("bob", is_staff=True))
    page = HtmlPage(200, "", client.get("/merchant/").content.decode())
    assert [each.text for each in page.soup.select(".menu a")] == ["Today"]


def test_no_page_has_script_or_style_in_it(db: None, client: Client) -> None:
    client.force_login(Staff.objects.create_superuser("olga"))
    for path in ("/merchant/", "/merchant/checkout/order/", "/merchant/sales/sale/add/"):
        page = HtmlPage(200, "", client.get(path).content.decode())
        assert page.soup.select("style, [style], script:not([src])") == [], path
