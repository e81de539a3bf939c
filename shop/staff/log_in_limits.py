"""Whose wrong passwords are counted, and how many there may be.

====================  ==================================================================
who tries             counted by
====================  ==================================================================
a known device        the device and the name, and by nothing else
anybody else          the name, and the network: an IPv4 address, or a /64 of IPv6
====================  ==================================================================

``LOGIN_TRIES`` wrong ones are free, for a network twice as many; then the waits double from
FIRST_WAIT up to ``LOGIN_WAIT_SECONDS``. What is not a password has limits of its own.
"""

import unicodedata
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from shop.core.client_address import client_network
from shop.staff.devices import device_of
from shop.staff.throttles import Counted, Limit

FIRST_WAIT = timedelta(seconds=15)
#: One link to choose a password goes to a mail address in this time.
LINK_WINDOW = timedelta(minutes=15)
#: Links that a network may ask for at once.
FREE_LINKS = 10


def normalized_name(name: str) -> str:
    """A name to log in with as it is counted, the same for spellings that people confuse."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def password_tries(request: HttpRequest | None, name: str) -> tuple[Counted, ...]:
    """Whose tries one password for a name is; what a right one forgets comes first."""
    name = normalized_name(name)
    if request is None:
        return (_by_name(name),)
    if device := device_of(request, name):
        return (Counted("password from a device", device, _limit(settings.LOGIN_TRIES)),)
    network = Counted("password from", client_network(request), _limit(2 * settings.LOGIN_TRIES))
    return _by_name(name), network


def tries_of_owner(request: HttpRequest, name: str) -> tuple[Counted, ...]:
    """The tries that are forgotten once somebody has chosen a password by mail."""
    return _by_name(normalized_name(name)), password_tries(request, name)[0]


def links_by_network(request: HttpRequest) -> Counted:
    """The links to choose a password that a network asks for."""
    limit = Limit(FREE_LINKS, FIRST_WAIT, LINK_WINDOW)
    return Counted("link asked from", client_network(request), limit)


def links_by_mail(address: str) -> Counted:
    """The links to choose a password that go to a mail address: one in LINK_WINDOW."""
    return Counted("link for", address.strip().casefold(), Limit(1, LINK_WINDOW, LINK_WINDOW))


def links_by_owner(address: str) -> Counted:
    """The links that owners mail to somebody, whoever else has asked for one."""
    limit = Limit(3, LINK_WINDOW, LINK_WINDOW)
    return Counted("link by an owner for", address.strip().casefold(), limit)


def _by_name(name: str) -> Counted:
    return Counted("password for", name, _limit(settings.LOGIN_TRIES))


def _limit(free: int) -> Limit:
    longest = timedelta(seconds=settings.LOGIN_WAIT_SECONDS)
    return Limit(free, min(FIRST_WAIT, longest), longest)
