"""Staff accounts. Shoppers have none."""

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower


class Staff(AbstractUser):
    """A user of the back office.

    Sessions are signed cookies without a row in the database. ``session_epoch`` is part
    of the session hash: increasing it ends every session of the user.
    """

    session_epoch = models.PositiveIntegerField(default=0, editable=False)

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

    def end_sessions(self) -> None:
        """Log out everywhere: each session ends with its next request."""
        Staff.objects.filter(pk=self.pk).update(session_epoch=F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    def get_session_auth_hash(self) -> str:
        """The session hash: of the password, and the epoch."""
        return self._with_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The session hash by each of SECRET_KEY_FALLBACKS."""
        return map(self._with_epoch, super().get_session_auth_fallback_hash())

    def _with_epoch(self, password_hash: str) -> str:
        return f"{password_hash}-{self.session_epoch}"
