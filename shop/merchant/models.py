"""What the back office itself keeps: CSV files that are being taken in."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from shop.core.machine_clock import machine_time
from shop.staff.models import Staff

#: After so long without a row written, the process that wrote them is taken to be gone.
_SILENCE = timedelta(minutes=2)


class CsvImport(models.Model):
    """A CSV file that is written portion by portion, as it is too large for one transaction.

    ``written`` of its ``rows`` are, in the transactions that wrote them. It goes with the next
    file that is taken in a day later. Its instants are the machine's, whatever time the shop shows.
    """

    class Status(models.TextChoices):
        WRITING = "writing", "Under way"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    table = models.CharField(max_length=80)
    content = models.BinaryField()
    rows = models.PositiveIntegerField()
    written = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=10, choices=Status, default=Status.WRITING)
    problems = models.JSONField(default=list)
    made_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=machine_time)
    moved_at = models.DateTimeField(default=machine_time)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(written__lte=F("rows")), name="csv_import_writes_its_rows"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["writing", "done", "stopped"]),
                name="csv_import_status_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.progress} of {self.table}"

    @property
    def progress(self) -> str:
        """How far it is: "12,500 of 20,000 rows"."""
        return f"{self.written:,} of {self.rows:,} rows"

    @property
    def is_under_way(self) -> bool:
        """Whether its rows are being written."""
        is_alive = machine_time() - self.moved_at < _SILENCE
        return self.status == self.Status.WRITING and is_alive

    @property
    def is_left(self) -> bool:
        """Whether rows are still to be written, and nobody does."""
        return self.status == self.Status.WRITING and not self.is_under_way
