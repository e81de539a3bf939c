"""Targets: what people type. It means what it says, or it is refused."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import QueryDict

from shop.core.currencies import digits_of
from shop.core.durations import exact_duration
from shop.core.money import MOST_MONEY, major_units
from shop.core.time_fields import WallTimeField
from shop.core.typed.durations import read_duration
from shop.core.typed.mail_addresses import ascii_domain, meant_instead, read_mail_address
from shop.core.typed.money import read_money, read_percent
from shop.core.typed.numbers import read_count
from shop.core.typed.times import read_time
from shop.core.typed.windows import read_window
from shop.core.wall_time import instant_of, is_in_range, wall_time, written
from shop.core.wall_time_input import WallTimeInput
from shop.merchant.forms.money_fields import reduced
from shop.qa.pytest_plugin import parsing, steps
from shop.qa.pytest_plugin.parsing import WrongWords
from shop.qa.pytest_plugin.vocabulary import VOCABULARY, closest
from tests.fuzz.target import Outcome, Target, text_of

#: With two decimals, none and three.
CURRENCIES = ("EUR", "JPY", "KWD")
#: What “today” is for what people type: a Friday.
NOW = datetime(2026, 11, 27, 11, tzinfo=UTC)
#: One in which clocks are changed by an hour, one by half an hour, one that has lost a day.
ZONES = tuple(map(ZoneInfo, ("Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia")))
#: Figures as people write them: a digit, decimals, maybe an exponent as spreadsheets write it.
# Whoever imports a module of steps learns its phrases.
for _module in steps.MODULES:
    import_module(_module)


def money(data: bytes) -> Outcome:
    """An amount of money, in currencies with each number of decimals."""
    text, outcome = text_of(data), Outcome.REFUSED
    for currency in CURRENCIES:
        try:
            amount = read_money(text, currency)
        except ValidationError:
            continue
        assert 0 <= amount <= MOST_MONEY
        assert _figures(text) == str(amount).strip("0"), "not the figures that were written"
        shown = f"{major_units(amount, currency):f} {currency}"
        assert read_money(shown, currency) == amount
        outcome = Outcome.READ
    return outcome


def _figures(text: str) -> str:
    """The figures of a number, without zeros that may be left out."""
    return "".join(re.findall("[0-9]", text)).strip("0")


def reductions(data: bytes) -> Outcome:
    """A reduction in percent, and what it makes of a price."""
    text = text_of(data)
    try:
        off = read_percent(text)
    except ValidationError:
        return Outcome.REFUSED
    assert 0 < off < 100
    assert _figures(text) == _figures(f"{off:f}")
    for currency in CURRENCIES:
        assert 0 < reduced(4990, off, currency) <= 4990
    return Outcome.READ


def units(data: bytes) -> Outcome:
    """A number of units."""
    text = text_of(data)
    try:
        number = read_count(text, "units")
    except ValidationError:
        return Outcome.REFUSED
    assert number >= 0
    assert _figures(text) == str(number).strip("0")
    assert read_count(str(number), "units") == number
    return Outcome.READ


def mail_addresses(data: bytes) -> Outcome:
    """A mail address, and what was meant instead of one."""
    text = text_of(data)
    meant = meant_instead(text)
    if meant:
        assert read_mail_address(meant) == meant
        assert not meant_instead(meant), "what is asked for is asked about once more"
    try:
        address = read_mail_address(text)
    except ValidationError:
        return Outcome.REFUSED
    local, _, domain = address.rpartition("@")
    assert local.isascii() and local.isprintable() and " " not in local
    assert ascii_domain(domain).isascii()
    assert not re.search(r"[\s<>,;:\"@]", domain)
    assert read_mail_address(address) == address
    return Outcome.READ


def wall_times(data: bytes) -> Outcome:
    """A time that people type, with or without its offset, in each zone."""
    text, outcome = text_of(data), Outcome.REFUSED
    for zone in ZONES:
        field, widget = WallTimeField(required=False), WallTimeInput()
        field.zone = widget.zone = zone
        field.now = widget.now = NOW
        form = QueryDict(mutable=True)
        form.update({"at": text, "at_which": "+02:00"})
        chosen = widget.value_from_datadict(form, {}, "at")
        for typed in (text, chosen):
            try:
                instant = field.clean(typed)
            except ValidationError:
                continue
            if instant is not None:
                _is_meant(instant, typed, zone)
                outcome = Outcome.READ
        widget.render("at", text)
    return outcome


def _is_meant(instant: datetime, typed: str, zone: ZoneInfo) -> None:
    assert is_in_range(instant)
    assert instant.utcoffset() == UTC.utcoffset(instant)
    assert instant_of(read_time(written(instant, zone), zone).time, zone) == instant
    found = read_time(typed, zone, now=NOW)
    time = found.time
    if found.is_exact:
        # Whoever writes all of it means the same whenever it is read.
        later = read_time(typed, zone, now=NOW + timedelta(days=400), is_past=True)
        assert read_time(typed, zone).time == later.time == time
    same = time.astimezone(UTC) if time.tzinfo else wall_time(instant, zone)
    assert (instant if time.tzinfo else time) == same


def windows(data: bytes) -> Outcome:
    """A stretch of time that people type in one text, in each zone."""
    text, outcome = text_of(data), Outcome.REFUSED
    for zone in ZONES:
        try:
            window = read_window(text, zone, now=NOW)
        except ValidationError:
            continue
        if window is not None:
            assert window.starts_at < window.ends_at
            bounds = (window.starts_at, window.ends_at)
            if all(map(is_in_range, bounds)):
                first, last = (written(each, zone) for each in bounds)
                assert read_window(f"{first} bis {last}", zone) == replace(window, is_exact=True)
            outcome = Outcome.READ
    return outcome


def durations(data: bytes) -> Outcome:
    """How long something is to take."""
    text = text_of(data)
    try:
        seconds = read_duration(text)
    except ValidationError:
        return Outcome.REFUSED
    assert 0 <= seconds < 101 * 366 * 86_400
    assert read_duration(exact_duration(seconds)) == seconds
    if found := re.fullmatch(r"([0-9]+) ?(s|min|h|d)?", text):
        size = {"s": 1, "h": 3600, "d": 86_400}.get(found[2], 60)
        assert seconds == int(found[1]) * size
    return Outcome.READ


def scenario_step(data: bytes) -> Outcome:
    """A step of a scenario: at most one phrase of the vocabulary takes it."""
    text = text_of(data)
    matching = [entry.phrase for entry in VOCABULARY if entry.phrase.is_matching(text)]
    assert len(matching) <= 1, "two phrases take this step"
    if not matching:
        # It takes longer than all the rest.
        assert len(text) % 8 or closest(text)
        return Outcome.REFUSED
    try:
        arguments = matching[0].parse_arguments(text)
    except WrongWords:
        return Outcome.REFUSED
    assert arguments is not None
    assert arguments["words"].keys() <= set(matching[0].placeholders)
    for word in arguments["words"].values():
        if isinstance(word, parsing.Money):
            figure = text_of(data).replace(",", "")
            assert str(word.amount // 10 ** digits_of(word.currency)) in figure
    return Outcome.READ


TARGETS = [
    Target("money", money, most_bytes=80),
    Target("reductions", reductions, most_bytes=60),
    Target("mail-addresses", mail_addresses, most_bytes=120),
    Target("units", units, most_bytes=60),
    Target("wall-times", wall_times, most_bytes=60),
    Target("windows", windows, most_bytes=80),
    Target("durations", durations, most_bytes=60),
    Target("scenario-step", scenario_step, most_bytes=160),
]
