"""The page of a product's prices, and the way back from a mistyped one."""

from datetime import timedelta

import pytest
from django.urls import reverse

from offers.verdicts import Verdict
from shop.catalog.models import PriceCorrection, Product
from shop.qa.pytest_plugin.back_office import Merchant, errors
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import OPENS, add_deal, make_product, make_sale
from shop.sales.models import Recall, Sale
from shop.sales.reference_prices import list_price_changed, set_list_price
from shop.sales.showcase import showcase
from shop.staff.roles import Role, give_role
from tests.support.factories import refreshed
from tests.support.fixtures import Clock

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
#: When the list price was mistyped, for ten seconds.
MISTAKE = OPENS - 5 * DAY
#: How long a list price is held; a page may be a second old.
HELD = timedelta(minutes=30)


@pytest.fixture
def lamp(db: None, clock: Clock) -> Product:
    """At €59.90, but for ten seconds at €1.00; in a sale that opens five days later."""
    clock.move_to(MISTAKE - DAY)
    lamp = make_product("LAMP", "Lamp", list_price=5990)
    sale = make_sale(starts_at=OPENS, ends_at=OPENS + HOUR)
    add_deal(sale, lamp, 990)
    set_list_price(lamp, 100, now=MISTAKE)
    set_list_price(lamp, 5990, now=MISTAKE + 10 * SECOND)
    return lamp


def prices_of(product: Product) -> str:
    return reverse("admin:catalog_product_prices", args=[product.pk])


def rows(page: HtmlPage) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.soup.select("tr[data-price]")]


def take_back_link(merchant: Merchant, product: Product, price: str) -> str:
    page = merchant.open(prices_of(product))
    [row] = [
        row
        for row in page.soup.select("tr[data-price]")
        if price in row.get_text() and row.select("a")
    ]
    return str(row.select("a")[-1]["href"])


def was(product: Product) -> int | None:
    return product.deals.get(sale__slug="autumn").was


def offer_at_list_price(shopper: ShopClient, clock: Clock) -> str:
    showcase.clear()
    return shopper.open("/products/lamp/").offers["LAMP"]


def test_the_page_says_what_each_price_counts_for(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    clock.move_to(MISTAKE + DAY)
    Product.objects.update(sold_at_list_price=False)
    list_price_changed(lamp, now=MISTAKE + DAY)
    page = merchant.open(prices_of(lamp))
    assert "would strike through €1.00" in page.text
    told = rows(page)
    expected = [
        ("€9.90 Autumn", "As planned, for sales that open later"),
        ("€59.90 List price", "still For nothing: nobody could buy at it"),
        ("€59.90 List price", "For sales that open until Wednesday, 23 December"),
        ("€1.00 List price", "For sales that open until Tuesday, 22 December"),
        ("€59.90 List price", "For sales that open until Tuesday, 22 December"),
    ]
    for row, (start, end) in zip(told, expected, strict=True):
        assert row.startswith(start)
        assert row.removesuffix(" Take back…").endswith(end)


def test_a_mistyped_list_price_is_taken_back_with_a_reason_on_record(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    assert was(lamp) == 100
    clock.move_to(MISTAKE + HOUR)
    path = take_back_link(merchant, lamp, "€1.00")
    assert "Autumn: €1.00 → €59.90" in merchant.open(path).text
    page = merchant.change(path, reason="A slip of the hand", agreed="on")
    assert errors(page) == ""
    assert was(lamp) == 5990
    row = PriceCorrection.objects.get()
    assert (row.amount, row.since, row.until) == (100, MISTAKE, MISTAKE + 10 * SECOND)
    assert (row.made_at, row.made_by) == (MISTAKE + HOUR, merchant.user)
    told = rows(merchant.open(prices_of(lamp)))
    assert any("Taken back by merchant: A slip of the hand" in row for row in told)


def test_what_was_on_show_is_not_taken_back_without_its_offers(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    clock.move_to(MISTAKE + 10 * SECOND + HELD)
    path = take_back_link(merchant, lamp, "€1.00")
    assert "void from now on" in merchant.open(path).text
    assert "required" in errors(merchant.change(path, reason="A slip"))
    assert (was(lamp), PriceCorrection.objects.count()) == (100, 0)


@pytest.mark.parametrize("later", [11 * SECOND, 700 * SECOND])
def test_offers_of_the_mistake_are_void_and_those_from_before_it_are_honored(
    merchant: Merchant, lamp: Product, shopper: ShopClient, clock: Clock, later: timedelta
) -> None:
    clock.move_to(MISTAKE - SECOND)
    Product.objects.filter(pk=lamp.pk).update(list_price=5990)
    before = offer_at_list_price(shopper, clock)
    clock.move_to(MISTAKE + 9 * SECOND)
    Product.objects.filter(pk=lamp.pk).update(list_price=100)
    mistaken = offer_at_list_price(shopper, clock)
    Product.objects.filter(pk=lamp.pk).update(list_price=5990)
    clock.move_to(MISTAKE + later)
    assert shopper.add(mistaken).status == 303
    merchant.change(
        take_back_link(merchant, lamp, "€1.00"), reason="It was a slip of the hand.", agreed="on"
    )
    page = shopper.open("/bag/")
    assert page.one("[data-verdict]")["data-verdict"] == Verdict.RECALLED
    assert "It was a slip of the hand." in page.text
    assert shopper.add(before).status == 303
    after = offer_at_list_price(shopper, clock)
    assert shopper.add(after).status == 303


def test_once_they_have_run_out_nobody_loses_an_offer(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    clock.move_to(MISTAKE + 11 * SECOND + HELD)
    page = merchant.open(take_back_link(merchant, lamp, "€1.00"))
    assert "Every offer at this price has run out" in page.text
    assert "Nobody has ordered at this price." in page.text
    assert not page.soup.select("[name=agreed]")


def test_a_price_that_is_still_in_force_cannot_be_taken_back(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    clock.move_to(MISTAKE + 10 * SECOND)
    assert "still" in rows(merchant.open(prices_of(lamp)))[1]
    assert not merchant.open(prices_of(lamp)).soup.select("tr[data-price]")[1].select("a")


def test_a_price_of_a_sale_is_taken_back_with_a_recall_of_its_offers(
    merchant: Merchant, clock: Clock
) -> None:
    clock.move_to(OPENS - 10 * DAY)
    sale = make_sale("early", starts_at=OPENS - 5 * DAY, ends_at=OPENS - 4 * DAY)
    deal = sale.deals.get(product__sku="MUG-01")
    later = Sale.objects.create(
        slug="autumn", title="Autumn", starts_at=OPENS, ends_at=OPENS + HOUR, hold_seconds=60
    )
    add_deal(later, deal.product, 399)
    merchant.publish(later)
    clock.move_to(OPENS - 5 * DAY + HOUR)
    merchant.set_price(deal, 1)
    clock.tick(timedelta(minutes=1))
    merchant.set_price(refreshed(deal), 499)
    assert was(deal.product) == 1
    clock.tick(HOUR)
    merchant.change(take_back_link(merchant, deal.product, "€0.01"), reason="A slip", agreed="on")
    recall = Recall.objects.get()
    assert (recall.deal, recall.issued_from) == (deal, OPENS - 5 * DAY + HOUR)
    assert was(deal.product) == 499


@pytest.mark.parametrize(("later", "is_held"), [(HELD, True), (HELD + 2 * SECOND, False)])
def test_offers_of_a_sale_are_held_as_they_were_promised_also_if_its_hold_is_shorter_by_now(
    merchant: Merchant, clock: Clock, later: timedelta, is_held: bool
) -> None:
    clock.move_to(OPENS)
    sale = make_sale(starts_at=OPENS, ends_at=OPENS + HOUR)
    deal = sale.deals.get(product__sku="MUG-01")
    merchant.set_price(deal, 1)
    clock.tick(timedelta(minutes=1))
    merchant.set_price(refreshed(deal), 499)
    clock.tick(SECOND)
    merchant.set_hold(refreshed(sale), 60)
    clock.move_to(OPENS + timedelta(minutes=1) + later)
    page = merchant.open(take_back_link(merchant, deal.product, "€0.01"))
    assert ("void from now on" in page.text) is is_held
    assert bool(page.soup.select("[name=agreed]")) is is_held


def test_a_list_price_at_which_nobody_could_buy_is_taken_back_without_a_recall(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    Product.objects.filter(pk=lamp.pk).update(sold_at_list_price=False, list_price=1)
    list_price_changed(lamp, now=MISTAKE + HOUR)
    Product.objects.filter(pk=lamp.pk).update(sold_at_list_price=True, list_price=5990)
    list_price_changed(lamp, now=MISTAKE + 2 * HOUR)
    clock.move_to(MISTAKE + 3 * HOUR)
    nonce = refreshed(lamp).nonce
    page = merchant.change(take_back_link(merchant, lamp, "€0.01"), reason="Never meant")
    assert errors(page) == ""
    assert refreshed(lamp).nonce == nonce
    assert not PriceCorrection.objects.get().was_on_show


def test_a_fixed_reference_price_stays(merchant: Merchant, lamp: Product, clock: Clock) -> None:
    clock.move_to(OPENS)
    path = take_back_link(merchant, lamp, "€1.00")
    assert "Sales that have opened keep what they strike through" in merchant.open(path).text
    merchant.change(path, reason="Too late", agreed="on")
    assert was(lamp) == 100


def test_the_same_form_sent_twice_takes_back_once(
    merchant: Merchant, lamp: Product, clock: Clock
) -> None:
    clock.move_to(MISTAKE + HOUR)
    path = take_back_link(merchant, lamp, "€1.00")
    merchant.change(path, reason="A slip", agreed="on")
    assert merchant.open(path).status == 404
    assert PriceCorrection.objects.count() == 1


def test_who_may_not_change_prices_takes_none_back(lamp: Product, clock: Clock) -> None:
    clock.move_to(MISTAKE + HOUR)
    link = take_back_link(Merchant("olga"), lamp, "€1.00")
    viewer = Merchant("vera")
    viewer.user.is_superuser = False
    viewer.user.save()
    give_role(viewer.user, Role.VIEWER)
    viewer.client.force_login(viewer.user)
    page = viewer.open(prices_of(lamp))
    assert page.status == 200
    assert not page.soup.select("tr[data-price] a")
    assert viewer.open(link).status == 403
