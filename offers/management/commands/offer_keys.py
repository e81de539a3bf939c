"""Rotate the key ring without voiding the offers that are out."""

import json
import os
import secrets
from argparse import ArgumentParser
from datetime import UTC
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from joserfc.jwk import ECKey, OctKey

from offers import conf
from offers.keys import KeyRing, KeyRingError, KeyStatus

type Jwk = dict[str, Any]


class Command(BaseCommand):
    # It makes the key set that the checks ask for.
    requires_system_checks = []

    help = (
        "The key ring. A rotation: `add` (the key is published and verifies), restart every "
        "process, `activate` (it signs, the old one goes on verifying), restart, and when the "
        "longest hold has passed, `void` takes the old one away."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="the keys and what each is for; never a secret")
        add = actions.add_parser("add", help="make a key; the first one becomes active")
        add.add_argument("--alg", choices=["HS256", "ES256"], default="HS256")
        add.add_argument("--kid", help="its name (default: today's date and four letters)")
        for action, meaning in {
            "activate": "sign with this key from the next start on",
            "retire": "stop signing with a key that is next; it goes on verifying",
            "void": "take a key away: every offer it signed is void at the next start",
        }.items():
            actions.add_parser(action, help=meaning).add_argument("kid")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "list":
            self._list()
            return
        path = self._path()
        keys = _read_keys(path)
        match action:
            case "add":
                done = self._add(keys, options["alg"], options["kid"])
            case "activate":
                done = self._activate(keys, options["kid"])
            case "retire":
                done = self._retire(keys, options["kid"])
            case _:
                done = self._void(keys, options["kid"])
        _write_keys(path, keys)
        self.stdout.write(done)
        self.stdout.write("Restart every process of the shop for this to take effect.")

    def _list(self) -> None:
        try:
            ring = conf.ring()
        except KeyRingError as error:
            raise CommandError(str(error)) from None
        for key in ring.values():
            self.stdout.write(f"{key.kid}\t{key.algorithm}\t{key.status}\t{key.issuer}")

    def _path(self) -> Path:
        configured: str = settings.OFFER_KEYS
        # Quoted, or a list: a key set as well, if a wrong one, and not to be repeated here.
        if configured.lstrip()[:1] in {"", "{", "[", '"', "'"}:
            raise CommandError("Set OFFER_KEYS to a file's path: only a file can be changed here.")
        # A link stays a link: what it leads to is replaced.
        return Path(configured).resolve()

    def _add(self, keys: list[Jwk], algorithm: str, kid: str | None) -> str:
        today = timezone.now().astimezone(UTC).date()  # noqa: TID251
        kid = kid or f"{today:%Y-%m-%d}-{secrets.token_hex(2)}"
        if any(jwk.get("kid") == kid for jwk in keys):
            raise CommandError(f"There is a key {kid} already.")
        made = ECKey.generate_key("P-256") if algorithm == "ES256" else OctKey.generate_key(256)
        status = KeyStatus.NEXT if keys else KeyStatus.ACTIVE
        members = {**made.as_dict(private=True), "kid": kid, "alg": algorithm}
        keys.append({**members, "status": status.value})
        return f"Added {kid} ({algorithm}), {status}."

    def _activate(self, keys: list[Jwk], kid: str) -> str:
        chosen = _find(keys, kid)
        for jwk in keys:
            if jwk["status"] == KeyStatus.ACTIVE:
                jwk["status"] = KeyStatus.RETIRING.value
        chosen["status"] = KeyStatus.ACTIVE.value
        return f"{kid} signs from the next start on; the others go on verifying."

    def _retire(self, keys: list[Jwk], kid: str) -> str:
        chosen = _find(keys, kid)
        if chosen["status"] == KeyStatus.ACTIVE:
            raise CommandError(f"{kid} is active: activate another key first.")
        chosen["status"] = KeyStatus.RETIRING.value
        return f"{kid} no longer signs; it goes on verifying."

    def _void(self, keys: list[Jwk], kid: str) -> str:
        chosen = _find(keys, kid)
        if chosen["status"] == KeyStatus.ACTIVE:
            raise CommandError(f"{kid} is active: activate another key first.")
        keys.remove(chosen)
        return f"{kid} is gone: what it signed is void from the next start on."


def _find(keys: list[Jwk], kid: str) -> Jwk:
    for jwk in keys:
        if jwk.get("kid") == kid:
            return jwk
    raise CommandError(f"There is no key {kid}.")


def _read_keys(path: Path) -> list[Jwk]:
    try:
        document = path.read_text()
        KeyRing.from_jwk_set(document, settings.OFFER_ISSUER)
    except FileNotFoundError:
        return []
    except UnicodeDecodeError:
        raise CommandError(f"{path}: not a file of text.") from None
    except KeyRingError as error:
        raise CommandError(f"{path}: {error}") from None
    except OSError as error:
        raise CommandError(str(error)) from None
    keys: list[Jwk] = json.loads(document)["keys"]
    return keys


def _write_keys(path: Path, keys: list[Jwk]) -> None:
    try:
        KeyRing.from_jwk_set({"keys": keys}, settings.OFFER_ISSUER)
    except KeyRingError as error:
        raise CommandError(f"Nothing was changed. {error}") from None
    # Written beside and moved into place: a crash leaves the old set or the new one.
    fresh = path.with_name(path.name + ".new")
    try:
        # Made anew: what a crash or a stranger left there may be open to others, or a link.
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"keys": keys}, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise CommandError(f"Nothing was changed. {error}") from None
