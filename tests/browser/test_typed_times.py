"""Times in the back office: typed in words, picked in a calendar, with and without scripts."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from shop.core.wall_time import instant_of
from shop.sales.models import Sale
from shop.staff.models import Staff
from tests.browser.conftest import PHONE, OpenBrowser
from tests.browser.test_back_office import log_in, olga
from tests.support.factories import refreshed

__all__ = ["olga"]

pytestmark = pytest.mark.browser

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def draft(sale: Sale, olga: Staff) -> Sale:
    Sale.objects.filter(pk=sale.pk).update(state="draft", published_at=None)
    return sale


def berlin(text: str) -> datetime:
    return instant_of(datetime.fromisoformat(text), BERLIN)


def open_form(page: Page, sale: Sale) -> None:
    log_in(page)
    page.goto(f"/merchant/sales/sale/{sale.pk}/change/")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def test_a_window_in_words_is_understood_while_it_is_typed_and_saved_at_once(
    open_browser: OpenBrowser, draft: Sale
) -> None:
    page = open_browser().new_page()
    open_form(page, draft)
    page.get_by_label("Closes at:").fill("")
    page.get_by_label("Opens at:").fill("tomorrow 18:00 for 20 minutes")
    summary = page.locator("#window-summary")
    expect(summary).to_contain_text("18:00, Berlin time, for 20 minutes: until 18:20, Berlin time")
    save(page)
    expect(page.locator(".messagelist")).to_contain_text("success")
    saved = refreshed(draft)
    assert saved.starts_at.astimezone(BERLIN).hour == 18
    assert saved.ends_at - saved.starts_at == timedelta(minutes=20)


def test_the_picker_fills_the_text_and_follows_it(open_browser: OpenBrowser, draft: Sale) -> None:
    page = open_browser(viewport=PHONE).new_page()
    open_form(page, draft)
    text = page.get_by_label("Opens at:", exact=True)
    picker = page.get_by_label("Pick the opening")
    shown = text.input_value().replace(" ", "T")
    assert shown.startswith(picker.input_value())
    picker.fill("2026-12-25T18:00")
    expect(text).to_have_value("2026-12-25 18:00")
    text.fill("2026-12-25 18:30")
    expect(picker).to_have_value("2026-12-25T18:30")
    text.fill("Friday 18:00")
    expect(picker).to_have_value("")
    page.get_by_label("Pick the close").fill("2026-12-25T19:00")
    picker.fill("2026-12-25T18:45")
    save(page)
    expect(page.locator(".messagelist")).to_contain_text("success")
    assert refreshed(draft).starts_at == berlin("2026-12-25 18:45")
    assert refreshed(draft).ends_at == berlin("2026-12-25 19:00")


def test_without_scripts_what_was_picked_is_saved_and_words_are_shown_back(
    open_browser: OpenBrowser, draft: Sale
) -> None:
    page = open_browser(viewport=PHONE, java_script_enabled=False).new_page()
    open_form(page, draft)
    page.get_by_label("Pick the opening").fill("2026-12-25T18:00")
    page.get_by_label("Closes at:", exact=True).fill("25.12.26 um 18.20 Uhr")
    save(page)
    expect(page.locator(".errorlist").first).to_contain_text(
        "was read as Friday, 25 December 2026, 18:20:00, Berlin time."
    )
    expect(page.get_by_label("Opens at:", exact=True)).to_have_value("2026-12-25 18:00")
    save(page)
    expect(page.locator(".messagelist")).to_contain_text("success")
    assert refreshed(draft).starts_at == berlin("2026-12-25 18:00")
    assert refreshed(draft).ends_at == berlin("2026-12-25 18:20")
