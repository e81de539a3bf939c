"""Every probe of the shop, run one after the other."""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db import DatabaseError

from shop.core.postgresql.time_limits import limited_waits
from shop.operations import readiness, services, stuck
from shop.operations.diagnoses import Diagnosis, Severity

#: How long the database has for an answer: one that hangs is told, not waited for.
DATABASE_PATIENCE_SECONDS = 3

type Probe = Callable[[datetime], Iterator[Diagnosis]]

logger = logging.getLogger(__name__)

#: What a process needs before it can serve.
LOCAL_PROBES: Sequence[Probe] = (
    readiness.settings_that_are_wrong,
    readiness.folders_that_cannot_be_written,
    readiness.static_files_that_are_missing,
)
#: The same, of the database; the first one that fails ends them.
DATABASE_PROBES: Sequence[Probe] = (
    readiness.database_that_is_away,
    readiness.migrations_that_are_missing,
    readiness.showcase_that_cannot_be_read,
)
#: What is told besides. Whether a key is Stripe's decides whether anybody can pay.
OTHER_PROBES: Sequence[Probe] = (
    services.stripe_keys,
    services.mail_server,
    services.debugging,
    services.untrusted_proxy,
)
#: What is told of rows, where the database has them.
ROW_PROBES: Sequence[Probe] = (
    services.machine_clock,
    stuck.reconcile_that_does_not_run,
    stuck.payments_in_doubt,
    stuck.orders_past_their_claim,
    stuck.events_that_wait,
    stuck.refunds_that_wait,
    stuck.mails_that_wait,
    stuck.restore_that_waits,
    stuck.keys_that_have_done_their_work,
    stuck.keys_that_may_have_leaked,
    stuck.outages_without_an_answer,
)


def obstacles(now: datetime) -> list[Diagnosis]:
    """What stands in the way of serving, by what this machine and the database say."""
    with limited_waits(DATABASE_PATIENCE_SECONDS):
        of_database = list(_run_until_one_finds(DATABASE_PROBES, now))
    found = [*_run(LOCAL_PROBES, now), *of_database]
    return [each for each in found if each.severity is Severity.IN_THE_WAY]


def examine(now: datetime) -> list[Diagnosis]:
    """All that an operator has to know."""
    with limited_waits(DATABASE_PATIENCE_SECONDS):
        of_database = list(_run_until_one_finds(DATABASE_PROBES, now))
        of_rows = [] if of_database else _run(ROW_PROBES, now)
    return [*_run(LOCAL_PROBES, now), *of_database, *_run(OTHER_PROBES, now), *of_rows]


def log_obstacles(now: datetime) -> bool:
    """Say once, at the start of a process, why it will answer 503; whether it will."""
    found = obstacles(now)
    for each in found:
        logger.error("Not ready to serve. %s %s", each.text, each.way_out)
    return bool(found)


def _run_until_one_finds(probes: Sequence[Probe], now: datetime) -> Iterator[Diagnosis]:
    for probe in probes:
        found = _run([probe], now)
        yield from found
        if found:
            return


def _run(probes: Sequence[Probe], now: datetime) -> list[Diagnosis]:
    found: list[Diagnosis] = []
    for probe in probes:
        try:
            found += probe(now)
        except DatabaseError as error:
            found.append(readiness.database_fault(error))
        except Exception as error:
            # A probe that cannot look must not keep the others from looking.
            what = probe.__name__.replace("_", " ")
            reason = f"{type(error).__name__}: {readiness.first_line(error)}"
            found.append(Diagnosis(f"Not examined: {what} ({reason})."))
    return found
