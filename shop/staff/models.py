"""The people of the shop. Shoppers have no accounts."""

from collections.abc import Iterator

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower


class Staff(AbstractUser):
    """Someone who may enter the back office.

    Sessions live in signed cookies, so that no row says who is logged in.
    ``session_epoch`` ends them nevertheless: it is part of what a session has
    to agree with, and the next epoch agrees with none that was begun before.
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
        """Log out everywhere: every session of this person's ends with its next request."""
        Staff.objects.filter(pk=self.pk).update(session_epoch=F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])

    def get_session_auth_hash(self) -> str:
        """What a session has to agree with: the password, and the epoch."""
        return self._in_this_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same with each of the secret keys that were in use before."""
        return map(self._in_this_epoch, super().get_session_auth_fallback_hash())

    def _in_this_epoch(self, password_hash: str) -> str:
        return f"{password_hash}-{self.session_epoch}"
