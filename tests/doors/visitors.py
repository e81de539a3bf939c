"""Whoever knocks at a door: anybody, staff of each role, somebody who has left."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from django.db import transaction
from django.test import Client

from shop.staff.models import Staff
from shop.staff.roles import Role, give_role


@dataclass(frozen=True)
class Answer:
    """How a door answered: its status, where it leads, and what the shop met if that was 5xx."""

    status: int
    location: str
    problem: str

    @property
    def is_broken(self) -> bool:
        return self.status >= 500

    @property
    def leads_to_log_in(self) -> bool:
        return self.status == 302 and "/merchant/login/" in self.location


class Visitor:
    """A browser that knocks, and leaves nothing behind: whatever a request changed is undone."""

    def __init__(self, person: Staff | None = None, *, checks_tokens: bool = False) -> None:
        self._client = Client(enforce_csrf_checks=checks_tokens, raise_request_exception=False)
        if person is not None:
            self._client.force_login(person)
        self._cookies: SimpleCookie = deepcopy(self._client.cookies)

    def knock(self, method: str, *args: Any, **kwargs: Any) -> Answer:
        """Send one request; the arguments are those of that method of Django's test client.

        ``cookies`` are sent besides those of the session.
        """
        cookies: dict[str, str] = kwargs.pop("cookies", {})
        self._client.cookies = deepcopy(self._cookies)
        for name, value in cookies.items():
            self._client.cookies[name] = value
        with _undone():
            response = getattr(self._client, method)(*args, **kwargs)
            # A stream is read by whoever sends it.
            if response.streaming:
                response.getvalue()
        error = response.exc_info and response.exc_info[1]
        problem = f"{type(error).__name__} {error}"[:200] if error else ""
        return Answer(response.status_code, response.get("Location", ""), problem)

    def page(self, path: str) -> str:
        """What a page says; nothing where it is not shown."""
        self._client.cookies = deepcopy(self._cookies)
        with _undone():
            response = self._client.get(path)
            is_page = response.get("Content-Type", "").startswith("text/html")
            return response.content.decode() if response.status_code == 200 and is_page else ""


def staff_of(role: Role | None, *, is_active: bool = True) -> Staff:
    """Somebody of the staff who has a role, or none; or who has left since."""
    name = f"{role or 'nobody'}{'' if is_active else '-left'}"
    person = Staff.objects.create(username=name, is_staff=True, is_active=is_active)
    if role:
        give_role(person, role)
    return person


@contextmanager
def _undone() -> Iterator[None]:
    class Undo(Exception):
        pass

    try:
        with transaction.atomic():
            yield
            raise Undo
    except Undo:
        pass
