"""The plugin's clock: stopped for a test that wants one, real for the next that does not."""

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from freezegun.api import FrozenDateTimeFactory

from shop.core.machine_clock import monotonic_seconds, unix_seconds
from shop.qa.pytest_plugin.factories import OPENS

YEAR = timedelta(days=365)


def test_the_clock_stands_at_the_opening_and_moves_when_it_is_told(
    clock: FrozenDateTimeFactory,
) -> None:
    assert timezone.now() == OPENS
    clock.move_to(OPENS + YEAR)
    assert timezone.now() == OPENS + YEAR
    assert time.time() == (OPENS + YEAR).timestamp()


def test_the_next_test_without_it_has_the_real_time() -> None:
    assert abs(datetime.now(UTC).timestamp() - unix_seconds()) < 1
    assert abs(time.time() - unix_seconds()) < 1


def test_the_next_test_with_it_finds_it_at_the_opening(clock: FrozenDateTimeFactory) -> None:
    assert timezone.now() == OPENS


def test_what_belongs_to_the_machine_is_real_under_it(clock: FrozenDateTimeFactory) -> None:
    before = monotonic_seconds()
    clock.move_to(OPENS + YEAR)
    assert monotonic_seconds() - before < 1
    assert abs(unix_seconds() - timezone.now().timestamp()) > YEAR.total_seconds() / 2
