"""Sales in the back office: who gets in, what may be written, and what is never overwritten."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from shop.core.wall_time import instant_of
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import HOLD, OPENS, make_product
from shop.sales.models import Deal, Extension, Recall, Sale
from shop.sales.showcase import showcase
from shop.staff.models import Staff
from tests.support.factories import mug, refreshed

BERLIN = ZoneInfo("Europe/Berlin")


def mug_deal() -> Deal:
    return Deal.objects.get(product__sku="MUG-01")


# --- The door -----------------------------------------------------------------


def test_the_back_office_bears_the_shops_name(merchant: Merchant) -> None:
    page = merchant.open("/merchant/")
    assert page.one("#site-name").text.strip() == "Flashfreeze"
    assert {"Products", "Sales", "Orders"} <= {link.text for link in page.soup.select(".menu a")}


def test_nobody_gets_in_without_logging_in(client: Client, sale: Sale) -> None:
    for path in ("/merchant/", page_of(sale), reverse("admin:sales_sale_recall", args=[sale.pk])):
        assert client.get(path).status_code == 302


def test_staff_who_may_only_look_change_nothing(client: Client, sale: Sale) -> None:
    user = Staff.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(_permissions("view_sale", "view_deal", "view_product"))
    client.force_login(user)
    assert client.get(page_of(sale)).status_code == 200
    path = reverse("admin:sales_sale_cancel", args=[sale.pk])
    assert client.post(path, {"seen": "published 0 0"}).status_code == 403
    answer = client.post(page_of(sale), {"title": "Mine"})
    assert answer.status_code == 403
    assert (refreshed(sale).title, sale.state) == ("Autumn", Sale.State.PUBLISHED)


def _permissions(*names: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)


# --- A sale's window ----------------------------------------------------------


def test_the_window_is_shown_and_read_in_the_sales_own_zone(merchant: Merchant, sale: Sale) -> None:
    form = merchant.form(page_of(sale))
    assert form["starts_at"] == "2026-11-27 12:00:00"
    merchant.change_and_confirm(page_of(sale), ends_at="2026-11-27 12:30")
    assert (refreshed(sale).starts_at, sale.ends_at) == (OPENS, OPENS + timedelta(minutes=30))


def test_another_zone_moves_the_window_to_its_wall(merchant: Merchant, sale: Sale) -> None:
    merchant.change_and_confirm(page_of(sale), time_zone="America/New_York")
    assert refreshed(sale).starts_at == datetime(2026, 11, 27, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2027-03-28 02:30", "There is no 2027-03-28 02:30:00 in Europe/Berlin"),
        ("2026-10-25 02:30", "comes twice in Europe/Berlin"),
        ("2027-03-28 02:30", "nearest times are 2027-03-28 01:59:59 and 2027-03-28 03:00:00"),
        ("2026-02-30 12:00", "Write it as"),
        ("soon", "Write it as"),
        ("", "required"),
        ("9999-12-31 23:59", "2000 to 2999"),
    ],
)
def test_a_time_that_is_not_one_instant_is_refused(
    merchant: Merchant, sale: Sale, written: str, said: str
) -> None:
    page = merchant.change(page_of(sale), starts_at=written)
    assert said in errors(page)
    assert refreshed(sale).starts_at == OPENS


def test_an_offset_may_be_typed_with_a_time(merchant: Merchant, sale: Sale) -> None:
    merchant.change_and_confirm(page_of(sale), starts_at="2026-10-25 02:30 +01:00")
    assert refreshed(sale).starts_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_the_wall_of_a_zone_on_an_ordinary_day() -> None:
    wall = datetime(2026, 7, 1, 12)  # noqa: DTZ001
    assert instant_of(wall, BERLIN) == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_sale_ends_after_it_starts(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), ends_at="2026-11-27 12:00")
    assert "has to end after it starts" in errors(page)


def test_a_close_is_not_compared_with_an_invalid_opening(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), starts_at="soon", ends_at="2026-11-01 12:15")
    assert "Write it as" in errors(page)
    assert "has to end after it starts" not in errors(page)


# --- Sales and deals ----------------------------------------------------------


def new_sale(merchant: Merchant, **changes: str) -> HtmlPage:
    fields = {
        "title": "Winter",
        "slug": "winter",
        "time_zone": "Europe/Berlin",
        "starts_at": "2026-12-01 12:00",
        "ends_at": "2026-12-01 12:15",
        "deals__TOTAL_FORMS": "1",
        "deals__0__product": make_product("HAT", list_price=1000, currency="JPY").sku,
        "deals__0__price": "300",
        "deals__0__max_per_shopper": "2",
        "deals__0__position": "0",
    }
    return merchant.change(reverse("admin:sales_sale_add"), **(fields | changes))


def test_a_sale_begins_as_a_draft_and_is_then_published(merchant: Merchant, clock: Any) -> None:
    assert errors(new_sale(merchant)) == ""
    sale = Sale.objects.get()
    assert (sale.state, sale.deals.get().was) == (Sale.State.DRAFT, None)
    merchant.publish(sale)
    assert (refreshed(sale).state, sale.published_at) == (Sale.State.PUBLISHED, OPENS)
    assert (sale.deals.get().price, sale.deals.get().was) == (300, 1000)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slug": "list"}, "stands for list prices"),
        ({"slug": "Winter"}, "small letters"),
        ({"time_zone": "Mars/Olympus"}, "not a time zone"),
        ({"hold_seconds": "0"}, "held for one second at least"),
        ({"hold_seconds": "31 days"}, "held for 30 days at the most"),
        ({"deals__0__price": "3.5"}, "no decimals"),
        ({"deals__0__price": "0"}, "above zero"),
        ({"deals__0__max_per_shopper": "1000001"}, "less than or equal to 1000000"),
    ],
)
def test_an_invalid_sale_is_refused(merchant: Merchant, changes: dict[str, str], said: str) -> None:
    assert said in errors(new_sale(merchant, **changes))
    assert not Sale.objects.exists()


def test_saving_a_sale_untouched_changes_nothing(merchant: Merchant, sale: Sale) -> None:
    rows = [list(model.objects.order_by("pk").values()) for model in (Sale, Deal)]
    assert errors(merchant.change(page_of(sale))) == ""
    assert [list(model.objects.order_by("pk").values()) for model in (Sale, Deal)] == rows


def test_a_price_edit_changes_no_offer(merchant: Merchant, sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    assert merchant.form(page_of(sale))["deals-0-price"] == "4.99"
    merchant.change_and_confirm(page_of(sale), deals__0__price="5.99", ends_at="2026-11-27 12:10")
    assert mug_deal().price == 599
    assert shopper.add(message).lines == {"MUG-01": 499}


def test_a_form_overwrites_neither_claims_nor_a_recall(merchant: Merchant, sale: Sale) -> None:
    form = merchant.form(page_of(sale))
    Deal.objects.filter(product__sku="MUG-01").update(claimed=3, nonce="d" * 22)
    Sale.objects.update(nonce="s" * 22)
    edited = {"title": "Fall", "deals-0-price": "5.99", "_save": "Save"}
    asked = merchant.send(page_of(sale), form | edited)
    merchant.send(page_of(sale), fields_of(asked.one("#content form")) | {"_save": "Save"})
    assert (refreshed(sale).title, sale.nonce) == ("Fall", "s" * 22)
    assert (mug_deal().price, mug_deal().claimed, mug_deal().nonce) == (599, 3, "d" * 22)


def test_a_smaller_allocation_than_is_claimed_is_refused(merchant: Merchant, sale: Sale) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(claimed=3)
    page = merchant.change(page_of(sale), deals__0__allocation="2")
    assert "2 is fewer than the 3 claimed" in errors(page)
    assert mug_deal().allocation is None


def test_the_slug_and_skus_of_a_published_sale_stay(merchant: Merchant, sale: Sale) -> None:
    other = make_product("HAT")
    merchant.change(page_of(sale), slug="fall", deals__0__product=other.sku, title="Fall")
    assert (refreshed(sale).title, sale.slug) == ("Fall", "autumn")
    assert [deal.product.sku for deal in sale.deals.all()] == ["MUG-01", "LMP-01"]


def test_a_published_sale_and_its_deals_are_not_deleted(merchant: Merchant, sale: Sale) -> None:
    assert merchant.open(reverse("admin:sales_sale_delete", args=[sale.pk])).status == 403
    merchant.change(page_of(sale), deals__0__DELETE="on")
    merchant.choose(sale, "delete_selected")
    assert sale.deals.count() == 2


def test_who_may_not_delete_is_told_what_stands_in_the_way(merchant: Merchant, sale: Sale) -> None:
    sale_page = merchant.open(reverse("admin:sales_sale_delete", args=[sale.pk]))
    assert "Autumn was published, and a sale that was published is kept" in sale_page.text
    assert "Hide it or cancel it instead." in sale_page.text
    product_page = merchant.open(reverse("admin:catalog_product_delete", args=[mug().pk]))
    assert "Stoneware mug is kept: it may lie in bags" in product_page.text
    account = merchant.open(reverse("admin:staff_staff_delete", args=[merchant.user.pk]))
    assert "take away the tick at Active" in account.text
    deal_page = merchant.open(reverse("admin:sales_deal_delete", args=[mug_deal().pk]))
    for page in (sale_page, product_page, account, deal_page):
        assert page.status == 403
        assert "The owner of the shop can" not in page.text


def test_who_may_not_see_a_sale_is_told_nothing_of_it(client: Client, sale: Sale) -> None:
    client.force_login(Staff.objects.create_user("nobody", is_staff=True))
    answer = client.get(reverse("admin:sales_sale_delete", args=[sale.pk]))
    assert answer.status_code == 403
    assert "Autumn" not in answer.content.decode()
    assert "The owner of the shop can" in answer.content.decode()


@pytest.mark.parametrize("state", Sale.State)
def test_a_sale_leads_to_its_page_while_it_has_one(
    merchant: Merchant, sale: Sale, shopper: ShopClient, state: str
) -> None:
    Sale.objects.update(state=state)
    showcase.clear()
    page = merchant.open(page_of(sale))
    links = [str(each["href"]) for each in page.soup.select("a.viewsitelink")]
    assert bool(links) == (shopper.open("/sales/autumn/").status == 200)
    assert f"/merchant/sales/{sale.slug}/preview/" in page.html


def test_a_draft_is_deleted(merchant: Merchant) -> None:
    new_sale(merchant)
    path = reverse("admin:sales_sale_delete", args=[Sale.objects.get().pk])
    merchant.send(path, {"post": "yes"})
    assert not Sale.objects.exists()


def test_a_deal_added_later_has_its_reference_price(merchant: Merchant, sale: Sale) -> None:
    hat = make_product("HAT", list_price=1000)
    page = merchant.change(
        page_of(sale),
        deals__TOTAL_FORMS="3",
        deals__2__sale=str(sale.pk),
        deals__2__product=hat.sku,
        deals__2__price="1.50",
        deals__2__max_per_shopper="1",
        deals__2__position="2",
    )
    assert errors(page) == ""
    assert (sale.deals.get(product=hat).price, sale.deals.get(product=hat).was) == (150, 1000)


def test_a_sale_is_unpublished_on_a_page_of_its_own(merchant: Merchant, sale: Sale) -> None:
    page = merchant.choose(sale, "unpublish")
    assert "stay honored while they are held" in page.text
    merchant.change(reverse("admin:sales_sale_unpublish", args=[sale.pk]))
    assert (refreshed(sale).state, sale.published_at) == (Sale.State.DRAFT, OPENS)


# --- Promises -----------------------------------------------------------------


def test_offers_are_held_longer_by_an_action_with_a_page_of_its_own(
    merchant: Merchant, sale: Sale, shopper: ShopClient, clock: Any
) -> None:
    message = shopper.offer()
    clock.move_to(OPENS + timedelta(seconds=1))
    page = merchant.choose(sale, "extend")
    assert "Extensions add up" in page.text
    path = reverse("admin:sales_sale_extend", args=[sale.pk])
    page = merchant.change(path, minutes="10", reason="Mail was late")
    assert "held 10 minutes longer" in page.text
    extension = Extension.objects.get()
    assert (extension.seconds, extension.made_by) == (600, merchant.user)
    assert extension.reason == "Mail was late"
    assert "10 minutes" in merchant.open(page_of(sale)).one("#extensions-group").get_text()
    clock.move_to(OPENS + HOLD + timedelta(minutes=9))
    showcase.clear()
    assert shopper.add(message).status == 303


def test_a_form_that_is_sent_twice_is_carried_out_once(merchant: Merchant, sale: Sale) -> None:
    path = reverse("admin:sales_sale_extend", args=[sale.pk])
    form = merchant.form(path) | {"minutes": "10"}
    merchant.send(path, form)
    page = merchant.send(path, form)
    assert "sent twice" in errors(page)
    assert Extension.objects.count() == 1
    merchant.send(path, fields_of(page.one("#content form")))
    assert Extension.objects.count() == 2, "sending it again means it"


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ("0", "one minute longer at least"),
        ("-5", "one minute longer at least"),
        ("43201", "30 days longer at the most"),
        ("", "required"),
        ("ten", "Write it as"),
        ("90 s", "whole minutes"),
    ],
)
def test_no_hold_is_lengthened_beyond_reason(
    merchant: Merchant, sale: Sale, minutes: str, said: str
) -> None:
    path = reverse("admin:sales_sale_extend", args=[sale.pk])
    assert said in errors(merchant.change(path, minutes=minutes))
    assert not Extension.objects.exists()


def test_one_deals_offers_are_recalled(merchant: Merchant, sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    path = reverse("admin:sales_sale_recall", args=[sale.pk])
    assert errors(merchant.change(path, deal=str(mug_deal().pk)))
    assert not Recall.objects.exists()
    merchant.recall(sale, "A wrong price", mug_deal())
    recall = Recall.objects.get()
    assert (recall.deal, recall.made_by) == (mug_deal(), merchant.user)
    assert shopper.add(message).verdicts == ["recalled"]


def test_a_deal_of_another_sale_is_not_recalled_here(merchant: Merchant, sale: Sale) -> None:
    new_sale(merchant)
    other = Deal.objects.get(sale__slug="winter")
    path = reverse("admin:sales_sale_recall", args=[sale.pk])
    assert errors(merchant.change(path, deal=str(other.pk), reason="A slip"))
    assert not Recall.objects.exists()


def test_a_sale_is_canceled_for_good(merchant: Merchant, sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    page = merchant.choose(sale, "cancel")
    assert "cannot be published again" in page.text
    merchant.change(reverse("admin:sales_sale_cancel", args=[sale.pk]))
    assert refreshed(sale).state == Sale.State.CANCELED
    assert "stays canceled" in merchant.choose(sale, "publish_sales").text
    assert refreshed(sale).state == Sale.State.CANCELED
    assert shopper.add(message).status == 303


def test_nothing_is_promised_before_publication(merchant: Merchant) -> None:
    new_sale(merchant)
    sale = Sale.objects.get()
    for name in ("extend", "recall"):
        page = merchant.send(reverse(f"admin:sales_sale_{name}", args=[sale.pk]), {})
        assert "was never published" in page.text


def test_an_act_is_for_one_sale(merchant: Merchant, sale: Sale) -> None:
    new_sale(merchant)
    data = {"action": "recall", "_selected_action": list(Sale.objects.values_list("pk", flat=True))}
    page = merchant.send(reverse("admin:sales_sale_changelist"), data)
    assert "Choose one sale" in page.text


def test_who_did_what_is_in_the_sales_history(merchant: Merchant, sale: Sale) -> None:
    merchant.change(page_of(sale), title="Fall")
    merchant.change_and_confirm(page_of(sale), deals__0__price="5.99", hold_seconds="10 min")
    merchant.change(reverse("admin:sales_sale_unpublish", args=[sale.pk]), reason="A pause")
    merchant.recall(sale, "A slip")
    history = merchant.open(reverse("admin:sales_sale_history", args=[sale.pk]))
    for told in (
        "Title: Autumn → Fall",
        "Stoneware mug, price: €4.99 → €5.99",
        "Prices are held for: 30 minutes → 10 minutes",
        "Hidden A pause",
        "Offers of all deals shown before 2026-11-27 12:00:00 are taken back A slip",
    ):
        assert told in history.text
    assert history.text.count("27 Nov 2026, 12:00 merchant") == 5
    assert "A slip" in merchant.open(page_of(sale)).text
