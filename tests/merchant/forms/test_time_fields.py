"""Typed times in the hour that comes twice: which of the two is asked, and never guessed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.urls import reverse

from shop.core.time_fields import WallTimeField, set_zone
from shop.core.wall_time_input import WallTimeInput
from shop.merchant.sales.window_summary import summary_of_input
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Sale
from tests.support.factories import refreshed

#: The first and the second 02:30 of Berlin's 31 October 2027.
FIRST = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
SECOND = FIRST + timedelta(hours=1)


def choices(page: HtmlPage, name: str = "starts_at") -> dict[str, bool]:
    """The choices of a time's offset on a page, and whether each is chosen."""
    radios = page.soup.select(f"input[type=radio][name={name}_which]")
    return {str(each["value"]): each.has_attr("checked") for each in radios}


def typed(merchant: Merchant, sale: Sale, **fields: str) -> HtmlPage:
    window = {"starts_at": "2027-10-31 02:30", "ends_at": "2027-10-31 03:30"}
    return merchant.change(page_of(sale), **window | fields)


def test_a_refused_form_asks_which_and_keeps_what_was_typed(merchant: Merchant, sale: Sale) -> None:
    page = typed(merchant, sale, title="Halloween")
    assert "comes twice in Europe/Berlin" in errors(page)
    assert choices(page) == {"+02:00": False, "+01:00": False}
    assert "02:30 (UTC+2), before clocks are put back" in page.text
    assert page.one("[name=title]")["value"] == "Halloween"
    assert page.one("#id_starts_at")["value"] == "2027-10-31 02:30"
    assert refreshed(sale).starts_at == OPENS


def test_the_chosen_time_is_saved(merchant: Merchant, sale: Sale) -> None:
    asked = fields_of(typed(merchant, sale).one("#content form:has([name=_save])"))
    page = merchant.send(page_of(sale), asked | {"starts_at_which": "+01:00", "_save": "Save"})
    merchant.send(page_of(sale), fields_of(page.one("#content form")) | {"_save": "Save"})
    assert refreshed(sale).starts_at == SECOND


def test_a_saved_time_that_comes_twice_is_shown_with_its_choice(
    merchant: Merchant, sale: Sale
) -> None:
    Sale.objects.update(starts_at=SECOND, ends_at=SECOND + timedelta(minutes=15))
    page = merchant.open(page_of(sale))
    assert page.one("#id_starts_at")["value"] == "2027-10-31 02:30:00"
    assert choices(page) == {"+02:00": False, "+01:00": True}
    assert errors(merchant.change(page_of(sale), title="Fall")) == ""
    assert (refreshed(sale).title, sale.starts_at) == ("Fall", SECOND)
    merchant.change(page_of(sale), starts_at_which="+02:00")
    assert refreshed(sale).starts_at == FIRST


@pytest.mark.parametrize(
    ("zone", "text", "chosen", "instant"),
    [
        ("Europe/Berlin", "2027-10-31 02:30", "+02:00", FIRST),
        ("Europe/Berlin", "2027-10-31 02:30", "+01:00", SECOND),
        # The time, or the zone, was changed after the choice was made.
        ("Europe/Berlin", "2027-10-31 03:30", "+02:00", FIRST + timedelta(hours=2)),
        ("Europe/Berlin", "2027-10-31 02:30 +02:00", "+01:00", FIRST),
        ("America/New_York", "2027-10-31 02:30", "+02:00", FIRST + timedelta(hours=6)),
        ("America/New_York", "2027-11-07 01:30", "+02:00", None),
        ("Europe/Berlin", "2027-10-31 02:30", "", None),
        ("Europe/Berlin", "2027-03-28 02:30", "+02:00", None),
        ("Europe/Berlin", "9999-12-31 23:59", "+02:00", None),
    ],
)
def test_a_choice_counts_for_the_time_that_it_was_asked_about_alone(
    zone: str, text: str, chosen: str, instant: datetime | None
) -> None:
    class TimeForm(forms.Form):
        at = WallTimeField()

    form = TimeForm({"at": text, "at_which": chosen})
    set_zone(form, ZoneInfo(zone), OPENS)
    assert form.is_valid() is (instant is not None)
    assert form.cleaned_data.get("at") == instant


@pytest.mark.parametrize("text", ["", "noon", "2027-03-28 02:30", "2027-10-31 03:00", "9999-12-31"])
@pytest.mark.parametrize("kind", ["text", "datetime-local"])
def test_no_choice_is_shown_for_any_other_time(text: str, kind: str) -> None:
    field = WallTimeInput(attrs={"type": kind})
    field.zone = ZoneInfo("Europe/Berlin")
    assert "radio" not in field.render("at", text)
    assert "radio" in field.render("at", "2027-10-31 02:30")


def test_the_live_summary_follows_the_choice() -> None:
    window = {"time_zone": "Europe/Berlin", "hold_seconds": "30 min"}
    window |= {"starts_at": "2027-10-31 02:30", "ends_at": "2027-10-31 03:30"}
    asked = summary_of_input(window, OPENS)
    assert "comes twice" in " ".join(asked.wrong)
    told = " ".join(summary_of_input(window | {"starts_at_which": "+01:00"}, OPENS).sentences)
    assert "02:30 (UTC+1), Berlin time, for 1 hour: until 03:30, Berlin time" in told
    told = " ".join(summary_of_input(window | {"starts_at_which": "+02:00"}, OPENS).sentences)
    assert "02:30 (UTC+2), Berlin time, for 2 hours" in told


def test_the_preview_asks_which_of_two_instants_to_show(merchant: Merchant, sale: Sale) -> None:
    path = reverse("admin:sale_preview", args=[sale.slug])
    query = "?page=/bag/&at=2027-10-31T02:30"
    page = merchant.open(f"{path}{query}")
    assert choices(page, "at") == {"+02:00": False, "+01:00": False}
    assert page.one("[name=page]")["value"] == "/bag/"
    answer = merchant.client.get(f"{path}{query}&at_which=%2B01:00")
    assert answer.headers["Location"].endswith("/preview/2027-10-31T01:30:00Z/bag/")


def test_the_previews_bar_begins_at_its_own_instant(merchant: Merchant, sale: Sale) -> None:
    page = merchant.open(reverse("admin:preview_page", args=[sale.slug, SECOND, "bag/"]))
    bar = page.one(".preview-bar")
    assert "02:30:00 (UTC+1), Berlin time" in bar.get_text()
    assert choices(page, "at") == {"+02:00": False, "+01:00": True}
    assert page.one("#preview-at")["value"] == "2027-10-31T02:30:00"


def test_a_recall_asks_which_instant_is_meant(merchant: Merchant, sale: Sale) -> None:
    path = reverse("admin:sales_sale_recall", args=[sale.pk])
    asked = {"deal": "all", "issued_before": "2026-10-25 02:30", "reason": "A slip"}
    page = merchant.change(path, **asked)
    assert choices(page, "issued_before") == {"+02:00": False, "+01:00": False}
    assert page.one("[name=reason]")["value"] == "A slip"
    page = merchant.change(path, **asked, issued_before_which="+01:00")
    assert "from Sunday, 25 October 2026, 02:30:00 (UTC+1), Berlin time on stays held" in page.text
    page = merchant.send(path, fields_of(page.one("#content form")) | {"prices": "leave"})
    assert refreshed(sale).recalls.get().issued_before == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert "shown before Sunday, 25 October 2026, 02:30:00 (UTC+1), Berlin time, are" in page.text


# --- The picker beside the text -----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "picked", "counts"),
    [
        ("2026-11-27 12:00:00", "2026-12-25T18:00", "2026-12-25 18:00"),
        ("", "2026-12-25T18:00", "2026-12-25 18:00"),
        ("today 18:00", "2026-12-25T18:00", "today 18:00"),
        ("today 18:00", "", "today 18:00"),
        ("", "", ""),
    ],
)
def test_without_scripts_the_picker_counts_where_the_text_was_left_as_it_was(
    text: str, picked: str, counts: str
) -> None:
    sent = {"at": text, "at_shown": "2026-11-27 12:00:00", "at_picked": picked}
    assert WallTimeInput().value_from_datadict(sent, {}, "at") == counts


def test_each_picker_says_what_it_is_for(merchant: Merchant, sale: Sale) -> None:
    page = merchant.open(page_of(sale))
    labels = [str(each["aria-label"]) for each in page.soup.select(".time-picker")]
    assert labels == ["Pick the opening", "Pick the close"]
    assert page.one("[name=starts_at_shown]")["value"] == page.one("#id_starts_at")["value"]


def test_what_is_picked_on_a_page_without_scripts_is_saved(merchant: Merchant, sale: Sale) -> None:
    picked = {"starts_at_picked": "2026-11-27T11:00", "ends_at_picked": "2026-11-27T13:00"}
    merchant.change_and_confirm(page_of(sale), **picked)
    assert refreshed(sale).starts_at == OPENS - timedelta(hours=1)
