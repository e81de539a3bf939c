"""Rotate the key rings without voiding what they signed."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError
from django.utils import timezone

from offers import conf, key_file
from offers.key_set import KeySet
from offers.keys import KeyRing, KeyRingError, KeyStatus, SigningKey
from offers.rotation import (
    CACHED_SECONDS,
    NEVER,
    TAKEN_UP_SECONDS,
    may_go_from,
    may_sign_from,
)


class Command(BaseCommand):
    # It makes the key set that the checks ask for.
    requires_system_checks = []

    help = (
        "The key rings. A rotation: `add` (the key is published, and verifies); five minutes later "
        "`activate` (it signs, the one before goes on verifying); `retire` that one when all that "
        "it signed has run out, which `list` tells. No process has to be restarted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action, meaning, force in (
            ("list", "the keys and what each is for; never a secret", None),
            ("add", "make a key; the first one becomes active", None),
            ("activate", "sign with this key, and stop the other", "though caches may lack it"),
            ("retire", "take away a key that has done its work", "with all that it signed"),
            ("void", "take away a key that leaked", None),
        ):
            command = actions.add_parser(action, help=meaning)
            if action not in {"list", "add"}:
                command.add_argument("kid")
            if force:
                command.add_argument("--force", action="store_true", help=f"now, {force}")
            if action == "add":
                command.add_argument("--alg", choices=["HS256", "ES256"], default="HS256")
                command.add_argument("--kid", help="its name (default: today and four letters)")
            if action == "void":
                text = "somebody else may have the key: refuse all that it signed"
                command.add_argument("--leaked", action="store_true", help=text)
            text = "offers, or site: shopper cookies, order links and all else (default: offers)"
            command.add_argument("--ring", choices=conf.RINGS, default="offers", help=text)

    def handle(self, *args: Any, action: str, ring: str, **options: Any) -> None:
        self.ring = conf.RINGS[ring]
        self.now = timezone.now()  # noqa: TID251
        if action == "list":
            self._list()
            return
        path = self._path()
        try:
            with key_file.locked(path):
                self._change(path, action, options)
        except (OSError, KeyRingError) as error:
            raise CommandError(f"Nothing was changed. {error}") from None

    def _change(self, path: Path, action: str, options: dict[str, Any]) -> None:
        keys, is_new = _read(path)
        if is_new and action != "add":
            raise CommandError(f"There is no file {path}: `add` makes it.")
        match action:
            case "add":
                done = self._add(keys, options["alg"], options["kid"])
            case "activate":
                done = self._activate(keys, options["kid"], is_forced=options["force"])
            case "retire":
                done = self._retire(keys, options["kid"], is_forced=options["force"])
            case _:
                done = self._void(keys, options["kid"], is_leaked=options["leaked"])
        key_file.replace(path, keys.to_json())
        self.stdout.write(f"{done}\nRunning processes take it up within two seconds.")
        if is_new:
            owner = key_file.owner_of(path)
            way_out = "where the shop runs as another user, give it to that one."
            self.stdout.write(f"{owner} alone can read {path}: {way_out}")
        elif key_file.is_open_to_others(path):
            self.stderr.write(f"Everybody on this machine can read or change {path}: chmod o= it.")

    def _list(self) -> None:
        try:
            ring = self.ring.configured()
        except KeyRingError as error:
            raise CommandError(str(error)) from None
        for key in ring.values():
            facts = (key.kid, key.algorithm, key.status, key.issuer, *self._times(key, ring))
            self.stdout.write("\t".join(facts))

    def _times(self, key: SigningKey, ring: KeyRing) -> Iterator[str]:
        times = key.times
        recorded = {"added": times.added_at, "active": times.active_at, "stopped": times.stopped_at}
        for what, seconds in recorded.items():
            if seconds is not None:
                yield f"{what} {_text(datetime.fromtimestamp(seconds, UTC))}"
        if key.status is KeyStatus.RETIRING:
            try:
                from_ = may_go_from(key, ring, self.now, self.ring.latest_end)
            except DatabaseError:
                yield "may go when the database says so, which does not answer"
                return
            if from_ == NEVER:
                yield "stays: what it signed has no known end"
            else:
                yield "may go" if from_ <= self.now else f"may go from {_text(from_)}"

    def _path(self) -> Path:
        path, setting = self.ring.path, self.ring.setting
        if path is None:
            # Without its value, which may be a key set.
            raise CommandError(f"Set {setting} to a file's path: only a file can be changed here.")
        # A link stays a link: what it leads to is replaced.
        return path.resolve()

    def _add(self, keys: KeySet, algorithm: str, kid: str | None) -> str:
        status = keys.add(algorithm, kid, self.now)
        done = f"Added {keys.newest_kid} ({algorithm}), {status}"
        if status is KeyStatus.ACTIVE:
            return f"{done}."
        from_ = may_sign_from(keys.ring()[keys.newest_kid])
        assert from_ is not None
        return f"{done}: it can be activated from {_text(from_)} on."

    def _activate(self, keys: KeySet, kid: str, *, is_forced: bool) -> str:
        key, _ = _find(keys, kid)
        if key.status is KeyStatus.ACTIVE:
            return f"{kid} signs already."
        if is_forced:
            # No process may meet what it signs before it has the key.
            time.sleep(TAKEN_UP_SECONDS)
            self.now += timedelta(seconds=TAKEN_UP_SECONDS)
        else:
            self._refuse_what_caches_lack(key)
        keys.activate(kid, self.now)
        return f"{kid} signs; the others go on verifying."

    def _refuse_what_caches_lack(self, key: SigningKey) -> None:
        from_ = may_sign_from(key)
        if from_ is not None and from_ <= self.now:
            return
        problem = (
            f"It is not recorded when {key.kid} was added."
            if from_ is None
            else f"{key.kid} can be activated from {_text(from_)} on."
        )
        raise CommandError(
            f"Nothing was changed. {problem} Partners may keep the public keys for "
            f"{CACHED_SECONDS} seconds, and other machines need the file first. --force "
            "activates it now."
        )

    def _retire(self, keys: KeySet, kid: str, *, is_forced: bool) -> str:
        loss = self._loss(*_find(keys, kid))
        if loss and not is_forced:
            raise CommandError(f"Nothing was changed. {loss} --force takes it away all the same.")
        keys.remove(kid)
        return f"{kid} is off the ring." + (" What it signed is refused." if loss else "")

    def _void(self, keys: KeySet, kid: str, *, is_leaked: bool) -> str:
        key, ring = _find(keys, kid)
        if is_leaked:
            _refuse_the_active(key)
        elif loss := self._loss(key, ring):
            raise CommandError(f"Nothing was changed. {loss} If it leaked: --leaked.")
        keys.remove(kid)
        return f"{kid} is off the ring. What it signed is refused."

    def _loss(self, key: SigningKey, ring: KeyRing) -> str:
        """What is still good by a key alone, in a sentence; empty if nothing is."""
        _refuse_the_active(key)
        try:
            from_ = may_go_from(key, ring, self.now, self.ring.latest_end)
        except DatabaseError:
            return "The database, which knows until when offers are good, does not answer."
        if from_ <= self.now:
            return ""
        if from_ == NEVER and self.ring is conf.SITE:
            return f"What {key.kid} signed has no end, such as links that were sent."
        if from_ == NEVER:
            return "OFFER_LATEST_END is not set: it is not known until when offers are good."
        return f"Offers that {key.kid} signed may be good until {_text(from_)}."


def _read(path: Path) -> tuple[KeySet, bool]:
    """The keys of a file, and whether it has to be made."""
    try:
        return KeySet.from_json(path.read_text(), settings.OFFER_ISSUER), False
    except FileNotFoundError:
        return KeySet([], settings.OFFER_ISSUER), True
    except UnicodeDecodeError:
        raise CommandError(f"{path}: not a file of text.") from None
    except KeyRingError as error:
        raise CommandError(f"{path}: {error}") from None


def _find(keys: KeySet, kid: str) -> tuple[SigningKey, KeyRing]:
    ring = keys.ring()
    if kid not in ring:
        raise CommandError(f"There is no key {kid}.")
    return ring[kid], ring


def _refuse_the_active(key: SigningKey) -> None:
    if key.status is KeyStatus.ACTIVE:
        raise CommandError(f"{key.kid} is active: activate another key first.")


def _text(instant: datetime) -> str:
    """An instant in UTC, to the second, rounded up."""
    up = instant.astimezone(UTC) + timedelta(microseconds=-instant.microsecond % 1_000_000)
    return f"{up.replace(tzinfo=None).isoformat(' ', 'seconds')} UTC"
