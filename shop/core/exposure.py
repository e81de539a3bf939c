"""Whether others could reach, or pay in, a shop that has the settings of development.

With ``DEBUG`` on, error pages show settings, and what is not set is derived from values that stand
in the source: whoever has read it can sign an offer at any price. Such a shop serves the machine
that it runs on, and takes no real money. Everything that starts asks here and ends with a sentence
where that is not so:

* ``shop.settings``, which every command and every server reads: a live key of Stripe's, or a host
  of another name than this machine's own;
* ``serve``, ``runserver`` and ``shop.operations.web_server``: an address to listen at that others
  can reach;
* ``shop.wsgi``, for servers that are not ours, whose address nobody tells it: it answers visitors
  from this machine alone (``shop.core.local_visitors``).
"""

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

#: The secret of a shop that was given none: it stands in the source.
DEVELOPMENT_SECRET = "development-only"  # noqa: S105 - known to everybody, and refused

# RFC 6761: always this machine (section 6.3), and nobody (section 6.4), with all names below them.
_LOCAL_NAME, _NOBODYS_NAME = "localhost", ".invalid"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One way in which others could reach the shop or pay in it, and what takes that way away."""

    text: str
    way_out: str


def held_to_this_machine(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of settings that are fit for development alone; none in production.

    :raises ImproperlyConfigured: there are some, and others of the settings let in real money or
        visitors from elsewhere
    """
    unfit = development_settings(settings)
    if problem := refusal(unfit, _exposures(settings)):
        raise ImproperlyConfigured(problem)
    return unfit


def development_settings(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of settings that are fit for development alone."""
    derives_keys = settings["DEBUG"]  # Without it the ring is refused.
    unfit = {
        "DEBUG": settings["DEBUG"],
        "SECRET_KEY": settings["SECRET_KEY"] == DEVELOPMENT_SECRET,
        "OFFER_KEYS": derives_keys and not settings["OFFER_KEYS"],
        "SITE_KEYS": derives_keys and not settings["SITE_KEYS"],
    }
    return tuple(name for name, is_unfit in unfit.items() if is_unfit)


def is_live_key(key: str) -> bool:
    """Whether a key of Stripe's moves real money: ``sk_live_…``, ``rk_live_…``, ``pk_live_…``."""
    return "_live_" in key


def refusal_to_listen(unfit: Sequence[str], host: str) -> str:
    """Why no server of the shop may listen there; empty if nothing speaks against it.

    :param unfit: what ``development_settings`` found
    :param host: a name or an address; what cannot be resolved is listened at by nobody
    """
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return ""
    if all(is_this_machine(str(address[0])) for *_, address in found):
        return ""
    return refusal(unfit, [Exposure(f"others could reach it at {host}", "listen at 127.0.0.1")])


def refusal(unfit: Sequence[str], found: Iterable[Exposure]) -> str:
    """Why the shop is not started, with both ways out; empty if nothing speaks against it.

    :param unfit: what ``development_settings`` found
    """
    ways_in = list(found)
    if not unfit or not ways_in:
        return ""
    what = " and ".join(each.text for each in ways_in)
    back = " and ".join(dict.fromkeys(each.way_out for each in ways_in))
    return (
        f"Not started, because {what}, with settings of development: {_in_words(unfit)}. "
        f"For a shop that sells, set {_settings_of_its_own(unfit)} (docs/operating.md, Install). "
        f"To develop, {back}."
    )


def is_this_machine(host: str) -> bool:
    """Whether a name or an address always means the machine that it is used on."""
    name = host.strip("[]").rstrip(".").lower()
    with suppress(ValueError):
        address = ip_address(name)
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return (inner or address).is_loopback
    return name == _LOCAL_NAME or name.endswith(f".{_LOCAL_NAME}")


def _exposures(settings: Mapping[str, Any]) -> Iterator[Exposure]:
    for name in ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY"):
        if is_live_key(settings[name]):
            yield Exposure(f"{name} is a live one", "use Stripe's test keys")
    for name in ("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "OFFER_ISSUER", "SHOP_URL"):
        given = settings[name]
        hosts = [given] if isinstance(given, str) else given
        others = [host for host in hosts if host and _is_of_others(_host_of(host))]
        if others:
            yield Exposure(f"{name} names {', '.join(others)}", f"leave {name} out")


def _is_of_others(host: str) -> bool:
    return not is_this_machine(host) and not host.endswith(_NOBODYS_NAME)


def _host_of(written: str) -> str:
    """The host of an address, or of an entry of ``ALLOWED_HOSTS``."""
    if "://" not in written:
        return written
    try:
        return urlsplit(written).hostname or written
    except ValueError:
        return written


def _in_words(unfit: Sequence[str]) -> str:
    parts = []
    if "DEBUG" in unfit:
        parts.append("DEBUG is on, so that errors show the shop's code and settings")
    secrets = [name for name in unfit if name != "DEBUG"]
    if "SECRET_KEY" in secrets:
        means = "whoever has read the source can sign offers at any price"
        parts.append(f"{_listed(secrets)} {_have(secrets)} no secret value, so that {means}")
    elif secrets:
        means = "keys are derived from SECRET_KEY"
        parts.append(f"{_listed(secrets)} {_have(secrets)} no value, so that {means}")
    return "; ".join(parts)


def _settings_of_its_own(unfit: Sequence[str]) -> str:
    wanted = {"DEBUG": "DEBUG=0", "SECRET_KEY": "a SECRET_KEY of its own"}
    return _listed([wanted.get(name, name) for name in unfit])


def _have(names: Sequence[str]) -> str:
    return "have" if len(names) > 1 else "has"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
