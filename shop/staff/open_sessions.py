"""The open sessions of an account: which of its cookies are still worth something.

A session has a random id of its own, in its signed cookie. Its account keeps a digest of that id
in its own row, in a list of at most ``MOST`` entries; there is no table of sessions. What is not
in the list is ended: a log-out takes out one entry, and a copied cookie is worthless at once.

An entry also carries a digest of the account's session hash, so a new password, and a new
``session_epoch``, end it whoever sets them. It ends ``STAFF_SESSION_SECONDS`` after the log-in,
by the machine's clock.
"""

from collections.abc import Callable
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest

from shop.core import machine_clock
from shop.staff.browser_names import browser_name
from shop.staff.confirmations import confirm
from shop.staff.models import Staff

#: The open sessions of one account; one log-in more ends the oldest.
MOST = 20
_KEY = "session_id"


class OpenSession(TypedDict):
    """A session in the row of its account.

    ``id`` and ``account`` are digests: of the session's id, and of the account's session hash.
    ``began_at`` is the log-in, in seconds since 1970 by the machine's clock.
    """

    id: str
    account: str
    began_at: int
    browser: str


def begin(request: HttpRequest, person: Staff) -> None:
    """Open a session in the browser of a request, with a new id, in place of its session so far.

    Takes the account from ``person`` as it was logged in: if its password or epoch has changed
    in the meantime, the session is not open.
    """
    before = id_of(request.session)
    session_id = token_urlsafe(16)
    entry = OpenSession(
        id=_digest(session_id),
        account=_account_digest(person),
        began_at=int(machine_clock.unix_seconds()),
        browser=browser_name(request.headers.get("User-Agent", "")),
    )
    _change(person, lambda found: [*(each for each in found if each["id"] != before), entry])
    request.session[_KEY] = session_id


def end(person: Staff, ended: str) -> None:
    """End the session of an account with that digest; one that is ended already stays so."""
    _change(person, lambda found: [each for each in found if each["id"] != ended])


def end_all() -> None:
    """End every session of everybody, as a restored database has to: it opens ended ones again."""
    Staff.objects.update(open_sessions=[])


def open_sessions(person: Staff) -> list[OpenSession]:
    """The open sessions of an account, the oldest first."""
    account = _account_digest(person)
    earliest = machine_clock.unix_seconds() - settings.STAFF_SESSION_SECONDS
    return [
        each
        for each in person.open_sessions
        if each["account"] == account and each["began_at"] > earliest
    ]


def is_open(person: Staff, session: SessionBase) -> bool:
    """Whether a browser's session is one of the account's open ones."""
    found = id_of(session)
    return any(each["id"] == found for each in open_sessions(person))


def id_of(session: SessionBase) -> str:
    """The digest by which an account knows a browser's session; "" if it has no id."""
    session_id = session.get(_KEY)
    return _digest(session_id) if isinstance(session_id, str) else ""


def _change(person: Staff, changed: Callable[[list[OpenSession]], list[OpenSession]]) -> None:
    """Change the list under a lock, and drop from it what has ended anyway."""
    columns = ("password", "session_epoch", "open_sessions")
    with transaction.atomic():
        row = Staff.objects.select_for_update(no_key=True).only(*columns).get(pk=person.pk)
        left = changed(open_sessions(row))[-MOST:]
        if left != row.open_sessions:
            Staff.objects.filter(pk=person.pk).update(open_sessions=left)
    person.open_sessions = left


def _account_digest(person: Staff) -> str:
    return _digest(person.get_session_auth_hash())


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def logged_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Open a session for who has logged in, in this browser; Django's signal calls it."""
    begin(request, user)
    confirm(request)


def logged_out(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """End the session of who logs out, before its cookie is deleted; Django's signal calls it."""
    if isinstance(user, Staff):
        end(user, id_of(request.session))
