"""Reports of the Content-Security-Policy: one short line in the log, and nothing else."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from shop.core import csp_reports
from shop.core.csp_reports import MOST_AT_ONCE, MOST_BYTES, SECONDS_EACH, allowance

PATH = "/csp-reports/"
OLD: dict[str, Any] = {
    "csp-report": {
        "document-uri": "https://shop.example/sales/autumn/?utm=x",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/steal.js?card=4242",
    }
}
NEW: dict[str, Any] = {
    "type": "csp-violation",
    "age": 10,
    "url": "https://shop.example/sales/autumn/",
    "body": {
        "documentURL": "https://shop.example/sales/autumn/",
        "effectiveDirective": "script-src-elem",
        "blockedURL": "inline",
        "sourceFile": "https://shop.example/sales/autumn/",
        "lineNumber": 3,
    },
}
FROM_EVIL = (
    "Refused by the Content-Security-Policy: https://evil.example by script-src-elem, "
    "on /sales/<slug:slug>/"
)
INLINE = FROM_EVIL.replace("https://evil.example", "inline")


@pytest.fixture(autouse=True)
def _allowance() -> Iterator[None]:
    allowance.forget()
    yield
    allowance.forget()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """What the log says of reports."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener()
    csp_reports.logger.addHandler(listener)
    yield said
    csp_reports.logger.removeHandler(listener)


def send(report: Any, content_type: str = "application/csp-report") -> int:
    """The status of an answer to a report, sent as browsers send it: without a token."""
    body = report if isinstance(report, bytes | str) else json.dumps(report)
    browser = Client(enforce_csrf_checks=True)
    return browser.post(PATH, body, content_type=content_type).status_code


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (OLD, [FROM_EVIL]),
        ([NEW], [INLINE]),
        ([NEW, NEW, NEW], [f"{INLINE} (2 more in this report)"]),
        # Other kinds of report may come to the same endpoint.
        ([{"type": "deprecation", "body": {}}], []),
        ([], []),
    ],
)
def test_a_report_of_either_format_is_one_line_of_the_log(
    lines: list[str], report: Any, said: list[str]
) -> None:
    assert send(report) == 204
    assert lines == said


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("https://shop.example/orders/secret-token-of-an-order/", "/orders/<"),
        (
            "https://shop.example/merchant/password/new/Mg/token-of-a-reset/",
            "/merchant/password/new/<",
        ),
        ("https://shop.example/no/such/page?name=ada", "another page"),
        ("https://[shop.example/", "another page"),
        ("", "another page"),
    ],
)
def test_no_address_of_a_persons_gets_into_the_log(lines: list[str], page: str, said: str) -> None:
    assert send({"csp-report": {**OLD["csp-report"], "document-uri": page}}) == 204
    assert f", on {said}" in lines[0]
    assert not any(told in lines[0] for told in ("secret-token", "token-of", "ada", "such"))


@pytest.mark.parametrize(
    ("blocked", "said"),
    [
        ("https://ada:secret@evil.example/x?y", "https://evil.example"),
        ("data", "data"),
        ("data:text/javascript,alert(1)", "data"),
        ("eval", "eval"),
        (
            "https://evil.example\n2026-11-27 ERROR all is lost",
            "https://evil.example2026-11-27ERROR",
        ),
        ("https://" + "e" * 5000, "https://" + "e" * 72),
        ("", "something unnamed"),
        ("https://[evil", "something unnamed"),
        (["https://evil.example"], "something unnamed"),
    ],
)
def test_of_what_was_blocked_the_log_has_the_origin_on_one_line(
    lines: list[str], blocked: Any, said: str
) -> None:
    assert send({"csp-report": {**OLD["csp-report"], "blocked-uri": blocked}}) == 204
    assert lines[0].startswith(f"Refused by the Content-Security-Policy: {said}")
    assert "\n" not in lines[0]
    assert len(lines[0]) < 250


@pytest.mark.parametrize(
    "scheme", ["chrome-extension", "moz-extension", "safari-web-extension", "ms-browser-extension"]
)
def test_what_an_extension_of_the_browsers_own_brought_is_no_news(
    lines: list[str], scheme: str
) -> None:
    blocked = {**OLD["csp-report"], "blocked-uri": f"{scheme}://abc/x.js"}
    source = {**OLD["csp-report"], "source-file": f"{scheme}://abc/x.js"}
    assert send({"csp-report": blocked}) == send({"csp-report": source}) == 204
    assert lines == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"3",
        b'"x"',
        b"{}",
        b'{"csp-report": 1}',
        b"[" * 9000,
        b"[1]",
    ],
)
def test_what_is_no_report_is_refused(lines: list[str], body: bytes) -> None:
    assert send(body) == 400
    assert lines == []


def test_a_report_that_is_too_long_is_not_read(lines: list[str]) -> None:
    padded = json.dumps(OLD).ljust(MOST_BYTES)
    assert send(padded) == 204
    assert send(padded + " ") == 413
    assert len(lines) == 1


def test_a_flood_is_told_of_and_not_logged(
    lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [1000.0]
    monkeypatch.setattr(csp_reports, "monotonic_seconds", lambda: at[0])
    assert {send(OLD) for _ in range(MOST_AT_ONCE)} == {204}
    assert {send(OLD) for _ in range(50)} == {429}
    assert len(lines) == MOST_AT_ONCE
    at[0] += SECONDS_EACH - 0.01
    assert send(OLD) == 429
    at[0] += 0.02
    assert send(OLD) == 204
    assert lines[-1] == f"{FROM_EVIL} (51 reports before it were not read)"
    assert send(OLD) == 429


def test_it_asks_no_database_sets_no_cookie_and_takes_nothing_but_post(
    client: Client, django_assert_num_queries: Any, db: None
) -> None:
    with django_assert_num_queries(0):
        answer = client.post(PATH, json.dumps(OLD), content_type="application/csp-report")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not answer.cookies
    assert client.get(PATH).status_code == 405


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*OLD["csp-report"], *NEW, *NEW["body"], "csp-report", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(report=values)
def test_no_report_is_more_than_a_line_or_an_error(report: Any) -> None:
    allowance.forget()
    assert send(report) in {204, 400}
