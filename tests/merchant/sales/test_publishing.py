"""Publishing: what goes public, the warnings to acknowledge, and the checks while one types."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from shop.catalog.models import Product, Variant
from shop.merchant.sales.publish_page import MOST_SALES
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import CLOSES, OPENS, add_deal, make_product
from shop.sales.models import Change, Deal, Sale
from shop.staff.roles import Role, give_role
from tests.merchant.sales.test_sale_form import MINUTE, hidden
from tests.support.factories import refreshed
from tests.support.fixtures import Clock


@pytest.fixture
def draft(sale: Sale, clock: Clock) -> Sale:
    """The sale of most tests as a draft, an hour before it opens."""
    clock.move_to(OPENS - 60 * MINUTE)
    return hidden(sale)


def publish_page(*sales: Sale) -> str:
    chosen = "&".join(f"sale={sale.pk}" for sale in sales)
    return f"{reverse('admin:sales_sale_publish')}?{chosen}"


def send(merchant: Merchant, page: HtmlPage, **more: str) -> HtmlPage:
    """Send the form of a publish page."""
    return merchant.send(page.path, fields_of(page.one("#content form")) | more)


def warned(page: HtmlPage) -> list[str]:
    return [each.get_text(" ", strip=True) for each in page.soup.select(".checks .is-warning")]


# --- What goes public -----------------------------------------------------------


def test_the_page_shows_prices_units_and_hold_before_they_are_public(
    merchant: Merchant, draft: Sale
) -> None:
    page = merchant.open(publish_page(draft))
    assert "What goes public" in page.one("h1").text
    assert "Stoneware mug MUG-01 €49.90 €4.99 90% 100 2" in page.text
    assert "Brass lamp LMP-01 €79.00 €7.90 90% 50 10" in page.text
    assert "Prices are held for 30 minutes" in page.text
    assert refreshed(draft).state == Sale.State.DRAFT


def test_the_page_says_what_the_first_and_the_last_offer_promise(
    merchant: Merchant, draft: Sale, clock: Clock
) -> None:
    text = merchant.open(publish_page(draft)).text
    assert "An offer of the first second, 12:00:00, is held until" in text
    assert "until Friday, 27 November 2026, 12:30:00, Berlin time" in text
    assert "One of the last second, 12:14:59, is held until" in text
    assert "until Friday, 27 November 2026, 12:44:59, Berlin time" in text
    clock.move_to(CLOSES - MINUTE)
    assert "An offer that is made now, 12:14:00" in merchant.open(publish_page(draft)).text
    clock.move_to(CLOSES)
    assert "it makes no offer any more" in merchant.open(publish_page(draft)).text


def test_the_window_is_told_in_the_sales_zone_in_the_shops_and_in_the_browsers(
    merchant: Merchant, draft: Sale, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    page = merchant.open(publish_page(draft))
    assert "Berlin time: the sale’s Friday, 27 November 2026, 12:00:00, Berlin time" in page.text
    assert "Tokyo time: the shop’s Friday, 27 November 2026, 20:00:00, Tokyo time" in page.text
    # A script fills it in.
    times = page.one("tr[data-reader-zone][hidden]").select("time")
    assert [each["datetime"] for each in times] == ["2026-11-27T11:00:00Z", "2026-11-27T11:15:00Z"]


def test_a_sale_that_makes_sense_is_published_by_one_press(
    merchant: Merchant, draft: Sale, clock: Clock
) -> None:
    page = merchant.choose(draft, "publish_sales")
    assert "What goes public" in page.text
    assert not page.soup.select("#content [type=checkbox]")
    page = send(merchant, merchant.open(publish_page(draft)))
    assert "Autumn is published." in page.text
    assert refreshed(draft).state == Sale.State.PUBLISHED
    assert not Change.objects.filter(field="warning").exists()


def test_publishing_is_what_a_drafts_page_leads_to(merchant: Merchant, draft: Sale) -> None:
    def main() -> list[str]:
        buttons = merchant.open(page_of(draft)).soup.select(".actions button:not(.quiet)")
        return [each.text for each in buttons]

    assert main() == ["Publish…"]
    merchant.publish(draft)
    assert main() == []


# --- Warnings -------------------------------------------------------------------


def test_a_warning_is_acknowledged_on_record_and_keeps_nobody_from_publishing(
    merchant: Merchant, draft: Sale
) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=249)
    page = merchant.open(publish_page(draft))
    told = "Stoneware mug: €2.49 is 95% below the list price of €49.90."
    [warning] = warned(page)
    assert told in warning
    page = send(merchant, page)
    assert "Mend what is warned of, or tick that you mean it." in errors(page)
    assert refreshed(draft).state == Sale.State.DRAFT
    send(merchant, page, **{f"sale-{draft.pk}-read": "on"})
    assert refreshed(draft).state == Sale.State.PUBLISHED
    assert Change.objects.get(field="warning").made_by == merchant.user
    history = merchant.open(reverse("admin:sales_sale_history", args=[draft.pk])).text
    assert f"merchant Warning acknowledged: {told}" in history


def test_a_tick_counts_for_the_warnings_that_were_read(merchant: Merchant, draft: Sale) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=249)
    page = merchant.open(publish_page(draft))
    Deal.objects.filter(product__sku="LMP-01").update(allocation=500)
    page = send(merchant, page, **{f"sale-{draft.pk}-read": "on"})
    assert "What there is to know of this sale has changed" in errors(page)
    assert refreshed(draft).state == Sale.State.DRAFT
    assert len(warned(page)) == 2


def test_each_warning_leads_to_where_it_is_mended(merchant: Merchant, draft: Sale) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=249)
    Variant.objects.filter(sku="LMP-01").update(stock=0)
    Sale.objects.update(hold_seconds=2 * 86_400)
    page = merchant.open(publish_page(draft))
    lamp = Product.objects.get(sku="LMP-01")
    assert {str(each["href"]) for each in page.soup.select(".checks .is-warning a")} == {
        f"{page_of(draft)}#deals-group",
        f"{page_of(draft)}#id_hold_seconds",
        reverse("admin:catalog_product_stock", args=[lamp.pk]),
    }


def test_several_sales_are_published_on_one_page_each_with_its_warnings(
    merchant: Merchant, draft: Sale
) -> None:
    empty = Sale.objects.create(
        slug="winter", title="Winter", starts_at=OPENS, ends_at=CLOSES, time_zone="Europe/Berlin"
    )
    data = {"action": "publish_sales", "_selected_action": [draft.pk, empty.pk]}
    answer = merchant.client.post(reverse("admin:sales_sale_changelist"), data)
    page = merchant.open(answer.headers["Location"])
    assert "It has no deals" in " ".join(warned(page))
    send(merchant, page, **{f"sale-{empty.pk}-read": "on"})
    assert refreshed(draft).state == refreshed(empty).state == Sale.State.PUBLISHED


def test_more_sales_than_anybody_looks_at_are_not_published_together(
    merchant: Merchant, draft: Sale
) -> None:
    others = Sale.objects.bulk_create(
        Sale(slug=f"copy-{number}", title="Copy", starts_at=OPENS, ends_at=CLOSES)
        for number in range(MOST_SALES)
    )
    pks = [each.pk for each in (draft, *others)]
    data = {"action": "publish_sales", "_selected_action": pks}
    page = merchant.send(reverse("admin:sales_sale_changelist"), data)
    assert f"Choose {MOST_SALES} sales at the most" in page.text


def test_a_canceled_sale_is_not_published(merchant: Merchant, draft: Sale) -> None:
    Sale.objects.update(state=Sale.State.CANCELED)
    page = merchant.send(publish_page(draft), {})
    assert "the sale was canceled, and stays canceled" in page.text
    assert refreshed(draft).state == Sale.State.CANCELED


@pytest.mark.parametrize("chosen", ["", "?sale=0", "?sale=x", "?sale=99999999999"])
def test_without_a_sale_there_is_nothing_to_publish(merchant: Merchant, chosen: str) -> None:
    answer = merchant.client.get(reverse("admin:sales_sale_publish") + chosen)
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        reverse("admin:sales_sale_changelist"),
    )


def test_who_may_only_look_reads_what_is_public_and_publishes_nothing(
    merchant: Merchant, draft: Sale
) -> None:
    viewer = Merchant("vera")
    viewer.user.is_superuser = False
    viewer.user.save()
    give_role(viewer.user, Role.VIEWER)
    viewer.client.force_login(viewer.user)
    page = viewer.open(publish_page(draft))
    assert "Stoneware mug" in page.text
    assert not page.soup.select("#content [type=submit]")
    assert viewer.client.post(publish_page(draft)).status_code == 403
    assert refreshed(draft).state == Sale.State.DRAFT


def test_the_page_of_many_deals_takes_few_queries(
    merchant: Merchant, draft: Sale, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        add_deal(draft, make_product(f"CUP-{number}"), 499)
    with django_assert_max_num_queries(24):
        merchant.open(publish_page(draft))


# --- While one types ------------------------------------------------------------


def typed(merchant: Merchant, sale: Sale | None = None, **changes: str) -> str:
    """What the checks say of a form as it is typed."""
    path = page_of(sale) if sale else reverse("admin:sales_sale_add")
    address = reverse("admin:sales_sale_sense_checks") + (f"?sale={sale.pk}" if sale else "")
    fields = {name.replace("__", "-"): value for name, value in changes.items()}
    answer = merchant.client.post(address, merchant.form(path) | fields)
    assert answer.status_code == 200
    return HtmlPage.of(answer, address).text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"deals__0__price": "95%"}, "€2.49 is 95% below the list price of €49.90"),
        ({"deals__0__price": "49.91"}, "above the list price"),
        ({"deals__0__price": "rubbish"}, ""),
        ({"deals__1__allocation": "500"}, "500 are set aside, and 100 are in stock"),
        ({"deals__1__max_per_shopper": "51"}, "one shopper may have 51, and there are 50"),
        ({"deals__0__withdrawn": "on", "deals__1__withdrawn": "on"}, "It has no deals"),
        ({"ends_at": "2026-11-27 12:14:59"}, "an odd length"),
        ({"ends_at": "2026-11-27 11:00"}, ""),
        ({"hold_seconds": "2 days"}, "Prices are held for 2 days"),
        ({"hold_seconds": "ages"}, ""),
        ({"time_zone": "Mars/Olympus"}, ""),
    ],
)
def test_the_checks_follow_what_is_typed(
    merchant: Merchant, draft: Sale, changes: dict[str, str], told: str
) -> None:
    text = typed(merchant, draft, **changes)
    assert told in text if told else not text.strip()
    assert not Change.objects.exclude(field="state").exists()


def test_a_new_sale_is_checked_while_it_is_typed(merchant: Merchant, sale: Sale) -> None:
    assert not typed(merchant).strip()
    window = {"starts_at": "2026-11-28 12:00", "ends_at": "2026-11-28 12:07"}
    deal = {"deals__0__product": "MUG-01", "deals__0__price": "1"}
    text = typed(merchant, None, **deal, **window)
    assert "an odd length" in text
    assert "€1.00 is 97% below the list price" in text


def test_without_scripts_a_saved_draft_says_what_makes_no_sense(
    merchant: Merchant, draft: Sale
) -> None:
    page = merchant.change(page_of(draft), deals__0__price="2.49", deals__1__allocation="500")
    assert Deal.objects.get(product__sku="MUG-01").price == 249, "a draft is saved at once"
    said = [each.text for each in page.soup.select(".messagelist .warning")]
    assert any("95% below the list price" in each for each in said)
    assert any("500 are set aside" in each for each in said)
    assert "95% below" in merchant.open(page_of(draft)).one("#sense-checks").text


def test_a_form_that_is_refused_shows_the_checks_of_what_was_sent(
    merchant: Merchant, draft: Sale
) -> None:
    page = merchant.change(page_of(draft), title="", deals__0__price="2.49")
    assert "required" in errors(page)
    assert "95% below" in page.one("#sense-checks").text


def test_typing_takes_few_queries_for_many_deals(
    merchant: Merchant, draft: Sale, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        add_deal(draft, make_product(f"CUP-{number}"), 499)
    form = merchant.form(page_of(draft))
    address = f"{reverse('admin:sales_sale_sense_checks')}?sale={draft.pk}"
    with django_assert_max_num_queries(22):
        merchant.client.post(address, form)


# --- Stock ----------------------------------------------------------------------


@pytest.mark.parametrize(("sku", "is_told"), [("LMP-01", True), ("MUG-01", False)])
def test_who_raises_the_stock_is_told_where_what_is_set_aside_still_bounds_a_deal(
    merchant: Merchant, sale: Sale, clock: Clock, sku: str, is_told: bool
) -> None:
    clock.move_to(OPENS + MINUTE)
    product = Product.objects.get(sku=sku)
    page = merchant.change(
        reverse("admin:catalog_product_stock", args=[product.pk]), units="80", reason="supplied"
    )
    told = "Autumn: Brass lamp: 80 units came in, and yet no more than the 50 set aside are sold"
    assert (told in page.text) == is_told
