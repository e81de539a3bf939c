"""``python -m shop.qa.rehearsal FOLDER SECONDS``: the isolated process itself.

Started by ``isolated_process``, which says what it finds and leaves in the folder.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import threading
import traceback
from pathlib import Path

from shop.qa.rehearsal.isolated_process import (
    PROBLEM,
    REPORT_HTML,
    REPORT_JSON,
    REPORT_TEXT,
    ROWS,
    WORK,
)


def main() -> int:
    folder, seconds = Path(sys.argv[1]), sys.argv[2]
    (folder / WORK).mkdir()
    stand_in = subprocess.Popen(
        [sys.executable, "-m", "shop.sandbox", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    is_ending = threading.Event()
    threading.Thread(
        target=_watch, args=(folder, seconds, stand_in, is_ending), daemon=True
    ).start()
    try:
        assert stand_in.stdout is not None
        os.environ["STRIPE_API_BASE"] = stand_in.stdout.readline().split()[-1]
        _rehearse(folder)
    except Exception as error:
        traceback.print_exc()
        if not is_ending.is_set():
            (folder / PROBLEM).write_text(f"It broke down: {type(error).__name__}: {error}")
        return 1
    finally:
        _clean_up(folder, stand_in)
    return 0


def _rehearse(folder: Path) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.core.serializers.json import DjangoJSONEncoder
    from django.db import connection

    from shop.qa.rehearsal.html_report import render_html
    from shop.qa.rehearsal.runner import rehearse
    from shop.qa.rehearsal.text_report import render_text

    # With it Django keeps every statement that was run.
    settings.DEBUG = False
    assert connection.vendor == "sqlite"
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        # Nothing here has to survive a power cut.
        cursor.execute("PRAGMA synchronous = OFF")
    report = rehearse((folder / ROWS).read_text())
    (folder / REPORT_TEXT).write_text(render_text(report))
    (folder / REPORT_HTML).write_text(render_html(report))
    # Last: it says that all is there.
    (folder / REPORT_JSON).write_text(json.dumps(report.as_json(), cls=DjangoJSONEncoder))


def _watch(
    folder: Path, seconds: str, stand_in: "subprocess.Popen[str]", is_ending: threading.Event
) -> None:
    """End everything when standard input ends or the time is up; select() obeys no frozen clock."""
    is_abandoned, _, _ = select.select([0], [], [], float(seconds))
    is_ending.set()
    if not is_abandoned:
        (folder / PROBLEM).write_text(f"It took longer than {seconds} s.")
    _clean_up(folder, stand_in)
    os._exit(1)


def _clean_up(folder: Path, stand_in: "subprocess.Popen[str]") -> None:
    stand_in.kill()
    stand_in.wait()
    shutil.rmtree(folder / WORK, ignore_errors=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    sys.exit(main())
