"""Run after a backup was restored: learn from Stripe, decide on each sale, open checkout."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import stripe
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from offers.keys import KeyRingError
from offers.terms import LIST
from shop.core.formatting import sentences, utc
from shop.operations import restoring
from shop.operations.manifest import Manifest, ManifestError
from shop.operations.restoring import HOW, NOTHING, Decisions, Unfinished, WrongAnswer
from shop.payments.stripe_client import reason_of
from shop.payments.stripe_record import our_issuer
from shop.sales.models import Restoration, RestoredSale
from shop.sales.restorations import CannotDecide, still_undecided

REASON = "We had to restore the shop, and cannot confirm this price any more."


class Command(BaseCommand):
    help = (
        "Run it after a backup was restored. It learns from Stripe's own record which orders were "
        "placed and paid since the backup, opens checkout, and asks for each sale whose offers "
        "may be out whether they are honored or recalled. Nothing is preset: until it is said, "
        "lines of that sale wait in the bag. It can be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        slugs: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "folder", type=Path, nargs="?", metavar="DIR", help="what `backup` wrote"
        )
        which.add_argument(
            "--as-of", metavar="INSTANT", help="of a backup that another tool made: when it began"
        )
        parser.add_argument(
            "--honor", **slugs, metavar="SLUG", help=f"honor what was offered ({LIST}: list prices)"
        )
        parser.add_argument(
            "--recall", **slugs, metavar="SLUG", help="recall every offer that is out"
        )
        parser.add_argument(
            "--recalled-until",
            **slugs,
            metavar="SLUG=INSTANT",
            help=f"with --honor: {HOW['--recalled-until']}",
        )
        parser.add_argument(
            "--extended", **slugs, metavar="SLUG=SECONDS", help=f"with --honor: {HOW['--extended']}"
        )
        parser.add_argument(
            "--reason", default=REASON, help="of --recall, which shoppers read: “%(default)s”"
        )

        parser.add_argument(
            "--open-anyway",
            action="store_true",
            help="open checkout although a payment could not be taken in",
        )
        parser.add_argument(
            "--refund-unknown",
            action="store_true",
            help="refund orders of products that were created since the backup and are gone",
        )

    def handle(self, *args: Any, folder: Path | None, reason: str, **options: Any) -> None:
        now = timezone.now()  # noqa: TID251
        try:
            manifest = _manifest(folder, options["as_of"], now)
            decisions = _decisions(options, now)
            restoration = restoring.learn(
                manifest,
                now=now,
                tell=self.stdout.write,
                open_anyway=options["open_anyway"],
                refund_unknown=options["refund_unknown"],
            )
            if sys.stdin.isatty():
                decisions = self._asked(restoration, decisions, now)
            for line in restoring.decide(restoration, decisions, reason=reason, now=now):
                self.stdout.write(line)
        except (ManifestError, KeyRingError, CannotDecide, Unfinished, WrongAnswer) as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(" ".join(sentences(error))) from None
        except stripe.StripeError as error:
            reason = reason_of(error)
            raise CommandError(
                f"Stripe's record cannot be read ({reason}). Checkout stays closed; run it again."
            ) from None
        self._close(
            str(folder or f"--as-of {options['as_of']}"), still_undecided(restoration.sales.all())
        )

    def _asked(self, restoration: Restoration, given: Decisions, now: datetime) -> Decisions:
        """What a person at a terminal says of each sale that the options do not decide."""
        said = given
        for row in still_undecided(restoration.sales.all()):
            try:
                said = self._ask(row, said, now)
            except EOFError:
                # Later: the options can say it too.
                break
        return said

    def _ask(self, row: RestoredSale, said: Decisions, now: datetime) -> Decisions:
        slug = row.slug
        if slug not in {*said.honor, *said.recall}:
            self.stdout.write(_about(row))
            answer = input("honor, recall, or Enter to decide later? ").strip().lower()
            if answer == "recall":
                said = replace(said, recall=[*said.recall, slug])
            if answer == "honor":
                said = replace(said, honor=[*said.honor, slug])
        missing = said.missing(slug) if slug in said.honor else []
        if "--recalled-until" in missing:
            until = input(f"{slug} was recalled until ({NOTHING}, or an instant with offset)? ")
            read = restoring.read_recalled([f"{slug}={until.strip()}"], now)
            said = replace(said, recalled={**said.recalled, **read})
        if "--extended" in missing:
            seconds = input(f"{slug} was extended by seconds ({NOTHING}, or a number)? ")
            more = restoring.read_extended([f"{slug}={seconds.strip()}"])
            said = replace(said, extended={**said.extended, **more})
        return said

    def _close(self, backup: str, undecided: Sequence[RestoredSale]) -> None:
        """:raises CommandError: sales are undecided; it says what to type"""
        if not undecided:
            self.stdout.write("Checkout is open, and every sale is decided.")
            return
        self.stdout.write("Checkout is open, but lines of these sales wait in every bag:")
        for row in undecided:
            self.stdout.write(f"  {_about(row)}")
        self.stdout.write("First look at their prices and windows: they are those of the backup.")
        slugs = [row.slug for row in undecided]
        extended = " ".join(f"{slug}={NOTHING}" for slug in slugs if slug != LIST)
        recalled = " ".join(f"{slug}={NOTHING}" for slug in slugs)
        honor = f"--honor {' '.join(slugs)} --recalled-until {recalled}"
        honor += f" --extended {extended}" if extended else ""
        self.stdout.write("To honor what was offered, with what is true in place of `none`:")
        self.stdout.write(f"  manage.py restored {backup} {honor}")
        self.stdout.write("To recall every offer that is out:")
        self.stdout.write(f"  manage.py restored {backup} --recall {' '.join(slugs)}")
        raise CommandError(f"Undecided: {', '.join(slugs)}.")


def _manifest(folder: Path | None, as_of: str | None, now: datetime) -> Manifest:
    if folder is not None:
        return Manifest.read(folder)
    return Manifest.of_instant(restoring.read_instant(as_of or "", now), our_issuer())


def _decisions(options: dict[str, Any], now: datetime) -> Decisions:
    return Decisions(
        honor=options["honor"],
        recall=options["recall"],
        recalled=restoring.read_recalled(options["recalled_until"], now),
        extended=restoring.read_extended(options["extended"]),
    )


def _about(row: RestoredSale) -> str:
    since = f"offers of {utc(row.issued_from)} and later may be out"
    if (sale := row.sale) is None:
        return f"{LIST} (prices outside sales): {since}"
    window = f"open from {utc(sale.starts_at)} to {utc(sale.ends_at)}"
    draft = "" if sale.published_at else "; a draft here, publish it to sell again"
    return f"{sale.slug} ({sale.title}, {window}{draft}): {since}"
