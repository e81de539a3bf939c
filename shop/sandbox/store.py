"""Everything the stand-in remembers, in one SQLite file or in memory.

One connection behind one lock: a stand-in serves one developer, and a lock that is easy to see
beats an isolation level. Whatever must survive together (an object, its event, the delivery, the
answer kept for an idempotency key) is written in one `transaction`.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError

type Json = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    inner TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_by_intent ON objects (
    kind, json_extract(body, '$.payment_intent')
);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    params TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due REAL NOT NULL,
    task TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    event TEXT PRIMARY KEY,
    due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(slots=True)
class Record:
    """An object as clients see it (`body`) and what only the stand-in knows about it (`inner`)."""

    body: Json
    inner: Json = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.body["id"])


class Store:
    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A decline is caught inside, since what it wrote is a fact to keep."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def execute(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def put(self, record: Record) -> Record:
        body = record.body
        self.execute(
            "INSERT INTO objects (id, kind, created, body, inner) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body, inner = excluded.inner",
            (
                *(record.id, body["object"], body["created"]),
                *(json.dumps(body), json.dumps(record.inner)),
            ),
        )
        return record

    def get(self, kind: str, id: str) -> Record | None:
        rows = self.execute("SELECT body, inner FROM objects WHERE kind = ? AND id = ?", (kind, id))
        return _record(rows[0]) if rows else None

    def find(self, kind: str) -> list[Record]:
        """Every object of a kind, oldest first."""
        rows = self.execute("SELECT body, inner FROM objects WHERE kind = ? ORDER BY seq", (kind,))
        return [_record(row) for row in rows]

    def page(self, kind: str, params: Mapping[str, Any], **equal: str | list[str]) -> Json:
        """One page of a list, newest first."""
        limit = params.get("limit", 10)
        if not 1 <= limit <= 100:
            raise ApiError(
                "Invalid limit: must be between 1 and 100.",
                code="parameter_invalid_integer",
                param="limit",
            )
        where = "kind = ?"
        values: list[Any] = [kind]
        for name, value in equal.items():
            wanted = value if isinstance(value, list) else [value]
            where += f" AND json_extract(body, '$.{name}') IN ({', '.join('?' * len(wanted))})"
            values += wanted
        for name, bound in params.get("created", {}).items():
            where += f" AND created {_OPERATORS[name]} ?"
            values.append(bound)
        backwards = "ending_before" in params
        if backwards and "starting_after" in params:
            raise ApiError(
                "Received both starting_after and ending_before parameters. Please pass in only"
                " one.",
                param="starting_after",
            )
        for name, sign in (("starting_after", "<"), ("ending_before", ">")):
            if name in params:
                rows = self.execute(
                    "SELECT seq FROM objects WHERE kind = ? AND id = ?", (kind, params[name])
                )
                if not rows:
                    raise ApiError(
                        f"No such {kind}: '{params[name]}'", code="resource_missing", param=name
                    )
                where += f" AND seq {sign} ?"
                values.append(rows[0][0])
        order = "ASC" if backwards else "DESC"
        rows = self.execute(
            f"SELECT body, inner FROM objects WHERE {where} ORDER BY seq {order} LIMIT ?",
            (*values, limit + 1),
        )
        bodies = [_record(row).body for row in rows[:limit]]
        return {
            "object": "list",
            "data": bodies[::-1] if backwards else bodies,
            "has_more": len(rows) > limit,
            "url": f"/v1/{kind}s",
        }

    def later(self, task: str, subject: str, seconds: float) -> None:
        """Have a task of `scheduler` run on an object after a while, also across a restart."""
        self.execute(
            "INSERT INTO timers (due, task, subject) VALUES (?, ?, ?)",
            (time.time() + seconds, task, subject),
        )

    def forget(self) -> None:
        with self.transaction():
            for table in ("objects", "answers", "timers", "deliveries"):
                self.execute(f"DELETE FROM {table}")


def _record(row: Any) -> Record:
    return Record(json.loads(row[0]), json.loads(row[1]))


_OPERATORS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
