"""Staff accounts. Shoppers have none."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from shop.staff.records import LogInEvent, PasswordLink, TryCount

__all__ = ["LogInEvent", "PasswordLink", "Staff", "TryCount"]


class Staff(AbstractUser):
    """A user of the back office.

    Sessions are signed cookies without a row in the database. ``open_sessions`` lists, at most
    20 of them, which are worth something: the module of that name reads and writes it.
    ``session_epoch`` is part of the session hash: increasing it ends every session of the user.
    """

    session_epoch = models.PositiveIntegerField(default=0, editable=False)
    open_sessions = models.JSONField(default=list, db_default=[], editable=False)

    class Meta(AbstractUser.Meta):
        verbose_name = "member of staff"
        verbose_name_plural = "staff"
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="staff_mail_address_is_unique",
                violation_error_message="Someone of the staff has this mail address already.",
            )
        ]

    def save(self, **options: Any) -> None:
        """Save; of an account that exists, all but its sessions, unless fields are named.

        Whoever saves a row that they read a while ago would open sessions that ended meanwhile.
        """
        is_new = self._state.adding or options.get("force_insert")
        if not is_new and options.get("update_fields") is None:
            left_out = {"id", "session_epoch", "open_sessions", *self.get_deferred_fields()}
            names = {field.name for field in self._meta.concrete_fields}
            options["update_fields"] = names - left_out
        super().save(**options)

    def end_sessions(self) -> None:
        """Log out everywhere: each session ends with its next request."""
        ended = {"session_epoch": F("session_epoch") + 1, "open_sessions": []}
        Staff.objects.filter(pk=self.pk).update(**ended)
        self.refresh_from_db(fields=list(ended))

    def get_session_auth_hash(self) -> str:
        """The session hash: of the password, and the epoch."""
        return self._with_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The session hash by each of SECRET_KEY_FALLBACKS."""
        return map(self._with_epoch, super().get_session_auth_fallback_hash())

    def _with_epoch(self, password_hash: str) -> str:
        return f"{password_hash}-{self.session_epoch}"
