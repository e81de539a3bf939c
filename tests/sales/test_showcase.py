"""The showcase: fresh for a second, one reader at a time, and something to show in an outage."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from threading import Event

import pytest
from django.db import DatabaseError, OperationalError

from shop.core.machine_clock import monotonic_seconds
from shop.core.postgresql.time_limits import limited_waits, seconds_left
from shop.sales import showcase as module
from shop.sales.showcase import Showcase, ShowcaseUnavailable
from shop.sales.snapshot import Snapshot
from shop.sales.snapshot_refresh import ShowcaseReading

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EMPTY = Snapshot(sales={}, products={}, list_deals={})


class Machine:
    """A monotonic clock that stands still until it is told to move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1000.0
        monkeypatch.setattr(module, "monotonic_seconds", lambda: self.seconds)


class Database:
    """Goods to read, that count how often they were read, and may be away."""

    def __init__(self) -> None:
        self.reads = 0
        self.is_away = False

    def __call__(self, now: datetime, latest: ShowcaseReading | None) -> ShowcaseReading:
        self.reads += 1
        if self.is_away:
            raise DatabaseError
        return ShowcaseReading(EMPTY, now)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


@pytest.fixture
def database() -> Database:
    return Database()


def test_within_a_second_the_database_is_asked_once(machine: Machine, database: Database) -> None:
    showcase = Showcase(database)
    showcase.snapshot(NOW)
    machine.seconds += 0.99
    showcase.snapshot(NOW)
    assert database.reads == 1


def test_after_a_second_it_is(machine: Machine, database: Database) -> None:
    showcase = Showcase(database)
    showcase.snapshot(NOW)
    machine.seconds += 1
    showcase.snapshot(NOW)
    assert database.reads == 2


def test_a_lost_database_is_asked_once_a_second(machine: Machine, database: Database) -> None:
    showcase = Showcase(database)
    showcase.snapshot(NOW)
    database.is_away = True
    machine.seconds += 1
    for _ in range(5):
        assert showcase.snapshot(NOW) is EMPTY
    assert database.reads == 2


def test_an_old_snapshot_serves_ten_minutes_exactly(machine: Machine, database: Database) -> None:
    showcase = Showcase(database)
    showcase.snapshot(NOW)
    database.is_away = True
    machine.seconds += 600
    assert showcase.snapshot(NOW) is EMPTY
    machine.seconds += 1
    with pytest.raises(ShowcaseUnavailable):
        showcase.snapshot(NOW)


def test_a_database_that_comes_back_is_shown_again(machine: Machine, database: Database) -> None:
    showcase = Showcase(database)
    database.is_away = True
    with pytest.raises(ShowcaseUnavailable):
        showcase.snapshot(NOW)
    database.is_away = False
    machine.seconds += 1
    assert showcase.snapshot(NOW) is EMPTY


def test_while_one_thread_reads_the_others_serve_what_there_is_within_250_ms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_reading, may_end = Event(), Event()
    reads: list[datetime] = []

    def read(now: datetime, latest: ShowcaseReading | None) -> ShowcaseReading:
        reads.append(now)
        if len(reads) > 1:
            is_reading.set()
            may_end.wait(timeout=10)
        return ShowcaseReading(EMPTY, now)

    showcase = Showcase(read)
    showcase.snapshot(NOW)
    monkeypatch.setattr(showcase, "_tried_at", float("-inf"))
    with ThreadPoolExecutor(8) as pool:
        slow = pool.submit(showcase.snapshot, NOW)
        assert is_reading.wait(timeout=5)
        started = monotonic_seconds()
        others = [pool.submit(showcase.snapshot, NOW) for _ in range(7)]
        assert all(each.result(timeout=5) is EMPTY for each in others)
        # A second is far more than they may wait, and far less than the reader takes.
        assert monotonic_seconds() - started < 1
        assert not slow.done()
        may_end.set()
    assert len(reads) == 2


def test_the_first_visitors_of_a_process_all_see_the_page_however_slow_the_first_read_is() -> None:
    is_reading, may_end = Event(), Event()

    def read(now: datetime, latest: ShowcaseReading | None) -> ShowcaseReading:
        is_reading.set()
        may_end.wait(timeout=10)
        return ShowcaseReading(EMPTY, now)

    showcase = Showcase(read)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(showcase.snapshot, NOW)
        assert is_reading.wait(timeout=5)
        second = pool.submit(showcase.snapshot, NOW)
        # Longer than a page waits where there is an older snapshot.
        assert wait([second], timeout=2 * module.MOST_WAIT_SECONDS).not_done
        may_end.set()
        assert first.result(timeout=5) is second.result(timeout=5) is EMPTY


@pytest.mark.parametrize(
    ("age", "least", "most"), [(9.9, 0, module.READ_SECONDS), (10, module.READ_SECONDS, 60)]
)
def test_a_page_waits_half_a_second_at_most_while_the_snapshot_is_recent(
    machine: Machine, age: float, least: float, most: float
) -> None:
    limits: list[float] = []

    def read(now: datetime, latest: ShowcaseReading | None) -> ShowcaseReading:
        limits.append(seconds_left() or 0)
        return ShowcaseReading(EMPTY, now)

    showcase = Showcase(read)
    with limited_waits(60):
        showcase.snapshot(NOW)
        machine.seconds += age
        showcase.snapshot(NOW)
    assert limits[0] == 60
    assert least < limits[1] <= most


def test_a_database_that_is_away_leaves_one_line_and_no_trace(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(now: datetime, latest: ShowcaseReading | None) -> ShowcaseReading:
        raise OperationalError("connection refused\nIs the server running?")

    with pytest.raises(ShowcaseUnavailable):
        Showcase(fail).snapshot(NOW)
    [record] = caplog.records
    assert not record.exc_info
    assert "\n" not in record.getMessage()
