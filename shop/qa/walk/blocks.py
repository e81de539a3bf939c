"""A page as blocks of text, each with what surrounds it.

A block is the text that reads as one: a paragraph, a cell, a heading. A ``<time>`` in
it is replaced by a mark and kept apart, with its instant and its words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from html.parser import HTMLParser

#: Stands in a block's text for its next ``<time>``.
MARK = "⏱"
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)
#: Elements whose text is nobody's to read.
_UNREAD = frozenset({"script", "style", "textarea", "datalist", "progress", "code", "select"})
#: Elements within a line of text; all others begin a block.
_INLINE = frozenset(
    ["a", "abbr", "b", "em", "i", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u"]
)
_SCOPES = frozenset({"li", "article", "tr", "section", "body"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "caption"})
_SPACE = re.compile(r"\s+")
_BEFORE_STOP = re.compile(r" (?=[.,;])")


@dataclass(frozen=True, slots=True)
class TimeElement:
    """A ``<time>``: its instant, its words, and what its ``data-`` attribute calls it."""

    at: datetime
    words: str
    name: str


@dataclass(eq=False)
class Element:
    """An open element, as far as blocks in it need to know."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    links: list[str] = field(default_factory=list)
    #: The text of its first heading; of a row, that of its first cell, and of all so far.
    heading: str = ""
    head: str = ""
    texts: list[str] = field(default_factory=list)
    #: In a table, the heads of its columns; in a row, how many cells precede.
    columns: list[str] = field(default_factory=list)
    cells: int = 0

    def outwards(self) -> "Iterator[Element]":
        """This element, and those around it."""
        element: Element | None = self
        while element is not None:
            yield element
            element = element.parent


@dataclass(frozen=True)
class Block:
    """A text that reads as one, and its ``<time>`` elements in order."""

    text: str
    times: tuple[TimeElement, ...]
    element: Element
    label: str = ""
    column: str = ""

    def data(self, name: str) -> str:
        """The nearest ``data-{name}`` around it; empty where there is none."""
        return self.attribute(f"data-{name}")

    def attribute(self, name: str) -> str:
        """The nearest value of an attribute around it; empty where there is none."""
        found = (each.attributes.get(name) for each in self.element.outwards())
        return next((value for value in found if value), "")

    def has_class(self, name: str) -> bool:
        """Whether it, or an element around it, has a class."""
        return any(
            name in each.attributes.get("class", "").split() for each in self.element.outwards()
        )

    def within(self, **attributes: str) -> bool:
        """Whether it, or an element around it, has just these attributes."""
        return any(
            all(each.attributes.get(name) == value for name, value in attributes.items())
            for each in self.element.outwards()
        )

    def link(self, pattern: str) -> str:
        """The first group of the nearest link around it that matches; empty for none."""
        for element in self.element.outwards():
            for address in element.links:
                if found := re.search(pattern, address):
                    return found[1]
        return ""

    def is_under(self, pattern: str) -> bool:
        """Whether it stands under a heading, or in a part with a label, of that pattern."""
        return any(
            re.fullmatch(pattern, text)
            for each in self.element.outwards()
            for text in (each.heading, each.attributes.get("aria-label", ""))
        )

    @cached_property
    def said(self) -> str:
        """Its text, after what it is a value of: "Orders: 12"."""
        of = self.label or self.column
        return f"{of}: {self.text}" if of else self.text

    @cached_property
    def row(self) -> str:
        """The head of its row, in a table."""
        return next((each.head for each in self.element.outwards() if each.tag == "tr"), "")

    @cached_property
    def cells(self) -> list[str]:
        """The texts of its row's cells up to it."""
        return next((each.texts for each in self.element.outwards() if each.tag == "tr"), [])


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form as it would be sent."""

    name: str
    value: str
    element: Element


@dataclass(frozen=True)
class PageText:
    """A page's blocks and form fields in their order, and its elements with data attributes."""

    blocks: list[Block]
    fields: list[FormField]
    marked: list[Element]

    def one(self, name: str) -> str:
        """The value of the first ``data-{name}``; empty where there is none."""
        key = f"data-{name}"
        return next((e.attributes[key] for e in self.marked if key in e.attributes), "")


def read_page(html: str) -> PageText:
    """The blocks of an HTML page or fragment."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.flush()
    return PageText(reader.blocks, reader.fields, reader.marked)


def tidy(text: str) -> str:
    """A text as people see it: white space folded, and none before a stop."""
    return _BEFORE_STOP.sub("", _SPACE.sub(" ", text)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.fields: list[FormField] = []
        self.marked: list[Element] = []
        self._element = Element("body", {}, None)
        self._text: list[str] = []
        self._times: list[TimeElement] = []
        self._time: tuple[dict[str, str], list[str]] | None = None
        self._label = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in _VOID:
            self._note(tag, attributes, self._element)
            if tag not in {"img", "wbr"}:
                self._text.append(" ")
            return
        if self._silent or tag in _UNREAD or "hidden" in attributes:
            self._silent += 1
            return
        if tag not in _INLINE:
            self.flush()
        self._element = Element(tag, attributes, self._element)
        self._note(tag, attributes, self._element)
        if tag == "time" and "datetime" in attributes:
            self._time = attributes, []
        if tag == "a" and "href" in attributes:
            self._link(attributes["href"])
        if tag in {"td", "th"}:
            self._enter_cell(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._silent:
            self._silent -= 1
            return
        if tag == "time" and self._time is not None:
            self._leave_time()
        if tag not in _INLINE:
            self.flush()
        # Tags that HTML lets be left out end with the element around them.
        around = list(self._element.outwards())
        if any(each.tag == tag for each in around[:-1]):
            closed = next(each for each in around if each.tag == tag)
            assert closed.parent is not None
            self._element = closed.parent

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._time is not None:
            self._time[1].append(data)
        else:
            self._text.append(data)

    def flush(self) -> None:
        """End the block that is being read."""
        text, times = tidy("".join(self._text)), tuple(self._times)
        self._text, self._times = [], []
        if not text:
            return
        element = self._element
        column = ""
        cell = next((each for each in element.outwards() if each.tag in {"td", "th"}), None)
        if cell is not None:
            column = self._column_of(cell, text)
        if any(each.tag in _HEADINGS for each in element.outwards()):
            self._set_heading(text)
        if element.tag == "dt":
            self._label = text
        label = self._label if any(each.tag == "dd" for each in element.outwards()) else ""
        self.blocks.append(Block(text, times, element, label, column))

    def _note(self, tag: str, attributes: dict[str, str], element: Element) -> None:
        if any(name.startswith("data-") for name in attributes):
            self.marked.append(element)
        if tag == "input" and "name" in attributes and not self._silent:
            self.fields.append(
                FormField(attributes["name"], attributes.get("value", ""), self._element)
            )

    def _link(self, address: str) -> None:
        for each in self._element.outwards():
            if each.tag in _SCOPES:
                each.links.append(address)
                break

    def _leave_time(self) -> None:
        assert self._time is not None
        attributes, words = self._time
        name = next((each[5:] for each in attributes if each.startswith("data-")), "")
        at = datetime.fromisoformat(attributes["datetime"])
        self._times.append(TimeElement(at, tidy("".join(words)), name))
        self._text.append(MARK)
        self._time = None

    def _enter_cell(self, attributes: dict[str, str]) -> None:
        row = next((each for each in self._element.outwards() if each.tag == "tr"), None)
        if row is not None:
            self._element.cells = row.cells
            row.cells += int(attributes.get("colspan", "1"))

    def _column_of(self, cell: Element, text: str) -> str:
        table = next((each for each in cell.outwards() if each.tag == "table"), None)
        row = next((each for each in cell.outwards() if each.tag == "tr"), None)
        if table is None or row is None:
            return ""
        if any(each.tag == "thead" for each in cell.outwards()):
            table.columns += [""] * (cell.cells + 1 - len(table.columns))
            table.columns[cell.cells] = text
            return ""
        # Django's rows of forms have no head: their first text names them.
        row.head = row.head or text
        row.texts.append(text)
        return table.columns[cell.cells] if cell.cells < len(table.columns) else ""

    def _set_heading(self, text: str) -> None:
        for each in self._element.outwards():
            if each.tag in {"section", "article", "div", "table", "main", "body", "li"}:
                each.heading = each.heading or text
                break
