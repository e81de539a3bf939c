"""Every time that a person reads is written in one place, which tells equal hours apart."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: An hour in a format of strftime or of babel.
HOUR = re.compile(r"%-?[HIT]\b|\b[Hh]{1,2}:mm|babel.*\bformat_(?:time|datetime)\b")
#: Django's own filters and tags that write times, in the zone of the moment.
FILTER = re.compile(r"\|\s*(?:date|time|localtime|timezone|timesince|timeuntil)\b|\{%\s*now\b")
#: Where an hour is written that is none of an instant in a zone that people read.
OTHERS = {
    "shop/merchant/sales/weekly_windows.py",  # a wall time that has no instant
    "shop/qa/rehearsal/browser.py",  # what a page has to say, by another account
    "shop/qa/pytest_plugin/steps/faults.py",  # a key's name
}


def test_no_module_writes_an_hour_itself() -> None:
    """But for the stand-in, and for the walk through the shop, which has an account of its own."""
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "shop").rglob("*.py")
        if not {"sandbox", "walk"} & set(path.relative_to(ROOT).parts)
        and HOUR.search(path.read_text())
    }
    assert found - OTHERS == {"shop/core/formatting.py"}


def test_no_template_writes_a_time_by_django() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
        for match in FILTER.finditer(path.read_text())
    }
    # For the admin's scripts: the offset of the server's zone, in seconds.
    assert found == {"templates/admin/base_site.html: {% now"}


def test_no_script_writes_an_hour_but_one() -> None:
    found = {
        path.name
        for path in (ROOT / "static").rglob("*.js")
        if re.search(r"\bhour:|toLocale(?:Time)?String|getHours", path.read_text())
    }
    assert found == {"times.js"}
