"""docs/security.md names every requirement of the standard, and nothing that is not there."""

import re

from tests.architecture.named_tests import ROOT, missing_tests, named_tests

PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = re.findall(r"^\| ([\d., ]+) \| (.+?) \| (\w+) \| (.+) \|$", PAGE, re.M)
#: The requirements of levels 1 and 2 of OWASP ASVS 5.0.0, by their sections.
STANDARD = """
    1.1.1-2 1.2.1-9 1.3.1-11 1.4.1-3 1.5.1-2 2.1.1-3 2.2.1-3 2.3.1-4 2.4.1 3.2.1-2 3.3.1-4
    3.4.1-6 3.5.1-5 3.7.1-2 4.1.1-3 4.2.1 4.3.1-2 4.4.1-4 5.1.1 5.2.1-3 5.3.1-2 5.4.1-3 6.1.1-3
    6.2.1-12 6.3.1-4 6.4.1-4 6.5.1-5 6.6.1-3 6.8.1-4 7.1.1-3 7.2.1-4 7.3.1-2 7.4.1-5 7.5.1-2
    7.6.1-2 8.1.1-2 8.2.1-3 8.3.1 8.4.1 9.1.1-3 9.2.1-4 10.1.1-2 10.2.1-2 10.3.1-4 10.4.1-11
    10.5.1-5 10.6.1-2 10.7.1-3 11.1.1-2 11.2.1-3 11.3.1-3 11.4.1-4 11.5.1 11.6.1 12.1.1-3
    12.2.1-2 12.3.1-4 13.1.1 13.2.1-5 13.3.1-2 13.4.1-5 14.1.1-2 14.2.1-4 14.3.1-3 15.1.1-3
    15.2.1-3 15.3.1-7 16.1.1 16.2.1-5 16.3.1-4 16.4.1-3 16.5.1-3 17.1.1 17.2.1-4 17.3.1-2
"""


def spread(text: str) -> list[str]:
    """Numbers one by one: of ``1.2.3-4`` there are two."""
    found = []
    for word in text.split():
        chapter, section, numbers = word.split(".")
        for part in numbers.split(","):
            first, _, last = part.partition("-")
            found += [
                f"{chapter}.{section}.{number}"
                for number in range(int(first), int(last or first) + 1)
            ]
    return found


REQUIREMENTS = spread(STANDARD)


def named() -> list[str]:
    """The requirements with a row, and those that are said to concern no shop."""
    rows = [number for numbers, *_ in ROWS for number in numbers.split(", ")]
    [left_out] = re.findall(r"^\*\*Concern no shop.+$", PAGE, re.M)
    found = []
    for first, last in re.findall(r"(\d+\.\d+\.\d+)(?: (?:to|and) (\d+\.\d+\.\d+))?", left_out):
        begin = REQUIREMENTS.index(first)
        end = REQUIREMENTS.index(last) if last else begin
        found += REQUIREMENTS[begin : end + 1]
    return rows + found


def test_each_requirement_of_the_standard_has_its_answer_once() -> None:
    assert len(REQUIREMENTS) == 253
    assert sorted(named()) == sorted(REQUIREMENTS)


def test_each_answer_is_one_of_four_and_says_by_what_or_why() -> None:
    assert {answer for _, _, answer, _ in ROWS} <= {"yes", "partly", "no", "operator"}
    assert [numbers for numbers, _, _, reason in ROWS if len(reason) < 4] == []


def test_each_test_that_is_named_is_there() -> None:
    assert len(named_tests(PAGE)) > 10
    assert missing_tests(PAGE) == []
