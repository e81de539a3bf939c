"""Offers whose signature was verified a moment ago, by the text of their message.

A bag is shown, changed and ordered: its messages come again with each request. What a message says
and which key signed it never changes, so that a process verifies it once. Whether the offer is
honored is no part of that: its time, recalls and stock are judged each time (``line_judging``).

The memory is bounded, and belongs to one key ring. A rotation, or a key that is voided, makes
another ring (``offers.conf``), with which it begins empty.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from offers import conf, realms, tokens
from offers.keys import KeyRing
from offers.terms import Offer

#: Some 5 MB: the bags of hundreds of shoppers who are at it.
MOST_OFFERS = 4096


class _Memory(NamedTuple):
    """Offers that the keys of one ring have signed."""

    ring: KeyRing
    read: Callable[[str], Offer]


_memory: _Memory | None = None


def read_offer(message: str) -> Offer:
    """The offer that a message carries, signed by a key that is alive now.

    :raises tokens.Unreadable: as in ``tokens.read_offer``; that is never remembered
    """
    global _memory
    ring = conf.ring()
    if realms.in_force():
        # Of a preview, nothing is kept.
        return tokens.read_offer(message, ring)
    memory = _memory
    if memory is None or memory.ring is not ring:
        _memory = memory = _empty_memory(ring)
    return memory.read(message)


def _empty_memory(ring: KeyRing) -> _Memory:
    @lru_cache(maxsize=MOST_OFFERS)
    def read(message: str) -> Offer:
        return tokens.read_offer(message, ring)

    return _Memory(ring, read)
