"""Nothing that anybody sends breaks a page: the answer says what is wrong, or ignores it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

import pytest
from bs4 import BeautifulSoup
from django.conf import settings

from shop.bag.lines import cookie_name
from shop.qa.pytest_plugin.back_office import fields_of
from tests.doors import hostile
from tests.doors.addresses import Door, doors
from tests.doors.conftest import PathTo
from tests.doors.files import hostile_files
from tests.doors.visitors import Answer, Visitor
from tests.staff.test_roles import PAGES

#: In ``make test`` every so-manieth of what is tried; ``make verify`` tries all.
EVERY = [pytest.param(31, id="some"), pytest.param(1, id="all", marks=pytest.mark.verify)]


#: What is tried, in words, and the request.
type Trial = tuple[str, Callable[[], Answer]]


def assert_none_breaks(every: int, trials: Iterable[Trial]) -> None:
    """Try every so-manieth of them; none is answered by 5xx."""
    statuses, broken = Counter[int](), []
    for what, send in islice(trials, every - 1, None, every):
        answer = send()
        statuses[answer.status] += 1
        if answer.is_broken:
            broken.append(f"{what[:150]}: {answer.status} {answer.problem}")
    print(f"{statuses.total()} requests: {dict(statuses)}")
    assert statuses.total() > 0
    assert not broken, "\n".join(broken)


def forms_of(html: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """The forms of a page that are sent: where to, their fields, and those that take files."""
    for form in BeautifulSoup(html, "html.parser").select("form[method=post]"):
        files = [str(each["name"]) for each in form.select("input[type=file][name]")]
        yield str(form.get("action", "")), fields_of(form), files


def with_paths(path_to: PathTo) -> Iterator[tuple[Door, str]]:
    """Every door, with its path."""
    return ((door, path_to(door)) for door in doors())


def query_of(door: Door) -> str:
    return PAGES[door.name].query if door.name in PAGES else ""


@pytest.mark.parametrize("every", EVERY)
def test_no_query_breaks_a_page(every: int, owner: Visitor, path_to: PathTo) -> None:
    ones = (f"?{name}={value}" for name in hostile.PARAMETERS for value in ("1", "%00", "x.y"))
    queries = [*hostile.QUERIES, *ones]
    assert_none_breaks(
        every,
        (
            (f"{door.name}{query[:60]}", partial(owner.knock, "get", bare(path) + query))
            for door, path in with_paths(path_to)
            for query in queries
        ),
    )


def wrong_paths(path: str) -> Iterator[str]:
    """A path with each of its parts replaced by each that is hostile."""
    parts = bare(path).strip("/").split("/")
    for position in range(len(parts)):
        for part in hostile.PATH_PARTS:
            yield "/".join(["", *parts[:position], part, *parts[position + 1 :], ""])


@pytest.mark.parametrize("every", EVERY)
def test_no_path_breaks_the_shop(every: int, owner: Visitor, path_to: PathTo) -> None:
    assert_none_breaks(
        every,
        (
            (f"{door.name} {path}", partial(owner.knock, "get", path))
            for door, right in with_paths(path_to)
            for path in wrong_paths(right)
        ),
    )


@pytest.mark.parametrize("every", EVERY)
def test_no_header_breaks_a_page(
    every: int, owner: Visitor, anyone: Visitor, path_to: PathTo
) -> None:
    assert_none_breaks(
        every,
        (
            (
                f"{method} {door.name} {headers}",
                partial(who.knock, method, path, headers=headers),
            )
            for door, path in with_paths(path_to)
            for headers in hostile.HEADERS
            for who in (owner, anyone)
            for method in ("get", "post")
        ),
    )


@pytest.mark.parametrize("every", EVERY)
def test_no_cookie_breaks_a_page(every: int, anyone: Visitor, path_to: PathTo) -> None:
    ours = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    names = [cookie_name(), *ours, "shopper-0000000a"]
    assert_none_breaks(
        every,
        (
            (
                f"{door.name} {name}={value}",
                partial(anyone.knock, "get", path, cookies={name: value}),
            )
            for door, path in with_paths(path_to)
            for name in names
            for value in hostile.COOKIES
        ),
    )


@pytest.mark.parametrize("every", EVERY)
def test_no_body_breaks_a_page(every: int, owner: Visitor, path_to: PathTo) -> None:
    assert_none_breaks(
        every,
        (
            (
                f"{door.name} {wrong}",
                partial(owner.knock, "generic", "POST", path, body, kind),
            )
            for door, path in with_paths(path_to)
            for wrong, (kind, body) in hostile.BODIES.items()
        ),
    )


@pytest.mark.parametrize("every", EVERY)
def test_no_field_breaks_a_shoppers_form(every: int, anyone: Visitor, path_to: PathTo) -> None:
    """``tests/merchant/forms/test_tampered_forms.py`` has the back office's."""
    assert_none_breaks(
        every,
        (
            (f"{door.name} {name}: {wrong}", partial(_send, anyone, action or path, data))
            for door, path in with_paths(path_to)
            if not door.is_back_office
            for action, fields, _files in forms_of(anyone.page(path))
            for name in fields
            for wrong, value in hostile.VALUES.items()
            for data in [hostile.fields_with(fields, name, value)]
        ),
    )


@pytest.mark.parametrize("every", EVERY)
def test_no_file_breaks_a_form(every: int, owner: Visitor, path_to: PathTo) -> None:
    assert_none_breaks(
        every,
        (
            (
                f"{door.name} {name}: {wrong}",
                partial(
                    owner.knock, "post", action or path + query_of(door), {**fields, name: file}
                ),
            )
            for door, path in with_paths(path_to)
            for action, fields, files in forms_of(owner.page(path + query_of(door)))
            for name in files
            for wrong, file in hostile_files()
        ),
    )


def bare(path: str) -> str:
    """A path without its query."""
    return path.partition("?")[0]


def _send(visitor: Visitor, path: str, data: dict[str, str]) -> Answer:
    # A browser replaces what no encoding has.
    data = {name: value.encode(errors="replace").decode() for name, value in data.items()}
    return visitor.knock("post", path, data)
