"""What a form read in a way that may surprise is shown, written out exactly, before it counts."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from shop.core.wall_time import instant_of
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage
from shop.qa.pytest_plugin.factories import HOLD, OPENS
from shop.sales.models import Extension, Sale
from tests.support.factories import refreshed
from tests.support.fixtures import Clock

BERLIN = ZoneInfo("Europe/Berlin")
FORM = "#content form:has([name=csrfmiddlewaretoken])"


def berlin(text: str) -> datetime:
    return instant_of(datetime.fromisoformat(text), BERLIN)


@pytest.fixture
def draft(sale: Sale, clock: Clock) -> Sale:
    """A draft at nine in the morning of Friday, 27 November 2026."""
    clock.move_to(OPENS - timedelta(hours=3))
    Sale.objects.filter(pk=sale.pk).update(state="draft", published_at=None)
    return refreshed(sale)


def act_page(sale: Sale, name: str) -> str:
    return reverse(f"admin:sales_sale_{name}", args=[sale.pk])


def send_again(merchant: Merchant, page: HtmlPage, **more: str) -> HtmlPage:
    """Send a page's form once more, as it came back."""
    return merchant.send(page.path, fields_of(page.one("#content form")) | more)


@pytest.mark.parametrize(
    ("opens", "closes", "instant"),
    [
        ("25.12.2026 17:30", "25.12.2026 17:50", "2026-12-25 17:30"),
        ("25/12/2026 17:30", "25/12/2026 18:00", "2026-12-25 17:30"),
        ("December 25, 2026 5:30pm", "December 25, 2026 6pm", "2026-12-25 17:30"),
        ("25. Dezember 2026, 17:30 Uhr", "25. Dezember 2026, 18 Uhr", "2026-12-25 17:30"),
        ("25 décembre 2026 à 17h30", "25 décembre 2026 à 18h", "2026-12-25 17:30"),
        ("25 de diciembre de 2026 17:30", "2026-12-25T18:00+01:00", "2026-12-25 17:30"),
        ("25 dicembre 2026 ore 17.30", "25 dicembre 2026 ore 18", "2026-12-25 17:30"),
    ],
)
def test_a_time_that_can_mean_one_thing_alone_is_saved_at_once(
    merchant: Merchant, draft: Sale, opens: str, closes: str, instant: str
) -> None:
    assert errors(merchant.change(page_of(draft), starts_at=opens, ends_at=closes)) == ""
    assert refreshed(draft).starts_at == berlin(instant)


def test_friday_at_six_is_shown_with_its_date_and_saved_when_it_is_sent_again(
    merchant: Merchant, draft: Sale
) -> None:
    page = merchant.change(page_of(draft), starts_at="heute 18 Uhr", ends_at="Friday 6:20 pm")
    said = errors(page)
    assert "“heute 18 Uhr” was read as Friday, 27 November 2026, 18:00:00, Berlin time." in said
    assert "“Friday 6:20 pm” was read as Friday, 27 November 2026, 18:20:00" in said
    assert refreshed(draft).starts_at == OPENS, "nothing is saved yet"
    assert "Nothing is saved yet. Look at what was read below" in page.text
    assert "correct the error" not in page.text
    assert page.one("#id_starts_at")["value"] == "2026-11-27 18:00:00"
    assert errors(send_again(merchant, page, _save="Save")) == ""
    assert refreshed(draft).starts_at == berlin("2026-11-27 18:00")
    assert refreshed(draft).ends_at == berlin("2026-11-27 18:20")


def test_what_is_wrong_is_still_called_wrong_beside_a_reading(
    merchant: Merchant, draft: Sale
) -> None:
    page = merchant.change(page_of(draft), starts_at="Friday 18:00", title="")
    assert "correct the errors" in page.text
    assert "Look at what was read below" not in page.text
    page = merchant.change(page_of(draft), hold_seconds="1,5 h", deals__0__price="cheap")
    assert "correct the errors" in page.text


def test_what_was_shown_back_means_the_same_day_after_midnight(
    merchant: Merchant, draft: Sale, clock: Clock
) -> None:
    clock.move_to(berlin("2026-11-27 23:59:59"))
    page = merchant.change(page_of(draft), starts_at="tomorrow 18:00", ends_at="2026-11-28 19:00")
    clock.move_to(berlin("2026-11-28 00:00:00"))
    send_again(merchant, page, _save="Save")
    assert refreshed(draft).starts_at == berlin("2026-11-28 18:00")


def test_a_reading_that_was_shown_while_it_was_typed_is_saved_at_once(
    merchant: Merchant, draft: Sale
) -> None:
    typed = {"starts_at": "today 18:00", "ends_at": "2026-11-27 19:00"}
    merchant.change(page_of(draft), **typed, starts_at_read="2026-11-27 18:00:00")
    assert refreshed(draft).starts_at == berlin("2026-11-27 18:00")


def test_a_reading_that_is_another_by_now_is_shown_once_more(
    merchant: Merchant, draft: Sale, clock: Clock
) -> None:
    clock.move_to(berlin("2026-11-28 00:00:01"))
    typed = {"starts_at": "today 18:00", "ends_at": "2026-11-28 19:00"}
    page = merchant.change(page_of(draft), **typed, starts_at_read="2026-11-27 18:00:00")
    assert "read as Saturday, 28 November 2026, 18:00:00" in errors(page)
    assert refreshed(draft).starts_at == OPENS


@pytest.mark.parametrize(
    ("typed", "words"),
    [("1,5 h", "1 hour 30 minutes"), ("1:30", "1 hour 30 minutes"), ("0,5 Std.", "30 minutes")],
)
def test_a_hold_that_may_surprise_is_shown_in_words(
    merchant: Merchant, draft: Sale, typed: str, words: str
) -> None:
    Sale.objects.update(hold_seconds=60)
    page = merchant.change(page_of(draft), hold_seconds=typed)
    assert f"“{typed}” was read as {words}. Send it again to go on." in errors(page)
    assert page.one("#id_hold_seconds")["value"] == words
    assert refreshed(draft).hold_seconds == 60
    send_again(merchant, page, _save="Save")
    assert refreshed(draft).hold == (HOLD if words == "30 minutes" else 3 * HOLD)


@pytest.mark.parametrize("typed", ["90", "90 min", "1 h 30 min", "1.5 h", "PT1H30M", "90 Minuten"])
def test_a_hold_in_exact_words_is_saved_at_once(
    merchant: Merchant, draft: Sale, typed: str
) -> None:
    merchant.change(page_of(draft), hold_seconds=typed)
    assert refreshed(draft).hold_seconds == 5400


def test_the_checks_while_somebody_types_go_by_what_was_read(
    merchant: Merchant, draft: Sale
) -> None:
    typed = {"starts_at": "today 3 pm", "ends_at": "28.11.2028 22:00"}
    path = f"{reverse('admin:sales_sale_sense_checks')}?sale={draft.pk}"
    told = merchant.client.post(path, merchant.form(page_of(draft)) | typed).content.decode()
    assert "It is open for 732 days 7 hours" in told


def test_a_copy_of_next_week_is_shown_with_its_date_first(merchant: Merchant, draft: Sale) -> None:
    page = merchant.change(act_page(draft, "copy"), starts_at="Montag 12:00")
    assert "read as Monday, 30 November 2026, 12:00:00, Berlin time" in errors(page)
    assert Sale.objects.count() == 1
    send_again(merchant, page)
    assert Sale.objects.latest("pk").starts_at == berlin("2026-11-30 12:00")


@pytest.mark.parametrize("typed", ["90", "1 h 30", "90 min", "1,5 h"])
def test_minutes_more_may_be_a_duration(
    merchant: Merchant, sale: Sale, clock: Clock, typed: str
) -> None:
    clock.move_to(OPENS + timedelta(minutes=5))
    page = merchant.change(act_page(sale, "extend"), minutes=typed, reason="Mail")
    if typed == "1,5 h":
        assert "read as 1 hour 30 minutes" in errors(page)
        assert page.one("[name=minutes]")["value"] == "90"
        send_again(merchant, page)
    assert Extension.objects.get().seconds == 5400


def test_a_recall_says_exactly_which_stretch_it_read_before_anything_happens(
    merchant: Merchant, sale: Sale, clock: Clock
) -> None:
    clock.move_to(berlin("2026-11-30 09:00"))
    asked = {"deal": "all", "issued_before": "Freitag 12:05", "reason": "A slip"}
    page = merchant.change(act_page(sale, "recall"), **asked)
    assert errors(page) == ""
    assert "Friday, 27 November 2026, 12:05:00, Berlin time" in page.one("#consequences").get_text()
    assert page.one("#id_issued_before")["value"] == "2026-11-27 12:05:00"
    assert not refreshed(sale).recalls.exists()
    send_again(merchant, page)
    assert refreshed(sale).recalls.get().issued_before == berlin("2026-11-27 12:05")


def test_the_preview_goes_where_it_was_told_in_words(merchant: Merchant, draft: Sale) -> None:
    path = reverse("admin:sale_preview", args=[draft.slug])
    answer = merchant.client.get(f"{path}?at=heute+12:05")
    assert answer.headers["Location"].endswith("/preview/2026-11-27T11:05:00Z/sales/autumn/")
