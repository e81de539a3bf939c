"""Browsers at the door of the back office."""

from typing import Any

from django.test import Client

from tests.staff.conftest import PASSWORD

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


class Browser:
    """A browser at a network address; it keeps its cookies."""

    def __init__(self, address: str = HERE) -> None:
        self.client = Client(REMOTE_ADDR=address)
        self.answer: Any = None

    def log_in(self, name: str = "ada", password: str = PASSWORD) -> "Browser":
        """Send the log-in form, whatever comes of it."""
        fields = {"username": name, "password": password, "next": "/merchant/"}
        self.answer = self.client.post("/merchant/login/", fields)
        return self

    def log_out(self) -> None:
        self.client.post("/merchant/logout/")

    @property
    def is_in(self) -> bool:
        """Whether the back office knows who this is."""
        return self.client.get("/merchant/").status_code == 200

    @property
    def status(self) -> int:
        return int(self.answer.status_code)

    @property
    def text(self) -> str:
        return str(self.answer.content.decode())


def fail(times: int, name: str = "ada", address: str = HERE) -> list[int]:
    """Wrong passwords, each in a fresh browser; the statuses of their answers."""
    return [Browser(address).log_in(name, "a guess").status for _ in range(times)]
