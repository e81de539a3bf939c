"""The travelling clock: what its file says, where boundaries are, and where it is refused."""

import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from shop.core.machine_clock import machine_time
from shop.core.repeated_time import TimeSpan, repeated_time
from shop.qa.pytest_plugin.factories import CLOSES, HOLD, OPENS
from shop.qa.time_machine import clock_file, json_api
from shop.qa.time_machine.boundaries import next_boundary, previous_boundary, sales_by_distance
from shop.qa.time_machine.forms import ClockForm
from shop.qa.time_machine.middleware import jump_form
from shop.sales.boundaries import boundaries_of
from shop.sales.holds import extend
from shop.sales.models import Sale

ROOT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _a_clock_of_its_own(settings: Settings, tmp_path: Path) -> None:
    settings.QA_CLOCK_FILE = str(tmp_path / "clock.json")


# --- The file -----------------------------------------------------------------


def test_without_a_file_the_time_is_real() -> None:
    reading = clock_file.read()
    assert (reading.is_travelling, reading.is_running, reading.at) == (False, True, reading.real)
    assert clock_file.content() == b""


def test_a_clock_that_runs_keeps_pace_with_the_machine() -> None:
    clock_file.change(move=lambda _: OPENS, is_running=True)
    earlier, later = clock_file.read(), clock_file.read()
    assert OPENS < earlier.at < later.at
    assert later.at - earlier.at == later.real - earlier.real


def test_a_clock_that_stands_still_is_exact_to_the_microsecond() -> None:
    at = OPENS.replace(microsecond=123_456)
    clock_file.change(move=lambda _: at, is_running=False)
    assert {clock_file.now() for _ in range(3)} == {at}


def test_the_times_that_a_clock_was_set_back_over_are_known(settings: Settings) -> None:
    settings.QA_CLOCK = True
    late = datetime(2999, 1, 1, tzinfo=UTC)

    def move_to(seconds: int) -> None:
        clock_file.change(move=lambda _: late + seconds * SECOND, is_running=False)

    for seconds in (0, 60, 61):
        move_to(seconds)
    clock_file.change(is_running=False)
    assert repeated_time() is None
    for seconds in (1, 3, 2):
        move_to(seconds)
    assert repeated_time() == TimeSpan(late + SECOND, late + 61 * SECOND)


def test_a_shop_without_a_travelling_clock_repeats_no_time(settings: Settings) -> None:
    clock_file.change(move=lambda _: CLOSES, is_running=False)
    clock_file.change(move=lambda _: OPENS)
    settings.QA_CLOCK = False
    assert repeated_time() is None


def test_stopping_and_letting_run_lose_no_time() -> None:
    clock_file.change(move=lambda _: OPENS, is_running=False)
    clock_file.change(is_running=True)
    stopped = clock_file.change(is_running=False).at
    assert timedelta() < stopped - OPENS < SECOND
    assert clock_file.now() == stopped


def test_returning_leaves_nothing_behind() -> None:
    clock_file.change(move=lambda _: OPENS, is_running=False)
    assert clock_file.change(move=clock_file.to_real_time, is_running=True).is_travelling is False
    assert clock_file.content() == b""
    assert abs(clock_file.now() - machine_time()) < SECOND


@pytest.mark.parametrize("year", [1999, 3000])
def test_the_clock_goes_where_sales_can_be(year: int) -> None:
    with pytest.raises(clock_file.OutOfRange):
        clock_file.change(move=lambda _: datetime(year, 6, 1, tzinfo=UTC))
    assert clock_file.read().is_travelling is False


def test_steps_at_the_same_moment_are_all_made() -> None:
    clock_file.change(move=lambda _: OPENS, is_running=False)

    def step(_: int) -> None:
        clock_file.change(move=lambda reading: reading.at + SECOND)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(step, range(40)))
    assert clock_file.now() == OPENS + 40 * SECOND


def test_a_reader_during_a_change_reads_one_state_or_the_other() -> None:
    clock_file.change(move=lambda _: OPENS, is_running=False)

    def flip(number: int) -> None:
        clock_file.change(move=lambda _: CLOSES if number % 2 else OPENS)

    with ThreadPoolExecutor(2) as pool:
        changes = pool.map(flip, range(100))
        seen = {clock_file.now() for _ in range(2000)}
        list(changes)
    assert seen <= {OPENS, CLOSES}


def test_what_was_read_can_be_written_back() -> None:
    shown = json_api.as_json(clock_file.change(move=lambda _: OPENS, is_running=False))
    move, is_running = json_api.read_change(f'{{"at": "{shown["at"]}", "running": false}}'.encode())
    assert move is not None and move(clock_file.read()) == OPENS
    assert is_running is False


# --- Boundaries ---------------------------------------------------------------


def test_a_sale_has_a_second_before_and_an_instant_of_everything(sale: Sale) -> None:
    last = CLOSES - SECOND + HOLD
    assert [(each.at, each.text) for each in boundaries_of(sale)] == [
        (OPENS - SECOND, "One second before Autumn opens"),
        (OPENS, "Autumn opens"),
        (CLOSES - SECOND, "One second before Autumn closes"),
        (CLOSES, "Autumn closes"),
        (last - SECOND, "One second before the last price of Autumn runs out"),
        (last, "The last price of Autumn runs out"),
    ]


def test_a_window_that_ends_within_a_second_has_offers_of_that_second(sale: Sale) -> None:
    sale.ends_at = CLOSES + timedelta(milliseconds=1)
    assert boundaries_of(sale)[-1].at == CLOSES + HOLD


@pytest.mark.parametrize(
    ("extensions", "end"),
    [
        # Made after the close: all offers have it, the last one too.
        ([(60, 600)], CLOSES - SECOND + HOLD + timedelta(seconds=600)),
        ([(60, 600), (120, 60)], CLOSES - SECOND + HOLD + timedelta(seconds=660)),
        # Made five minutes before it: of those that have it, the last was a second earlier.
        ([(-300, 3600)], CLOSES - timedelta(seconds=301) + HOLD + timedelta(hours=1)),
        # Too short to outlive those that were made later.
        ([(-300, 60)], None),
        # Made before the sale opened: no offer has it.
        ([(-3600, 3600)], None),
    ],
)
def test_extended_prices_end_with_the_last_of_them(
    sale: Sale, extensions: Iterable[tuple[int, int]], end: datetime | None
) -> None:
    for after, seconds in extensions:
        extend(sale=sale, seconds=seconds, by=None, now=CLOSES + timedelta(seconds=after))
    found = [each.at for each in boundaries_of(sale) if "longer" in each.text]
    assert found == ([end - SECOND, end] if end else [])


def test_boundaries_are_those_of_every_sale_that_was_published(sale: Sale) -> None:
    closes = next_boundary(CLOSES - SECOND)
    assert closes is not None and (closes.at, closes.text) == (CLOSES, "Autumn closes")
    before = previous_boundary(CLOSES + timedelta(milliseconds=300))
    assert before is not None and before.at == CLOSES - SECOND
    assert next_boundary(CLOSES + HOLD) is None
    assert previous_boundary(OPENS - SECOND) is None
    # Its offers are out, whatever became of it.
    Sale.objects.update(state=Sale.State.CANCELED)
    assert [each.sale for each in sales_by_distance(OPENS, 5)] == [sale]
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    assert next_boundary(OPENS) is None


# --- Where it is refused ------------------------------------------------------


def test_a_deployment_check_warns_of_it(settings: Settings) -> None:
    def found() -> list[str | None]:
        checks = run_checks(include_deployment_checks=True)
        return [each.id for each in checks if each.id and each.id.startswith("qa.")]

    settings.QA_CLOCK = False
    assert found() == []
    settings.QA_CLOCK = True
    assert found() == ["qa.W001"]


@pytest.mark.parametrize(
    ("configured", "complaint"),
    [
        ({"STRIPE_SECRET_KEY": "sk_live_1"}, "STRIPE_SECRET_KEY is a live one"),
        ({"STRIPE_SECRET_KEY": "rk_live_1"}, "STRIPE_SECRET_KEY is a live one"),
        ({"DEBUG": "0", "SECRET_KEY": "x"}, "QA_CLOCK_IN_PRODUCTION=1"),
        (
            {
                "DEBUG": "0",
                "SECRET_KEY": "x",
                "QA_CLOCK_IN_PRODUCTION": "1",
                "STRIPE_SECRET_KEY": "sk_live_1",
            },
            "STRIPE_SECRET_KEY is a live one",
        ),
        ({"DEBUG": "0", "SECRET_KEY": "x", "QA_CLOCK_IN_PRODUCTION": "1"}, ""),
        ({"DEBUG": "0", "SECRET_KEY": "x", "QA_CLOCK": "0", "STRIPE_SECRET_KEY": "sk_live_1"}, ""),
    ],
)
def test_a_false_clock_is_refused_where_money_is_real(
    tmp_path: Path, configured: dict[str, str], complaint: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import shop.settings"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "VAR": str(tmp_path), "QA_CLOCK": "1", **configured},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (complaint == "")
    assert complaint in done.stderr


# --- The form -----------------------------------------------------------------


@pytest.mark.parametrize(("which", "instant"), [("+02:00", 0), ("+01:00", 1)])
def test_a_jump_into_the_hour_that_comes_twice_asks_which(
    settings: Settings, which: str, instant: int
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    reading = clock_file.change(move=lambda _: OPENS, is_running=False)
    asked = ClockForm({"at": "2027-10-31T02:30:00"}, shown=reading.at)
    assert "comes twice" in str(asked.errors["at"])
    assert str(asked["at"]).count('type="radio"') == 2
    assert "checked" not in str(asked["at"])
    chosen = ClockForm({"at": "2027-10-31T02:30:00", "at_which": which}, shown=reading.at)
    assert chosen.is_valid()
    assert chosen.move(reading) == datetime(2027, 10, 31, instant, 30, tzinfo=UTC)


def test_the_form_begins_with_what_the_clock_shows(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    field = str(ClockForm(shown=datetime(2027, 10, 31, 1, 30, tzinfo=UTC))["at"])
    assert 'value="2027-10-31 02:30:00"' in field
    assert 'value="+01:00" checked' in field


def test_the_clock_is_told_a_time_in_words_and_says_first_which_it_is(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    asked = ClockForm({"at": "heute 18:00"}, shown=OPENS)
    assert "was read as Friday, 27 November 2026, 18:00:00, Berlin time" in str(asked.errors["at"])
    assert 'name="at" value="2026-11-27 18:00:00"' in str(asked["at"])
    sent_again = ClockForm({"at": "2026-11-27 18:00:00"}, shown=OPENS)
    assert sent_again.is_valid()
    assert sent_again.cleaned_data["at"] == OPENS + timedelta(hours=6)


def test_the_picker_of_the_bar_stands_alone_and_jumps_at_once(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    reading = clock_file.change(move=lambda _: OPENS, is_running=False)
    field = str(jump_form(reading)["at"])
    assert field.count("<input") == field.count('type="datetime-local"') == 1
    assert 'value="2026-11-27T12:00:00"' in field
    sent = ClockForm({"at": "2026-11-27T18:00:01"}, shown=OPENS)
    assert sent.is_valid()
    assert sent.move(reading) == OPENS + timedelta(hours=6, seconds=1)
