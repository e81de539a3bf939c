"""Back up the database and the pictures, with a manifest that ``restored`` reads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone

from offers.keys import KeyRingError
from shop.core.durations import several
from shop.core.formatting import utc
from shop.operations.backup import Backup, back_up
from shop.operations.database_dump import DatabaseServer, DumpFailed


class Command(BaseCommand):
    help = (
        "Writes the database (by its own tool), the uploaded pictures and a manifest into a new "
        "folder, while the shop goes on selling. Keys are not in it: keep SECRET_KEY and the key "
        "files apart from it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="empty, or not there yet")
        parser.add_argument(
            "--host", default="", help="of the PostgreSQL server itself, where a pooler is between"
        )
        parser.add_argument("--port", default="", help="of the same")

    def handle(self, *args: Any, folder: Path, host: str, port: str, **options: Any) -> None:
        now = timezone.now()  # noqa: TID251
        try:
            backup = back_up(folder, server=DatabaseServer(host, port), now=now)
        except (DumpFailed, KeyRingError) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[:1] or [type(error).__name__]
            raise CommandError(f"The database cannot be read: {reason[0]}") from None
        self._tell(backup)

    def _tell(self, backup: Backup) -> None:
        manifest, write = backup.manifest, self.stdout.write
        size = sum(each.bytes for each in manifest.files)
        write(f"{backup.folder}: {several(len(manifest.files), 'file')} of {size:,} bytes")
        write(f"as of {utc(manifest.taken_at)}, the database by {manifest.database['tool']}")
        write("Not in it, and needed as well: SECRET_KEY and your settings,")
        for name, keys in manifest.keys.items():
            where = keys["file"] or "in the settings themselves"
            write(f"{name} ({where}): {', '.join(keys['kids'] or ['cannot be read'])}")
        write("To restore it, stop every process of the shop, then:")
        for command in (
            *backup.restore,
            "manage.py migrate",
            f"manage.py restored {backup.folder}",
        ):
            write(f"  {command}")
