"""Times as scripts write them: the same as the server's, in every zone and whatever clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from shop.core.formatting import hour, utc
from tests.browser.conftest import OpenBrowser

# Each waits for clocks: in `make verify`.
pytestmark = [pytest.mark.browser, pytest.mark.verify]

#: Berlin's clocks are put back at this instant, and London's too.
BACK = datetime(2027, 10, 31, 1, tzinfo=UTC)
SCRIPT = "/static/js/times.js"
#: Zones with an instant at which their clocks change. Browsers bring time zone data of their own:
#: none here whose rules are still being changed.
ZONES = {
    "Europe/Berlin": BACK,
    "Europe/London": BACK,
    "America/New_York": datetime(2027, 11, 7, 6, tzinfo=UTC),
    "America/St_Johns": datetime(2027, 11, 7, 4, 30, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2027, 4, 3, 15, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
    "Asia/Kathmandu": BACK,
    "UTC": BACK,
}


def test_scripts_show_each_instant_as_the_server_does(shop: str, page: Page) -> None:
    page.goto("/")
    instants = {
        zone: [change + quarter * timedelta(minutes=15) for quarter in range(-10, 10)]
        for zone, change in ZONES.items()
    }
    shown = page.evaluate(
        """async ([script, instants]) => {
          const { clocks } = await import(script);
          return Object.fromEntries(Object.entries(instants).map(
            ([zone, each]) => [zone, each.map((at) => clocks(zone)(Date.parse(at)))]));
        }""",
        [SCRIPT, {zone: [utc(at) for at in each] for zone, each in instants.items()}],
    )
    assert shown == {
        zone: [hour(at, ZoneInfo(zone)) for at in each] for zone, each in instants.items()
    }


@pytest.mark.parametrize(
    ("zone", "own"),
    [
        ("Europe/London", "01:30 (UTC+0), your time"),
        ("America/New_York", "21:30, your time"),
        ("Europe/Berlin", None),
    ],
)
def test_a_readers_own_time_is_told_apart_too(
    open_browser: OpenBrowser, zone: str, own: str | None
) -> None:
    page = open_browser(timezone_id=zone).new_page()
    page.goto("/")
    title = page.evaluate(
        """(text) => {
          document.querySelector("main").insertAdjacentHTML("beforeend", text);
          const time = document.querySelector("main time:last-of-type");
          document.body.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
          return time.getAttribute("title");
        }""",
        f'<p><time datetime="{utc(BACK + timedelta(minutes=30))}">02:30 (UTC+1)</time></p>',
    )
    assert title == own
