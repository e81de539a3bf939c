"""Who a browser is: a signed cookie with a list of random ids, and nothing else.

An offer is made for the first id and is the browser's if it was made for any.
Two tabs that are opened on a first visit are each given an id before either
has a cookie; so that neither answer can overwrite the other, a cookie is named
after what it holds, and a request that brings several is answered with one
that holds them all. At most four ids: a phone may have joined a desk.
"""

from hashlib import sha256

from django.conf import settings
from django.http import HttpResponse

from offers import conf, tokens
from offers.anchors import new_id
from offers.terms import identifier

MOST_IDS = 4
MAX_AGE_SECONDS = 90 * 24 * 3600
_NAME = "shopper-"


def _are_ids(value: object) -> bool:
    return (
        isinstance(value, list)
        and 1 <= len(value) <= MOST_IDS
        and all(identifier(each) for each in value)
    )


SHOPPER = tokens.Kind(typ="shopper+jwt", audience="shop", claims={"ids": _are_ids})


class Shopper:
    """The ids of one browser, and whether it still has to be told about them."""

    def __init__(self, ids: list[str], names: list[str]) -> None:
        self._ids = ids
        self._names = names
        self._is_new = False

    @classmethod
    def from_cookies(cls, cookies: dict[str, str]) -> "Shopper":
        """Everyone this browser's readable cookies say it is; damaged ones say nothing."""
        names = sorted(name for name in cookies if name.startswith(_prefix()))
        lists: list[list[str]] = []
        for name in names:
            try:
                lists.append(tokens.read(cookies[name], SHOPPER, conf.ring())["ids"])
            except tokens.Unreadable:
                continue
        # The longest first: it is the one that was merged before.
        lists.sort(key=len, reverse=True)
        ids = list(dict.fromkeys(each for some in lists for each in some))
        return cls(ids[:MOST_IDS], names)

    @property
    def id(self) -> str:
        """The id that offers are made for; a browser without one is given one here."""
        if not self._ids:
            self._ids = [new_id()]
            self._is_new = True
        return self._ids[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids whose offers are this browser's; empty for one that was never given any."""
        return tuple(self._ids)

    @property
    def is_known(self) -> bool:
        """Whether the browser brought a cookie: it keeps them, then."""
        return bool(self._ids) and not self._is_new

    def remember(self, response: HttpResponse) -> None:
        """Give the browser the one cookie that says all, and take back the others."""
        if not self._ids or (not self._is_new and len(self._names) == 1):
            return
        name = _prefix() + sha256("".join(self._ids).encode()).hexdigest()[:8]
        response.set_cookie(
            name,
            tokens.sign(SHOPPER, {"ids": self._ids}, conf.ring().active),
            max_age=MAX_AGE_SECONDS,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
        for stale in self._names:
            if stale != name:
                response.set_cookie(
                    stale, max_age=0, secure=settings.HTTPS, httponly=True, samesite="Lax"
                )


def _prefix() -> str:
    return f"__Host-{_NAME}" if settings.HTTPS else _NAME
