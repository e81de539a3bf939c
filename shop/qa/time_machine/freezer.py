"""freezegun underneath: from here on, whoever asks this process for the time is told the shop's.

It is started once a process, when everything that keeps time of its own is
imported, and never stopped or started again: starting looks through every
module there is. What moves is the file that ``clock`` reads.

freezegun 1.5 in a server needs four things done differently:

* ``monotonic`` and ``perf_counter`` stay real. It gives seconds since 1970 for
  them, and time-outs, heartbeats, connection pools and event loops would see
  the years jump.
* Whether ``time.time()`` is real or not depends on the five frames above it,
  and its own list has ``threading`` in it: near the top of a worker thread
  ``time.time()`` would be real and ``datetime.now()`` not. With the monotonic
  clock real no thread needs that; the list names who speaks with the world.
* Its ticking clock is measured on the machine's wall, and slips by an hour
  when that is put forward or back. Ours is worked out in UTC.
* Its datetimes forget their ``fold``, so that the hour that comes twice in
  autumn comes out wrong by one.
"""

from datetime import datetime

import freezegun
from freezegun import api

from shop.qa.time_machine import clock_file

#: Callers whose ``time.time()`` is the world's: Stripe's library with its tolerance for old
#: signatures, what carries its requests, and the lines of logs, the server's own among them.
REAL_TIME_FOR = ["stripe", "requests", "urllib3", "http.cookiejar", "logging", "granian"]

_MONOTONIC = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


class ShopTime(api.FrozenDateTimeFactory):
    """Where freezegun gets the time from: the shop's clock, naive and in UTC as it wants it."""

    def __init__(self) -> None:
        super().__init__(self())

    def __call__(self) -> datetime:
        return clock_file.now().replace(tzinfo=None)


def start() -> None:
    """Put the shop's clock in place of the machine's, in this process, for good."""
    if any(isinstance(each, ShopTime) for each in api.freeze_factories):
        return
    for name in _MONOTONIC:
        setattr(api, f"fake_{name}", getattr(api, f"real_{name}"))
    api.datetime_to_fakedatetime = _with_its_fold
    freezegun.configure(default_ignore_list=REAL_TIME_FOR)
    freezegun.freeze_time(clock_file.now()).start()
    api.freeze_factories[-1] = ShopTime()


def _with_its_fold(datetime: datetime) -> api.FakeDatetime:
    """In place of freezegun's ``datetime_to_fakedatetime``, which leaves the ``fold`` out."""
    return api.FakeDatetime(
        datetime.year,
        datetime.month,
        datetime.day,
        datetime.hour,
        datetime.minute,
        datetime.second,
        datetime.microsecond,
        datetime.tzinfo,
        fold=datetime.fold,
    )
