"""``EMAIL_URL``: all that is written in it is honored, or refused at start."""

from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

from django.core.exceptions import ImproperlyConfigured

from shop.core.written_address import is_there, split_address, whole_seconds

_BACKENDS = {
    "consolemail": "console",
    "filemail": "filebased",
    "memorymail": "locmem",
    "dummymail": "dummy",
}
_ENCRYPTIONS = {
    "smtp": {},
    "smtps": {"use_tls": True},
    "smtp+tls": {"use_tls": True},
    "smtp+ssl": {"use_ssl": True},
}
_FILES = {"ssl_keyfile", "ssl_certfile"}
_FORM = "smtp+tls://user:password@host:587"


def mail_settings(url: str) -> dict[str, Any]:
    """Django's settings of a mailer.

    :raises ImproperlyConfigured: something in the address cannot be honored
    """
    try:
        parts = split_address(url)
    except ValueError as problem:
        raise _refusal(str(problem)) from None
    if "#" in url:
        raise _refusal("in names and passwords, # is written %23")
    if parts.scheme in _ENCRYPTIONS:
        return _mailer("smtp", _smtp_options(parts))
    if parts.scheme not in _BACKENDS or "://" not in url:
        raise _refusal(f"it begins with none of {', '.join([*_ENCRYPTIONS, *_BACKENDS])}, and ://")
    if parts.query or (parts.scheme != "filemail" and (parts.netloc or parts.path.strip("/"))):
        raise _refusal(f"{parts.scheme}:// takes nothing else")
    if parts.scheme != "filemail":
        return _mailer(_BACKENDS[parts.scheme], {})
    if parts.netloc or not parts.path.strip("/"):
        raise _refusal("a folder for mails is written filemail:///absolute/path")
    return _mailer("filebased", {"file_path": unquote(parts.path)})


def _mailer(backend: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"BACKEND": f"django.core.mail.backends.{backend}.EmailBackend", "OPTIONS": options}


def _smtp_options(parts: SplitResult) -> dict[str, Any]:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        special = "In names and passwords, / is written %2F, : is %3A, and ? is %3F"
        raise _refusal(f"its port is not a number from 1 to 65535. {special}")
    if not parts.hostname:
        raise _refusal(f"it names no host. It is written {_FORM}")
    if parts.path.strip("/"):
        raise _refusal(f"nothing follows the host. It is written {_FORM}")
    encryption = _ENCRYPTIONS[parts.scheme]
    if port == 465 and "use_ssl" not in encryption:
        raise _refusal("port 465 is encrypted from the first byte, which is smtp+ssl://")
    if bool(parts.username) != bool(parts.password):
        raise _refusal("a user and a password are only of use together")
    return {
        "host": parts.hostname,
        "port": port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "timeout": 10,
        **encryption,
        **_given_options(parts.query),
    }


def _given_options(query: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "timeout" and (seconds := whole_seconds(value)):
            options[name] = seconds
        elif name in _FILES and is_there(value):
            options[name] = value
        elif name in _FILES:
            raise _refusal(f"{name}={value}: there is no such file")
        else:
            names = "timeout (in whole seconds), ssl_keyfile and ssl_certfile"
            raise _refusal(f"{name}={value} is no option. There are {names}")
    return options


def _refusal(problem: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"EMAIL_URL: {problem}.")
