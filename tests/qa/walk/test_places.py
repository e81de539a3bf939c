"""No address, command or mail of the shop is unknown to the walk."""

from collections.abc import Iterator
from pathlib import Path

from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from shop.qa.pytest_plugin.factories import ROOT
from shop.qa.walk.places import PLACES
from shop.qa.walk.silent_places import SILENT_COMMANDS, SILENT_MAILS, SILENT_PLACES

#: There with QA_CLOCK alone, which tests switch off.
QA_ALONE = {"qa:panel", "qa:clock"}
#: Mails that the walk reads.
MAILS = {"checkout/receipt.txt", "checkout/refund.txt"}


def addresses(
    resolver: URLResolver, before: str = "", names: tuple[str, ...] = ()
) -> Iterator[str]:
    """Every address of the shop by its name, or by its route where it has none."""
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield ":".join([*names, each.name]) if each.name else route
        else:
            inner = (*names, each.namespace) if each.namespace else names
            yield from addresses(each, route, inner)


def test_every_address_is_visited_or_left_out_for_a_reason() -> None:
    there = set(addresses(get_resolver()))
    visited, left_out = {place.name for place in PLACES}, set(SILENT_PLACES)
    assert there - visited - left_out == set(), "addresses that the walk does not know"
    assert (visited | left_out) - there - QA_ALONE == set(), "addresses that are no more"
    assert visited & left_out == set()


def test_every_command_of_the_shop_is_known_to_the_walk() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if str(app).startswith(("shop.", "offers")) and name not in {"runserver", "test"}
    }
    assert ours == set(SILENT_COMMANDS)


def test_every_mail_is_read_or_left_out_for_a_reason() -> None:
    folder = ROOT / "templates"
    mails = {
        str(path.relative_to(folder))
        for pattern in ("**/*.txt", "**/*email*")
        for path in Path(folder).glob(pattern)
    }
    assert mails == MAILS | set(SILENT_MAILS)
