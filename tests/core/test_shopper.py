"""Who a browser is: first visits, two tabs at once, other sites, damaged cookies."""

import pytest
from django.test import Client

from shop.core.shopper import Shopper
from shop.qa.pytest_plugin.client import ShopClient, read
from shop.sales.models import Sale


def test_a_browser_keeps_the_id_it_was_given(sale: Sale, shopper: ShopClient) -> None:
    assert read(shopper.offer()).shopper == read(shopper.offer()).shopper


def test_two_tabs_opened_on_a_first_visit_do_not_void_each_others_offers(sale: Sale) -> None:
    tab, other_tab = ShopClient(), ShopClient()
    offer, other_offer = tab.offer("MUG-01"), other_tab.offer("LMP-01")
    # One browser had both requests out before either answer came.
    tab.client.cookies.update(other_tab.client.cookies)
    assert tab.add(offer).status == 303
    assert tab.add(other_offer).status == 303
    assert tab.bag().lines.keys() == {"MUG-01", "LMP-01"}


def test_a_browser_with_two_ids_is_given_one_cookie_that_says_both(sale: Sale) -> None:
    tab, other_tab = ShopClient(), ShopClient()
    tab.offer()
    other_tab.offer()
    tab.client.cookies.update(other_tab.client.cookies)
    tab.bag()
    kept = [
        name
        for name, cookie in tab.client.cookies.items()
        if name.startswith("shopper-") and cookie.value
    ]
    assert len(kept) == 1


def test_another_site_cannot_make_up_who_a_browser_is(sale: Sale) -> None:
    answer = Client().post("/bag/add/", {"offer": "x"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert not [name for name in answer.cookies if name.startswith("shopper")]


def test_a_picture_on_another_site_that_loads_a_page_sets_no_cookie(sale: Sale) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    answer = Client().get("/sales/autumn/", headers=headers)
    assert not [name for name in answer.cookies if name.startswith("shopper")]


def test_following_a_link_from_another_site_is_a_visit_like_any_other(sale: Sale) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = Client().get("/sales/autumn/", headers=headers)
    assert [name for name in answer.cookies if name.startswith("shopper")]


def test_a_cookie_whose_name_cannot_be_set_breaks_no_page(sale: Sale) -> None:
    answer = Client(HTTP_COOKIE="shopper-[x]=1; shopper-=2; shopper-a b=3").get("/sales/autumn/")
    assert answer.status_code == 200
    [name] = [name for name in answer.cookies if name.startswith("shopper-")]
    assert answer.cookies[name].value


def test_a_damaged_cookie_is_a_first_visit(sale: Sale, shopper: ShopClient) -> None:
    shopper.client.cookies["shopper-12345678"] = "damaged"
    assert shopper.add(shopper.offer()).status == 303


def test_an_answer_that_caches_may_share_carries_nobodys_cookie(sale: Sale) -> None:
    tab, other_tab = ShopClient(), ShopClient()
    tab.offer()
    other_tab.offer()
    tab.client.cookies.update(other_tab.client.cookies)
    assert not tab.client.get("/.well-known/jwks.json").cookies


@pytest.fixture
def cookies_read(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Each time that somebody's cookies were read."""
    read_cookies, times = Shopper.from_cookies, []

    def counting(cookies: dict[str, str]) -> Shopper:
        times.append(cookies)
        return read_cookies(cookies)

    monkeypatch.setattr(Shopper, "from_cookies", counting)
    return times


@pytest.mark.parametrize("path", ["/sales/autumn/", "/bag/", "/checkout/"])
def test_a_page_that_asks_often_who_the_shopper_is_reads_the_cookie_once(
    sale: Sale, shopper: ShopClient, cookies_read: list[dict[str, str]], path: str
) -> None:
    shopper.add(shopper.offer())
    cookies_read.clear()
    assert shopper.open(path).status == 200
    assert len(cookies_read) == 1


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", "/healthz", "/nothing-here/"])
def test_a_page_that_is_the_same_for_all_shoppers_reads_no_cookie(
    sale: Sale, shopper: ShopClient, cookies_read: list[dict[str, str]], path: str
) -> None:
    shopper.offer()
    cookies_read.clear()
    shopper.client.get(path)
    assert cookies_read == []
