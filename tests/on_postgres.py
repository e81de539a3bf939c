"""Run pytest against a PostgreSQL of its own, brought by a package and gone afterwards.

python tests/on_postgres.py [--pooled] [pytest's arguments]

With ``--pooled`` the shop reaches it through PgBouncer in transaction mode.
"""

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.pooler import pooler
from tests.support.postgres import postgres_server


def main() -> int:
    arguments = sys.argv[1:]
    with postgres_server() as server:
        if arguments[:1] != ["--pooled"]:
            return run_pytest(f"postgres://postgres@/{server.pgdata}/postgres", arguments)
        with pooler(server.pgdata) as address:
            # The pooler keeps connections, and a database that has any is not dropped.
            return run_pytest(f"{address}/postgres", ["--reuse-db", *arguments[1:]])


def run_pytest(url: str, arguments: list[str]) -> int:
    """Run pytest with the database at an address; its exit status."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.call(command, env={**os.environ, "DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main())
