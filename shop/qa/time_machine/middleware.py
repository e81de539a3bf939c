"""Middleware of a travelling clock: cookies without age, and a bar on every page."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import get_template

from shop.core.formatting import zone_name
from shop.core.wall_time_input import WallTimeInput
from shop.qa.time_machine import clock_file
from shop.qa.time_machine.forms import ClockForm
from shop.sales.showcase import showcase

# Where the bar goes: after the skip link, which stays the first to be reached by keyboard.
_PLACE = re.compile(
    rb"""<body(?:[^>"']|"[^"]*"|'[^']*')*>(?:\s*<a\s[^>]*class="skip[^>]*>[^<]*</a>)?"""
)

type GetResponse = Callable[[HttpRequest], HttpResponse]


class ClockMiddleware:
    """Keeps cookies and the showcase right when the clock jumps."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._seen = clock_file.content()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        content = clock_file.content()
        if content != self._seen:
            # Its sales were selected by the time before.
            showcase.clear()
            self._seen = content
        response = self.get_response(request)
        for cookie in response.cookies.values():
            # A browser would use its own clock. An age of 0 deletes a cookie, and stays.
            if cookie["max-age"] != 0:
                cookie["max-age"] = cookie["expires"] = ""
        return response


def bar(get_response: GetResponse) -> GetResponse:
    """Put the clock's bar on top of every HTML page, error pages and the back office included."""

    def with_bar(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
            return response
        place = _PLACE.search(response.content)
        if place is not None:
            at, page = place.end(), response.content
            response.content = page[:at] + _bar(request).encode() + page[at:]
        return response

    return with_bar


def _bar(request: HttpRequest) -> str:
    # The response to a POST cannot be asked for again.
    return_path = request.get_full_path() if request.method == "GET" else ""
    reading = clock_file.read()
    context = {
        "clock": reading,
        "jump": jump_form(reading),
        "next": return_path,
        "csrf_token": get_token(request),
    }
    return get_template("qa/_bar.html").render(context)


def jump_form(reading: clock_file.Reading) -> ClockForm:
    """The form of the bar, whose field has no visible label and no id."""
    form = ClockForm(shown=reading.at, auto_id=False)
    picker = form.fields["at"].widget
    assert isinstance(picker, WallTimeInput)
    picker.alone()
    picker.attrs |= {"required": True, "aria-label": f"Jump to, {zone_name(form.zone)}"}
    return form
