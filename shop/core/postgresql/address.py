"""The address of a PostgreSQL server, as libpq reads it, with options of Django's own."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError, pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shop.core.written_address import is_there, whole_seconds

_PLACES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
_FLAGS = {"1": True, "true": True, "0": False, "false": False}
#: Django's own options, each with what reads its value.
_DJANGOS: Mapping[str, Callable[[str], Any]] = {
    "conn_max_age": int,
    "conn_health_checks": _FLAGS.__getitem__,
    "disable_server_side_cursors": _FLAGS.__getitem__,
}
#: Numbers among libpq's, which would refuse anything else with each connection, and not at start.
_NUMBERS = {
    *("connect_timeout", "tcp_user_timeout", "keepalives"),
    *("keepalives_idle", "keepalives_interval", "keepalives_count"),
}
#: Files among libpq's: without its file, a certificate may go unchecked.
_FILES = {"sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir", "passfile"}
_PORT = re.compile(r"[0-9]{1,5}")
_NOWHERE = "/nowhere"
_FORM = "postgres://user:password@host:5432/name?sslmode=verify-full"


def read_address(rest: str) -> dict[str, Any]:
    """Django's settings of the server.

    :param rest: the address after its scheme: ``user:password@host:port/name?option=value``
    :raises ImproperlyConfigured: something in it cannot be honored
    """
    address, given = _split_query(rest)
    query = "&".join(item for name, item in given.items() if name not in _DJANGOS)
    options = _parse(f"postgresql://{address}{query and '?'}{query}")
    places = {place: options.pop(name, "") for name, place in _PLACES.items()}
    if places["NAME"].startswith("/") and not places["HOST"]:
        # postgres:///folder/of/the/socket/name
        places["HOST"], _, places["NAME"] = places["NAME"].rpartition("/")
    if not places["NAME"] and "service" not in options:
        raise _refusal(f"it names no database. It is written {_FORM}")
    _check(places["PORT"], options)
    _check_values(options)
    djangos = {name.upper(): _django_value(name, given[name]) for name in given.keys() & _DJANGOS}
    return {**places, **djangos, "OPTIONS": {"connect_timeout": 3, **options}}


def _split_query(rest: str) -> tuple[str, dict[str, str]]:
    """The address before its query, and the query's items as they are written, by name."""
    address, _, query = rest.rpartition("?")
    if not address or "@" in query:
        # A password may have a question mark.
        return rest, {}
    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    items: dict[str, str] = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        name = name if name in known else name.lower()
        if name not in known and name not in _DJANGOS:
            meant = get_close_matches(name, known | _DJANGOS.keys(), n=1)
            hint = f"do you mean {meant[0]}?" if meant else "it takes those of libpq"
            raise _refusal(f"there is no option {name or item}: {hint}")
        if not value:
            raise _refusal(f"the option {name} has no value")
        if name in items:
            raise _refusal(f"the option {name} stands twice")
        items[name] = item
    return address, items


def _parse(address: str) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(address).items()}
    except ProgrammingError:
        # Its message may repeat the password.
        special = "in names and passwords, # is written %23, @ is %40, and % is %25"
        raise _refusal(f"it cannot be parsed. It is written {_FORM}; {special}") from None


def _check(ports: str, options: Mapping[str, str]) -> None:
    for port in filter(None, ports.split(",")):
        if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
            special = "In names and passwords, / is written %2F, and : is %3A"
            raise _refusal(f"its port is not a number from 1 to 65535. {special}")
    for name, value in options.items():
        if name in _NUMBERS and whole_seconds(value) is None:
            raise _refusal(f"{name}={value} is not a whole number")
        if name in _FILES and value != "system" and not is_there(value):
            raise _refusal(f"{name}={value}: there is no such file")
    if options.get("client_encoding", "utf8").lower().replace("-", "") != "utf8":
        raise _refusal("client_encoding can only be UTF8")


def _check_values(options: Mapping[str, str]) -> None:
    """Have libpq look at the values, as it does before it connects; here to nowhere."""
    rest = {name: value for name, value in options.items() if name != "hostaddr"}
    attempt = pq.PGconn.connect_start(make_conninfo(host=_NOWHERE, **rest).encode())
    problem = attempt.get_error_message().strip()
    attempt.finish()
    if _NOWHERE not in problem:
        raise _refusal(problem)


def _django_value(name: str, item: str) -> Any:
    value = unquote(item.partition("=")[2])
    try:
        return _DJANGOS[name](value.lower())
    except (KeyError, ValueError):
        raise _refusal(f"{name}={value} is not a value that it can have") from None


def _refusal(problem: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DATABASE_URL: {problem}.")
