"""A window in one text, in the field of the opening; and what the page says of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from shop.core.wall_time import instant_of
from shop.merchant.sales.window_summary import WindowSummary, summary_of_input
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import OPENS
from shop.sales.models import Sale
from tests.support.factories import refreshed
from tests.support.fixtures import Clock

BERLIN = ZoneInfo("Europe/Berlin")
NOW = OPENS - timedelta(hours=3)


def berlin(text: str) -> datetime:
    return instant_of(datetime.fromisoformat(text), BERLIN)


@pytest.fixture
def draft(sale: Sale, clock: Clock) -> Sale:
    """A draft at nine in the morning of Friday, 27 November 2026."""
    clock.move_to(NOW)
    Sale.objects.filter(pk=sale.pk).update(state="draft", published_at=None)
    return refreshed(sale)


def window_of(sale: Sale) -> tuple[datetime, datetime]:
    saved = refreshed(sale)
    return saved.starts_at, saved.ends_at


def summary(**typed: str) -> WindowSummary:
    given = {"time_zone": "Europe/Berlin", "starts_at": "", "ends_at": "", "hold_seconds": ""}
    return summary_of_input(given | typed, NOW)


def save(merchant: Merchant, page: HtmlPage) -> HtmlPage:
    form = fields_of(page.one("#content form"))
    return merchant.send(page.path, form | {"_save": "Save"})


TODAY = (berlin("2026-11-27 18:00"), berlin("2026-11-27 18:20"))
CHRISTMAS = (berlin("2026-12-25 18:00"), berlin("2026-12-25 18:20"))


@pytest.mark.parametrize(
    "text", ["25.12.2026 18:00–18:20", "25. Dezember 2026, 18 Uhr für 20 Minuten"]
)
def test_a_window_with_its_date_fills_both_times_and_is_saved(
    merchant: Merchant, draft: Sale, text: str
) -> None:
    assert errors(merchant.change(page_of(draft), starts_at=text, ends_at="")) == ""
    assert window_of(draft) == CHRISTMAS


def test_a_window_of_today_is_shown_with_its_times_and_saved_when_it_is_sent_again(
    merchant: Merchant, draft: Sale
) -> None:
    before = window_of(draft)
    page = merchant.change(page_of(draft), starts_at="heute 18:00 für 20 Minuten", ends_at="")
    assert "was read as open from Friday, 27 November 2026, 18:00:00, Berlin time" in errors(page)
    assert "until Friday, 27 November 2026, 18:20:00, Berlin time" in errors(page)
    assert page.one("#id_ends_at")["value"] == "2026-11-27 18:20:00"
    assert window_of(draft) == before, "nothing is saved yet"
    assert errors(save(merchant, page)) == ""
    assert window_of(draft) == TODAY


def test_a_window_that_was_shown_while_it_was_typed_is_saved_at_once(
    merchant: Merchant, draft: Sale
) -> None:
    typed = {"starts_at": "today 18:00 for 20 minutes", "ends_at": ""}
    read = {f"{name}_read": value for name, value in summary(**typed).read}
    assert errors(merchant.change(page_of(draft), **typed, **read)) == ""
    assert window_of(draft) == TODAY


def test_a_window_beside_a_close_is_refused_with_the_way_out(
    merchant: Merchant, draft: Sale
) -> None:
    page = merchant.change(page_of(draft), starts_at="today 18:00 for 20 minutes")
    assert "This says when it closes, too. Empty “closes at”" in errors(page)
    assert page.one("#id_starts_at")["value"] == "today 18:00 for 20 minutes"


def test_an_opening_alone_still_wants_a_close(merchant: Merchant, draft: Sale) -> None:
    page = merchant.change(page_of(draft), starts_at="2026-12-25 18:00", ends_at="")
    assert "required" in errors(page)


def test_what_may_be_an_offset_or_a_close_is_asked_about(merchant: Merchant, draft: Sale) -> None:
    page = merchant.change(page_of(draft), starts_at="2026-12-25 10:00-11:00", ends_at="")
    assert "may be a time with its offset, or two times" in errors(page)
    merchant.change(page_of(draft), starts_at="2026-12-25 10:00 - 11:00", ends_at="")
    assert window_of(draft) == (berlin("2026-12-25 10:00"), berlin("2026-12-25 11:00"))


def test_a_new_sale_is_made_from_one_text(merchant: Merchant, clock: Clock) -> None:
    clock.move_to(NOW)
    path = reverse("admin:sales_sale_add")
    typed = {"title": "Winter", "slug": "winter", "time_zone": "Europe/Berlin"}
    page = merchant.change(path, **typed, starts_at="Friday 6 to 8 pm", hold_seconds="1 h")
    save(merchant, page)
    made = Sale.objects.get(slug="winter")
    assert (made.starts_at, made.ends_at) == (TODAY[0], berlin("2026-11-27 20:00"))


# --- What the page says while it is typed -------------------------------------------


def test_the_page_says_what_a_window_in_one_text_is() -> None:
    told = summary(starts_at="today 18:00 for 20 minutes", hold_seconds="1,5 h")
    said = " ".join(told.sentences)
    assert "Open on Friday, 27 November, 18:00, Berlin time, for 20 minutes: until 18:20" in said
    assert "Prices are held for 1 hour 30 minutes: a page opened in the last second is" in said
    assert dict(told.read) == {
        "starts_at": "2026-11-27 18:00:00",
        "ends_at": "2026-11-27 18:20:00",
        "hold_seconds": "1 hour 30 minutes",
    }


def test_the_page_is_told_what_is_typed_by_a_query(merchant: Merchant, draft: Sale) -> None:
    typed = merchant.form(page_of(draft)) | {"starts_at": "18:00 bis 18:20", "ends_at": ""}
    answer = merchant.client.get(reverse("admin:sales_sale_window_summary"), typed)
    assert "for 20 minutes: until 18:20, Berlin time" in answer.content.decode()
    assert 'name="ends_at_read" value="2026-11-27 18:20:00"' in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"starts_at": "Monday 9:00"}, "Opens on Monday, 30 November, 09:00, Berlin time."),
        ({"starts_at": "1.3. 9:00"}, "That is in 2027."),
        ({"starts_at": "2026-12-31 23:00", "ends_at": "2027-01-01 1:00"}, "in 2026 and 2027."),
        ({"hold_seconds": "1:30"}, "Prices are held for 1 hour 30 minutes."),
    ],
)
def test_the_page_says_what_was_read_as_soon_as_it_was(typed: dict[str, str], said: str) -> None:
    assert said in " ".join(summary(**typed).sentences)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"starts_at": "12/11/2026 18:00"}, "12 November 2026, 18:00 or Friday, 11 December 2026"),
        ({"starts_at": "6:00 to 8:00 pm"}, "may be 2026-11-27 06:00"),
        ({"hold_seconds": "1,000 s"}, "may be 1000 or 1"),
    ],
)
def test_the_page_asks_about_what_may_mean_two(typed: dict[str, str], said: str) -> None:
    told = summary(**typed)
    assert said in " ".join(told.wrong)
    assert told.read == ()
