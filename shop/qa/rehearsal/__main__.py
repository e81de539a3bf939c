"""``python -m shop.qa.rehearsal FOLDER``: the process in which the rehearsal takes place.

Started by ``theatre`` with an environment of its own. It reads the script from
standard input, which stays open as long as somebody waits for the outcome: when
it ends, everything here does. What was found goes into the folder.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

#: What is left in the folder.
FOUND, TABLE, PICTURE = "report.json", "report.txt", "report.html"


def main() -> int:
    folder = Path(sys.argv[1])
    rows = sys.stdin.readline()
    stand_in = subprocess.Popen(
        [sys.executable, "-m", "shop.sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    threading.Thread(target=_end_with_audience, args=(stand_in, folder), daemon=True).start()
    try:
        assert stand_in.stdout is not None
        os.environ["STRIPE_API_BASE"] = stand_in.stdout.readline().split()[-1]
        _perform(rows, folder)
    finally:
        stand_in.terminate()
        stand_in.wait(timeout=5)
    return 0


def _perform(rows: str, folder: Path) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.core.serializers.json import DjangoJSONEncoder
    from django.db import connection

    from shop.qa.rehearsal.html_report import draw
    from shop.qa.rehearsal.runner import rehearse
    from shop.qa.rehearsal.text_report import render

    # With it Django keeps every statement that was run.
    settings.DEBUG = False
    assert connection.vendor == "sqlite"
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        # Nothing here has to survive a power cut.
        cursor.execute("PRAGMA synchronous = OFF")
    report = rehearse(rows)
    (folder / TABLE).write_text(render(report))
    (folder / PICTURE).write_text(draw(report))
    (folder / FOUND).write_text(json.dumps(report.as_json(), cls=DjangoJSONEncoder))


def _end_with_audience(stand_in: "subprocess.Popen[str]", folder: Path) -> None:
    sys.stdin.read()
    stand_in.terminate()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    sys.exit(main())
