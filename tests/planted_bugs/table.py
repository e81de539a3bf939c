"""The table of planted bugs in ``docs/rehearsal.md``: who finds each."""

from collections.abc import Iterable, Mapping, Sequence

from tests.planted_bugs.bug import ROOT, PlantedBug, Unreached
from tests.planted_bugs.finders import Finding

PAGE = ROOT / "docs" / "rehearsal.md"
_BEGIN, _END = "<!-- bin/planted-bugs --write -->\n", "<!-- until here -->\n"
_HEAD = ("| planted bug | in | fast tests | scenarios | rehearsal |", "|---|---|:-:|:-:|:-:|")
_FOUND, _MISSED = "✓", "–"
_MARKS = {True: _FOUND, False: _MISSED, None: ""}
_LETTERS = {reason: chr(ord("a") + place) for place, reason in enumerate(Unreached)}


def written() -> str:
    """The table as the page has it.

    :raises ValueError: the page has no place for it
    """
    _, begin, rest = PAGE.read_text().partition(_BEGIN)
    table, end, _ = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no {_BEGIN.strip()} … {_END.strip()}.")
    return table


def write(table: str) -> None:
    """Put a table in the place of the page's."""
    PAGE.write_text(PAGE.read_text().replace(f"{_BEGIN}{written()}", f"{_BEGIN}{table}"))


def rows_written() -> dict[str, str]:
    """The rows of the page's table, by the bug's name."""
    lines = [line for line in written().splitlines() if line.startswith("| ")]
    return {line.split("|")[1].strip(): line for line in lines[1:]}


def row_of(bug: PlantedBug, found: Finding) -> str:
    """A bug's row: who found it."""
    rehearsal = _LETTERS[bug.unreached] if bug.unreached else _MARKS[found.rehearsal]
    marks = " | ".join([_MARKS[found.tests], _MARKS[found.scenarios], rehearsal])
    return f"| {bug.name} | `{bug.file}` | {marks} |"


def table_of(bugs: Sequence[PlantedBug], rows: Mapping[str, str]) -> str:
    """The table of these bugs that have a row, with its sums and reasons below."""
    chosen = [rows[bug.name] for bug in bugs if bug.name in rows]
    columns = list(zip(*(row.split("|")[3:6] for row in chosen), strict=True)) or [(), (), ()]
    tests, scenarios, rehearsals = (_share(cells) for cells in columns)
    used = {cell.strip() for cell in columns[2]}
    reasons = [f"- {letter}: {each}" for each, letter in _LETTERS.items() if letter in used]
    legend = (
        f"Fast tests find {tests}, scenarios {scenarios}, rehearsals {rehearsals}. "
        "✓: found; –: missed, though it might be seen; empty: not asked. A letter says why a "
        "rehearsal cannot see it, by its nature:"
    )
    return "\n".join(["", *_HEAD, *chosen, "", legend, "", *reasons, "", ""])


def _share(cells: Iterable[str]) -> str:
    marks = [cell.strip() for cell in cells]
    asked = [mark for mark in marks if mark in {_FOUND, _MISSED}]
    return f"{asked.count(_FOUND)} of {len(asked)}"
