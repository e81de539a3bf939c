"""The rules of a rotation: when a key may begin to sign, and when it may be taken off the ring.

* A key that is added verifies at once, and signs later: not before everybody who keeps a copy
  of the ring has it. Caches, and other machines, have a copy of the last ``CACHED_SECONDS``.
* So long a key that was stopped may go on signing, on another machine.
* A process takes up a changed file within ``TAKEN_UP_SECONDS``.
* A key has to stay on the ring while something that it signed is worth anything. Until when that
  is depends on what is signed: the caller knows it (``LatestEnd``).
* A partner signs when the partner likes: their key may have signed just now.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from offers.keys import KeyRing, KeyStatus, SigningKey

#: How old a copy of the ring may be: ``/.well-known/jwks.json`` tells it of the public keys.
CACHED_SECONDS = 300
#: How long a process may go on with the ring that it read before.
TAKEN_UP_SECONDS = 2
#: The end of what has none.
NEVER = datetime.max.replace(tzinfo=UTC)

#: The instant from which nothing is good that was signed before an instant; maybe ``NEVER``.
type LatestEnd = Callable[[datetime], datetime]


def may_sign_from(key: SigningKey) -> datetime | None:
    """From when a key may sign: everybody has it then. None: nobody recorded when it was added."""
    if key.times.added_at is None:
        return None
    # One more second: times are rounded down.
    return _instant(key.times.added_at + 1 + CACHED_SECONDS)


def has_signed(key: SigningKey, ring: KeyRing) -> bool:
    """Whether anything may have been signed by a key."""
    is_ours = key.issuer == ring.active.issuer
    return not is_ours or key.status is not KeyStatus.NEXT or key.times.active_at is not None


def may_go_from(key: SigningKey, ring: KeyRing, now: datetime, latest_end: LatestEnd) -> datetime:
    """From when a key can be taken off the ring, and nothing that it signed loses its worth.

    ``now`` for a key that never signed; ``NEVER`` where what is signed has no end.
    """
    if not has_signed(key, ring):
        return now
    return latest_end(_signed_before(key, ring, now))


def _signed_before(key: SigningKey, ring: KeyRing, now: datetime) -> datetime:
    """An instant before which the last thing was signed that a key signed."""
    if key.issuer != ring.active.issuer or key.status is KeyStatus.ACTIVE:
        return now
    # Where nobody recorded it: it stopped when the present one began, at the latest.
    stopped_at = key.times.stopped_at or ring.active.times.active_at
    return now if stopped_at is None else _instant(stopped_at + 1 + CACHED_SECONDS)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
