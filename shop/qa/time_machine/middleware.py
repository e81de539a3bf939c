"""What a travelling clock asks of every request: cookies that stay, and a bar that tells of it."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import get_template
from django.utils import timezone

from shop.qa.time_machine import clock_file
from shop.sales.showcase import showcase

# Where a page begins: after its link to the content, which stays the first one to be reached.
_BEGINNING = re.compile(
    rb"""<body(?:[^>"']|"[^"]*"|'[^']*')*>(?:\s*<a\s[^>]*class="skip[^>]*>[^<]*</a>)?"""
)

type GetResponse = Callable[[HttpRequest], HttpResponse]


class ClockMiddleware:
    """Sees to it that a jump takes nothing away: no cookie, and no sale from what is on show."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._seen = clock_file.state()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        state = clock_file.state()
        if state != self._seen:
            # What is kept in memory was chosen by the time that it was.
            showcase.clear()
            self._seen = state
        response = self.get_response(request)
        for cookie in response.cookies.values():
            # A browser counts ages by its own clock and ``Expires`` is written by the shop's; an
            # age of nothing takes a cookie back, and may.
            if cookie["max-age"] != 0:
                cookie["max-age"] = cookie["expires"] = ""
        return response


def bar(get_response: GetResponse) -> GetResponse:
    """Put the clock's bar on top of every page, whoever made it: back office and errors too."""

    def with_bar(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
            return response
        beginning = _BEGINNING.search(response.content)
        if beginning is not None:
            at = beginning.end()
            start, end = response.content[:at], response.content[at:]
            response.content = start + _bar(request).encode() + end
        return response

    return with_bar


def _bar(request: HttpRequest) -> str:
    # The way back from a form that was refused is its page, which cannot be asked for again.
    way_back = request.get_full_path() if request.method == "GET" else ""
    context = {
        "clock": clock_file.read(),
        "zone": timezone.get_default_timezone(),
        "next": way_back,
        "csrf_token": get_token(request),
    }
    return get_template("qa/_bar.html").render(context)
