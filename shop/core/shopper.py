"""Who a browser is: a signed cookie with a list of random ids, and nothing else.

An offer is made for the first id and is the browser's if it was made for any. Two tabs of a first
visit are each given an id before either has a cookie: so that neither response overwrites the
other, a cookie is named after its content, and several are merged into one, of four ids at most.
"""

import re
from contextlib import suppress
from hashlib import sha256

from django.conf import settings
from django.http import HttpResponse

from offers import conf, tokens
from offers.anchors import new_id
from offers.terms import identifier
from shop.core.cookie_names import host_cookie

MOST_IDS = 4
MAX_AGE_SECONDS = 90 * 24 * 3600
_NAME = "shopper-"
#: What follows in the names of our own cookies.
_DIGEST = re.compile(r"[0-9a-f]{8}")


def _are_ids(value: object) -> bool:
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MOST_IDS
        and all(identifier(each) for each in value)
    )


SHOPPER = tokens.Kind(typ="shopper+jwt", audience="shop", claims={"ids": _are_ids})


class Shopper:
    """The ids of one browser, and whether they are in its cookie yet."""

    def __init__(self, ids: list[str], names: list[str]) -> None:
        self._ids = ids
        self._names = names
        self._is_new = False

    @classmethod
    def from_cookies(cls, cookies: dict[str, str]) -> "Shopper":
        """The shopper of all readable cookies; damaged ones are ignored."""
        # By whole names: a browser sends any, and not each of them can be set.
        prefix = _prefix()
        names = sorted(
            name
            for name in cookies
            if name.startswith(prefix) and _DIGEST.fullmatch(name, len(prefix))
        )
        lists: list[list[str]] = []
        for name in names:
            with suppress(tokens.Unreadable):
                lists.append(tokens.read(cookies[name], SHOPPER, conf.site_ring())["ids"])
        # The longest first: it is the one that was merged before.
        lists.sort(key=len, reverse=True)
        ids = list(dict.fromkeys(each for some in lists for each in some))
        return cls(ids[:MOST_IDS], names)

    @property
    def id(self) -> str:
        """The id that offers are made for; created where there is none."""
        if not self._ids:
            self._ids = [new_id()]
            self._is_new = True
        return self._ids[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids whose offers are this browser's; maybe none."""
        return tuple(self._ids)

    @property
    def is_known(self) -> bool:
        """Whether the browser sent a cookie: it keeps them, then."""
        return bool(self._ids) and not self._is_new

    def remember(self, response: HttpResponse) -> None:
        """Set the one cookie with all ids, and delete the others."""
        if not self._ids or (not self._is_new and len(self._names) == 1):
            return
        name = _prefix() + sha256("".join(self._ids).encode()).hexdigest()[:8]
        token = tokens.sign(SHOPPER, {"ids": self._ids}, conf.site_ring().active)
        stale = (each for each in self._names if each != name)
        for key, value, age in [(name, token, MAX_AGE_SECONDS), *((each, "", 0) for each in stale)]:
            response.set_cookie(
                key, value, max_age=age, secure=settings.HTTPS, httponly=True, samesite="Lax"
            )


def _prefix() -> str:
    return host_cookie(_NAME, https=settings.HTTPS)
