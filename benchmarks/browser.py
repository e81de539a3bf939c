"""A known shopper's browser, or one of the staff's: it calls the WSGI application in process."""

import sys
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any

from django.conf import settings
from django.test import Client

from benchmarks.shop import SLUG
from shop.staff.models import Staff
from shop.wsgi import application


class Browser:
    """It keeps the cookies of its first visit, and takes no other."""

    def __init__(self, person: Staff | None = None) -> None:
        settings.ROOT_URLCONF = "benchmarks.urls"
        staff = Client()
        if person is not None:
            staff.force_login(person)
        self._cookies = _header(staff.cookies)
        _, given = self._call(f"/sales/{SLUG}/" if person is None else "/merchant/")
        staff.cookies.update(given)
        self._cookies = _header(staff.cookies)

    def get(self, path: str) -> bytes:
        """The whole body of an answer, which must be a 200."""
        return self._call(path)[0]

    def _call(self, path: str) -> tuple[bytes, SimpleCookie]:
        response = application(self._environ(path), _start_response)
        try:
            body = b"".join(response)
        finally:
            response.close()
        assert response.status_code == 200, f"{path}: {response.status_code}"
        return body, response.cookies

    def _environ(self, path: str) -> dict[str, Any]:
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": self._cookies,
            "HTTP_ACCEPT": "text/html",
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }


def _header(cookies: SimpleCookie) -> str:
    return "; ".join(f"{name}={each.value}" for name, each in cookies.items())


def _start_response(status: str, headers: list[tuple[str, str]], error: Any = None, /) -> Any:
    """What a server would begin its answer with."""
