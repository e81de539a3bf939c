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
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from shop.qa.rehearsal.isolated_process import (
    OPTIONS,
    PROBLEM,
    PROGRESS,
    REPORT_HTML,
    REPORT_JSON,
    REPORT_TEXT,
    ROWS,
    WORK,
)
from shop.qa.rehearsal.progress import Progress


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
        return _rehearse(folder)
    except Exception as error:
        traceback.print_exc()
        if not is_ending.is_set():
            (folder / PROBLEM).write_text(f"It broke down: {type(error).__name__}: {error}")
        return 1
    finally:
        _clean_up(folder, stand_in)


def _rehearse(folder: Path) -> int:
    import django

    django.setup()
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command
    from django.core.serializers.json import DjangoJSONEncoder
    from django.db import connection

    from shop.qa.rehearsal.html_report import render_html
    from shop.qa.rehearsal.runner import rehearse
    from shop.qa.rehearsal.scenarios import UnknownScenario
    from shop.qa.rehearsal.text_report import render_text

    # With it Django keeps every statement that was run.
    settings.DEBUG = False
    # Its browsers are faster than people.
    settings.NETWORK_RATE = 0
    assert connection.vendor == "sqlite"
    # Tables from the models at once, in a third of the time that all migrations take.
    settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.cursor() as cursor:
        # Nothing here has to survive a power cut.
        cursor.execute("PRAGMA synchronous = OFF")
    options = json.loads((folder / OPTIONS).read_text())
    try:
        report = rehearse(
            (folder / ROWS).read_text(),
            now=datetime.fromisoformat(options["now"]) if options["now"] else None,
            only=options["only"],
            report_progress=lambda progress: _write_progress(folder, progress),
        )
    except UnknownScenario as unknown:
        (folder / PROBLEM).write_text(str(unknown))
        return 1
    (folder / REPORT_TEXT).write_text(render_text(report))
    (folder / REPORT_HTML).write_text(render_html(report))
    # Last: it says that all is there.
    (folder / REPORT_JSON).write_text(json.dumps(report.as_json(), cls=DjangoJSONEncoder))
    return 0


def _write_progress(folder: Path, progress: Progress) -> None:
    """Atomically: it is read meanwhile."""
    fresh = folder / f"{PROGRESS}.new"
    fresh.write_text(json.dumps(asdict(progress)))
    fresh.rename(folder / PROGRESS)


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
