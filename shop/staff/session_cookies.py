"""Sessions of staff: signed cookies, as Django's, that age by the machine's clock.

A cookie says when it was written. ``SESSION_COOKIE_AGE`` seconds later it is worth nothing
(setting ``STAFF_IDLE_SECONDS``), so a copy of it goes no further than that without being used.
Whether its session was ended before, the account says: ``open_sessions``.
"""

import zlib
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from django.core.signing import BadSignature, Signer, TimestampSigner, b62_decode, b62_encode

from shop.core import machine_clock

#: The salt of Django's own, so that the previous release reads what this one signs.
_SALT = signed_cookies.__name__
#: A cookie that is older is written anew when it is used.
_RENEWED_AFTER_SECONDS = 60
#: How far machines' clocks may be apart, in seconds.
_CLOCK_TOLERANCE = 60


class MachineTimeSigner(TimestampSigner):
    """Signs with the machine's time, which no travelling clock moves."""

    def timestamp(self) -> str:
        """Now, as it is written into a message."""
        return b62_encode(int(machine_clock.unix_seconds()))

    def signed_at(self, signed: str) -> int:
        """When a message was signed, in seconds since 1970.

        :raises BadSignature: it is not ours
        """
        return b62_decode(Signer.unsign(self, signed).rpartition(self.sep)[2])


class SessionStore(signed_cookies.SessionStore):
    """The session of one browser. Django's middleware makes one for each request."""

    _signed_at: int | None = None

    def load(self) -> dict[str, Any]:
        """What the cookie says; nothing where it is not ours, or was not used for too long."""
        signer, signed = MachineTimeSigner(salt=_SALT), self.session_key
        try:
            if signed:
                self._signed_at = signer.signed_at(signed)
                if -_CLOCK_TOLERANCE <= self._age() < settings.SESSION_COOKIE_AGE:
                    data: dict[str, Any] = signer.unsign_object(signed, serializer=self.serializer)
                    return data
        except (BadSignature, ValueError, zlib.error):
            pass
        self.create()
        return {}

    def renew(self) -> None:
        """Write the cookie anew with the response, if that was not done within the last minute."""
        after = min(_RENEWED_AFTER_SECONDS, settings.SESSION_COOKIE_AGE // 10)
        if self._signed_at is not None and self._age() >= after:
            self.modified = True

    def _age(self) -> float:
        assert self._signed_at is not None
        return machine_clock.unix_seconds() - self._signed_at

    def _get_session_key(self) -> str:
        signer = MachineTimeSigner(salt=_SALT)
        content = self._get_session()  # type: ignore[attr-defined]
        return signer.sign_object(content, serializer=self.serializer, compress=True)
