"""A view that says hello behind all of the shop's middleware, against the same view alone.

Alone is: Django's WSGI handler without any middleware; no cookie is read. Both get the same request
of a returning browser, and the handler is all they share. Every page of the shop costs what hello
costs, and more. A note has what the middleware of a new Django project alone would cost.
"""

from collections.abc import Sequence
from copy import copy

from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from benchmarks.browser import Browser
from benchmarks.measure import Call, Row, compare

GOAL = 2.5
CALLS = 30

#: Of ``django-admin startproject`` (Django 6.1).
STARTPROJECT = (
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)


def run(rounds: int) -> list[Row]:
    """One row."""
    browser = Browser()

    def ours() -> bytes:
        return browser.get("/hello/")

    bare, startproject = hello(browser, ()), hello(browser, STARTPROJECT)
    if ours() != bare():
        raise AssertionError("The two do not say the same.")
    note = compare(ours, startproject, rounds=rounds, calls=CALLS).ratio
    times = compare(ours, bare, rounds=rounds, calls=CALLS)
    return [Row("hello", times, GOAL, (f"{note:.2f} times a new project's middleware",))]


def hello(browser: Browser, middleware: Sequence[str]) -> Call:
    """The same view and request, through other middleware."""
    other = copy(browser)
    with override_settings(MIDDLEWARE=list(middleware)):
        other.application = WSGIHandler()
    return lambda: other.get("/hello/")
