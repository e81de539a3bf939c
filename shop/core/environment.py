"""Settings from the environment and its file: taken as they are written, or refused by name."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from django.core.exceptions import ImproperlyConfigured

from shop.core.proxies import parse_proxies

_FLAGS = {
    **dict.fromkeys(("1", "true", "yes", "on", "y", "ok", "t"), True),
    **dict.fromkeys(("0", "false", "no", "off", "n", "f"), False),
}
_NOTHING = environ.Env.NOTSET
#: RFC 9116 section 2.5.3: a URI; what is not printable would be a field of its own.
_CONTACT = re.compile(r"(?:https://[!-~]+|mailto:[!-~]+@[!-~]+|tel:[0-9+*#.()-]+)")
_LINE = re.compile(r"(?:export )?([A-Za-z_0-9]+)=")


class Environment(environ.Env):  # type: ignore[misc]
    """What ``environ.Env`` reads, but for values that it would take for others.

    There ``DEBUG=ture`` is false, ``10s`` is the number 10, the second of ``a, b`` begins with
    a space, a value that begins with ``$`` is the name of another, and a line that is no
    setting is left out.
    """

    def __init__(self) -> None:
        super().__init__()
        #: The names that were asked for.
        self.names: set[str] = set()

    def get_value(
        self,
        var: str,
        cast: Any = None,
        default: Any = environ.Env.NOTSET,
        parse_default: bool = False,
    ) -> Any:
        """The value of a setting, or its default.

        :raises ImproperlyConfigured: the value is not of its type, or there is neither
        """
        self.names.add(var)
        written = self.ENVIRON.get(var)
        if written is None and default is _NOTHING:
            raise ImproperlyConfigured(f"{var} is not set.")
        if written is None:
            return default
        read: Callable[[str], Any] = _READERS.get(cast, str)
        try:
            return read(written)
        except ValueError as problem:
            raise ImproperlyConfigured(f"{var}={written}: {problem}.") from None

    def seconds(self, var: str, default: float) -> float:
        """A time-out, in seconds.

        :raises ImproperlyConfigured: it is none
        """
        seconds: float = self.float(var, default=default)
        if seconds <= 0:
            raise ImproperlyConfigured(f"{var}={seconds:g}: a time-out is more than 0 seconds.")
        return seconds

    def whole_seconds(self, var: str, default: int) -> int:
        """How long something is good for, in whole seconds.

        :raises ImproperlyConfigured: it is no whole number, or 0
        """
        seconds: int = self.int(var, default=default)
        if seconds < 1:
            raise ImproperlyConfigured(f"{var}={seconds}: it is one second at least.")
        return seconds

    def zone(self, var: str, default: str) -> str:
        """A time zone's name.

        :raises ImproperlyConfigured: there is no such zone
        """
        name: str = self.str(var, default=default)
        try:
            ZoneInfo(name)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            text = f"{var}={name}: there is no such time zone, such as Europe/Berlin."
            raise ImproperlyConfigured(text) from None
        return name

    def contacts(self, var: str, default: str) -> list[str]:
        """Whom to write to or to call, as addresses with a scheme; a mail address may lack it.

        :param default: a mail address
        :raises ImproperlyConfigured: one of those given is none
        """
        contacts: list[str] = []
        for given in self.list(var, default=[]):
            contact = given if ":" in given else f"mailto:{given}"
            if not _CONTACT.fullmatch(contact):
                problem = "neither a mail address nor one that begins with https:, mailto: or tel:"
                raise ImproperlyConfigured(f"{var}={given}: it is {problem}.")
            contacts.append(contact)
        return contacts or [f"mailto:{default}"]

    def proxies(self, var: str) -> list[str]:
        """Proxies that are trusted: addresses, networks, or ``unix``; none by default.

        :raises ImproperlyConfigured: one of them is none of these
        """
        names: list[str] = self.list(var, default=[])
        try:
            parse_proxies(names)
        except ValueError as problem:
            raise ImproperlyConfigured(f"{var}: {problem}.") from None
        return names

    def cache(self, var: str, default: str) -> dict[str, Any]:
        """Django's settings of a cache.

        :raises ImproperlyConfigured: its address is none
        """
        try:
            settings: dict[str, Any] = self.cache_url_config(self.str(var, default=default))
        except (ImproperlyConfigured, ValueError):
            settings = {}
        if not settings:
            schemes = ", ".join(sorted(self.CACHE_SCHEMES))
            raise ImproperlyConfigured(f"{var}: it begins with none of {schemes}, and ://.")
        return settings

    def read_file(self, given: str | None, *, else_from: Path) -> None:
        """Take settings from a file of lines ``NAME=value``; the environment itself goes first.

        :param given: the file's path, if somebody has named one
        :param else_from: the file otherwise, if there is any
        :raises ImproperlyConfigured: it cannot be read, a line is no setting, or one stands twice
        """
        path = Path(given) if given is not None else else_from
        try:
            text = path.read_text()
        except FileNotFoundError:
            if given is None:
                return
            raise ImproperlyConfigured(f"ENV_FILE={path}: there is no such file.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"ENV_FILE={path} cannot be read: {error}.") from None
        _check_lines(path, text)
        self.read_env(io.StringIO(text))


def _check_lines(path: Path, text: str) -> None:
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name = _LINE.match(line)
        if name is None:
            raise ImproperlyConfigured(f"{path}, line {number}: it is not written NAME=value.")
        if name[1] in lines:
            problem = f"{name[1]} stands on line {lines[name[1]]} already. Keep one of them."
            raise ImproperlyConfigured(f"{path}, line {number}: {problem}")
        lines[name[1]] = number


def _flag(written: str) -> bool:
    try:
        return _FLAGS[written.strip().lower()]
    except KeyError:
        raise ValueError("it is neither 1 nor 0") from None


def _whole_number(written: str) -> int:
    if not written.strip().isdecimal():
        raise ValueError("it is not a whole number, such as 10")
    return int(written)


def _number(written: str) -> float:
    try:
        number = float(written)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise ValueError("it is not a number, such as 2.5")
    return number


def _items(written: str) -> list[str]:
    return [item.strip() for item in written.split(",") if item.strip()]


_READERS: dict[Any, Callable[[str], Any]] = {
    bool: _flag,
    int: _whole_number,
    float: _number,
    list: _items,
}
