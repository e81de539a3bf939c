"""What browsers report of scripts, styles and frames that the Content-Security-Policy refused.

A report is a sign of a hostile script, or of a page of ours that breaks the policy. Anybody can
send one, with any content: it is bounded in size and rate, nothing is stored, and the log gets one
short line: which directive, which origin, and the pattern of the page's address. The address itself
may be a person's.

Two formats: ``report-uri`` sends one report as ``application/csp-report`` (CSP level 3, section
5.3), ``report-to`` a list of them as ``application/reports+json`` (Reporting API, section 3.4).
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shop.core.machine_clock import monotonic_seconds

#: Far more than a browser's report has; a list of them is cut by the browser's own patience.
MOST_BYTES = 16 * 1024
#: A process takes so many reports at once, and one more in so many seconds.
MOST_AT_ONCE = 20
SECONDS_EACH = 3.0

_MOST_SHOWN = 80
_TOKEN = re.compile(r"[a-z][a-z-]{2,40}")
#: What an extension of the browser's own brought: neither ours nor an attacker's.
_EXTENSION = re.compile(r"(?:[a-z]+-)+extension\b")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Violation:
    """What was refused: by which directive, from where, and on which page; each in a few words."""

    directive: str
    blocked: str
    page: str

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Violation":
        """Read a report of either format; their members differ in spelling alone."""
        directive = _text(body, "effectiveDirective", "effective-directive", "violated-directive")
        return cls(
            directive=directive if _TOKEN.fullmatch(directive) else "an unknown directive",
            blocked=_source(_text(body, "blockedURL", "blocked-uri")),
            page=_page(_text(body, "documentURL", "document-uri")),
        )


class Allowance:
    """How many reports a process takes: some at once, and then one each few seconds."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Be as a process that starts."""
        self._left, self._seen_at, self._refused = float(MOST_AT_ONCE), 0.0, 0

    def take(self) -> int | None:
        """How many were refused since the last one that was taken; None: so is this one."""
        now = monotonic_seconds()
        with self._lock:
            more = (now - self._seen_at) / SECONDS_EACH
            self._left, self._seen_at = min(MOST_AT_ONCE, self._left + more), now
            if self._left < 1:
                self._refused += 1
                return None
            self._left -= 1
            refused, self._refused = self._refused, 0
            return refused


allowance = Allowance()


@csrf_exempt  # Browsers send no token with a report.
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Log one line of a report: 204; 413 if it is too long, 400 if it is none, 429 if too many."""
    refused = allowance.take()
    if refused is None:
        return HttpResponse(status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    if length > MOST_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        violations = list(_violations(request.read(MOST_BYTES)))
    except ValueError:
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    if violations:
        _log(violations, refused)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _log(violations: list[Violation], refused: int) -> None:
    first = violations[0]
    others = f" ({len(violations) - 1} more in this report)" if len(violations) > 1 else ""
    more = f" ({refused} reports before it were not read)" if refused else ""
    text = "Refused by the Content-Security-Policy: %s by %s, on %s%s%s"
    logger.warning(text, first.blocked, first.directive, first.page, others, more)


def _violations(octets: bytes) -> Iterator[Violation]:
    """:raises ValueError: it is a report of neither format"""
    try:
        document = json.loads(octets)
    except RecursionError:
        raise ValueError("nested too deep") from None
    reports = document if isinstance(document, list) else [document]
    for report in reports:
        if not isinstance(report, dict):
            raise ValueError("no report")
        if report.get("type", "csp-violation") != "csp-violation":
            continue
        body = report.get("csp-report", report.get("body"))
        if not isinstance(body, dict):
            raise ValueError("a report without a body")
        source = _text(body, "sourceFile", "source-file")
        if not any(map(_EXTENSION.match, (source, _text(body, "blockedURL", "blocked-uri")))):
            yield Violation.from_body(body)


def _text(body: Mapping[str, Any], *names: str) -> str:
    found = next((body[name] for name in names if body.get(name)), "")
    return found if isinstance(found, str) else ""


def _source(blocked: str) -> str:
    """Where something came from: its origin alone, or a word such as ``inline``."""
    if _TOKEN.fullmatch(blocked):
        return blocked
    try:
        parts = urlsplit(blocked)
    except ValueError:
        return "something unnamed"
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else parts.scheme
    return _printable(origin) or "something unnamed"


def _page(address: str) -> str:
    """The pattern of a page's address: one itself may grant access, or carry an offer."""
    try:
        return f"/{resolve(urlsplit(address).path).route}"
    except (Resolver404, ValueError):
        return "another page"


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:_MOST_SHOWN] if "!" <= letter <= "~")
