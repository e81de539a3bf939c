"""The instants to test: both sides of every boundary, in whole seconds."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from shop.core.formatting import second
from shop.core.wall_time import clock_change, offset_of
from shop.qa.rehearsal.merchant_actions import MerchantAction
from shop.qa.rehearsal.oracle import hold_at, honored_until

SECOND = timedelta(seconds=1)
#: The last actions and first clock changes whose both sides are tested; older ones only happen.
MOST_ACTIONS = 3
MOST_CLOCK_CHANGES = 2

END_OF_TIME = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Instant:
    """An instant, and why it is tested."""

    at: datetime
    why: tuple[str, ...]


@dataclass(frozen=True)
class BoundaryPlan:
    """When pages are opened, and when their offers are presented, both in order of time."""

    issued: list[Instant]
    presented: list[Instant]


def plan_boundaries(
    *,
    starts_at: datetime,
    ends_at: datetime,
    hold: timedelta,
    actions: Sequence[MerchantAction],
    zone: ZoneInfo,
    focus: Sequence[MerchantAction] | None = None,
) -> BoundaryPlan:
    """The instants of a window ``[starts_at, ends_at)`` and of what happens in and after it.

    :param focus: the actions that a short scenario is about; it tests little else
    """
    opens, closes = whole(starts_at), whole(ends_at)
    last = closes - SECOND
    issued: defaultdict[datetime, list[str]] = defaultdict(list)
    presented: defaultdict[datetime, list[str]] = defaultdict(list)
    presented[opens - SECOND].append("a second before opening")
    presented[opens + SECOND].append("a second after opening")
    presented[closes].append("first second after the close")
    tested = [each for each in (actions if focus is None else focus) if each.at > opens]
    sides = [side for action in tested[-MOST_ACTIONS:] for side in _sides_of_action(action)]
    if focus is None:
        sides += _sides_of_clock_changes(opens, closes + hold, zone)
    for at, why in sides:
        presented[at].append(why)
        if opens <= at < closes:
            issued[at].append(why)
    if focus is None:
        issued[whole(opens + (last - opens) / 2)].insert(0, "half-way")
    if focus is None or not issued:
        issued[last].insert(0, "last second of the sale")
    issued[opens].insert(0, "first second of the sale")
    for at, why in _ends_of_holds(sorted(issued), hold, actions, zone):
        presented[at].append(why)
    for at, reasons in issued.items():
        presented[at][:0] = [reason for reason in reasons if reason not in presented[at]]
    return BoundaryPlan(_in_order(issued), _in_order(presented))


def clock_changes(since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants in a range at which the zone's clocks change, to the second."""
    changes = []
    day = since
    while day < until:
        next_day = min(day + timedelta(days=1), until)
        if offset_of(day, zone) != offset_of(next_day, zone):
            changes.append(clock_change(day, next_day, zone))
        day = next_day
    return changes


def whole(instant: datetime) -> datetime:
    """The first whole second that is not before an instant, in UTC."""
    floor = instant.astimezone(UTC).replace(microsecond=0)
    return floor if floor == instant else floor + SECOND


def _sides_of_action(action: MerchantAction) -> Iterator[tuple[datetime, str]]:
    yield whole(action.at) - SECOND, f"a second before {action.text}"
    yield whole(action.at), action.text
    for bound in (action.issued_from, action.issued_before):
        if bound is not None and whole(bound) != whole(action.at):
            yield whole(bound) - SECOND, f"a second before the cut: {action.text}"
            yield whole(bound), f"the cut: {action.text}"


def _sides_of_clock_changes(
    since: datetime, until: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, str]]:
    for change in clock_changes(since - SECOND, until, zone)[:MOST_CLOCK_CHANGES]:
        yield change - SECOND, "a second before the clocks change"
        yield change, "the clocks change"


def _ends_of_holds(
    issued: Sequence[datetime], hold: timedelta, actions: Sequence[MerchantAction], zone: ZoneInfo
) -> Iterator[tuple[datetime, str]]:
    for shown_at in issued:
        # As promised, and with all extensions.
        promised = shown_at + hold_at(shown_at, hold, actions)
        shown = second(shown_at, zone)
        ends = {promised: "hold"}
        ends.setdefault(honored_until(shown_at, promised, actions, END_OF_TIME), "longer hold")
        for end, kind in ends.items():
            yield end - SECOND, f"last second of the {kind} of {shown}"
            yield end, f"the {kind} of {shown} is over"


def _in_order(reasons: dict[datetime, list[str]]) -> list[Instant]:
    return [Instant(at, tuple(dict.fromkeys(reasons[at]))) for at in sorted(reasons)]
