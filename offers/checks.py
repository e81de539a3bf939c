"""System checks: a misconfigured key ring stops the process at start and names the fault."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning

from offers import conf
from offers.key_file import is_open_to_others
from offers.keys import KeyRingError

_BRING_BACK = "If you have a copy of the file, bring it back: other keys void what is out."
_HOW_TO_MAKE_OFFER_KEYS = "`manage.py offer_keys add` makes a key set; point OFFER_KEYS at it."
_HOW_TO_MAKE_SITE_KEYS = (
    "`manage.py offer_keys add --ring site` makes a key set; point SITE_KEYS at it. A shop that "
    "has had OFFER_KEYS alone points it at a copy of that file first: the links it sent still open."
)


@register(Tags.security)
def check_key_rings(**_: Any) -> list[CheckMessage]:
    """Check that the settings make key rings, each with one active key."""
    messages: list[CheckMessage] = []
    for ring, number, hint in _used():
        try:
            ring.configured()
        except KeyRingError as error:
            way_out = f"{_BRING_BACK} {hint}" if ring.path is not None else hint
            messages.append(Error(str(error), hint=way_out, id=f"offers.E00{number}"))
    return messages


@register(Tags.security)
def check_key_files(**_: Any) -> list[CheckMessage]:
    """Check that a key file is for those alone who sign with it."""
    messages: list[CheckMessage] = []
    for ring, *_rest in _used():
        path = ring.path
        try:
            is_open = path is not None and is_open_to_others(path)
        except (OSError, ValueError):
            continue  # check_key_rings tells it
        if is_open:
            messages.append(
                CheckWarning(
                    f"{ring.setting}: everybody on this machine can read or change {path}.",
                    hint=f"chmod o= {path}; a key that others may have read has to be replaced.",
                    id="offers.W003",
                )
            )
    return messages


@register(Tags.security, deploy=True)
def check_production_keys(**_: Any) -> list[CheckMessage]:
    """Check that in production the operator has set the keys and the issuer."""
    messages: list[CheckMessage] = [
        CheckWarning(
            f"{ring.setting} is not set: its messages are signed with a key derived from "
            "SECRET_KEY.",
            hint=hint,
            id="offers.W001",
        )
        for ring, _number, hint in _used()
        if settings.DEBUG and not getattr(settings, ring.setting)
    ]
    if not settings.OFFER_ISSUER.startswith("https://"):
        messages.append(
            CheckWarning(
                "OFFER_ISSUER should be the shop's https address.",
                hint="Partners tell shops apart by it.",
                id="offers.W002",
            )
        )
    return [*messages, *_shared_key()]


def _shared_key() -> Iterator[CheckMessage]:
    try:
        signs_site, offers = conf.SITE.configured().active, conf.OFFERS.configured()
    except KeyRingError:
        return
    thumbprints = {each.jwk.thumbprint() for each in offers.values()}
    if signs_site.jwk.thumbprint() in thumbprints:
        yield CheckWarning(
            f"Key {signs_site.kid} signs for SITE_KEYS and is in OFFER_KEYS too: whoever learns "
            "it can sign both.",
            hint="`manage.py offer_keys add --ring site`, then `activate` the key that it made.",
            id="offers.W004",
        )


def _used() -> Iterator[tuple[conf.ConfiguredRing, int, str]]:
    """The rings of this site, each with its number and how to make it."""
    yield conf.OFFERS, 1, _HOW_TO_MAKE_OFFER_KEYS
    # A project that signs offers alone has no setting for others.
    if hasattr(settings, "SITE_KEYS"):
        yield conf.SITE, 2, _HOW_TO_MAKE_SITE_KEYS
