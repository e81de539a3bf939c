"""freezegun in a server: puts the shop's clock in place of this process's.

Started once per process, when all modules that keep time are imported, and never
stopped: a start searches every module. Later only the clock's file changes.

freezegun 1.5 needs four things done differently:

* ``monotonic`` and ``perf_counter`` stay real. It gives seconds since 1970 for
  them, and time-outs, heartbeats, connection pools and event loops would see
  the years jump.
* Whether ``time.time()`` is real or not depends on the five frames above it,
  and its own list has ``threading`` in it: near the top of a worker thread
  ``time.time()`` would be real and ``datetime.now()`` not. With the monotonic
  clock real no thread needs that; our list names modules that talk to other hosts.
* Its ticking clock follows local time, and slips by an hour when clocks change.
  Ours is computed in UTC.
* Its datetimes lose their ``fold``, so that the second of autumn's two equal
  hours comes out as the first.
"""

from datetime import datetime

import freezegun
from freezegun import api

from shop.qa.time_machine import clock_file

#: Callers whose ``time.time()`` stays real: Stripe's library with its tolerance for old
#: signatures, the HTTP libraries beneath it, and logs, the server's own among them.
REAL_TIME_FOR = ["stripe", "requests", "urllib3", "http.cookiejar", "logging", "granian"]

_MONOTONIC = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


class ShopTime(api.FrozenDateTimeFactory):
    """freezegun's source of time: the shop's clock, naive and in UTC as it requires."""

    def __init__(self) -> None:
        super().__init__(self())

    def __call__(self) -> datetime:
        return clock_file.now().replace(tzinfo=None)


def start() -> None:
    """Replace the machine's clock by the shop's in this process."""
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
