"""The live sale room's chart: labels that are legible on a phone and mean one instant each."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shop.merchant.reports.live_chart import by_minute
from shop.merchant.reports.svg_chart import Chart
from shop.sales.hold_end import SaleHolds
from shop.sales.models import Sale
from shop.sales.term_history import Terms

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
#: Berlin's clocks are put back at this instant.
BACK = datetime(2027, 10, 31, 1, tzinfo=UTC)
#: Measured on a phone of 390 pixels: how wide the picture is, and a letter of a label at most.
PICTURE, LETTER = 316, 7.2


def chart(opens: datetime, window: timedelta, hold: timedelta) -> Chart:
    sale = Sale(title="Autumn", time_zone="Europe/Berlin", starts_at=opens, ends_at=opens + window)
    terms = Terms(
        starts_at=opens,
        ends_at=opens + window,
        hold=hold,
        is_published=True,
        withdrawn=frozenset(),
    )
    return by_minute(sale, {}, SaleHolds([terms], (), {1: ()}), opens)


def spans_below(drawn: Chart) -> list[tuple[float, float]]:
    """Where the labels below the axis begin and end on a phone, in pixels, from left to right."""
    spans = [(0.0, len(drawn.begins) * LETTER)] if drawn.begins else []
    for rule in drawn.rules:
        if rule.label and not rule.is_above:
            spans.append(_span(rule.label_x, rule.anchor, rule.label))
    if drawn.ends:
        spans.append((PICTURE - len(drawn.ends) * LETTER, PICTURE))
    return sorted(spans)


def _span(x: str, anchor: str, label: str) -> tuple[float, float]:
    at, width = float(x.rstrip("%")) / 100 * PICTURE, len(label) * LETTER
    return (at - width, at) if anchor == "end" else (at, at + width)


@given(
    opens=st.integers(-26 * 60, 5 * 60).map(lambda minutes: BACK + minutes * MINUTE),
    window=st.integers(1, 30 * 60).map(lambda minutes: minutes * MINUTE),
    hold=st.integers(1, 30 * 60).map(lambda minutes: minutes * MINUTE),
)
def test_labels_stay_in_the_picture_and_apart_on_a_phone(
    opens: datetime, window: timedelta, hold: timedelta
) -> None:
    drawn = chart(opens, window, hold)
    for before, after in pairwise(spans_below(drawn)):
        assert before[1] <= after[0], (drawn.begins, drawn.rules, drawn.ends)
    for rule in drawn.rules:
        left, right = _span(rule.label_x, rule.anchor, rule.label)
        assert left >= -1 and right <= PICTURE + 1, rule


def test_a_day_is_named_where_it_is_not_the_openings() -> None:
    drawn = chart(BACK - 3 * HOUR - 10 * MINUTE, 15 * MINUTE, 30 * MINUTE)
    assert drawn.begins == "30 Oct, 23:50"
    assert [rule.label for rule in drawn.rules if rule.label] == [
        "31 Oct, 00:05 close",
        "held until 31 Oct, 00:35",
    ]


def test_a_day_of_25_hours_has_25_different_hours() -> None:
    drawn = chart(BACK - 3 * HOUR, 25 * HOUR, MINUTE)
    labels = [column.label for column in drawn.columns]
    assert len(set(labels)) == len(labels)
    assert "31 Oct, 02:00 (UTC+2)" in labels
    assert "31 Oct, 02:00 (UTC+1)" in labels
    assert len([each for each in labels if each.startswith("31 Oct") and ":00" in each]) == 25


def test_a_day_of_23_hours_leaves_the_hour_out_that_never_comes() -> None:
    forward = datetime(2027, 3, 28, 1, tzinfo=UTC)
    labels = [column.label for column in chart(forward - 2 * HOUR, 23 * HOUR, MINUTE).columns]
    hours = [each[-5:-3] for each in labels if each.startswith("28 Mar") and each.endswith(":00")]
    assert hours == [f"{hour:02}" for hour in range(24) if hour != 2]
