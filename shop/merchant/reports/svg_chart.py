"""Columns over time as SVG: two kinds stacked, with instants marked.

Lengths are text in percent of the picture, so that type keeps its size on every screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_WHOLE = 10_000
#: Where columns begin and end, from the top: above them is room for one line of type, and below.
_TOP, _FLOOR = 1_100, 8_700
#: The room that a letter of a label needs where the picture is smallest, on a phone.
_LETTER = 230


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """A span of time and what was counted in it: in the window, and after the close."""

    label: str
    plain: int
    late: int

    @property
    def total(self) -> int:
        """Both kinds."""
        return self.plain + self.late


@dataclass(frozen=True, slots=True)
class AxisMark:
    """An instant to be marked, so many of ``of`` parts along the axis."""

    label: str
    name: str
    at: int
    of: int


@dataclass(frozen=True, slots=True)
class ChartBar:
    """A rectangle, in percent; ``title`` says what it stands for."""

    x: str
    y: str
    width: str
    height: str
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class ChartRule:
    """An upright line with a label: beside it, or at an edge where that has no room."""

    x: str
    label: str
    name: str
    label_x: str
    anchor: str
    is_above: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture, and the same as a table."""

    title: str
    text: str
    bars: Sequence[ChartBar]
    rules: Sequence[ChartRule]
    columns: Sequence[ChartColumn]
    most: int
    begins: str
    ends: str
    shade: ChartBar | None


def draw(
    *,
    title: str,
    text: str,
    columns: Sequence[ChartColumn],
    marks: Sequence[AxisMark],
    begins: str,
    ends: str,
    shade: tuple[AxisMark, AxisMark] | None = None,
) -> Chart:
    """A chart of columns of the same width.

    :param text: what it shows, in a sentence for assistive technology
    :param begins: the label at the left end of the axis, as ``ends`` at the right, unless a mark
        is in its way
    :param shade: the span, from one mark to another, in which prices were still held
    """
    most = max((each.total for each in columns), default=0)
    bars = [
        bar
        for place, each in enumerate(columns)
        for bar in _bars(each, place, len(columns), max(most, 1))
    ]
    below = [_label_span(each) for each in marks if each.label and not _is_above(each)]
    room_for_ends = _WHOLE - _width(ends)
    return Chart(
        title=title,
        text=text,
        bars=bars,
        rules=[_rule(each) for each in marks],
        columns=columns,
        most=most,
        begins="" if any(left < _width(begins) for left, _ in below) else begins,
        ends="" if any(right > room_for_ends for _, right in below) else ends,
        shade=_shade(*shade) if shade else None,
    )


def percent(hundredths: int) -> str:
    """Hundredths of a percent as SVG takes them: 1234 is "12.34%"."""
    return f"{hundredths // 100}.{hundredths % 100:02}%"


def step_for(span: int, steps: Sequence[int], most: int) -> int:
    """The smallest of the steps that cuts a span into ``most`` parts or fewer; else the largest."""
    return next((step for step in steps if -(-span // step) <= most), steps[-1])


def _bars(column: ChartColumn, place: int, count: int, most: int) -> list[ChartBar]:
    left, right = place * _WHOLE // count, (place + 1) * _WHOLE // count
    width = max(1, (right - left) * 4 // 5)
    height = _FLOOR - _TOP
    top_of_plain = _FLOOR - column.plain * height // most
    top = _FLOOR - column.total * height // most
    title = f"{column.label}: {column.total}"
    parts = [("plain", top_of_plain, _FLOOR), ("late", top, top_of_plain)]
    return [
        ChartBar(percent(left), percent(above), percent(width), percent(below - above), name, title)
        for name, above, below in parts
        if below > above
    ]


def _rule(mark: AxisMark) -> ChartRule:
    left, right = _label_span(mark)
    is_left = _stands_left(mark)
    label_x = percent(right if is_left else left)
    anchor = "end" if is_left else "start"
    return ChartRule(percent(_along(mark)), mark.label, mark.name, label_x, anchor, _is_above(mark))


def _stands_left(mark: AxisMark) -> bool:
    """Whether a label ends at its line: where it would otherwise leave the picture."""
    at, width = _along(mark), _width(mark.label)
    has_room_on_the_right = at + width <= _WHOLE
    return at > _WHOLE // 2 if has_room_on_the_right and at >= width else not has_room_on_the_right


def _label_span(mark: AxisMark) -> tuple[int, int]:
    """Where a label begins and ends; pushed in from the edge if it has no room on either side."""
    at, width = _along(mark), _width(mark.label)
    if _stands_left(mark):
        right = min(_WHOLE, max(at, width))
        return right - width, right
    return at, at + width


def _width(label: str) -> int:
    return len(label) * _LETTER


def _shade(start: AxisMark, end: AxisMark) -> ChartBar:
    left, right = _along(start), _along(end)
    height = percent(_FLOOR - _TOP)
    return ChartBar(percent(left), percent(_TOP), percent(max(0, right - left)), height, "held", "")


def _along(mark: AxisMark) -> int:
    return min(_WHOLE, max(0, mark.at * _WHOLE // max(mark.of, 1)))


def _is_above(mark: AxisMark) -> bool:
    """Whether its label stands above the columns."""
    return mark.name == "hold"
