"""Throttles: how often a secret may be tried, or a mail be asked for.

A try is counted before it is made, in one transaction that locks its rows, so that of any number
of parallel tries exactly as many get through as may. A right one is given back. Beyond the free
tries each one makes the next wait longer, up to a longest wait; a try that has to wait is neither
made nor counted, so insisting makes it no longer. Nobody is ever locked out for good.

Rows are shared by all processes. They hold keyed hashes, in place of names and addresses, and go
once they are forgotten. Time is the machine's: no travelling clock shortens a wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from shop.core.durations import exact_duration
from shop.core.machine_clock import machine_time
from shop.staff.records import TryCount

#: A count is forgotten so many longest waits after its last try.
_WAITS_TO_FORGET = 4
#: Forgotten rows that one try deletes at most.
_MOST_DELETED = 100
TRIED_TOO_OFTEN = "This was tried too often. Try again in {wait}."
_SECOND = timedelta(seconds=1)
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be tried: so often at once, then with waits that double."""

    free: int
    first_wait: timedelta
    longest_wait: timedelta

    def wait_after(self, tries: int) -> timedelta:
        """How long after that many tries the next one has to wait, from the last on."""
        if tries < self.free:
            return _NONE
        # More doublings would only make a number that is cut off.
        doublings = min(tries - self.free, 32)
        return min(self.first_wait * (1 << doublings), self.longest_wait)

    @property
    def memory(self) -> timedelta:
        """How long after its last try a count is forgotten."""
        return self.longest_wait * _WAITS_TO_FORGET


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose tries are counted, and by which limit. ``kind`` keeps counts of one value apart."""

    kind: str
    value: str
    limit: Limit

    @property
    def key(self) -> str:
        """The key of its row: nobody learns the value from it without SECRET_KEY."""
        return salted_hmac(f"tries: {self.kind}", self.value, algorithm="sha256").hexdigest()


class TooManyTries(ValidationError):
    """The next try has to wait for ``seconds``. In a form it is an error of that form.

    ``is_first``: the first try that was refused since the last one that was counted.
    """

    def __init__(self, wait: timedelta, *, sentence: str, is_first: bool = False) -> None:
        self.seconds = max(1, ceil(wait / _SECOND))
        self.is_first = is_first
        super().__init__(sentence.format(wait=exact_duration(self.seconds)), code="throttled")


@dataclass(frozen=True, slots=True)
class Taken:
    """A try that was counted at ``at``; ``before`` has the try before it, by key."""

    at: datetime
    before: Mapping[str, datetime]

    def give_back(self) -> None:
        """Take it back, because it was right: only wrong ones count."""
        for key, last_at in sorted(self.before.items()):
            row = TryCount.objects.filter(key=key)
            row.filter(tries__gt=0).update(tries=F("tries") - 1)
            row.filter(last_at=self.at).update(last_at=last_at)


def take(*counted: Counted, sentence: str = TRIED_TOO_OFTEN) -> Taken:
    """Count one try for each of them, or none if any has to wait.

    :param sentence: what a person is told who has to wait for ``{wait}``
    :raises TooManyTries: with the longest of their waits
    """
    now = machine_time()
    limits = {each.key: each.limit for each in sorted(counted, key=lambda each: each.key)}
    taken = _count(limits, now)
    if isinstance(taken, Taken):
        _delete_forgotten(now)
        return taken
    wait, key = taken
    is_first = TryCount.objects.filter(key=key, has_told=False).update(has_told=True) == 1
    raise TooManyTries(wait, sentence=sentence, is_first=is_first)


def forget(*counted: Counted) -> None:
    """Forget all tries of somebody who has proved to be who they say."""
    TryCount.objects.filter(key__in=[each.key for each in counted]).update(tries=0)


def _count(limits: Mapping[str, Limit], now: datetime) -> Taken | tuple[timedelta, str]:
    """Count a try by each key; if one has to wait, count none: the longest wait, and its key."""
    with transaction.atomic():
        rows = _locked(list(limits), now)
        waits = {row.key: _wait(row, limits[row.key], now) for row in rows}
        longest = max(waits, key=lambda key: waits[key])
        if waits[longest] > _NONE:
            # New rows are left out too: refused tries write nothing.
            transaction.set_rollback(True)
            return waits[longest], longest
        taken = Taken(now, {row.key: row.last_at for row in rows})
        for row in rows:
            row.tries = 1 if row.forgotten_at <= now else row.tries + 1
            row.last_at, row.has_told = max(now, row.last_at), False
            row.forgotten_at = now + limits[row.key].memory
        TryCount.objects.bulk_update(rows, ["tries", "last_at", "has_told", "forgotten_at"])
    return taken


def _locked(keys: list[str], now: datetime) -> list[TryCount]:
    """The rows of sorted keys, made where there is none, locked in that order."""
    while True:
        new = [TryCount(key=key, last_at=now, forgotten_at=now) for key in keys]
        TryCount.objects.bulk_create(new, ignore_conflicts=True)
        rows = list(TryCount.objects.select_for_update().filter(key__in=keys).order_by("key"))
        # Another process may have just deleted one as forgotten.
        if len(rows) == len(keys):
            return rows


def _wait(row: TryCount, limit: Limit, now: datetime) -> timedelta:
    wait = limit.wait_after(row.tries)
    if wait == _NONE or row.forgotten_at <= now:
        return _NONE
    # The last try may be later than this one, which waited for its row.
    return row.last_at + wait - now


def _delete_forgotten(now: datetime) -> None:
    with transaction.atomic():
        # In the order of their keys, as they are locked elsewhere: so nobody waits in a circle.
        rows = TryCount.objects.select_for_update().filter(forgotten_at__lte=now).order_by("key")
        keys = [row.key for row in rows[:_MOST_DELETED]]
        if keys:
            TryCount.objects.filter(key__in=keys).delete()
