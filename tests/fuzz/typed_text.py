"""Targets: what people type. It means what it says, or it is refused."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import QueryDict

from shop.catalog.models import Product
from shop.core.durations import exact_duration, parse_duration
from shop.core.money import digits_of
from shop.core.wall_time import instant_of, is_in_range, parse_time, wall_time, written
from shop.core.wall_time_input import WallTimeInput
from shop.merchant.forms.csv_tables import MoneyColumn, UnitsWidget
from shop.merchant.forms.money_fields import Percent, PriceField, price_of
from shop.merchant.forms.time_fields import WallTimeField
from shop.qa.pytest_plugin import parsing, steps
from shop.qa.pytest_plugin.parsing import WrongWords
from shop.qa.pytest_plugin.vocabulary import VOCABULARY, closest
from tests.fuzz.target import Outcome, Target, text_of

CURRENCIES = ("EUR", "JPY", "KWD")
#: One in which clocks are changed by an hour, one by half an hour, one that has lost a day.
ZONES = tuple(map(ZoneInfo, ("Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia")))
#: Figures as people write them: a digit, decimals, maybe an exponent as spreadsheets write it.
# Whoever imports a module of steps learns its phrases.
for _module in steps.MODULES:
    import_module(_module)
_FIGURES = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def money(data: bytes) -> Outcome:
    """A cell of a column of money, in each currency, and a form's price."""
    text, outcome = text_of(data), Outcome.REFUSED
    for currency in CURRENCIES:
        for amount in (_of_cell(text, currency), _of_form(text, currency)):
            if amount is None:
                continue
            assert _FIGURES.fullmatch(text.strip()), "no figures"
            assert Decimal(amount).scaleb(-digits_of(currency)) == Decimal(text.strip())
            outcome = Outcome.READ
    return outcome


def _of_cell(text: str, currency: str) -> int | None:
    deal: Any = SimpleNamespace(product=SimpleNamespace(currency=currency), price=None)
    try:
        MoneyColumn("price", column_name="price").save(deal, {"price": text})
    except ValueError:
        return None
    amount: int | None = deal.price
    return amount


def _of_form(text: str, currency: str) -> int | None:
    product = Product(currency=currency, list_price=4990)
    try:
        given = PriceField(required=False).clean(text)
        amount = None if given is None else price_of(product, given)
    except ValidationError:
        return None
    if isinstance(given, Percent):
        assert amount is not None
        assert 0 < amount <= 4990
        return None
    return amount


def units(data: bytes) -> Outcome:
    """A cell of a column of units."""
    text = text_of(data)
    try:
        number = UnitsWidget().clean(text)
    except ValueError:
        return Outcome.REFUSED
    assert number is None or int(text.strip()) == number >= 0
    return Outcome.READ


def wall_times(data: bytes) -> Outcome:
    """A time that people type, with or without its offset, in each zone."""
    text, outcome = text_of(data), Outcome.REFUSED
    for zone in ZONES:
        field, widget = WallTimeField(required=False), WallTimeInput()
        field.zone = widget.zone = zone
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
    assert instant_of(parse_time(written(instant, zone)), zone) == instant
    time = parse_time(typed)
    same = time.astimezone(UTC) if time.tzinfo else wall_time(instant, zone)
    assert (instant if time.tzinfo else time) == same


def durations(data: bytes) -> Outcome:
    """How long something is to take."""
    text = text_of(data)
    try:
        seconds = parse_duration(text)
    except ValidationError:
        return Outcome.REFUSED
    # By words: each number has its unit, but for a single number of minutes.
    sizes = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
    words = re.findall(r"\d+|[a-z]+", text.lower())
    if len(words) == 1:
        words.append("m")
    if words[-1].isdecimal():
        # "1 h 30", as people say it.
        assert words[-2][0] == "h"
        words.append("m")
    pairs = list(zip(words[::2], words[1::2], strict=True))
    assert seconds == sum(int(number) * sizes[unit[0]] for number, unit in pairs)
    assert parse_duration(exact_duration(seconds)) == seconds
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
    Target("units", units, most_bytes=60),
    Target("wall-times", wall_times, most_bytes=60),
    Target("durations", durations, most_bytes=60),
    Target("scenario-step", scenario_step, most_bytes=160),
]
