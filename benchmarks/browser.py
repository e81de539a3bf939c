"""A known shopper's browser, or one of the staff's: it calls the WSGI application in process."""

import sys
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

from benchmarks.shop import SLUG
from shop.core.shopper import Shopper
from shop.core.wsgi_refusals import Application
from shop.staff.models import Staff
from shop.wsgi import application


class Browser:
    """It keeps the cookies of its first visit, and those of forms that it is told to keep."""

    def __init__(self, person: Staff | None = None) -> None:
        settings.ROOT_URLCONF = "benchmarks.urls"
        #: What answers it.
        self.application: Application = application
        staff = Client()
        if person is not None:
            staff.force_login(person)
        self._cookies = staff.cookies
        _, given = self._call(f"/sales/{SLUG}/" if person is None else "/merchant/", None)
        self._cookies.update(given)

    @property
    def shopper(self) -> Shopper:
        """Who it is to the shop."""
        return Shopper.from_cookies({name: each.value for name, each in self._cookies.items()})

    def get(self, path: str) -> bytes:
        """The whole body of an answer, which must be a 200."""
        return self._call(path, None)[0]

    def post(self, path: str, fields: dict[str, str]) -> None:
        """Send a form, which must be answered by a 303; no cookie is kept."""
        self._call(path, fields)

    def post_and_keep(self, path: str, fields: dict[str, str]) -> None:
        """The same, and keep the cookies of the answer."""
        self._cookies.update(self._call(path, fields)[1])

    def _call(self, path: str, fields: dict[str, str] | None) -> tuple[bytes, SimpleCookie]:
        response = self.application(self._environ(path, fields), _start_response)
        try:
            body = b"".join(response)
        finally:
            response.close()
        expected = 200 if fields is None else 303
        assert response.status_code == expected, f"{path}: {response.status_code}"
        return body, response.cookies

    def _environ(self, path: str, fields: dict[str, str] | None) -> dict[str, Any]:
        body = b"" if fields is None else urlencode(fields).encode()
        return {
            "REQUEST_METHOD": "GET" if fields is None else "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "" if fields is None else "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": "; ".join(
                f"{name}={each.value}" for name, each in self._cookies.items()
            ),
            "HTTP_ACCEPT": "text/html",
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }


def _start_response(status: str, headers: list[tuple[str, str]], error: Any = None, /) -> Any:
    """What a server would begin its answer with."""
