"""The form of a sale: what it means, what follows from saving it, and two who write at once."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from shop.catalog.models import Product
from shop.core.durations import exact_duration
from shop.core.time_fields import DurationField
from shop.merchant.forms.money_fields import reduced
from shop.merchant.sales.window_summary import summary_of_input
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS, make_product, make_sale
from shop.sales.holds import extend, recall
from shop.sales.models import Change, Deal, Extension, Recall, Sale
from shop.sales.sense_facts import ACKNOWLEDGED
from shop.staff.roles import Role, give_role
from tests.support.factories import refreshed
from tests.support.fixtures import Clock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def other(db: None) -> Merchant:
    """Somebody else at another desk."""
    return Merchant("bob")


def act_page(sale: Sale, name: str) -> str:
    return reverse(f"admin:sales_sale_{name}", args=[sale.pk])


def hidden(sale: Sale) -> Sale:
    """The sale as a draft that was never published."""
    Sale.objects.filter(pk=sale.pk).update(state="draft", published_at=None)
    sale.deals.update(was=None, was_as_of=None)
    sale.refresh_from_db()
    return sale


def another_sale(title: str, starts_at: datetime, ends_at: datetime) -> Sale:
    """A draft of a mug, in Berlin."""
    sale = Sale.objects.create(
        slug=title.lower(),
        title=title,
        time_zone="Europe/Berlin",
        starts_at=starts_at,
        ends_at=ends_at,
    )
    Deal.objects.create(sale=sale, product=Product.objects.get(sku="MUG-01"), price=450)
    return sale


def save(merchant: Merchant, page: HtmlPage) -> HtmlPage:
    """Send a page's form once more, as it came back."""
    form = fields_of(page.one("#content form"))
    return merchant.send(page.path, form | {"_save": "Save"})


def said_first(page: HtmlPage) -> str:
    """What has to be read before the sale is saved."""
    return " ".join(each.get_text(" ", strip=True) for each in page.soup.select(".impact li"))


# --- What is written ------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30", 1800),
        ("30 minutes", 1800),
        ("30 min", 1800),
        ("90 s", 90),
        ("1 h 30 min", 5400),
        ("1 hour, 30 minutes", 5400),
        ("2 Days", 172_800),
        ("", None),
    ],
)
def test_a_hold_is_written_as_people_say_it(written: str, seconds: int | None) -> None:
    assert DurationField(required=False).clean(written) == seconds


@pytest.mark.parametrize("written", ["soon", "30 fortnights", "0.5 seconds", "-5", "h"])
def test_what_is_no_span_of_time_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        DurationField().clean(written)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "1 minute 30 seconds"), (5400, "1 hour 30 minutes"), (86_400, "1 day")],
)
def test_a_span_is_told_in_full_and_read_back_the_same(seconds: int, words: str) -> None:
    assert exact_duration(seconds) == words
    assert DurationField().clean(words) == seconds


@pytest.mark.parametrize(
    ("list_price", "off", "currency", "price"),
    [
        (4990, "30", "EUR", 3493),
        (999, "33.3", "EUR", 666),
        (999, "50", "JPY", 499),
        (4999, "10", "KWD", 4490),
        (1, "99", "EUR", 1),
    ],
)
def test_no_reduction_is_rounded_down(list_price: int, off: str, currency: str, price: int) -> None:
    assert reduced(list_price, Decimal(off), currency) == price


def test_a_reduction_off_the_list_price_is_kept_as_a_price(merchant: Merchant, sale: Sale) -> None:
    merchant.change_and_confirm(page_of(sale), deals__0__price="30%")
    assert Deal.objects.get(product__sku="MUG-01").price == 3493
    assert merchant.form(page_of(sale))["deals-0-price"] == "34.93"


def test_a_reduction_to_its_price_is_none(merchant: Merchant, sale: Sale, clock: Clock) -> None:
    clock.move_to(OPENS - MINUTE)
    Deal.objects.filter(product__sku="MUG-01").update(price=3493)
    merchant.change(page_of(sale), deals__0__price="30%")
    assert not Change.objects.filter(field="price").exists()


def test_another_product_takes_the_price_in_its_currency(merchant: Merchant, sale: Sale) -> None:
    make_product("YEN", "Teacup", list_price=1000, currency="JPY")
    Deal.objects.filter(product__sku="MUG-01").update(price=500)
    merchant.change(page_of(hidden(sale)), deals__0__product="YEN", deals__0__price="5")
    assert Deal.objects.get(product__sku="YEN").price == 5
    changes = Change.objects.filter(field__in=["product", "price"]).order_by("pk")
    assert [(each.before, each.after) for each in changes] == [("MUG-01", "YEN"), (500, 5)]


def test_a_price_that_its_currency_cannot_have_is_refused(merchant: Merchant, sale: Sale) -> None:
    make_product("YEN", "Teacup", list_price=1000, currency="JPY")
    page = merchant.change(page_of(hidden(sale)), deals__0__product="YEN")
    assert "Amounts in JPY have no decimals." in errors(page)


def test_an_unknown_zone_is_refused_with_other_changes(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), time_zone="Mars/X", starts_at="2026-11-27 11:00")
    assert "Mars/X is not a time zone" in errors(page)


# --- The window summary ----------------------------------------------------------------


def summary(**changes: Any) -> str:
    written = {
        "time_zone": "Europe/Berlin",
        "starts_at": "2026-11-27 12:00",
        "ends_at": "2026-11-27 12:15",
        "hold_seconds": "30 minutes",
    }
    found = summary_of_input(written | changes, OPENS - MINUTE)
    return " ".join((*found.wrong, *found.sentences))


def test_the_hold_is_spelled_out() -> None:
    assert "a page opened in the last second is honored until 12:45, Berlin time." in summary()
    assert "honored until 12:16, Berlin time" in summary(hold_seconds="60 s")
    assert "honored until Saturday, 28 November, 12:15" in summary(hold_seconds="1 day")


def test_the_window_is_told_with_its_length_and_in_utc() -> None:
    told = summary()
    assert "Open on Friday, 27 November, 12:00, Berlin time, for 15 minutes" in told
    assert "In UTC, 11:00 to 11:15." in told


@pytest.mark.parametrize(
    ("window", "told"),
    [
        (("2027-03-28 01:30", "2027-03-28 03:30"), "for 1 hour: until 03:30"),
        (("2027-03-28 01:30", "2027-03-28 03:30"), "Clocks are put forward in between, by 1 hour."),
        (("2026-10-25 01:30", "2026-10-25 03:30"), "for 3 hours: until 03:30"),
        (("2026-10-25 01:30", "2026-10-25 03:30"), "Clocks are put back in between, by 1 hour."),
        (("2027-03-28 02:30", "2027-03-28 03:30"), "There is no 2027-03-28 02:30:00"),
        (("2026-10-25 02:30", "2026-10-25 03:30"), "comes twice in Europe/Berlin"),
        (("2026-11-27 12:00", "2026-11-27 12:00"), "has to end after it starts"),
        (("2025-11-27 12:00", "2025-11-27 12:15"), "That is over."),
    ],
)
def test_what_clocks_do_to_a_window_is_told(window: tuple[str, str], told: str) -> None:
    assert told in summary(starts_at=window[0], ends_at=window[1])


def test_the_window_summary_follows_what_is_typed(merchant: Merchant, sale: Sale) -> None:
    typed = {**merchant.form(page_of(sale)), "hold_seconds": "2 h"}
    page = merchant.client.get(reverse("admin:sales_sale_window_summary"), typed)
    assert "honored until 14:15, Berlin time" in page.content.decode()
    assert "honored until 12:45, Berlin time" in merchant.open(page_of(sale)).text


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd"])
def test_a_zone_that_is_none_is_named(zone: str) -> None:
    assert "is not a time zone" in summary(time_zone=zone)


def test_a_sale_across_a_skipped_hour_is_as_long_as_it_says(merchant: Merchant, sale: Sale) -> None:
    merchant.change_and_confirm(
        page_of(sale), starts_at="2027-03-28 01:30", ends_at="2027-03-28 03:30"
    )
    assert refreshed(sale).ends_at - sale.starts_at == timedelta(hours=1)


# --- What follows -----------------------------------------------------------------


def test_a_higher_price_says_what_the_held_one_may_cost(
    merchant: Merchant, sale: Sale, shopper: ShopClient
) -> None:
    message = shopper.offer()
    page = merchant.change(page_of(sale), deals__0__price="5.99")
    told = said_first(page)
    assert "until Friday, 27 November, 12:30, Berlin time at the latest" in told
    assert "for 150 units and €894.00 at the most" in told
    assert "Stoneware mug: whoever was shown €4.99 still pays that." in told
    assert "That is 100 units at the most, and €100.00 less than at the new price." in told
    assert Deal.objects.get(product__sku="MUG-01").price == 499, "nothing is saved yet"
    save(merchant, page)
    assert Deal.objects.get(product__sku="MUG-01").price == 599
    assert shopper.add(message).lines == {"MUG-01": 499}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"deals__0__price": "3.99"}, "a bag takes the lower price by itself"),
        ({"ends_at": "2026-11-27 12:10"}, "The sale now closes on Friday, 27 November, 12:10"),
        ({"ends_at": "2026-11-27 12:05", "starts_at": "2026-11-27 11:50"}, "closes at once"),
        ({"starts_at": "2026-11-27 12:14"}, "no more offers until it opens on"),
        ({"hold_seconds": "10 min"}, "hold their prices for 10 minutes; those that are open keep"),
        ({"deals__0__max_per_shopper": "1"}, "whoever was shown that 2 are the most"),
        ({"deals__1__allocation": "10"}, "what is set aside bounds the held prices too: 50 before"),
        ({"deals__0__withdrawn": "on"}, "Stoneware mug is shown no more."),
    ],
)
def test_what_becomes_of_offers_is_said_before_it_is_saved(
    merchant: Merchant, sale: Sale, clock: Clock, changes: dict[str, str], told: str
) -> None:
    clock.move_to(OPENS + 5 * MINUTE)
    page = merchant.change(page_of(sale), **changes)
    assert told in said_first(page)
    assert not Change.objects.exclude(field="state").exists()
    assert errors(save(merchant, page)) == ""
    others = Change.objects.exclude(field__in=["state", ACKNOWLEDGED])
    assert others.count() == len(changes)


def test_another_change_is_asked_about_anew(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), deals__0__price="5.99")
    form = fields_of(page.one("#content form")) | {"deals-0-price": "9.99", "_save": "Save"}
    page = merchant.send(page_of(sale), form)
    assert "€500.00 less than at the new price" in said_first(page)


def test_what_was_agreed_to_is_one_change_of_one_product(merchant: Merchant, sale: Sale) -> None:
    Product.objects.update(name="Mug")
    Deal.objects.update(price=499)
    page = merchant.change(page_of(sale), deals__0__price="5.99")
    form = fields_of(page.one("#content form"))
    other = {"deals-0-price": "4.99", "deals-1-price": "5.99", "_save": "Save"}
    assert "Mug: whoever was shown €4.99" in said_first(merchant.send(page_of(sale), form | other))
    assert not Deal.objects.filter(price=599).exists()


def test_an_early_confirmation_is_asked_anew(merchant: Merchant, sale: Sale, clock: Clock) -> None:
    another_sale("Winter", OPENS, CLOSES)
    clock.move_to(OPENS - MINUTE)
    page = merchant.change(page_of(sale), deals__0__price="5.99")
    assert "Stoneware mug is in Winter (a draft) too" in said_first(page)
    clock.move_to(OPENS)
    assert "whoever was shown €4.99 still pays that" in said_first(save(merchant, page))
    assert sale.deals.get(product__sku="MUG-01").price == 499


def test_words_touch_no_promise_and_are_saved_at_once(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), title="Fall", deals__0__position="7")
    assert said_first(page) == ""
    assert refreshed(sale).title == "Fall"


@pytest.mark.parametrize("when", [OPENS - MINUTE, CLOSES + HOLD])
def test_where_nothing_is_out_nothing_is_asked(
    merchant: Merchant, sale: Sale, clock: Clock, when: datetime
) -> None:
    clock.move_to(when)
    page = merchant.change(page_of(sale), deals__0__price="5.99")
    assert said_first(page) == ""
    assert Deal.objects.get(product__sku="MUG-01").price == 599


def test_what_is_wrong_is_said_before_what_follows(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), deals__0__price="5.99", title="")
    assert said_first(page) == ""
    assert "required" in errors(page)
    assert "Nothing is saved yet" not in page.text


def test_a_second_price_of_a_product_is_said_first_and_not_again(
    merchant: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS - MINUTE)
    another_sale("Winter", CLOSES - MINUTE, CLOSES + MINUTE)
    page = merchant.change(page_of(sale), deals__0__price="5.10")
    told = said_first(page)
    assert "Stoneware mug is in Winter (a draft) too, on Friday, 27 November until 12:16" in told
    assert "at €4.50, and here at €5.10." in told
    save(merchant, page)
    assert sale.deals.all()[0].price == 510
    assert said_first(merchant.change(page_of(sale), title="Fall")) == ""
    acknowledged = Change.objects.get(field=ACKNOWLEDGED)
    assert acknowledged.made_by == merchant.user
    history = merchant.open(reverse("admin:sales_sale_history", args=[sale.pk])).text
    assert "Warning acknowledged: Stoneware mug is in Winter" in history


def test_a_sale_that_is_over_overlaps_nothing(merchant: Merchant, sale: Sale, clock: Clock) -> None:
    winter = another_sale("Winter", OPENS, CLOSES + 60 * MINUTE)
    clock.move_to(CLOSES - MINUTE)
    assert "is in Autumn too" in merchant.change(page_of(winter), deals__0__price="4.40").text
    clock.move_to(CLOSES)
    page = merchant.change(page_of(winter), deals__0__price="4.30")
    assert "is in Autumn too" not in page.text


@pytest.mark.parametrize(("written", "is_told"), [("49.90", True), ("49.89", False)])
def test_a_price_that_shoppers_do_not_see_as_a_reduction_is_said_first(
    merchant: Merchant, sale: Sale, clock: Clock, written: str, is_told: bool
) -> None:
    clock.move_to(OPENS - MINUTE)
    told = said_first(merchant.change(page_of(sale), deals__0__price=written))
    assert ("Stoneware mug: shoppers see no reduction, as it was €49.90" in told) is is_told


def test_who_may_only_look_reads_what_people_read(sale: Sale) -> None:
    viewer = Merchant("vera")
    viewer.user.is_superuser = False
    viewer.user.save()
    give_role(viewer.user, Role.VIEWER)
    viewer.client.force_login(viewer.user)
    page = viewer.open(page_of(sale))
    for told in ("€4.99", "30 minutes", "2026-11-27 12:00 to 12:15, Europe/Berlin"):
        assert told in page.text
    assert "1800" not in page.text
    assert "499" not in page.text.replace("€4.99", "")


@pytest.mark.parametrize("recalled", [False, True])
def test_a_sale_that_was_called_off_says_so_everywhere(
    merchant: Merchant, sale: Sale, clock: Clock, recalled: bool
) -> None:
    clock.move_to(OPENS + 5 * MINUTE)
    box = {"recall": "on", "reason": "Fire"} if recalled else {}
    merchant.change(act_page(sale, "cancel"), **box)
    clock.move_to(OPENS + 6 * MINUTE)
    for path in (page_of(sale), reverse("admin:sale_live", args=[sale.slug])):
        text = merchant.open(path).text
        assert ("Prices are held for 29 minutes more." in text) is not recalled
        assert ("No price of it is held any more." in text) is recalled
    report = merchant.open(reverse("admin:sale_report", args=[sale.slug])).text
    assert "The sale is open" not in report
    assert ("The sale is canceled, and its prices are held until 12:35" in report) is not recalled


def test_sales_one_after_the_other_do_not_overlap(merchant: Merchant, sale: Sale) -> None:
    later = another_sale("Later", CLOSES, CLOSES + MINUTE)
    assert "is in Autumn too" not in merchant.change(page_of(later), title="Last").text


# --- Two at once ------------------------------------------------------------------


def test_the_second_sees_the_first_change(merchant: Merchant, other: Merchant, sale: Sale) -> None:
    opened = merchant.form(page_of(sale))
    other.change(page_of(sale), text="Everything must go")
    page = merchant.send(page_of(sale), opened | {"title": "Fall", "_save": "Save"})
    assert "While you were writing, this sale was changed." in errors(page)
    assert "bob: Text: → Everything must go" in errors(page).replace("  ", " ")
    kept = fields_of(page.one("#content form"))
    assert (kept["title"], kept["text"]) == ("Fall", "Everything must go")
    save(merchant, page)
    assert (refreshed(sale).title, sale.text) == ("Fall", "Everything must go")


def test_a_box_that_the_first_unticked_is_shown_unticked_to_the_second(
    merchant: Merchant, other: Merchant, sale: Sale
) -> None:
    merchant.change(page_of(sale), delayed_payment="on")
    opened = merchant.form(page_of(sale))
    assert opened["delayed_payment"] == "on"
    unticked = {name: value for name, value in opened.items() if name != "delayed_payment"}
    other.send(page_of(sale), unticked | {"_save": "Save"})
    page = merchant.send(page_of(sale), opened | {"title": "Fall", "_save": "Save"})
    assert "bob: Bank debits too: yes → no" in errors(page)
    assert "delayed_payment" not in fields_of(page.one("#content form"))
    save(merchant, page)
    assert (refreshed(sale).title, sale.delayed_payment) == ("Fall", False)


def test_where_both_changed_a_field_the_second_decides_knowingly(
    merchant: Merchant, other: Merchant, sale: Sale
) -> None:
    opened = merchant.form(page_of(sale))
    other.change_and_confirm(page_of(sale), deals__0__price="5.99")
    page = merchant.send(page_of(sale), opened | {"deals-0-price": "6.99", "_save": "Save"})
    assert "Somebody changed this too, to 5.99." in errors(page)
    assert fields_of(page.one("#content form"))["deals-0-price"] == "6.99"
    assert Deal.objects.get(product__sku="MUG-01").price == 599
    page = save(merchant, page)
    save(merchant, page)
    assert Deal.objects.get(product__sku="MUG-01").price == 699


def test_what_somebody_left_alone_never_overwrites_what_another_wrote(
    merchant: Merchant, other: Merchant, sale: Sale
) -> None:
    """Also where the first was no person, and left no record."""
    opened = merchant.form(page_of(sale))
    Deal.objects.filter(product__sku="MUG-01").update(price=599, withdrawn=True)
    merchant.send(page_of(sale), opened | {"title": "Fall", "_save": "Save"})
    sale.refresh_from_db()
    deal = Deal.objects.get(product__sku="MUG-01")
    assert (sale.title, deal.price, deal.withdrawn) == ("Fall", 599, True)


@pytest.mark.parametrize(
    "window",
    [
        {},
        {"starts_at": "2026-11-27 20:00", "ends_at": "2026-11-27 20:15"},
        {"ends_at": "2026-11-27 13:00"},
    ],
    ids=["same clock", "same instants", "another end"],
)
def test_another_zone_of_somebody_else_is_the_one_that_the_window_is_shown_in(
    merchant: Merchant, other: Merchant, sale: Sale, window: dict[str, str]
) -> None:
    opened = merchant.form(page_of(hidden(sale)))
    other.change(page_of(sale), time_zone="Asia/Tokyo", **window)
    theirs = other.form(page_of(sale))
    page = merchant.send(page_of(sale), opened | {"title": "Fall", "_save": "Save"})
    shown = fields_of(page.one("#content form"))
    names = ["time_zone", "starts_at", "ends_at", "initial-starts_at"]
    assert [shown[name] for name in names] == [theirs[name] for name in names]
    assert errors(save(merchant, page)) == ""
    saved = merchant.form(page_of(sale))
    assert [saved[name] for name in names] == [theirs[name] for name in names]
    assert refreshed(sale).title == "Fall"


def test_a_window_that_was_typed_keeps_its_instant_in_another_zone_of_somebody_else(
    merchant: Merchant, other: Merchant, sale: Sale
) -> None:
    opened = merchant.form(page_of(hidden(sale)))
    instants = {"starts_at": "2026-11-27 20:00", "ends_at": "2026-11-27 20:15"}
    other.change(page_of(sale), time_zone="Asia/Tokyo", **instants)
    typed = opened | {"ends_at": "2026-11-27 13:00", "_save": "Save"}
    page = merchant.send(page_of(sale), typed)
    assert fields_of(page.one("#content form"))["ends_at"] == "2026-11-27 21:00:00"
    save(merchant, page)
    assert refreshed(sale).ends_at == OPENS + 60 * MINUTE


def test_a_deal_taken_out_is_no_row(merchant: Merchant, other: Merchant, sale: Sale) -> None:
    opened = merchant.form(page_of(hidden(sale)))
    other.change(page_of(sale), deals__0__DELETE="on")
    typed = opened | {"title": "Fall", "deals-1-price": "7.77", "_save": "Save"}
    page = merchant.send(page_of(sale), typed)
    assert "bob: MUG-01: taken out" in errors(page)
    assert fields_of(page.one("#content form"))["deals-0-price"] == "7.77"
    assert errors(save(merchant, page)) == ""
    assert (refreshed(sale).title, sale.deals.get().price) == ("Fall", 777)


def test_what_is_done_to_offers_does_not_hinder_a_writer(merchant: Merchant, sale: Sale) -> None:
    opened = merchant.form(page_of(sale))
    extend(sale=sale, seconds=60, by=None, now=OPENS)
    recall(sale=sale, reason="A slip", by=None, now=OPENS)
    page = merchant.send(page_of(sale), opened | {"title": "Fall", "_save": "Save"})
    assert errors(page) == ""
    assert refreshed(sale).title == "Fall"


def test_unchanged_words_keep_the_spaces_of_a_document(merchant: Merchant, sale: Sale) -> None:
    """Fields cut the spaces off around what was typed; a document keeps them."""
    Sale.objects.update(text="a\nb \n", title=" Autumn")
    assert errors(merchant.change(page_of(sale), hold_seconds="30 min")) == ""
    assert not Change.objects.exclude(field="state").exists()
    assert errors(merchant.change(page_of(sale), text="More", title="Fall")) == ""
    assert (refreshed(sale).text, sale.title) == ("More", "Fall")


@pytest.mark.parametrize("changes", [{"title": "Fall"}, {"deals-0-price": "5.99"}])
def test_a_double_click_on_save_tells_nobody_of_their_own_change(
    merchant: Merchant, sale: Sale, clock: Clock, changes: dict[str, str]
) -> None:
    clock.move_to(OPENS - MINUTE)
    sent = merchant.form(page_of(sale)) | changes | {"_save": "Save"}
    assert merchant.client.post(page_of(sale), sent).status_code == 302
    assert merchant.client.post(page_of(sale), sent).status_code == 302
    assert Change.objects.exclude(field="state").count() == 1


@pytest.mark.parametrize("is_draft", [False, True])
def test_a_double_click_on_a_new_deal_adds_it_once(
    merchant: Merchant, sale: Sale, clock: Clock, is_draft: bool
) -> None:
    clock.move_to(OPENS - MINUTE)
    hat = make_product("HAT", "Hat", list_price=1000)
    if is_draft:
        hidden(sale)
    row = {"product": hat.sku, "price": "5", "max_per_shopper": "1", "position": "2"}
    new = {f"deals-2-{name}": value for name, value in row.items()} | {"deals-TOTAL_FORMS": "3"}
    sent = merchant.form(page_of(sale)) | new | {"_save": "Save"}
    assert merchant.client.post(page_of(sale), sent).status_code == 302
    assert merchant.client.post(page_of(sale), sent).status_code == 302
    assert sale.deals.get(product=hat).price == 500
    assert Change.objects.filter(field="deal").count() == 1


@pytest.mark.parametrize("count", [None, "", "x", "-1"])
def test_a_form_must_count_its_deals(merchant: Merchant, sale: Sale, count: str | None) -> None:
    sent = merchant.form(page_of(sale)) | {"deals-INITIAL_FORMS": count, "_save": "Save"}
    sent = {name: value for name, value in sent.items() if value is not None}
    assert merchant.client.post(page_of(sale), sent).status_code == 200


def test_a_double_click_on_what_was_read_first_saves_once(merchant: Merchant, sale: Sale) -> None:
    page = merchant.change(page_of(sale), deals__0__price="5.99")
    sent = fields_of(page.one("#content form")) | {"_save": "Save"}
    assert merchant.client.post(page_of(sale), sent).status_code == 302
    assert merchant.client.post(page_of(sale), sent).status_code == 302
    assert Change.objects.filter(field="price").count() == 1


def test_who_writes_in_two_tabs_overwrites_nothing_unread(merchant: Merchant, sale: Sale) -> None:
    opened = merchant.form(page_of(sale))
    merchant.change(page_of(sale), title="Fall", text="Everything must go")
    page = merchant.send(page_of(sale), opened | {"title": "Harvest", "_save": "Save"})
    assert "Somebody changed this too, to Fall." in errors(page)
    assert errors(save(merchant, page)) == ""
    assert (refreshed(sale).title, sale.text) == ("Harvest", "Everything must go")


def test_one_alone_is_told_nothing(merchant: Merchant, sale: Sale) -> None:
    merchant.change(page_of(sale), title="Fall")
    assert errors(merchant.change(page_of(sale), title="Late fall")) == ""


# --- What is done on pages of their own ---------------------------------------------


def test_an_act_says_what_is_out_and_how_much_at_the_most(merchant: Merchant, sale: Sale) -> None:
    page = merchant.open(act_page(sale, "recall"))
    assert "Stoneware mug €4.99 100 €499.00 12:30, Berlin time" in page.text


@pytest.mark.parametrize("name", ["unpublish", "cancel"])
def test_hiding_and_canceling_take_nothing_back_by_themselves(
    merchant: Merchant, sale: Sale, shopper: ShopClient, name: str
) -> None:
    message = shopper.offer()
    assert "recall" not in merchant.form(act_page(sale, name)), "the box is not ticked"
    page = merchant.change(act_page(sale, name), reason="A pause")
    assert "Offers that are out stay honored." in page.text
    assert shopper.add(message).status == 303
    assert not Recall.objects.exists()


@pytest.mark.parametrize("name", ["unpublish", "cancel"])
def test_hiding_and_canceling_take_offers_back_where_that_is_asked_for(
    merchant: Merchant, sale: Sale, shopper: ShopClient, name: str
) -> None:
    message = shopper.offer()
    page = merchant.change(act_page(sale, name), recall="on")
    assert "Say why" in errors(page)
    assert refreshed(sale).state == Sale.State.PUBLISHED
    merchant.change(act_page(sale, name), recall="on", reason="The mugs crack.")
    assert Recall.objects.get().reason == "The mugs crack."
    assert shopper.add(message).verdicts == ["recalled"]


def test_only_what_can_be_done_is_offered(merchant: Merchant, sale: Sale) -> None:
    def offered() -> set[str]:
        buttons = merchant.open(page_of(sale)).soup.select(".actions button[form=actions]")
        return {str(each["value"]) for each in buttons}

    assert offered() == {"extend", "recall", "unpublish", "cancel", "copy"}
    merchant.change(act_page(sale, "unpublish"))
    assert offered() == {"publish_sales", "extend", "recall", "cancel", "copy"}
    merchant.change(act_page(sale, "cancel"))
    assert offered() == {"extend", "recall", "copy"}


def test_the_record_of_a_sale_tells_who_did_what_and_cannot_be_changed(
    merchant: Merchant, other: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(OPENS + MINUTE)
    other.change_and_confirm(page_of(sale), deals__0__price="5.99")
    extend(sale=sale, seconds=600, by=merchant.user, now=OPENS + 2 * MINUTE, reason="Mail")
    page = merchant.open(reverse("admin:sales_sale_history", args=[sale.pk]))
    assert "12:01 bob Stoneware mug, price: €4.99 → €5.99" in page.text
    assert "12:02 merchant Offers shown before 2026-11-27 12:02:00 are held 10 minutes" in page.text
    assert page.text.index("12:02 merchant") < page.text.index("12:01 bob"), "the latest first"
    assert not page.soup.select("#content form")
    assert Extension.objects.get().reason in page.text


@pytest.mark.parametrize("pk", ["0", "abc"])
def test_a_sale_that_is_none_has_no_record(merchant: Merchant, pk: str) -> None:
    assert merchant.open(reverse("admin:sales_sale_history", args=[pk])).status == 404


def test_a_draft_shows_the_reference_prices_that_it_would_have(
    merchant: Merchant, sale: Sale
) -> None:
    Product.objects.get(sku="LMP-01").price_points.all().delete()
    page = merchant.open(page_of(hidden(sale)))
    told = [each.get_text(" ", strip=True) for each in page.soup.select("td.field-was_text")]
    assert told[:2] == ["€49.90", "none"]


# --- Copies -----------------------------------------------------------------------


def test_a_copy_is_a_draft_a_week_later_with_the_same_deals(merchant: Merchant, sale: Sale) -> None:
    Deal.objects.filter(product__sku="LMP-01").update(withdrawn=True)
    Deal.objects.filter(product__sku="MUG-01").update(claimed=3)
    path = act_page(sale, "copy")
    assert merchant.form(path)["starts_at"] == "2026-12-04 12:00:00"
    merchant.change(path)
    copy = Sale.objects.get(slug="autumn-2026-12-04")
    assert (copy.state, copy.published_at) == ("draft", None)
    week = timedelta(days=7)
    assert (copy.starts_at, copy.ends_at) == (OPENS + week, CLOSES + week)
    [deal] = copy.deals.all()
    mug = Deal.objects.get(sale=sale, product__sku="MUG-01")
    assert (deal.product, deal.price, deal.max_per_shopper) == (mug.product, 499, 2)
    assert (deal.claimed, deal.was) == (0, None)
    assert deal.nonce != mug.nonce


def test_weekly_copies_keep_their_time_on_the_wall(merchant: Merchant, clock: Clock) -> None:
    clock.move_to(datetime(2026, 10, 1, tzinfo=UTC))
    starts_at = datetime(2026, 10, 16, 10, tzinfo=UTC)  # noon in Berlin, clocks are put back on 25
    sale = make_sale(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
    merchant.change(act_page(sale, "copy"), times="2")
    copies = Sale.objects.exclude(pk=sale.pk).order_by("starts_at")
    walls = [f"{each.starts_at.astimezone(sale.zone):%F %H:%M}" for each in copies]
    assert walls == ["2026-10-23 12:00", "2026-10-30 12:00"]
    assert [each.starts_at.hour for each in copies] == [10, 11]


def test_no_two_copies_bear_one_name(merchant: Merchant, sale: Sale) -> None:
    merchant.change(act_page(sale, "copy"), times="2")
    merchant.change(act_page(sale, "copy"))
    titles = Sale.objects.order_by("pk").values_list("title", flat=True)
    assert list(titles) == [
        "Autumn",
        "Autumn, 4 December 2026",
        "Autumn, 11 December 2026",
        "Autumn, 4 December 2026 (2)",
    ]


def test_a_copy_of_a_copy_bears_its_own_day_alone(merchant: Merchant, sale: Sale) -> None:
    merchant.change(act_page(sale, "copy"))
    copy = Sale.objects.get(slug="autumn-2026-12-04")
    merchant.change(act_page(copy, "copy"))
    assert Sale.objects.latest("pk").title == "Autumn, 11 December 2026"


def test_a_title_as_long_as_can_be_is_copied(merchant: Merchant, sale: Sale) -> None:
    Sale.objects.update(title="A" * 120)
    assert errors(merchant.change(act_page(sale, "copy"))) == ""
    assert Sale.objects.latest("pk").title == "A" * 90 + ", 4 December 2026"


def test_copies_of_one_day_have_addresses_of_their_own(merchant: Merchant, sale: Sale) -> None:
    for _ in range(2):
        merchant.change(act_page(sale, "copy"))
    slugs = Sale.objects.exclude(pk=sale.pk).values_list("slug", flat=True)
    assert set(slugs) == {"autumn-2026-12-04", "autumn-2026-12-04-2"}


@pytest.mark.parametrize("times", [1, 3])
def test_a_copy_form_sent_twice_copies_once(merchant: Merchant, sale: Sale, times: int) -> None:
    path = act_page(sale, "copy")
    sent = merchant.form(path) | {"times": times}
    answers = [merchant.client.post(path, sent) for _ in range(2)]
    assert Sale.objects.count() == 1 + times
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert Deal.objects.count() == 2 + 2 * times


def test_another_copy_from_a_page_that_was_open_meanwhile_is_made(
    merchant: Merchant, other: Merchant, sale: Sale
) -> None:
    path = act_page(sale, "copy")
    opened = merchant.form(path)
    merchant.send(path, opened)
    merchant.send(path, opened | {"title": "Winter"})
    other.send(path, opened)
    assert Sale.objects.count() == 4


def test_many_deals_take_few_queries(merchant: Merchant, sale: Sale, clock: Clock) -> None:
    clock.move_to(OPENS - MINUTE)
    for number in range(80):
        product = make_product(f"P-{number}", f"Plate {number}")
        Deal.objects.create(sale=sale, product=product, price=500, was=4990, was_as_of=OPENS)
    with CaptureQueriesContext(connection) as reading:
        form = merchant.form(page_of(sale))
    assert len(reading) < 36
    with CaptureQueriesContext(connection) as saving:
        merchant.client.post(page_of(sale), form | {"deals-3-price": "6", "_save": "Save"})
    assert Deal.objects.filter(price=600).count() == 1
    assert len(saving) < 80 + 82, "an id is looked up for each deal, and nothing else"


def test_a_new_deal_of_a_sale_is_in_its_record(merchant: Merchant, sale: Sale) -> None:
    hat = make_product("HAT", "Hat", list_price=1000)
    merchant.change(
        page_of(sale),
        deals__TOTAL_FORMS="3",
        deals__2__product=hat.sku,
        deals__2__price="50%",
        deals__2__max_per_shopper="1",
        deals__2__position="2",
    )
    assert sale.deals.get(product=hat).price == 500
    change = Change.objects.get(field="deal")
    assert (change.deal.product.sku if change.deal else "", change.after) == ("HAT", "HAT")
    assert change.made_by == merchant.user
