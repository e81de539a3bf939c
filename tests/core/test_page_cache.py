"""Pages rendered once and filled for each view: what is kept, for how long, and what never is."""

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from threading import Barrier

import pytest
from django.http import HttpResponse
from django.template import Engine, TemplateSyntaxError
from django.template.context import make_context
from django.test import RequestFactory
from django.urls import set_script_prefix
from hypothesis import given
from hypothesis import strategies as st

from shop.core import page_cache, preview
from shop.core.page_cache import PageCache, Period

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = Period(NOON, NOON + timedelta(hours=1))

type Page = Callable[..., str]


class Thing:
    """What a page is about; it counts how often a page asks for its title."""

    def __init__(self, title: str = "mug") -> None:
        self._title = title
        self.times_read = 0

    @property
    def title(self) -> str:
        self.times_read += 1
        return self._title


def engine_of(source: str) -> Engine:
    return Engine(
        loaders=[
            (
                "django.template.loaders.cached.Loader",
                [("django.template.loaders.locmem.Loader", {"page.html": source})],
            )
        ],
        builtins=["shop.templatetags.shop"],
        context_processors=["django.template.context_processors.request"],
    )


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    """Shows a view of the page that a template's source makes of a thing."""
    engines: dict[str, Engine] = {}

    def view(
        source: str,
        thing: Thing,
        *,
        cache: PageCache,
        now: datetime = NOON,
        period: Period = HOUR,
        key: str = "",
        **own: object,
    ) -> str:
        engine = engines.setdefault(source, engine_of(source))
        monkeypatch.setattr(Engine, "get_default", lambda: engine)
        response = cache.response(
            RequestFactory().get("/", headers={"X-Shopper": "ada"}),
            "page.html",
            key=key,
            source=thing,
            now=now,
            period=lambda: period,
            shared={"thing": thing},
            own=own,
        )
        return response.content.decode()

    return view


@pytest.fixture
def cache() -> PageCache:
    return PageCache()


TITLE = "<b>{{ thing.title }}</b>"


def test_a_page_is_rendered_once(page: Page, cache: PageCache) -> None:
    thing = Thing("a & b")
    assert {page(TITLE, thing, cache=cache) for _ in range(3)} == {"<b>a &amp; b</b>"}
    assert thing.times_read == 1


def test_a_gap_is_filled_anew_and_escaped(page: Page, cache: PageCache) -> None:
    source = TITLE + "{% gap %}{{ name }}{% endgap %}!"
    thing = Thing()
    assert page(source, thing, cache=cache, name="Ada") == "<b>mug</b>Ada!"
    assert page(source, thing, cache=cache, name="<i>") == "<b>mug</b>&lt;i&gt;!"
    assert thing.times_read == 1


def test_a_list_fills_a_gap_in_each_turn_of_a_loop(page: Page, cache: PageCache) -> None:
    source = (
        "{% for letter in thing.title %}{{ letter }}{% gap_item marks forloop.counter0 %}"
        "{% endfor %}"
    )
    thing = Thing()
    assert page(source, thing, cache=cache, marks="123") == "m1u2g3"
    assert page(source, thing, cache=cache, marks="<>&") == "m&lt;u&gt;g&amp;"
    assert thing.times_read == 1


def test_a_gap_within_an_include_or_a_tag_is_one_too(page: Page, cache: PageCache) -> None:
    source = "{% with a=1 %}{% if a %}{% gap %}{{ name }}{% endgap %}{% endif %}{% endwith %}"
    thing = Thing()
    assert [page(source, thing, cache=cache, name=name) for name in "xy"] == ["x", "y"]


def test_a_gap_that_names_a_value_is_rendered_when_the_value_changes(
    page: Page, cache: PageCache
) -> None:
    source = "{% gap until %}{{ thing.title }} {{ until }}{% endgap %}"
    thing = Thing()
    views = [page(source, thing, cache=cache, until=until) for until in "1121"]
    assert views == ["mug 1", "mug 1", "mug 2", "mug 1"]
    assert thing.times_read == 3


def test_a_gap_that_names_a_value_sees_nothing_else_of_the_view(
    page: Page, cache: PageCache
) -> None:
    source = (
        "{% gap until %}[{{ until }}{{ name }}{{ request.headers }}{% csrf_token %}]{% endgap %}"
    )
    assert page(source, Thing(), cache=cache, until="<1>", name="Ada") == "[&lt;1&gt;]"


def test_all_forms_of_a_view_have_one_token_and_two_views_have_two(
    page: Page, cache: PageCache
) -> None:
    source = "{% for _ in thing.title %}{% gap %}{% csrf_token %}{% endgap %}|{% endfor %}"
    thing = Thing()
    views = [page(source, thing, cache=cache).split("|")[:3] for _ in range(2)]
    assert [len(set(view)) for view in views] == [1, 1]
    assert views[0] != views[1]
    assert 'name="csrfmiddlewaretoken"' in views[0][0]


def test_what_is_kept_sees_neither_the_request_nor_what_is_a_shoppers_own(
    page: Page, cache: PageCache
) -> None:
    source = "[{{ name }}{{ request.headers }}{% csrf_token %}]"
    assert page(source, Thing(), cache=cache, name="Ada") == "[]"


def test_another_thing_is_rendered_anew_though_it_be_equal(page: Page, cache: PageCache) -> None:
    class Equal(Thing):
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Equal)

        __hash__ = Thing.__hash__

    assert page(TITLE, Equal("mug"), cache=cache) == "<b>mug</b>"
    assert page(TITLE, Equal("lamp"), cache=cache) == "<b>lamp</b>"


def test_pages_of_different_keys_and_prefixes_are_kept_apart(page: Page, cache: PageCache) -> None:
    thing = Thing()
    page(TITLE, thing, cache=cache, key="one")
    page(TITLE, thing, cache=cache, key="two")
    assert thing.times_read == 2
    set_script_prefix("/shop/")
    try:
        page(TITLE, thing, cache=cache, key="one")
    finally:
        set_script_prefix("/")
    assert thing.times_read == 3
    page(TITLE, thing, cache=cache, key="one")
    assert thing.times_read == 3


@pytest.mark.parametrize(
    ("now", "times_read"),
    [
        (HOUR.since - SECOND, 2),
        (HOUR.since, 1),
        (HOUR.until - SECOND, 1),
        (HOUR.until, 2),
    ],
)
def test_a_page_serves_within_its_period_alone(
    page: Page, cache: PageCache, now: datetime, times_read: int
) -> None:
    thing = Thing()
    page(TITLE, thing, cache=cache)
    page(TITLE, thing, cache=cache, now=now)
    assert thing.times_read == times_read


def test_a_changed_template_is_rendered_anew(page: Page, cache: PageCache) -> None:
    thing = Thing()
    page(TITLE, thing, cache=cache)
    assert page("{{ thing.title }}?", thing, cache=cache) == "mug?"


def test_a_rendering_that_fails_is_not_kept(page: Page, cache: PageCache) -> None:
    class Broken(Thing):
        is_broken = True

        @property
        def title(self) -> str:
            if self.is_broken:
                raise RuntimeError
            return super().title

    thing = Broken()
    with pytest.raises(RuntimeError):
        page(TITLE, thing, cache=cache)
    thing.is_broken = False
    assert page(TITLE, thing, cache=cache) == "<b>mug</b>"


def test_a_view_whose_filling_fails_spoils_no_other(page: Page, cache: PageCache) -> None:
    def fail() -> str:
        raise RuntimeError

    source = TITLE + "{% gap %}{{ name }}{% endgap %}"
    thing = Thing()
    with pytest.raises(RuntimeError):
        page(source, thing, cache=cache, name=fail)
    assert page(source, thing, cache=cache, name="Ada") == "<b>mug</b>Ada"


def test_a_preview_is_never_kept_and_never_shown_what_is(
    page: Page, cache: PageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = Thing()
    page(TITLE, thing, cache=cache)
    monkeypatch.setattr(preview, "is_on", lambda: True)
    monkeypatch.setattr(page_cache, "render", lambda *_: HttpResponse("a preview"))
    assert page(TITLE, thing, cache=cache) == "a preview"
    monkeypatch.undo()
    assert thing.times_read == 1


def test_no_more_is_kept_than_the_bound_and_the_least_asked_for_goes(page: Page) -> None:
    thing, cache = Thing(), PageCache(max_bytes=2 * len("<b>mug</b>"))
    for key in ("first", "second", "first", "third", "first", "second"):
        page(TITLE, thing, cache=cache, key=key)
    assert thing.times_read == 4


def test_a_page_larger_than_the_bound_is_shown_all_the_same(page: Page) -> None:
    cache = PageCache(max_bytes=3)
    assert page(TITLE, Thing(), cache=cache) == page(TITLE, Thing(), cache=cache) == "<b>mug</b>"


def test_a_kept_page_keeps_no_old_snapshot_alive(page: Page, cache: PageCache) -> None:
    thing = Thing()
    page(TITLE, thing, cache=cache)
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None


def test_a_text_that_has_seen_a_mark_cannot_make_a_gap(
    page: Page, cache: PageCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks are made anew: one that got out in an earlier page is a text like any other."""
    marks: list[str] = []
    make = token_hex

    def noted(size: int) -> str:
        marks.append(make(size))
        return marks[-1]

    monkeypatch.setattr(page_cache, "token_hex", noted)
    source = TITLE + "{% gap %}{{ name }}{% endgap %}"
    page(source, Thing(), cache=cache, name="Ada")
    title = f"{marks[0]}000000"
    assert page(source, Thing(title), cache=cache, name="Ada") == f"<b>{title}</b>Ada"
    assert len(set(marks)) == 2
    assert len(bytes.fromhex(marks[0])) == 16


ANY_TEXT = st.text() | st.text("0123456789abcdef{%}<>&", max_size=40)


@given(title=ANY_TEXT, names=st.lists(ANY_TEXT, min_size=3, max_size=3))
def test_any_text_comes_out_as_if_the_page_had_no_gaps(title: str, names: list[str]) -> None:
    source = (
        "{{ thing.title }}{% gap %}{{ name }}{{ thing.title }}{% endgap %}{% for n in '012' %}"
        "{{ n }}{% gap_item names forloop.counter0 %}{% gap %}{{ name }}{% endgap %}{% endfor %}"
    )
    values = {"thing": {"title": title}, "name": names[0], "names": names}
    engine = engine_of(source)
    template = engine.get_template("page.html")
    plain = template.render(make_context(values, RequestFactory().get("/")))
    kept = page_cache._Page(template, {"thing": {"title": title}}, Thing(), HOUR)
    for _ in range(2):
        shared, request = {"thing": {"title": title}}, RequestFactory().get("/")
        assert kept.filled(request, shared, values).decode() == plain


def test_no_shopper_sees_anothers_part_while_many_threads_render_and_fill(
    page: Page, cache: PageCache
) -> None:
    source = (
        "{{ thing.title }}{% gap %}{{ name }}{% endgap %}"
        "{% for n in '01234567' %}{% gap_item names forloop.counter0 %}{% endfor %}"
        "{% gap until %}{{ until }}{% endgap %}"
    )
    shoppers = 8
    things = [Thing(f"t{turn}") for turn in range(60)]
    barrier = Barrier(shoppers)

    def shop(number: int) -> None:
        name = f"<canary-{number}>"
        shown = f"&lt;canary-{number}&gt;"
        for thing in things:
            # All of them find that it is another thing now, and render it at once.
            barrier.wait(timeout=30)
            for until in (1, number, 1):
                own = {"name": name, "names": [name] * 8, "until": until}
                html = page(source, thing, cache=cache, **own)
                assert html == f"{thing._title}{shown * 9}{until}"

    with ThreadPoolExecutor(shoppers) as pool:
        list(pool.map(shop, range(shoppers)))
    assert all(1 <= thing.times_read <= shoppers for thing in things)


@pytest.mark.parametrize(
    "tag", ["{% gap it it %}{% endgap %}", "{% gap_item names %}", "{% gap_item %}", "{% gap %}"]
)
def test_a_tag_written_wrong_is_refused(tag: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        engine_of(tag).get_template("page.html")
