"""Nothing that anybody sends breaks a page: the answer says what is wrong, or ignores it."""

from collections import Counter
from collections.abc import Iterator

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


class Trials:
    """What was tried, and what broke."""

    def __init__(self, every: int) -> None:
        self._every, self._turn = every, 0
        self.statuses = Counter[int]()
        self.broken: list[str] = []

    def is_due(self) -> bool:
        """Whether the next one is tried."""
        self._turn += 1
        return self._turn % self._every == 0

    def note(self, what: str, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        if answer.is_broken:
            self.broken.append(f"{what}: {answer.status} {answer.problem}")

    def close(self) -> None:
        print(f"{self.statuses.total()} requests: {dict(self.statuses)}")
        assert self.statuses.total() > 0
        assert not self.broken, "\n".join(self.broken)


def forms_of(html: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """The forms of a page that are sent: where to, their fields, and those that take files."""
    for form in BeautifulSoup(html, "html.parser").select("form[method=post]"):
        files = [str(each["name"]) for each in form.select("input[type=file][name]")]
        yield str(form.get("action", "")), fields_of(form), files


def query_of(door: Door) -> str:
    return PAGES[door.name].query if door.name in PAGES else ""


@pytest.mark.parametrize("every", EVERY)
def test_no_query_breaks_a_page(every: int, owner: Visitor, path_to: PathTo) -> None:
    trials = Trials(every)
    for door in doors():
        queries = [
            *hostile.QUERIES,
            *(f"?{name}={value}" for name in hostile.PARAMETERS for value in ("1", "%00", "x.y")),
        ]
        for query in queries:
            if trials.is_due():
                answer = owner.knock("get", path_to(door).partition("?")[0] + query)
                trials.note(f"{door.name}{query[:60]}", answer)
    trials.close()


@pytest.mark.parametrize("every", EVERY)
def test_no_path_breaks_the_shop(every: int, owner: Visitor, path_to: PathTo) -> None:
    trials = Trials(every)
    for door in doors():
        parts = path_to(door).partition("?")[0].strip("/").split("/")
        for position in range(len(parts)):
            for part in hostile.PATH_PARTS:
                if trials.is_due():
                    path = "/".join([*parts[:position], part, *parts[position + 1 :]])
                    answer = owner.knock("get", f"/{path}/")
                    trials.note(f"{door.name} /{path[:100]}/", answer)
    trials.close()


@pytest.mark.parametrize("every", EVERY)
def test_no_header_and_no_cookie_breaks_a_page(
    every: int, owner: Visitor, anyone: Visitor, path_to: PathTo
) -> None:
    trials = Trials(every)
    names = [cookie_name(), settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "shopper-x"]
    for door in doors():
        for headers in hostile.HEADERS:
            for method in ("get", "post"):
                if trials.is_due():
                    answer = owner.knock(method, path_to(door), headers=headers)
                    trials.note(f"{method} {door.name} {headers}"[:150], answer)
        for name in names:
            for value in hostile.COOKIES:
                if trials.is_due():
                    answer = anyone.knock("get", path_to(door), cookies={name: value})
                    trials.note(f"{door.name} {name}={value[:20]}", answer)
    trials.close()


@pytest.mark.parametrize("every", EVERY)
def test_no_body_breaks_a_page(every: int, owner: Visitor, path_to: PathTo) -> None:
    trials = Trials(every)
    for door in doors():
        for wrong, (kind, body) in hostile.BODIES.items():
            if trials.is_due():
                answer = owner.knock("generic", "POST", path_to(door), body, kind)
                trials.note(f"{door.name} {wrong}", answer)
    trials.close()


@pytest.mark.parametrize("every", EVERY)
def test_no_field_breaks_a_shoppers_form(every: int, anyone: Visitor, path_to: PathTo) -> None:
    """``tests/merchant/forms/test_tampered_forms.py`` has the back office's."""
    trials = Trials(every)
    for door in doors():
        if door.is_back_office:
            continue
        for action, fields, _files in forms_of(anyone.page(path_to(door))):
            for name, wrong in ((n, w) for n in fields for w in hostile.VALUES):
                if trials.is_due():
                    data = hostile.fields_with(fields, name, hostile.VALUES[wrong])
                    answer = _send(anyone, action or path_to(door), data)
                    trials.note(f"{door.name} {name}: {wrong}", answer)
    trials.close()


@pytest.mark.parametrize("every", EVERY)
def test_no_file_breaks_a_form(every: int, owner: Visitor, path_to: PathTo) -> None:
    trials = Trials(every)
    for door in doors():
        path = path_to(door) + query_of(door)
        for action, fields, files in forms_of(owner.page(path)):
            for name in files:
                for wrong, file in hostile_files():
                    if trials.is_due():
                        answer = owner.knock("post", action or path, {**fields, name: file})
                        trials.note(f"{door.name} {name}: {wrong}", answer)
    trials.close()


def _send(visitor: Visitor, path: str, data: dict[str, str]) -> Answer:
    # A browser replaces what no encoding has.
    data = {name: value.encode(errors="replace").decode() for name, value in data.items()}
    return visitor.knock("post", path, data)
