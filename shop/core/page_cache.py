"""Pages that are rendered once and filled for each view ("donut caching").

Nearly all of a page is the same for everybody. Its template marks what is not::

    {% gap %}{% if bag.count %}<b>{{ bag.count }}</b>{% endif %}{% endgap %}
    {% for deal in deals %} … {% gap_item offers forloop.counter0 %} … {% endfor %}
    {% gap held_until %}Held until {{ held_until }}{% endgap %}

``PageCache.response`` takes what everybody is shown (``shared``) and what this view alone is
(``own``):

* The template is rendered with ``shared`` and the shop's name: without a request, without context
  processors, without ``own``. So there is nothing of a shopper that could be kept.
* Each gap leaves a mark in the text, by which it is cut. The mark is made of 128 random bits, anew
  for each rendering: no merchant's text can contain it, nor can one be prepared that does.
* A view fills the gaps: their bodies are rendered by Django, and escaped as ever, with a
  ``RequestContext`` of ``shared`` and ``own``. They see none of the names that ``for``, ``with``
  and ``include`` add; ``gap_item`` takes its place in the list from around it.
* A gap that names a value of ``own`` is rendered with ``shared`` and this value alone, and kept for
  as long as the value stays: it is the same for all who look in one second.
* A kept page serves as long as its source is the very same object, its template the same, and
  ``now`` within its period. Otherwise the next view renders it anew; when several do at once, each
  of them is right. A rendering that fails is not kept.
* No preview is kept. A page that depends on more than its key says (a search, a filter, a header)
  does not belong here, unless that is in a gap.
* Where all pages come to more than the bound, those that were asked for longest ago go.

Outside of ``PageCache`` both tags render in place, so that a page in a preview, and one that
extends the same base and is never kept, comes out of the same template.
"""

import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context, Engine, Node, NodeList, Template, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token
from django.template.context import make_context
from django.urls import get_script_prefix
from django.utils.html import conditional_escape

from shop.core import preview

#: Of all kept pages together, in each process.
MAX_BYTES = 16 * 1024 * 1024
#: Digits after a mark that say which of the page's gaps it is; as many say which of its texts.
_DIGITS = 4


class Period(NamedTuple):
    """A stretch of time, ``[since, until)``."""

    since: datetime
    until: datetime

    def covers(self, now: datetime) -> bool:
        """Whether an instant is in it."""
        return self.since <= now < self.until


#: Of a page on which nothing outside of gaps is about time.
ALWAYS = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class _Marked(Context):
    """A context in which gaps leave marks."""

    def __init__(self, values: Mapping[str, object]) -> None:
        super().__init__(dict(values))
        # Django copies a context for parts of the page: these two are shared by all copies.
        self.mark = token_hex(16)
        self.gaps: dict[_Gap, int] = {}

    def mark_of(self, gap: "_Gap", index: int = 0) -> str:
        """What stands for one text of a gap."""
        number = self.gaps.setdefault(gap, len(self.gaps))
        return f"{self.mark}{number:0{_DIGITS}}{index:0{_DIGITS}}"


class GapNode(Node):
    """``{% gap %} … {% endgap %}``: a part of a page that is rendered in each view, once.

    ``{% gap held_until %}`` is rendered when that value of the view's own is another one.
    """

    def __init__(self, nodelist: NodeList, name: str) -> None:
        self.nodelist = nodelist
        self.name = name

    def render(self, context: Context) -> str:
        if isinstance(context, _Marked):
            return context.mark_of(self)
        return self.nodelist.render(context)

    def texts(self, context: Context) -> list[str]:
        """What fills it in one view."""
        return [self.nodelist.render(context)]


class GapItemNode(Node):
    """``{% gap_item offers forloop.counter0 %}``: an item of a list that each view has anew."""

    def __init__(self, items: FilterExpression, index: FilterExpression) -> None:
        self.items = items
        self.index = index

    def render(self, context: Context) -> str:
        index = self.index.resolve(context)
        if isinstance(context, _Marked):
            return context.mark_of(self, index)
        return conditional_escape(self.items.resolve(context)[index])

    def texts(self, context: Context) -> list[str]:
        """What fills it in one view, at each index."""
        return [conditional_escape(item) for item in self.items.resolve(context)]


type _Gap = GapNode | GapItemNode


def gap(parser: Parser, token: Token) -> GapNode:
    """The tag ``{% gap %}``."""
    tag, *names = token.split_contents()
    if len(names) > 1:
        raise TemplateSyntaxError(f"{{% {tag} %}} takes one name, or none.")
    nodelist = parser.parse((f"end{tag}",))
    parser.delete_first_token()
    return GapNode(nodelist, *names or [""])


def gap_item(parser: Parser, token: Token) -> GapItemNode:
    """The tag ``{% gap_item %}``."""
    name, *bits = token.split_contents()
    if len(bits) != 2:
        raise TemplateSyntaxError(f"{{% {name} %}} takes a list and an index into it.")
    items, index = map(parser.compile_filter, bits)
    return GapItemNode(items, index)


class _Page:
    """A rendered page, cut at its gaps."""

    def __init__(
        self, template: Template, shared: Mapping[str, object], source: object, period: Period
    ) -> None:
        context = _Marked({"shop_name": settings.SHOP_NAME, **shared})
        first, *others = template.render(context).split(context.mark)
        self.template = template
        self.period = period
        # Weakly: a page that nobody asks for any more keeps no old snapshot alive.
        self._source = weakref.ref(source)
        self._gaps = tuple(context.gaps)
        #: Of each gap that depends on one value: the last value, and what it gave.
        self._last_texts: dict[GapNode, tuple[object, list[str]]] = {}
        self._first = first.encode()
        self._others = tuple(
            (int(text[:_DIGITS]), int(text[_DIGITS : 2 * _DIGITS]), text[2 * _DIGITS :].encode())
            for text in others
        )

    def serves(self, template: Template, source: object, now: datetime) -> bool:
        """Whether it is still what would be rendered."""
        return self._source() is source and self.period.covers(now) and self.template is template

    @property
    def size(self) -> int:
        """Bytes of its text."""
        return len(self._first) + sum(len(text) for _, _, text in self._others)

    def filled(
        self, request: HttpRequest, shared: Mapping[str, object], own: Mapping[str, object]
    ) -> bytes:
        """The whole page for one view."""
        with self._bound(make_context({**shared, **own}, request)) as context:
            fillings = [
                self._remembered(gap, shared, own[gap.name])
                if isinstance(gap, GapNode) and gap.name
                else gap.texts(context)
                for gap in self._gaps
            ]
        parts = [self._first]
        for number, index, text in self._others:
            parts += (fillings[number][index].encode(), text)
        return b"".join(parts)

    def _remembered(self, gap: GapNode, shared: Mapping[str, object], value: object) -> list[str]:
        known = self._last_texts.get(gap)
        if known is None or known[0] != value:
            with self._bound(Context({**shared, gap.name: value})) as context:
                known = self._last_texts[gap] = value, gap.texts(context)
        return known[1]

    @contextmanager
    def _bound(self, context: Context) -> Iterator[Context]:
        with context.render_context.push_state(self.template), context.bind_template(self.template):
            yield context


class PageCache:
    """The pages that a process keeps, for all its threads."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._pages: LRUCache[tuple[str, ...], _Page] = LRUCache(
            max_bytes, getsizeof=lambda page: page.size
        )
        self._lock = Lock()

    def response(
        self,
        request: HttpRequest,
        template_name: str,
        *,
        key: str = "",
        source: object,
        now: datetime,
        period: Callable[[], Period],
        shared: Mapping[str, object],
        own: Mapping[str, object] | None = None,
    ) -> HttpResponse:
        """The page for one view.

        :param key: which of the template's pages it is
        :param source: the immutable object that ``shared`` is made from
        :param period: around ``now``, the time in which the clock changes nothing outside of gaps
        :param shared: what everybody is shown; what is costly to make, as a ``SimpleLazyObject``
        :param own: what only this view is shown
        """
        shared, own = {"now": now, **shared}, own or {}
        if preview.is_on():
            return render(request, template_name, {**shared, **own})
        template = Engine.get_default().get_template(template_name)
        # Addresses in the page begin with the prefix.
        place = (template_name, key, get_script_prefix())
        with self._lock:
            page = self._pages.get(place)
        if page is None or not page.serves(template, source, now):
            page = _Page(template, shared, source, period())
            # A page that is larger than all that may be kept is not kept.
            with suppress(ValueError), self._lock:
                self._pages[place] = page
        return HttpResponse(page.filled(request, shared, own))


pages = PageCache()
