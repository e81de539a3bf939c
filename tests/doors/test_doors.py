"""Every door of the shop, each method, each kind of visitor: who gets in, and nothing breaks."""

from collections import Counter

import pytest

from shop.merchant.site import FORMS_ALONE
from shop.staff.roles import Role
from tests.doors.addresses import PUBLIC, WITHOUT_TOKEN, doors
from tests.doors.conftest import PathTo
from tests.doors.visitors import Visitor, staff_of
from tests.staff.test_roles import PAGES, may

OTHERS = [
    pytest.param(role, marks=pytest.mark.verify)
    for role in (Role.OWNER, Role.MERCHANDISER, Role.SUPPORT, None)
]
#: ``tests/staff/test_roles.py`` has the other two for every role.
RARE_METHODS = ("head", "put", "patch", "delete", "options", "trace")
METHODS = ("get", "post", *RARE_METHODS)


def test_every_address_is_known() -> None:
    there = {door.name for door in doors()}
    assert there == PUBLIC.keys() | PAGES.keys()


@pytest.mark.parametrize(
    "role",
    [Role.VIEWER, *OTHERS],
    ids=str,
)
def test_no_rare_method_shows_staff_what_their_role_does_not(
    role: Role | None, db: None, path_to: PathTo
) -> None:
    visitor, wrong = Visitor(staff_of(role)), []
    for door in doors():
        if not door.is_back_office:
            continue
        needs = PAGES[door.name]
        for method in RARE_METHODS:
            answer = visitor.knock(method, path_to(door) + needs.query)
            is_in = answer.status not in {403, 405} and not answer.leads_to_log_in
            # Whatever is neither GET nor POST changes nothing; OPTIONS shows nothing either.
            is_wrong = is_in and method != "options" and not may(role, needs.to_look)
            if answer.is_broken or is_wrong:
                wrong.append(f"{method} {door.name}: {answer}")
    assert wrong == []


@pytest.mark.parametrize("who", ["anyone", "who has left"])
def test_nobody_else_gets_into_the_back_office(who: str, db: None, path_to: PathTo) -> None:
    visitor = Visitor() if who == "anyone" else Visitor(staff_of(Role.OWNER, is_active=False))
    wrong = []
    for door in doors():
        if not door.is_back_office or PAGES[door.name].to_look == "public":
            continue
        for method in METHODS:
            answer = visitor.knock(method, path_to(door) + PAGES[door.name].query)
            if not (answer.leads_to_log_in or answer.status in {403, 405}):
                wrong.append(f"{method} {door.name}: {answer}")
    assert wrong == []


def test_no_log_in_leads_to_an_address_of_the_back_office_that_takes_forms_alone(
    db: None, path_to: PathTo
) -> None:
    """As it does for whoever sends one of its forms when their session has ended."""
    visitor = Visitor(staff_of(Role.OWNER))
    for door in doors():
        if door.is_back_office:
            is_page = visitor.knock("get", path_to(door)).status != 405
            assert (door.name in FORMS_ALONE) is not is_page, door.name


def test_a_shoppers_door_takes_its_own_methods_alone(anyone: Visitor, path_to: PathTo) -> None:
    wrong = []
    for door in doors():
        if door.is_back_office:
            continue
        for method in METHODS:
            answer = anyone.knock(method, path_to(door))
            is_taken = method in PUBLIC[door.name] or (
                method == "head" and "get" in PUBLIC[door.name]
            )
            if answer.is_broken or (not is_taken and method != "options" and answer.status != 405):
                wrong.append(f"{method} {door.name}: {answer}")
    assert wrong == []


FOREIGN: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://shop.testserver"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Origin": "null"},
    {"Referer": "http://testserver/bag/"},
)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_nothing_is_taken_from_another_site_or_without_a_token(
    headers: dict[str, str], db: None, path_to: PathTo
) -> None:
    visitor = Visitor(staff_of(Role.OWNER), checks_tokens=True)
    statuses = Counter[int]()
    wrong = []
    for door in doors():
        needs = PAGES.get(door.name)
        path = path_to(door) + (needs.query if needs else "")
        answer = visitor.knock("post", path, headers=headers)
        statuses[answer.status] += 1
        is_refused = answer.status in {403, 405}
        if is_refused == (door.name in WITHOUT_TOKEN) or answer.is_broken:
            wrong.append(f"{door.name}: {answer}")
    assert wrong == []
