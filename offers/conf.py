"""The key rings that the settings describe, in the current realm.

``OFFER_KEYS``: signs offers; a private JWK Set, as JSON or as a file's path.
``SITE_KEYS``: likewise; signs every other message, so that voiding a key of one ring leaves what
the other signed as good as it was.
``OFFER_ISSUER``: the ``iss`` of every message that this site signs.
``OFFER_REALM``: optional; the realm of all this site's keys (see ``realms``).
``OFFER_LATEST_END``: optional; the dotted path of a function that takes an instant and returns
the one from which no offer is honored that was issued before it (see ``rotation``).

A process looks at a key file once a second and takes up what has changed. While the file cannot
be read, the keys that were read before go on.
"""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from offers.key_file import Stamp, stamp_of
from offers.keys import KeyRing, KeyRingError, KeyStatus
from offers.realms import in_force, in_realm
from offers.rotation import NEVER, LatestEnd, may_go_from
from offers.tokens import encode_segment

LOOK_EVERY_SECONDS = 1.0
TELL_EVERY_SECONDS = 60.0
_FOREVER = float("inf")

logger = logging.getLogger(__name__)


def ring() -> KeyRing:
    """The living keys of offers, in the current realm.

    :raises KeyRingError: the settings do not make a key ring
    """
    return OFFERS.ring()


def site_ring() -> KeyRing:
    """The living keys of all messages that are no offers, in the current realm.

    :raises KeyRingError: the settings do not make a key ring
    """
    return SITE.ring()


def forget() -> None:
    """Read both rings anew when they are asked for, as a process does that starts."""
    for each in RINGS.values():
        each.forget()


def faults() -> list[str]:
    """Why a key file cannot be read any more, whose old keys go on; a sentence each."""
    for each in RINGS.values():
        # One that was never read has no old keys.
        with suppress(KeyRingError):
            each.configured()
    return [each.fault for each in RINGS.values() if each.fault]


def offers_end(issued_before: datetime) -> datetime:
    """The instant from which no offer is honored that was issued before an instant."""
    dotted: str = getattr(settings, "OFFER_LATEST_END", "")
    if not dotted:
        return NEVER
    end: datetime = import_string(dotted)(issued_before)
    return end


def keys_to_retire(now: datetime) -> list[str]:
    """The ids of offer keys of which everything that they signed has run out.

    :raises KeyRingError: the settings do not make a key ring
    """
    ring = OFFERS.configured()
    retiring = (key for key in ring.values() if key.status is KeyStatus.RETIRING)
    return [key.kid for key in retiring if may_go_from(key, ring, now, offers_end) <= now]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was read: the ring as configured, and those derived from it, by realm."""

    stamp: Stamp | None
    configured: KeyRing
    by_realm: dict[str, KeyRing] = field(default_factory=dict)


class ConfiguredRing:
    """The ring that one setting describes; it follows its file. For use by many threads."""

    def __init__(self, setting: str, purpose: str, latest_end: LatestEnd) -> None:
        """
        :param purpose: what the key of development is derived for
        :param latest_end: until when what it signs is worth anything
        """
        self.setting = setting
        self.latest_end = latest_end
        self._purpose = purpose
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Read it anew when it is asked for, as a process does that starts."""
        self._reading: _Reading | None = None
        self._look_at = self._tell_at = -_FOREVER
        #: Why the file cannot be read any more, whose old keys go on; empty if it can.
        self.fault = ""

    def ring(self) -> KeyRing:
        """The ring in the current realm; its file is looked at once a second at most.

        :raises KeyRingError: the settings do not make a key ring
        """
        reading, realm = self._latest(), in_force()
        found = reading.by_realm.get(realm)
        if found is None:
            found = reading.by_realm[realm] = _derived(reading.configured, realm)
        return found

    def configured(self) -> KeyRing:
        """The ring outside of any realm, as its setting has it.

        :raises KeyRingError: the settings do not make a key ring
        """
        return self._latest().configured

    @property
    def path(self) -> Path | None:
        """Its file; None where the setting has the keys themselves, or none."""
        configured: str = getattr(settings, self.setting, "")
        # Quoted, or a list: a key set as well, if a wrong one.
        if configured.lstrip()[:1] in {"", "{", "[", '"', "'"}:
            return None
        return Path(configured)

    def _latest(self) -> _Reading:
        reading = self._reading
        if reading is not None and _monotonic_seconds() < self._look_at:
            return reading
        # Whoever has read before waits for nobody.
        if not self._lock.acquire(blocking=reading is None):
            assert reading is not None
            return reading
        try:
            return self._look()
        finally:
            self._lock.release()

    def _look(self) -> _Reading:
        now, reading = _monotonic_seconds(), self._reading
        if reading is not None and now < self._look_at:
            return reading
        try:
            if reading is None or reading.stamp != self._stamp():
                reading = self._read()
            self.fault = ""
        except KeyRingError as error:
            if reading is None:
                raise
            self._tell(str(error), now)
        self._reading = reading
        self._look_at = now + LOOK_EVERY_SECONDS if reading.stamp else _FOREVER
        return reading

    def _tell(self, fault: str, now: float) -> None:
        self.fault = fault
        if now >= self._tell_at:
            self._tell_at = now + TELL_EVERY_SECONDS
            logger.error("%s The keys read before go on; none can be read at a restart.", fault)

    def _read(self) -> _Reading:
        try:
            # The stamp first: a change that comes while the file is read is seen at the next look.
            stamp = self._stamp()
            configured = KeyRing.from_jwk_set(self._document(), settings.OFFER_ISSUER)
            return _Reading(stamp, configured, {"": _derived(configured, "")})
        except KeyRingError as error:
            text = str(error)
            # Raised anew: an error page shows frames, and those of the first error hold secrets.
            named = text if text.startswith(self.setting) else f"{self.setting}: {text}"
            raise KeyRingError(named) from None

    def _stamp(self) -> Stamp | None:
        if self.path is None:
            return None
        try:
            return stamp_of(self.path)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from None

    def _document(self) -> str | dict[str, Any]:
        configured: str = getattr(settings, self.setting, "")
        if self.path is not None:
            try:
                return self.path.read_text()
            except (OSError, ValueError) as error:
                raise self._unreadable(error) from None
        if configured:
            return configured
        if settings.DEBUG:
            return _development_keys(settings.SECRET_KEY, self._purpose)
        raise KeyRingError(
            f"{self.setting} is not set: a private JWK Set, as JSON or a file's path."
        )

    def _unreadable(self, error: Exception) -> KeyRingError:
        # Without the configured value: it may be a key set with wrong quotes.
        reason = getattr(error, "strerror", None) or "not a file of text"
        return KeyRingError(f"{self.setting}: {reason}.")


def _derived(configured: KeyRing, realm: str) -> KeyRing:
    try:
        ring = configured
        for each in (getattr(settings, "OFFER_REALM", ""), realm):
            ring = in_realm(ring, each) if each else ring
        return ring
    except KeyRingError as error:
        raise KeyRingError(str(error)) from None


def _development_keys(secret_key: str, purpose: str) -> dict[str, Any]:
    secret = sha256(f"flashfreeze development {purpose} key\0{secret_key}".encode()).digest()
    kid = "development-" + sha256(secret).hexdigest()[:8]
    return {"keys": [{"kty": "oct", "k": encode_segment(secret), "kid": kid, "status": "active"}]}


def _monotonic_seconds() -> float:
    # A travelling clock replaces time.monotonic, and leaves this one alone.
    return time.clock_gettime(time.CLOCK_MONOTONIC)


OFFERS = ConfiguredRing("OFFER_KEYS", "offer", offers_end)
SITE = ConfiguredRing("SITE_KEYS", "site", lambda _: NEVER)
#: By the names that ``offer_keys --ring`` knows.
RINGS = {"offers": OFFERS, "site": SITE}

_SETTINGS = {"OFFER_KEYS", "SITE_KEYS", "OFFER_ISSUER", "OFFER_REALM", "SECRET_KEY", "DEBUG"}


def _setting_changed(*, setting: str, **_: Any) -> None:
    if setting in _SETTINGS:
        forget()


setting_changed.connect(_setting_changed)
