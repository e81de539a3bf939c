"""The preview: the shop at any instant, for staff alone, and nothing comes of it."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.template.autoreload import reset_loaders
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_script_prefix, reverse
from pytest_django import Settings

from offers import conf, realms, tokens
from offers.terms import Offer
from shop import settings as written
from shop.bag import judging
from shop.catalog.models import Variant
from shop.core import preview
from shop.merchant.preview.views import instants_of
from shop.orders.models import Order
from shop.payments import stripe_client
from shop.qa.pytest_plugin.client import ADDRESS, HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_sale
from shop.sales.holds import extend, recall
from shop.sales.lifecycle import cancel, publish, unpublish
from shop.sales.models import Deal, RefusalCount, Sale
from shop.sales.reference_prices import set_list_price
from shop.sales.refusals import refusals
from shop.sales.showcase import showcase
from shop.staff.models import Staff
from tests.support.factories import make_order
from tests.support.fixtures import Clock

SECOND = timedelta(seconds=1)
LAST = CLOSES - SECOND

type Choose = Callable[..., HtmlPage]


class Previewer(ShopClient):
    """One of the staff, with a browser that looks at previews and follows their forms."""

    def __init__(self, slug: str = "autumn") -> None:
        self.client = Client()
        self.client.force_login(Staff.objects.create_superuser("olga"))
        self.slug = slug

    def path(self, at: datetime, page: str = "") -> str:
        return f"/merchant/sales/{self.slug}/preview/{at:%Y-%m-%dT%H:%M:%SZ}/{page}"

    def look(self, at: datetime, page: str = "sales/autumn/") -> HtmlPage:
        return self.open(self.path(at, page))

    def send(self, path: str, data: dict[str, Any], *, htmx: bool = False) -> HtmlPage:
        headers = {"HX-Request": "true"} if htmx else {}
        answer = self.client.post(path, data, headers=headers)
        if "Location" in answer.headers:
            followed = self.open(answer.headers["Location"])
            return HtmlPage(303, followed.path, followed.html)
        return HtmlPage.of(answer, path)

    def take(self, at: datetime, message: str, quantity: int = 1) -> HtmlPage:
        """Put an offer into the preview's bag."""
        return self.send(self.path(at, "bag/add/"), {"offer": message, "quantity": quantity})

    def checkout(self, at: datetime, **changes: Any) -> HtmlPage:
        """Press the button of the preview's checkout page."""
        form = {**ADDRESS, "shown_total": 499, "confirmation_token": "ctoken_1", **changes}
        return self.send(self.path(at, "checkout/"), form)


@pytest.fixture
def draft(db: None, clock: Clock) -> Sale:
    """The sale of a mug and a lamp, made a day before and never published."""
    clock.move_to(OPENS - timedelta(days=1))
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES, hold=HOLD)
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    Deal.objects.update(was=None, was_as_of=None)
    showcase.clear()
    return sale


@pytest.fixture
def olga(db: None) -> Previewer:
    """Someone who may do everything."""
    return Previewer()


def offers(page: HtmlPage) -> dict[str, str]:
    """The signed messages on a previewed page, by the sku they are for."""
    found = [str(field["value"]) for field in page.soup.select("input[name=offer]")]
    return {read_inside(message).sku: message for message in found}


def read_inside(message: str) -> Offer:
    with realms.entered(preview.REALM):
        return tokens.read_offer(message, conf.ring())


def all_rows() -> dict[str, int]:
    return {str(model._meta.label): model._base_manager.count() for model in apps.get_models()}


# --- What it shows ------------------------------------------------------------


def test_a_draft_is_shown_a_second_early_and_at_its_opening(draft: Sale, olga: Previewer) -> None:
    before, open_ = olga.look(OPENS - SECOND), olga.look(OPENS)
    assert (before.status, offers(before)) == (200, {})
    assert "Put it in my calendar" in before.text
    assert offers(open_).keys() == {"MUG-01", "LMP-01"}
    offer = read_inside(offers(open_)["MUG-01"])
    assert (offer.amount, offer.issued_at) == (499, int(OPENS.timestamp()))


def test_a_draft_is_shown_in_its_last_second_and_closed(draft: Sale, olga: Previewer) -> None:
    last, over = olga.look(LAST), olga.look(CLOSES)
    assert read_inside(offers(last)["MUG-01"]).held_until == LAST + HOLD
    assert offers(over) == {}
    assert "The sale is over. It closed at 12:15" in over.text


def test_a_draft_stays_hidden_from_shoppers(
    draft: Sale, olga: Previewer, shopper: ShopClient, clock: Clock
) -> None:
    assert olga.look(OPENS).status == 200
    clock.move_to(OPENS)
    assert shopper.open("/sales/autumn/").status == 404
    assert "Autumn" not in shopper.open("/").text
    assert "Autumn" in olga.look(OPENS, "").text


def test_a_draft_has_the_reference_price_it_would_be_given(draft: Sale, olga: Previewer) -> None:
    mug = draft.deals.get(product__sku="MUG-01").product
    set_list_price(mug, 3990, now=OPENS - timedelta(hours=20))
    set_list_price(mug, 5990, now=OPENS - timedelta(hours=2))
    page = olga.look(OPENS)
    assert "€39.90" in page.one("[data-deal='autumn/MUG-01'] s").get_text()
    bag = olga.take(OPENS, offers(page)["MUG-01"])
    assert (bag.status, bag.lines) == (303, {"MUG-01": 499})
    publish(draft, now=OPENS)
    assert draft.deals.get(product=mug).was == 3990


def test_a_hidden_sale_keeps_its_fixed_reference_price(sale: Sale, olga: Previewer) -> None:
    unpublish(sale, now=OPENS)
    Deal.objects.update(was=4500)
    assert "€45.00" in olga.look(OPENS).one("[data-deal='autumn/MUG-01'] s").get_text()


def test_a_canceled_sale_is_not_shown(sale: Sale, olga: Previewer) -> None:
    cancel(sale, now=OPENS)
    page = olga.look(OPENS)
    assert (page.status, "There is no such page" in page.text) == (404, True)
    assert "Autumn" not in olga.look(OPENS, "").one("main").get_text()
    assert "was canceled" in olga.open("/merchant/sales/autumn/preview/").text


def test_stock_is_as_it_is_now(draft: Sale, olga: Previewer) -> None:
    Variant.objects.filter(sku="MUG-01").update(claimed=99)
    assert "1 left" in olga.look(OPENS).one("[data-deal='autumn/MUG-01']").get_text()


def test_an_instant_that_is_past_can_be_looked_at_too(sale: Sale, clock: Clock) -> None:
    clock.move_to(CLOSES + timedelta(days=60))
    assert offers(Previewer().look(OPENS)).keys() == {"MUG-01", "LMP-01"}


def test_a_product_has_the_price_of_that_instant(draft: Sale, olga: Previewer) -> None:
    prices = {
        at: read_inside(offers(olga.look(at, "products/mug-01/"))["MUG-01"]).amount
        for at in (OPENS - SECOND, OPENS, LAST, CLOSES)
    }
    assert list(prices.values()) == [4990, 499, 499, 4990]


def test_a_reminder_leads_back_into_the_preview(draft: Sale, olga: Previewer) -> None:
    calendar = olga.look(OPENS - SECOND, "sales/autumn/reminder.ics").html.replace("\r\n ", "")
    assert olga.path(OPENS - SECOND, "sales/autumn/") in calendar


# --- The bag and the checkout -------------------------------------------------


def test_what_was_taken_in_the_last_second_is_held_after_the_close_and_until_the_hold_ends(
    draft: Sale, olga: Previewer
) -> None:
    olga.take(LAST, offers(olga.look(LAST))["MUG-01"])
    assert olga.look(CLOSES, "bag/").verdicts == []
    assert olga.look(LAST + HOLD - SECOND, "bag/").verdicts == []
    assert olga.look(LAST + HOLD, "bag/").verdicts == ["expired"]


def test_the_bag_can_be_changed(draft: Sale, olga: Previewer) -> None:
    message = offers(olga.look(OPENS))["MUG-01"]
    olga.take(OPENS, message)
    line = {"line": read_inside(message).id, "variant": "MUG-01"}
    two = olga.send(olga.path(OPENS, "bag/update/"), {**line, "quantity": 2})
    assert two.one("[data-sku] input[name=quantity]")["value"] == "2"
    none = olga.send(olga.path(OPENS, "bag/remove/"), line)
    assert (none.path, none.lines) == (olga.path(OPENS, "bag/"), {})


def test_a_fragment_is_given_to_htmx(draft: Sale, olga: Previewer) -> None:
    form = {"offer": offers(olga.look(OPENS))["MUG-01"], "quantity": 1}
    page = olga.send(olga.path(OPENS, "bag/add/"), form, htmx=True)
    assert "Stoneware mug is in your bag" in page.text
    assert page.one("a.button")["href"] == olga.path(OPENS, "bag/")
    assert page.soup.select("[data-preview]") == []


def test_checkout_shows_its_page_and_orders_nothing(
    draft: Sale, olga: Previewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise AssertionError("Stripe was asked")

    monkeypatch.setattr(stripe_client, "client", refuse)
    olga.take(LAST, offers(olga.look(LAST))["MUG-01"])
    page = olga.look(CLOSES, "checkout/")
    assert (page.status, page.total) == (200, 499)
    assert page.one("form#checkout")["action"] == olga.path(CLOSES, "checkout/")
    answer = olga.checkout(CLOSES)
    assert answer.status == 422
    assert "This is a preview. Nothing was ordered and nothing was charged." in answer.text
    assert answer.one("[name=email]")["value"] == ADDRESS["email"]
    assert Order.objects.count() == 0
    assert olga.look(CLOSES, "bag/").lines == {"MUG-01": 499}


def test_checkout_without_anything_leads_to_the_previews_bag(draft: Sale, olga: Previewer) -> None:
    page = olga.look(OPENS, "checkout/")
    assert page.path == olga.path(OPENS, "bag/")


# --- Keys of its own ----------------------------------------------------------


@pytest.fixture(params=["", "qa"], ids=["shop", "shop-with-a-clock"])
def realm(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.OFFER_REALM = realm = str(request.param)
    return realm


def test_an_offer_of_a_preview_is_unknown_to_the_shop(
    realm: str, sale: Sale, olga: Previewer, shopper: ShopClient
) -> None:
    page = shopper.add(offers(olga.look(OPENS))["MUG-01"])
    assert (page.status, page.verdicts) == (422, ["unknown_key"])


def test_an_offer_of_the_shop_is_unknown_to_a_preview(
    realm: str, sale: Sale, olga: Previewer, shopper: ShopClient
) -> None:
    page = olga.take(OPENS, shopper.offer())
    assert (page.status, page.verdicts) == (422, ["unknown_key"])


def test_a_bag_of_a_preview_buys_nothing_though_it_was_carried_out_by_hand(
    sale: Sale, olga: Previewer, shopper: ShopClient
) -> None:
    olga.take(OPENS, offers(olga.look(OPENS))["MUG-01"])
    shopper.open("/sales/autumn/")
    shopper.client.cookies["bag"] = olga.cookie("preview-bag")
    assert shopper.bag().verdicts == ["unknown_key"]


def test_its_keys_are_not_published(settings: Settings, olga: Previewer) -> None:
    assert olga.look(OPENS, ".well-known/jwks.json").status == 404


# --- What it leaves alone -----------------------------------------------------


@pytest.mark.parametrize("https", [False, True])
def test_the_browsers_own_shopper_and_bag_are_neither_seen_nor_touched(
    sale: Sale, olga: Previewer, settings: Settings, https: bool
) -> None:
    settings.HTTPS, settings.SECURE_SSL_REDIRECT = https, False
    own = ShopClient()
    own.client = olga.client
    own.client.post("/bag/add/", {"offer": own.offer("LMP-01"), "quantity": 1})
    before = {name: each.value for name, each in olga.client.cookies.items()}
    assert "Bag · 1" not in olga.look(OPENS).text
    answer = olga.client.post(
        olga.path(OPENS, "bag/add/"), {"offer": offers(olga.look(OPENS))["MUG-01"]}
    )
    assert answer.status_code == 303
    (cookie,) = answer.cookies.values()
    assert cookie.key == ("__Secure-preview-__Host-bag" if https else "preview-bag")
    assert (cookie["path"], cookie["max-age"]) == ("/merchant/sales/autumn/preview/", "")
    assert (bool(cookie["secure"]), cookie["httponly"], cookie["samesite"]) == (https, True, "Lax")
    after = {name: each.value for name, each in olga.client.cookies.items()}
    assert {name: after[name] for name in before} == before
    assert {name for name in after if name not in before and name != "csrftoken"} == {
        name for name in after if name.removeprefix("__Secure-").startswith("preview-")
    }
    assert own.bag().lines == {"LMP-01": 790}


def test_a_walk_through_it_writes_nothing(draft: Sale, olga: Previewer) -> None:
    before = all_rows()
    with CaptureQueriesContext(connection) as queries:
        for at in (OPENS - SECOND, OPENS, LAST, CLOSES, LAST + HOLD):
            page = olga.look(at)
            olga.look(at, "")
            olga.look(at, "products/mug-01/")
            for message in offers(page).values():
                olga.take(at, message)
            olga.take(at, "x")
            olga.look(at, "bag/")
            olga.look(at, "checkout/")
            olga.checkout(at)
    assert {each["sql"].lstrip("( ").partition(" ")[0] for each in queries} == {"SELECT"}
    refusals.flush()
    assert all_rows() == before


def test_whoever_would_write_in_it_is_stopped(
    sale: Sale, olga: Previewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "shop.sales.snapshot.Snapshot.sales_by_phase", lambda *_: cancel(sale, now=OPENS)
    )
    with pytest.raises(preview.NotInPreview):
        olga.look(OPENS, "")
    sale.refresh_from_db()
    assert sale.state == Sale.State.PUBLISHED
    assert (get_script_prefix(), realms.in_force()) == ("/", "")


def test_what_is_refused_in_it_does_not_count(sale: Sale, olga: Previewer) -> None:
    assert olga.take(OPENS, "x").verdicts == ["forged"]
    message = offers(olga.look(OPENS))["MUG-01"]
    assert olga.take(OPENS, message, quantity=3).verdicts == ["over_limit"]
    refusals.flush()
    assert RefusalCount.objects.count() == 0


def test_orders_that_wait_to_be_paid_are_not_settled_by_its_clock(
    sale: Sale, olga: Previewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> bool:
        raise AssertionError("Orders were settled")

    monkeypatch.setattr(judging, "settle_blocking_orders", refuse)
    lapses_at = OPENS + timedelta(minutes=10)
    make_order(sale, status=Order.Status.PENDING, paid_at=None, lapses_at=lapses_at)
    Variant.objects.filter(sku="MUG-01").update(stock=2, claimed=2)
    for at in (lapses_at - SECOND, lapses_at, LAST):
        assert olga.take(at, offers(olga.look(at))["MUG-01"]).verdicts == ["sold_out"]
    assert Order.objects.get().status == Order.Status.PENDING


def test_the_shops_cache_has_none_of_it(sale: Sale, olga: Previewer, shopper: ShopClient) -> None:
    reset_loaders()
    showcase.clear()
    for page in ("", "sales/autumn/", "products/mug-01/", "bag/"):
        assert olga.look(OPENS, page).status == 200
    assert not showcase.is_warm
    for path in ("/", "/sales/autumn/", "/products/mug-01/", "/bag/", "/no/such/page/"):
        assert "preview" not in shopper.open(path).html.lower()


def test_addresses_of_files_are_written_from_the_root() -> None:
    """What is relative gets the prefix of whoever asks first, and keeps it for everyone."""
    assert (written.STATIC_URL[0], written.MEDIA_URL[0]) == ("/", "/")


def test_it_shows_nothing_from_the_cache(sale: Sale, olga: Previewer, shopper: ShopClient) -> None:
    for path in ("/", "/sales/autumn/", "/bag/"):
        shopper.open(path)
    Sale.objects.update(title="Fall")
    assert "Fall" in olga.look(OPENS).one("h1").get_text()
    assert "Autumn" in shopper.open("/sales/autumn/").one("h1").get_text()


# --- Where one is -------------------------------------------------------------


def addresses(page: HtmlPage) -> Iterator[str]:
    """Where the links and forms of a page lead, without those of the bar on top of it."""
    for bar in page.soup.select("[data-preview]"):
        bar.decompose()
    for name in ("href", "action", "hx-post", "hx-get", "src"):
        for each in page.soup.select(f"[{name}]"):
            yield str(each[name])


@pytest.mark.parametrize(
    ("at", "page"),
    [
        (OPENS - SECOND, ""),
        (OPENS - SECOND, "sales/autumn/"),
        (OPENS, ""),
        (OPENS, "sales/autumn/"),
        (OPENS, "products/mug-01/"),
        (OPENS, "bag/"),
        (OPENS, "checkout/"),
        (OPENS, "no/such/page/"),
        (CLOSES, "sales/autumn/"),
        (CLOSES + timedelta(hours=3), "bag/"),
    ],
)
def test_links_and_forms_stay_in_it(draft: Sale, olga: Previewer, at: datetime, page: str) -> None:
    olga.take(OPENS, offers(olga.look(OPENS))["MUG-01"])
    inside = olga.path(at)
    elsewhere = re.compile(r"(/static/|/media/|#|$)|https?://[^/]+/v3/")
    strays = [
        each
        for each in addresses(olga.look(at, page))
        if not each.startswith(inside) and not elsewhere.match(each)
    ]
    assert [each for each in strays if "stripe" not in each] == []


def test_the_bar_says_when_it_is_and_leads_out(draft: Sale, olga: Previewer) -> None:
    bar = olga.look(LAST, "bag/").one("[data-preview]")
    words = " ".join(bar.get_text(" ").split())
    assert "A preview: Friday, 27 November 2026, 12:14:59, Berlin time" in words
    assert "Nothing here can be bought." in words
    way_out = reverse("admin:sales_sale_change", args=[draft.pk])
    assert bar.select(f"a[href='{way_out}']")
    stops = {str(each["href"]): each for each in bar.select("li a")}
    instants = [OPENS - SECOND, OPENS, LAST, CLOSES, LAST + HOLD - SECOND, LAST + HOLD]
    assert list(stops) == [olga.path(at, "bag/") for at in instants]
    assert [each for each, link in stops.items() if link.has_attr("aria-current")] == [
        olga.path(LAST, "bag/")
    ]
    assert bar.select("input[type=datetime-local]")[0]["value"] == "2026-11-27T12:14:59"


def test_from_what_was_refused_the_bar_leads_on_to_the_bag(draft: Sale, olga: Previewer) -> None:
    bar = olga.take(OPENS, "x").one("[data-preview]")
    assert {str(each["href"]).partition("Z/")[2] for each in bar.select("li a")} == {"bag/"}
    assert bar.select("input[name=page]")[0]["value"] == "/bag/"


def test_its_answers_are_kept_nowhere_and_found_by_nobody(sale: Sale, olga: Previewer) -> None:
    for page in ("", "sales/autumn/", "bag/", "checkout/", "no/such/page/"):
        answer = olga.client.get(olga.path(OPENS, page))
        assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
        assert answer["X-Robots-Tag"] == "noindex"


def test_it_has_the_policy_of_its_page(sale: Sale, olga: Previewer, shopper: ShopClient) -> None:
    olga.take(OPENS, offers(olga.look(OPENS))["MUG-01"])
    shopper.add(shopper.offer())
    policies = []
    for page in ("sales/autumn/", "checkout/"):
        real = shopper.client.get(f"/{page}")
        shown = olga.client.get(olga.path(OPENS, page))
        assert shown.status_code == real.status_code == 200
        assert shown["Content-Security-Policy"] == real["Content-Security-Policy"]
        policies.append(shown["Content-Security-Policy"])
    assert policies[0] != policies[1]


@pytest.mark.parametrize(
    "page",
    [
        "orders/some-token/",
        "orders/some-token/cancel/",
        "orders/mine/FF-12345678/",
        "stripe/webhook/",
        "merchant/",
        "merchant/sales/autumn/preview/",
        "media/x.webp",
        "healthz",
        "readyz",
        "qa/",
        "no/such/page/",
        "/",
    ],
)
def test_what_follows_no_clock_has_no_preview(sale: Sale, olga: Previewer, page: str) -> None:
    make_order(sale, status=Order.Status.PENDING, paid_at=None)
    for answer in (olga.look(OPENS, page), olga.send(olga.path(OPENS, page), {})):
        assert answer.status == 404
        assert answer.soup.select("[data-preview]")


@pytest.mark.parametrize("page", ["", "sales/autumn", "products/mug-01", "bag", "checkout"])
def test_a_missing_last_slash_leads_to_the_page(draft: Sale, olga: Previewer, page: str) -> None:
    path = olga.path(OPENS, page).rstrip("/")
    answer = olga.client.get(f"{path}?from=mail")
    assert (answer.status_code // 100, answer.headers["Location"]) == (3, f"{path}/?from=mail")


def test_an_address_that_is_no_page_is_not_found(draft: Sale, olga: Previewer) -> None:
    assert olga.client.get(olga.path(OPENS, "no/such/page")).status_code == 404


@pytest.mark.parametrize(
    "instant",
    [
        "1999-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-11-27T24:30:00Z",
        "2026-11-27T12:00:00+01:00",
        "2026-11-27",
        "now",
    ],
)
def test_what_is_no_instant_has_no_preview(sale: Sale, olga: Previewer, instant: str) -> None:
    path = f"/merchant/sales/autumn/preview/{instant}/"
    assert olga.open(path).status == 404


@pytest.mark.parametrize("instant", ["2000-01-01T00:00:00Z", "2999-12-31T23:59:59Z"])
def test_the_first_and_the_last_instant_have_one(sale: Sale, olga: Previewer, instant: str) -> None:
    for page in ("", "sales/autumn/", "products/mug-01/", "bag/"):
        assert olga.open(f"/merchant/sales/autumn/preview/{instant}/{page}").status == 200


# --- Choosing an instant ------------------------------------------------------


@pytest.fixture
def choose(draft: Sale, olga: Previewer) -> Choose:
    def ask(at: str, page: str = "") -> HtmlPage:
        path = reverse("admin:sale_preview", args=["autumn"])
        answer = olga.client.get(path, {"at": at, "page": page}, follow=True)
        return HtmlPage.of(answer, path)

    return ask


def test_the_instants_of_a_sale_are_there_to_choose_from(draft: Sale, olga: Previewer) -> None:
    page = olga.open("/merchant/sales/autumn/preview/")
    links = [(each.get_text(), str(each["href"])) for each in page.soup.select(".instants a")]
    assert links == [
        ("One second before Autumn opens", olga.path(OPENS - SECOND, "sales/autumn/")),
        ("Autumn opens", olga.path(OPENS, "sales/autumn/")),
        ("One second before Autumn closes", olga.path(LAST, "sales/autumn/")),
        ("Autumn closes", olga.path(CLOSES, "sales/autumn/")),
        (
            "One second before the last price of Autumn runs out",
            olga.path(LAST + HOLD - SECOND, "sales/autumn/"),
        ),
        ("The last price of Autumn runs out", olga.path(LAST + HOLD, "sales/autumn/")),
        ("As it is now", olga.path(OPENS - timedelta(days=1), "sales/autumn/")),
    ]
    assert "is hidden" in page.text
    for _, path in links:
        assert olga.open(path).status == 200


def test_any_instant_is_written_as_the_sales_wall_shows_it(choose: Choose, olga: Previewer) -> None:
    assert choose("2026-11-27 12:14:59").path == olga.path(LAST, "sales/autumn/")
    assert choose("2026-11-27T12:14:59").path == olga.path(LAST, "sales/autumn/")
    assert choose("2026-11-27 11:14:59Z").path == olga.path(LAST, "sales/autumn/")


def test_one_stays_on_the_page_that_one_looked_at(choose: Choose, olga: Previewer) -> None:
    for page in ("", "bag/", "products/mug-01/"):
        form = olga.look(OPENS, page).one("[data-preview] form")
        sent = str(form.select("input[name=page]")[0]["value"])
        assert choose("2026-11-27 12:14:59", sent).path == olga.path(LAST, page)


@pytest.mark.parametrize(
    "page", ["", "bag/", "/orders/x/", "/../../", "//example.org/", "https://example.org"]
)
def test_no_other_page_than_one_that_has_a_preview_is_gone_to(
    choose: Choose, olga: Previewer, page: str
) -> None:
    assert choose("2026-11-27 12:14:59", page).path == olga.path(LAST, "sales/autumn/")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-03-29 02:30", "There is no 2026-03-29 02:30:00 in Europe/Berlin"),
        ("2026-10-25 02:30", "comes twice in Europe/Berlin: clocks are put back over it."),
        ("1999-12-31 12:00", "The year has to be from 2000 to 2999."),
        ("2000-01-01 00:30", "The year has to be from 2000 to 2999."),
        ("2999-12-31 23:30-05:00", "The year has to be from 2000 to 2999."),
        ("soon", "Write it as"),
        ("", "This field is required."),
    ],
)
def test_what_is_not_one_instant_is_said_so(choose: Choose, written: str, told: str) -> None:
    page = choose(written, "/bag/")
    assert told in page.text
    assert page.one("input[name=page]")["value"] == "/bag/"


def test_a_window_ending_within_a_second_closes_at_the_next(draft: Sale, olga: Previewer) -> None:
    draft.ends_at = CLOSES + timedelta(milliseconds=500)
    draft.save()
    instants = {each.text: each.at for each in instants_of(draft)}
    assert instants["Autumn closes"] == CLOSES + SECOND
    assert offers(olga.look(instants["Autumn closes"])) == {}
    assert offers(olga.look(instants["One second before Autumn closes"])) != {}


def test_extensions_and_recalls_are_those_of_now(sale: Sale, olga: Previewer, clock: Clock) -> None:
    olga.take(LAST, offers(olga.look(LAST))["MUG-01"])
    clock.move_to(CLOSES)
    extend(sale=sale, seconds=600, by=None, now=CLOSES)
    assert olga.look(LAST + HOLD, "bag/").verdicts == []
    texts = [each.text for each in instants_of(sale)]
    assert texts[-1] == "The last price of Autumn that is held longer runs out"
    recall(sale=sale, reason="The mugs crack.", by=None, now=CLOSES)
    assert olga.look(CLOSES, "bag/").verdicts == ["recalled"]
