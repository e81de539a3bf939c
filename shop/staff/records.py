"""What is kept of log-ins: tries by keyed hash, the trail, and links that wait to be mailed."""

from django.db import models


class TryCount(models.Model):
    """The tries of one kind by one name, network or device. Deleted once it is forgotten.

    ``key`` is a keyed hash. ``has_told`` is set once a refused try was written down, until the
    next one that is counted: so refused tries cannot fill the log-in trail.
    """

    key = models.CharField(max_length=64, unique=True)
    tries = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    forgotten_at = models.DateTimeField(db_index=True)
    has_told = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.key[:8]}: {self.tries}"


class LogInKind(models.TextChoices):
    """What happens at the door of the back office."""

    LOGGED_IN = "logged_in", "logged in"
    REFUSED = "refused", "refused: wrong password"
    THROTTLED = "throttled", "refused: too many tries"
    LOGGED_OUT = "logged_out", "logged out"
    LINK_ASKED = "link_asked", "asked for a link to choose a password"
    PASSWORD_CHOSEN = "password_chosen", "chose a password by a mailed link"
    PASSWORD_CHANGED = "password_changed", "changed the password"


class LogInEvent(models.Model):
    """Something that happened at the door of the back office.

    ``person`` is null where nobody has the name that was typed. ``is_known_device``: they had
    logged in there before. Rows are deleted after ``log_in_trail.KEPT_FOR``.
    """

    at = models.DateTimeField(db_index=True)
    person = models.ForeignKey(
        "staff.Staff", models.CASCADE, null=True, blank=True, related_name="log_in_events"
    )
    kind = models.CharField("what", max_length=20, choices=LogInKind)
    address = models.GenericIPAddressField(null=True, blank=True)
    browser = models.CharField(max_length=60, blank=True)
    is_known_device = models.BooleanField("known device", default=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "log-in"
        verbose_name_plural = "log-ins"

    def __str__(self) -> str:
        return f"{self.person or 'Nobody'} {self.get_kind_display()}"


class PasswordLink(models.Model):
    """A link to choose a password that somebody has asked for, and that is not mailed yet.

    Rows are deleted once the mail server has the mail, or after ``password_links.TIME_TO_TRY``.
    ``address`` is the network address that it was asked from; null for one that an owner mails.
    """

    email = models.EmailField()
    asked_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)

    def __str__(self) -> str:
        return f"asked at {self.asked_at}"
