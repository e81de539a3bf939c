"""Whether the database has the schema that this code was written for."""

from django.db import connection
from django.db.migrations.loader import MigrationLoader

from shop.core.durations import several
from shop.core.machine_clock import monotonic_seconds

#: Seconds for which an answer of the database is taken for true.
ASK_EVERY_SECONDS = 5.0


def unapplied_migrations() -> list[str]:
    """Migrations that the database lacks, such as ``sales.0005_deal_was_as_of``, in their order.

    One that a newer release has applied is none of them: this release goes on beside it.

    :raises django.db.Error: the database cannot be asked
    """
    loader = MigrationLoader(connection)
    applied = loader.applied_migrations or {}
    plans = [loader.graph.forwards_plan(leaf) for leaf in loader.graph.leaf_nodes()]
    ordered = dict.fromkeys(node for plan in plans for node in plan)
    return [f"{app}.{name}" for app, name in ordered if (app, name) not in applied]


class SchemaWatch:
    """What the schema lacks, asked of the database every few seconds at most."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget the answer: the next to ask asks the database."""
        self._unapplied: list[str] = []
        self._asked_at = float("-inf")

    def ask(self) -> None:
        """Ask the database, unless it has just answered.

        :raises django.db.Error: it cannot be asked
        """
        if monotonic_seconds() - self._asked_at >= ASK_EVERY_SECONDS:
            self._unapplied = unapplied_migrations()
            self._asked_at = monotonic_seconds()

    @property
    def lack(self) -> str:
        """What the schema lacked when the database answered last, in words; empty if nothing."""
        count = len(self._unapplied)
        return f"lacks {several(count, 'migration')}" if count else ""


schema_watch = SchemaWatch()
