"""The bag: what is honored goes in and stays, what is not is said and offered anew."""

import json
import logging
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from shop.bag import judging
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient, read
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, add_deal, make_product, new_key
from shop.sales.holds import extend, recall
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase
from tests.support.fixtures import Clock

SECOND = timedelta(seconds=1)


def quantity_of(page: HtmlPage, sku: str) -> str:
    return str(page.one(f'[data-sku="{sku}"] input[name=quantity]')["value"])


def test_an_offer_goes_into_the_bag_at_its_price(buyer: ShopClient) -> None:
    page = buyer.bag()
    assert page.lines == {"MUG-01": 499}
    assert page.verdicts == []


def test_the_bag_is_judged_with_one_query(buyer: ShopClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        buyer.bag()
    assert len(queries) == 1


def test_the_bag_page_sets_no_cookie_where_nothing_changed(buyer: ShopClient) -> None:
    assert "bag" not in buyer.client.get("/bag/").cookies


def test_the_page_of_a_bag_has_nothing_of_the_one_shown_before(
    buyer: ShopClient, another_shopper: ShopClient
) -> None:
    another_shopper.add(another_shopper.offer("LMP-01"), quantity=3)
    seen = [each.bag() for each in (buyer, another_shopper, buyer)]
    assert [page.lines for page in seen] == [{"MUG-01": 499}, {"LMP-01": 790}, {"MUG-01": 499}]
    assert [page.one("#bag-link .count").get_text() for page in seen] == ["1", "3", "1"]
    first, second, _ = (str(page.one("[data-line]")["data-line"]) for page in seen)
    assert first not in seen[1].html
    assert second not in seen[2].html


def test_the_same_deal_again_adds_quantities(buyer: ShopClient) -> None:
    assert buyer.add(buyer.offer()).status == 303
    assert quantity_of(buyer.bag(), "MUG-01") == "2"


def test_the_same_deal_again_keeps_the_longer_offer(buyer: ShopClient, clock: Clock) -> None:
    clock.move_to(OPENS + timedelta(minutes=5))
    buyer.add(buyer.offer())
    held = buyer.bag().one('[data-sku="MUG-01"] time[data-held-until]')
    assert held["datetime"] == "2026-11-27T11:35:00Z"


def test_more_than_the_offer_allows_is_over_the_limit_and_not_added(buyer: ShopClient) -> None:
    page = buyer.add(buyer.offer(), quantity=2)
    assert page.status == 422
    assert page.verdicts == ["over_limit"]
    assert quantity_of(buyer.bag(), "MUG-01") == "1"


def test_an_offer_is_good_to_its_last_second(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    clock.move_to(CLOSES - SECOND)
    message = shopper.offer()
    clock.move_to(CLOSES - SECOND + HOLD - SECOND)
    assert shopper.add(message).status == 303


def test_an_offer_ends_exactly_with_its_hold(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    clock.move_to(CLOSES - SECOND)
    message = shopper.offer()
    clock.move_to(CLOSES - SECOND + HOLD)
    page = shopper.add(message)
    assert (page.status, page.verdicts) == (422, ["expired"])
    assert "€49.90" in page.text


def test_a_refused_offer_leaves_one_line_in_the_log(
    sale: Sale, shopper: ShopClient, caplog: pytest.LogCaptureFixture
) -> None:
    shopper.offer()
    with caplog.at_level(logging.INFO):
        shopper.add("no offer")
    assert [line for line in caplog.messages if "bag" in line] == ["refused in the bag: forged"]


@pytest.mark.parametrize("message", ["", "x", "a.b.c", "\x00", "é" * 500, "." * 5000])
def test_what_is_no_offer_is_forged(sale: Sale, shopper: ShopClient, message: str) -> None:
    page = shopper.add(message)
    assert (page.status, page.verdicts) == (422, ["forged"])


def test_a_missing_offer_is_forged(sale: Sale, shopper: ShopClient) -> None:
    assert shopper.send("/bag/add/", {}).verdicts == ["forged"]


def test_an_altered_offer_is_forged_and_a_new_one_offered(sale: Sale, shopper: ShopClient) -> None:
    head, payload, signature = shopper.offer().split(".")
    altered = f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    page = shopper.add(altered)
    assert page.verdicts == ["forged"]
    assert "€4.99" in page.text


def test_another_shoppers_offer_is_not_mine(
    sale: Sale, shopper: ShopClient, another_shopper: ShopClient
) -> None:
    shopper.offer()
    assert shopper.add(another_shopper.offer()).verdicts == ["not_yours"]


def test_a_recalled_offer_says_why_and_what_it_costs_now(buyer: ShopClient, sale: Sale) -> None:
    recall(sale=sale, reason="The mugs crack.", by=None, now=OPENS)
    page = buyer.bag()
    assert page.verdicts == ["recalled"]
    assert "The mugs crack." in page.text
    assert "€4.99" in page.text


def test_a_price_raised_after_the_page_came_is_not_mine_to_pay(buyer: ShopClient) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=999)
    page = buyer.bag()
    assert page.lines == {"MUG-01": 499}
    assert page.verdicts == []


def test_an_early_end_takes_nothing_back(buyer: ShopClient, sale: Sale, clock: Clock) -> None:
    Sale.objects.filter(pk=sale.pk).update(ends_at=OPENS + timedelta(minutes=1))
    clock.move_to(OPENS + timedelta(minutes=10))
    assert buyer.bag().verdicts == []


def test_an_unpublished_sale_takes_no_promise_back(buyer: ShopClient, sale: Sale) -> None:
    Sale.objects.filter(pk=sale.pk).update(state=Sale.State.DRAFT)
    assert buyer.bag().verdicts == []


def test_a_withdrawn_deal_takes_no_promise_back(buyer: ShopClient) -> None:
    Deal.objects.update(withdrawn=True)
    page = buyer.bag()
    assert (page.lines, page.verdicts) == ({"MUG-01": 499}, [])


def test_an_extension_shows_on_the_line(buyer: ShopClient, sale: Sale) -> None:
    extend(sale=sale, seconds=600, by=None, now=OPENS + SECOND)
    held = buyer.bag().one('[data-sku="MUG-01"] time[data-held-until]')
    assert held["datetime"] == "2026-11-27T11:40:00Z"


def test_an_offer_that_runs_out_while_its_sale_is_open_is_renewed_at_the_same_price(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    Sale.objects.filter(pk=sale.pk).update(hold_seconds=60)
    shopper.add(shopper.offer())
    clock.move_to(OPENS + timedelta(minutes=5))
    page = shopper.bag()
    assert page.verdicts == []
    held = page.one('[data-sku="MUG-01"] time[data-held-until]')
    assert held["datetime"] == "2026-11-27T11:06:00Z"


def test_two_tabs_renew_an_offer_to_one_id(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    Sale.objects.filter(pk=sale.pk).update(hold_seconds=60)
    shopper.add(shopper.offer())
    stale = shopper.cookie("bag")
    clock.move_to(OPENS + timedelta(minutes=5))
    first = shopper.bag().one("input[name=line]")["value"]
    shopper.client.cookies["bag"] = stale
    clock.tick(7)
    assert shopper.bag().one("input[name=line]")["value"] == first


def test_a_quantity_can_be_changed_on_a_page_older_than_the_renewal(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    Sale.objects.filter(pk=sale.pk).update(hold_seconds=60)
    shopper.add(shopper.offer())
    line = shopper.bag().one("input[name=line]")["value"]
    clock.move_to(OPENS + timedelta(minutes=5))
    data = {"line": line, "variant": "MUG-01", "quantity": 2}
    assert shopper.send("/bag/update/", data).status == 303
    assert quantity_of(shopper.bag(), "MUG-01") == "2"


def test_a_higher_price_needs_a_yes(sale: Sale, shopper: ShopClient, clock: Clock) -> None:
    Sale.objects.filter(pk=sale.pk).update(hold_seconds=60)
    shopper.add(shopper.offer())
    Deal.objects.filter(product__sku="MUG-01").update(price=599)
    clock.move_to(OPENS + timedelta(minutes=5))
    page = shopper.bag()
    assert page.verdicts == ["expired"]
    assert "€5.99" in page.text
    line = page.one("input[name=line]")["value"]
    too_low = shopper.send("/bag/update/", {"line": line, "accept_amount": 598})
    assert too_low.status == 422
    assert shopper.send("/bag/update/", {"line": line, "accept_amount": 599}).status == 303
    page = shopper.bag()
    assert page.lines == {"MUG-01": 599}
    assert page.verdicts == []


def test_a_deal_that_has_become_cheaper_is_taken_by_itself(buyer: ShopClient) -> None:
    Deal.objects.filter(product__sku="MUG-01").update(price=399)
    assert buyer.bag().lines == {"MUG-01": 399}


def test_an_old_offer_of_a_cheaper_deal_is_added_at_what_the_bag_makes_of_it(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    shown_before = shopper.offer()
    Deal.objects.filter(product__sku="MUG-01").update(price=399)
    clock.move_to(OPENS + timedelta(minutes=5))
    showcase.clear()
    added = shopper.send("/bag/add/", {"offer": shown_before, "quantity": 1}, htmx=True)
    assert "€3.99 is held until 12:35" in added.text
    assert "€4.99" not in added.text


def test_a_list_price_that_is_held_again_is_not_said_to_be_of_an_open_sale(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    clock.move_to(CLOSES)
    showcase.clear()
    shopper.add(shopper.open("/products/mug-01/").offers["MUG-01"])
    clock.move_to(CLOSES + timedelta(minutes=30))
    page = shopper.bag()
    assert "held again until 12:15, UTC, at the same price" in page.text
    assert "open" not in page.one(".line .promise").text


def total_at_the_foot(shopper: ShopClient) -> str:
    """What any page of the shop says of the bag."""
    showcase.clear()
    return " ".join(shopper.open("/").one("#bag-bar").get_text(" ").split())


def test_every_page_leaves_out_of_the_bags_total_what_has_run_out(
    buyer: ShopClient, clock: Clock
) -> None:
    clock.move_to(OPENS + HOLD - SECOND)
    assert total_at_the_foot(buyer) == "Bag · 1 €4.99"
    clock.move_to(OPENS + HOLD)
    assert total_at_the_foot(buyer) == "Bag · 1"


def test_every_page_leaves_out_of_the_bags_total_what_was_recalled(
    buyer: ShopClient, sale: Sale
) -> None:
    buyer.add(buyer.offer("LMP-01"))
    recall(
        sale=sale,
        deal=sale.deals.get(product__sku="LMP-01"),
        reason="A wrong price.",
        by=None,
        now=OPENS,
    )
    assert total_at_the_foot(buyer) == "Bag · 2 €4.99"


def test_every_page_counts_in_the_bags_total_what_the_bag_will_renew(
    sale: Sale, shopper: ShopClient, clock: Clock
) -> None:
    sale.ends_at = OPENS + timedelta(hours=2)
    sale.save()
    shopper.add(shopper.offer())
    clock.move_to(OPENS + HOLD)
    assert total_at_the_foot(shopper) == "Bag · 1 €4.99"


def test_an_expired_line_can_be_kept_at_list_price(buyer: ShopClient, clock: Clock) -> None:
    clock.move_to(OPENS + HOLD)
    page = buyer.bag()
    assert page.verdicts == ["expired"]
    line = page.one("input[name=line]")["value"]
    buyer.send("/bag/update/", {"line": line, "accept_amount": 4990})
    page = buyer.bag()
    assert page.lines == {"MUG-01": 4990}
    assert page.verdicts == []


def test_looking_at_the_bag_never_removes_a_line(buyer: ShopClient, clock: Clock) -> None:
    clock.move_to(OPENS + timedelta(days=30))
    buyer.bag()
    assert buyer.bag().verdicts == ["expired"]


@pytest.mark.parametrize(("action", "fields"), [("update", {"quantity": 0}), ("remove", {})])
def test_a_line_is_removed_by_its_button_and_by_a_quantity_of_zero(
    buyer: ShopClient, action: str, fields: dict[str, int]
) -> None:
    data = {"line": buyer.bag().one("input[name=line]")["value"], "variant": "MUG-01", **fields}
    assert buyer.send(f"/bag/{action}/", data).status == 303
    assert buyer.bag().lines == {}


def test_a_stale_tab_that_changes_a_line_which_is_gone_is_told(buyer: ShopClient) -> None:
    page = buyer.send("/bag/update/", {"line": "gone", "variant": "", "quantity": 1})
    assert page.status == 422
    assert page.one("[data-obstacle]")["data-obstacle"] == "no_such_line"


def test_sizes_have_to_be_chosen(sale: Sale, shopper: ShopClient) -> None:
    tee = make_product("TEE-01", "Organic tee", variants={"M": 3, "L": 0})
    add_deal(sale, tee, 999)
    message = shopper.offer("TEE-01")
    page = shopper.add(message)
    assert page.status == 422
    assert page.one("[data-obstacle]")["data-obstacle"] == "no_variant"
    assert shopper.add(message, variant="TEE-01-M").status == 303


def test_a_size_that_is_out_of_stock_is_sold_out(sale: Sale, shopper: ShopClient) -> None:
    tee = make_product("TEE-01", "Organic tee", variants={"M": 3, "L": 0})
    add_deal(sale, tee, 999)
    page = shopper.add(shopper.offer("TEE-01"), variant="TEE-01-L")
    assert (page.status, page.verdicts) == (422, ["sold_out"])


def test_a_bad_quantity_is_said(sale: Sale, shopper: ShopClient) -> None:
    for quantity in ("0", "-1", "many", "1000000"):
        page = shopper.send("/bag/add/", {"offer": shopper.offer(), "quantity": quantity})
        assert page.status == 422
        assert page.one("[data-obstacle]")["data-obstacle"] == "bad_quantity"


def test_a_damaged_bag_says_so_and_keeps_what_was_good(buyer: ShopClient) -> None:
    buyer.add(buyer.offer("LMP-01"))
    whole = buyer.cookie("bag")
    buyer.client.cookies["bag"] = whole[:-90]
    page = buyer.bag()
    assert page.status == 200
    assert "could not be read" in page.text


def test_a_full_bag_says_so_and_loses_nothing(sale: Sale, shopper: ShopClient) -> None:
    for number in range(45):
        add_deal(sale, make_product(f"X{number:03d}", f"Thing {number}"), 100 + number)
    showcase.clear()
    offers = shopper.open("/sales/autumn/").offers
    pages = [shopper.add(message) for message in offers.values()]
    full = [page for page in pages if page.status == 422]
    assert full
    assert full[0].one("[data-obstacle]")["data-obstacle"] == "bag_full"
    kept = len(pages) - len(full)
    assert kept >= 20
    assert len(shopper.bag().lines) == kept


def test_two_adds_lose_nothing_when_one_follows_the_other(sale: Sale, shopper: ShopClient) -> None:
    shopper.add(shopper.offer("MUG-01"))
    shopper.add(shopper.offer("LMP-01"))
    assert shopper.bag().lines.keys() == {"MUG-01", "LMP-01"}


def test_htmx_gets_the_same_status_with_a_fragment(sale: Sale, shopper: ShopClient) -> None:
    page = shopper.send("/bag/add/", {"offer": shopper.offer(), "quantity": 1}, htmx=True)
    assert page.status == 303
    assert "<html" not in page.html
    refused = shopper.send("/bag/add/", {"offer": "x", "quantity": 1}, htmx=True)
    assert (refused.status, refused.verdicts) == (422, ["forged"])


def test_a_browser_that_refuses_cookies_is_told_so(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    shopper.client.cookies.clear()
    answer = shopper.client.post("/bag/add/", {"offer": message, "quantity": 1})
    assert answer.status_code == 403
    assert "cookie" in answer.content.decode()


def test_the_bag_is_shown_by_the_showcase_while_the_database_is_away(
    buyer: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr(judging, "read_facts", away)
    page = buyer.bag()
    assert page.status == 200
    assert page.lines == {"MUG-01": 499}


def test_an_offer_signed_with_a_key_that_was_voided_is_not_ours(
    sale: Sale, shopper: ShopClient, settings: Settings
) -> None:
    message = shopper.offer()
    settings.OFFER_KEYS = json.dumps({"keys": [new_key("another")]})
    assert shopper.add(message).verdicts == ["unknown_key"]


def test_an_offer_signed_with_a_key_that_retired_is_honored(
    sale: Sale, shopper: ShopClient, settings: Settings
) -> None:
    old = json.loads(settings.OFFER_KEYS)["keys"][0]
    message = shopper.offer()
    keys = [new_key("another"), {**old, "status": "retiring"}]
    settings.OFFER_KEYS = json.dumps({"keys": keys})
    assert shopper.add(message).status == 303


def test_a_recall_of_one_deal_leaves_the_others(buyer: ShopClient, sale: Sale) -> None:
    buyer.add(buyer.offer("LMP-01"))
    mug = sale.deals.get(product__sku="MUG-01")
    recall(sale=sale, deal=mug, reason="Wrong price.", by=None, now=OPENS)
    page = buyer.bag()
    assert page.verdicts == ["recalled"]
    assert read(buyer.offer("MUG-01")).amount == 499


def test_the_total_is_of_what_can_be_bought(buyer: ShopClient, clock: Clock) -> None:
    clock.move_to(CLOSES - SECOND)
    buyer.add(buyer.offer("LMP-01"), quantity=3)
    assert buyer.bag().one(".summary .total b").get_text() == "€28.69"
    clock.move_to(OPENS + HOLD)
    page = buyer.bag()
    assert page.verdicts == ["expired"]
    assert page.one(".summary .total b").get_text() == "€23.70"


def test_the_head_counts_units(buyer: ShopClient) -> None:
    buyer.add(buyer.offer("LMP-01"), quantity=3)
    assert buyer.bag().one("#bag-link .count").get_text() == "4"


def test_an_allocation_that_is_used_up_is_sold_out(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer("LMP-01")
    Deal.objects.filter(product__sku="LMP-01").update(claimed=49)
    assert shopper.add(message, quantity=2).verdicts == ["sold_out"]
    assert shopper.add(message, quantity=1).status == 303
