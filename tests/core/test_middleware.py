"""What the shop believes of a request: where a form comes from, and what Back may show."""

from django.test import Client

from shop.qa.pytest_plugin.client import ShopClient
from shop.sales.models import Sale

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def test_a_form_needs_no_token_where_the_browser_vouches(sale: Sale, shopper: ShopClient) -> None:
    form = {"offer": shopper.offer(), "quantity": 1}
    assert shopper.client.post("/bag/add/", form, headers=SAME_ORIGIN).status_code == 303


def test_a_form_of_another_site_is_refused(sale: Sale, shopper: ShopClient) -> None:
    form = {"offer": shopper.offer(), "quantity": 1}
    for site in ("cross-site", "same-site", "none"):
        answer = shopper.client.post("/bag/add/", form, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403


def test_a_form_tells_a_browser_that_it_keeps_no_cookie(sale: Sale, shopper: ShopClient) -> None:
    message = shopper.offer()
    answer = Client(enforce_csrf_checks=True).post(
        "/bag/add/", {"offer": message, "quantity": 1}, headers=SAME_ORIGIN
    )
    assert answer.status_code == 403
    assert "cookie" in answer.content.decode()


def test_private_pages_do_not_vary_by_cookie(sale: Sale, shopper: ShopClient) -> None:
    assert "Cookie" not in shopper.client.get("/sales/autumn/").get("Vary", "")


def test_no_part_of_the_bag_is_kept_for_the_back_button(sale: Sale, shopper: ShopClient) -> None:
    headers = {"HX-Request": "true", "HX-Target": "bag"}
    assert "no-store" in shopper.client.get("/bag/", headers=headers)["Cache-Control"]
