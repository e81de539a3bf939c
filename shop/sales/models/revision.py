"""Which rows have changed that the showcase reads."""

from typing import ClassVar

from django.db import models


class Revision(models.Model):
    """The last change of a row that the showcase reads; triggers write it (``revisions``).

    ``kind`` says of which table, ``key`` which row, ``sale`` or ``product`` what it is a part of:
    neither, where it concerns all of them. ``number`` rises with time: on PostgreSQL it is the
    transaction's, on SQLite the highest there was and one more. A row is locked by whoever has
    locked the row that it tells of, and by nobody else.
    """

    pk = models.CompositePrimaryKey("kind", "key")
    kind = models.CharField(max_length=16)
    key = models.BigIntegerField()
    sale = models.BigIntegerField(null=True)
    product = models.BigIntegerField(null=True)
    number = models.BigIntegerField(db_index=True)

    objects: ClassVar[models.Manager["Revision"]]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}: {self.number}"
