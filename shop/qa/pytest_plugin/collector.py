"""Collects ``.feature`` files as tests, and reports their results in words.

pytest-bdd runs the scenarios; this plugin needs no Python beside them, checks all steps
of a scenario before its first one runs, and reports a failure by its steps.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pytest_bdd import scenario as bind
from pytest_bdd.exceptions import GherkinParseError, StepError
from pytest_bdd.feature import get_feature
from pytest_bdd.gherkin_parser import Scenario as GherkinScenario
from pytest_bdd.gherkin_parser import get_gherkin_document
from pytest_bdd.parser import Feature, Scenario, Step

from shop.qa.pytest_plugin.parsing import WrongWords
from shop.qa.pytest_plugin.vocabulary import VOCABULARY, closest

_REPORT = pytest.StashKey[list[str]]()


class BadFeature(Exception):
    """A file that cannot be run; the text says where and why."""


class FeatureFile(pytest.Module):
    """A ``.feature`` file; each of its scenarios is a test named by its title."""

    def _getobj(self) -> ModuleType:
        try:
            return tests_of(self.path)
        except BadFeature as error:
            raise self.CollectError(f"{self.path}: {error}") from None

    def funcnamefilter(self, name: str) -> bool:
        """Everything in it is a test."""
        return True


def tests_of(path: Path) -> ModuleType:
    """The tests of a file by the titles of their scenarios.

    :raises BadFeature: it has none, or is not written as Gherkin has it
    """
    try:
        _check_scenarios(path)
        feature = get_feature(str(path.parent), path.name)
    except (GherkinParseError, StepError, UnicodeDecodeError, WrongWords) as error:
        raise BadFeature(str(error)) from None
    module = ModuleType(path.stem, feature.description)
    for title in feature.scenarios:
        test = bind(str(path), title, features_base_dir=str(path.parent))
        setattr(module, title, test(lambda: None))
    return module


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--in-words`` lists each scenario by its title, under its feature."""
    parser.addoption("--in-words", action="store_true", help="list each scenario by its title")


def pytest_configure(config: pytest.Config) -> None:
    """Report in words, if asked to."""
    if config.getoption("in_words"):
        config.pluginmanager.register(InWords(config))


class InWords:
    """A line for each scenario, under the title of its feature."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._feature = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Print nothing but the lines of this plugin and pytest's sum."""
        if report.when == "call" or report.outcome != "passed":
            return ("error" if report.when != "call" else report.outcome, "", "")
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print a scenario's line."""
        if report.when != "call" and report.outcome == "passed":
            return
        terminal = self._config.get_terminal_writer()
        feature = str(dict(report.user_properties).get("feature", ""))
        # An outline's title and its row.
        title = report.location[2].replace("[", " [", 1)
        if feature != self._feature:
            self._feature = feature
            terminal.line(f"\n{feature}", bold=True)
        is_passed = report.outcome == "passed"
        mark = "✓" if is_passed else "✗"
        terminal.line(f"  {mark} {title}", green=is_passed, red=not is_passed)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FeatureFile | None:
    """Collect feature files."""
    if file_path.suffix != ".feature":
        return None
    file: FeatureFile = FeatureFile.from_parent(parent, path=file_path)
    file.add_marker(pytest.mark.django_db)
    return file


def pytest_bdd_before_scenario(
    request: pytest.FixtureRequest, feature: Feature, scenario: Scenario
) -> None:
    """Check all steps of a scenario before its first one runs."""
    request.node.stash[_REPORT] = []
    request.node.user_properties.append(("feature", feature.name))
    unknown = [problem for step in scenario.steps if (problem := _problem(step))]
    if unknown:
        raise WrongWords("\n".join(unknown))


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Record a step that passed."""
    request.node.stash[_REPORT].append(f"    ✓ {step.keyword} {step.name}")


def pytest_bdd_step_error(
    request: pytest.FixtureRequest, scenario: Scenario, step: Step, exception: Exception
) -> None:
    """Record the step that failed, and those that were not reached."""
    lines = request.node.stash[_REPORT]
    lines.append(f"    ✗ {step.keyword} {step.name}   (line {step.line_number})")
    lines += [f"        {line}" for line in str(exception).splitlines()[:30]]
    rest = [each for each in scenario.steps if each.line_number > step.line_number]
    lines += [f"    · {each.keyword} {each.name}" for each in rest]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report a failed scenario by its steps, with a traceback unless an expectation failed."""
    report = yield
    if call.excinfo is None or _REPORT not in item.stash or call.when != "call":
        return report
    error = call.excinfo.value
    lines = item.stash[_REPORT] or [f"    {line}" for line in str(error).splitlines()]
    text = "\n".join(lines)
    if not isinstance(error, AssertionError):
        text += f"\n\n{report.longreprtext}"
    report.longrepr = text
    return report


def _problem(step: Step) -> str:
    """What is wrong with a step, with suggestions; empty for a known step."""
    known = [entry for entry in VOCABULARY if entry.phrase.is_matching(step.name)]
    where = f"line {step.line_number}: {step.keyword} {step.name}"
    if not known:
        like = "\n".join(f"        {phrase}" for phrase in closest(step.name))
        return (
            f"Unknown step, {where}\n    Do you mean one of these?\n{like}\n"
            "    `bin/scenarios --list` prints all of them."
        )
    if step.datatable is not None and not known[0].has_table:
        return f"This step takes no table, {where}"
    return ""


def _check_scenarios(path: Path) -> None:
    """A scenario that does not run is not taken for one that passed.

    :raises WrongWords: a title is missing or used twice (only one of the two would run), or a
        scenario has no steps, or no examples
    """
    scenarios = list(_scenarios(path))
    if not scenarios:
        raise WrongWords("there is no scenario in it.")
    seen: dict[str, int] = {}
    for each in scenarios:
        title, line = each.name, each.location.line
        if not title.strip():
            raise WrongWords(f"line {line}: this scenario has no title.")
        if title in seen:
            raise WrongWords(f'lines {seen[title]} and {line}: both are called "{title}".')
        if not each.steps:
            raise WrongWords(f"line {line}: this scenario has no steps.")
        if not all(examples.table_body for examples in each.examples):
            raise WrongWords(f"line {line}: this outline has no examples.")
        seen[title] = line


def _scenarios(path: Path) -> Iterator[GherkinScenario]:
    """:raises WrongWords: there is no feature"""
    try:
        feature = get_gherkin_document(str(path)).feature
    except KeyError:
        # The library takes it for granted that there is one.
        raise WrongWords("there is no feature in it.") from None
    rules = [child.rule for child in feature.children if child.rule]
    children = [*feature.children, *(child for rule in rules for child in rule.children)]
    yield from (child.scenario for child in children if child.scenario)
