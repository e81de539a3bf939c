"""Django's backend for SQLite, which converts the placeholders of a statement once."""

from collections.abc import Iterable
from functools import lru_cache

from django.db.backends.sqlite3 import base
from django.db.backends.sqlite3.features import DatabaseFeatures

#: Statements whose text is kept; there are some hundreds, and lists make more.
MOST_STATEMENTS = 1024


class Features(DatabaseFeatures):
    """What SQLite can do.

    Django asks it once a thread whether it knows JSON, in a transaction. Ours are IMMEDIATE: in a
    rush it may time out, which Django takes for a no until the thread ends.
    """

    supports_json_field = True


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that remembers statements as its driver takes them."""

    def convert_query(self, query: str, *, param_names: Iterable[str] | None = None) -> str:
        """A statement with ``?`` for each ``%s``: a search through its text, each time."""
        if param_names is not None:
            return super().convert_query(query, param_names=param_names)
        return _converted(query)


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend."""

    features_class = Features

    def create_cursor(self, name: str | None = None) -> Cursor:
        """A cursor of the open connection."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        return cursor


@lru_cache(MOST_STATEMENTS)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
