"""What is answered first, by its address: what honors a promise goes before what makes one."""

import pytest
from django.urls import get_resolver

from shop.operations.serving.addresses import KB, MB, Priority, kind_of

#: Written down apart from the code: the first part of every route.
EXPECTED = {
    "healthz": Priority.HEALTH,
    "readyz": Priority.HEALTH,
    "checkout": Priority.HONORING,
    "orders": Priority.HONORING,
    "stripe": Priority.HONORING,
    "bag": Priority.KEEPING,
    "merchant": Priority.KEEPING,
    "media": Priority.KEEPING,
    "static": Priority.KEEPING,
    ".well-known": Priority.KEEPING,
    "": Priority.PROMISING,
    "sales": Priority.PROMISING,
    "products": Priority.PROMISING,
    # Browsers send them by themselves, and nobody waits for the answer.
    "csp-reports": Priority.PROMISING,
}


def first_parts() -> set[str]:
    """The first part of every route of the shop."""
    found = set()
    for each in get_resolver().url_patterns:
        route = str(each.pattern)
        inner = [str(one.pattern) for one in getattr(each, "url_patterns", [])] if not route else []
        found |= {one.partition("/")[0] for one in inner or [route]}
    return found


def test_every_route_has_a_priority_that_was_thought_of() -> None:
    unknown = first_parts() - EXPECTED.keys()
    assert unknown == set(), "say here, and in addresses.py, when they are answered"


@pytest.mark.parametrize("first", EXPECTED)
def test_each_address_has_its_priority(first: str) -> None:
    assert kind_of(f"/{first}/more/").priority is EXPECTED[first]
    assert kind_of(f"/{first}").priority is EXPECTED[first]
    # The shop answers it as with one slash.
    assert kind_of(f"//{first}/").priority is EXPECTED[first]


def test_an_unknown_address_goes_last() -> None:
    assert kind_of("/wp-login.php").priority is Priority.PROMISING
    assert kind_of("/checkouts/").priority is Priority.PROMISING


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/checkout/", 256 * KB),
        ("/stripe/webhook/", MB),
        ("/merchant/sales/sale/add/", 64 * MB),
        ("/wp-login.php", 256 * KB),
    ],
)
def test_a_body_has_a_most_by_its_address(path: str, most: int) -> None:
    assert kind_of(path).most_bytes == most


def test_whoever_is_at_the_bag_or_checkout_is_buying() -> None:
    buying = {first for first in EXPECTED if kind_of(f"/{first}/").is_purchase}
    assert buying == {"bag", "checkout", "orders"}
