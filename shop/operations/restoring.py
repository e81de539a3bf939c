"""What ``manage.py restored`` does: learn from Stripe, then decide on each sale.

Every step can be run again: what is learned or decided already stays as it is.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from offers import conf
from offers.terms import LIST
from shop.core.durations import several
from shop.operations.manifest import Manifest
from shop.operations.rebuild import learn_from_stripe
from shop.payments.restore_check import newest_intents
from shop.sales import restorations
from shop.sales.models import LONGEST_HOLD_SECONDS, Restoration, RestoredSale
from shop.sales.restorations import RecalledStretch, SinceBackup
from shop.staff.open_sessions import end_all

#: The answer that nothing was recalled, or extended.
NOTHING = "none"


class WrongAnswer(Exception):
    """An option that cannot be understood; the message says what it should look like."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """The operator's answers by slug: what to honor, and what was done since the backup."""

    honor: Collection[str] = ()
    recall: Collection[str] = ()
    recalled: Mapping[str, tuple[RecalledStretch, ...]] = field(default_factory=dict)
    extended: Mapping[str, int] = field(default_factory=dict)

    def missing(self, slug: str) -> list[str]:
        """The options that a sale to be honored still needs."""
        needed: dict[str, Collection[str]] = {"--recalled-until": self.recalled}
        if slug != LIST:
            needed["--extended"] = self.extended
        return [option for option, answers in needed.items() if slug not in answers]

    def since_backup(self, slug: str) -> SinceBackup:
        """What was done to the offers of a sale after the backup."""
        return SinceBackup(
            recalled=self.recalled.get(slug, ()), extended_seconds=self.extended.get(slug, 0)
        )


class Unfinished(Exception):
    """Some payments could not be taken in: a bag might pay twice, so checkout stays closed."""


def learn(
    manifest: Manifest,
    *,
    now: datetime,
    tell: Callable[[str], object],
    open_anyway: bool = False,
    refund_unknown: bool = False,
) -> Restoration:
    """Take in what Stripe knows and the backup does not; then open checkout.

    :param open_anyway: also where a payment could not be taken in
    :param refund_unknown: refund orders of products that the database does not know
    :raises WrongAnswer: the backup is another shop's
    :raises Unfinished: a payment could not be taken in
    :raises stripe.StripeError: Stripe cannot be asked; checkout stays closed
    """
    issuer = conf.ring().active.issuer
    if manifest.issuer != issuer:
        raise WrongAnswer(
            f"The backup is of {manifest.issuer}, and this shop is {issuer}: payments of one say "
            "nothing about the orders of the other. Name the right folder, or set OFFER_ISSUER."
        )
    restoration = restorations.begin(backup_at=manifest.taken_at, now=now)
    if restoration.learned_at is None:
        end_all()
        tell("Everybody of the staff is logged out: what they ended since the backup stays ended.")
    # Before the rest: what is paid while this runs is not taken for something known.
    seen_until = max((each.created for each in newest_intents()), default=0)
    learned = learn_from_stripe(manifest.learned_since(), now, refund_unknown=refund_unknown)
    for line in learned.lines:
        tell(line)
    if learned.unfinished and not open_anyway:
        raise Unfinished(
            f"{several(learned.unfinished, 'payment')} could not be taken in, see above. Checkout "
            "stays closed: run it again, or with --open-anyway once you know what they are."
        )
    restorations.open_checkout(restoration, seen_until=seen_until, now=now)
    return restoration


def decide(
    restoration: Restoration, decisions: Decisions, *, reason: str, now: datetime
) -> list[str]:
    """Honor and recall as the operator says.

    :returns: what was done, as sentences
    :raises CannotDecide: there is no such sale, or it was decided otherwise before
    :raises WrongAnswer: a sale is to be honored and recalled, or an answer is missing
    """
    if both := sorted(set(decisions.honor) & set(decisions.recall)):
        raise WrongAnswer(f"{both[0]} stands after --honor and after --recall: choose one.")
    done = []
    for slug in dict.fromkeys(decisions.honor):
        row = restorations.row_of(restoration, slug)
        if row.decision == RestoredSale.Decision.HONOR:
            done.append(f"{slug}: honored already; what else happened to it, the back office does.")
            continue
        if missing := decisions.missing(slug):
            raise WrongAnswer(
                f"--honor {slug} also needs {' and '.join(missing)}: {HOW[missing[0]]}"
            )
        restorations.honor(row, decisions.since_backup(slug), now=now)
        done.append(f"{slug}: every offer of it is honored, but for what was recalled.")
    for slug in dict.fromkeys(decisions.recall):
        restorations.recall(restorations.row_of(restoration, slug), reason, now=now)
        done.append(f"{slug}: every offer of it that was out is recalled.")
    return done


#: What an option wants to know, and how it is written.
HOW = {
    "--recalled-until": (
        "before which instant offers were recalled since the backup, such as "
        "SLUG=2026-11-27T12:05:00+01:00 (or FROM/UNTIL where older ones were spared), "
        f"or SLUG={NOTHING}."
    ),
    "--extended": (f"by how many seconds holds were extended since the backup, or SLUG={NOTHING}."),
}


def read_recalled(answers: Iterable[str], now: datetime) -> dict[str, tuple[RecalledStretch, ...]]:
    """``SLUG=UNTIL``, ``SLUG=FROM/UNTIL`` or ``SLUG=none``, several for one sale.

    :raises WrongAnswer: an instant is none, has no offset, or is still to come
    """
    found: dict[str, tuple[RecalledStretch, ...]] = {}
    for slug, value in _pairs("--recalled-until", answers):
        stretches = () if value == NOTHING else (_stretch(value, now),)
        found[slug] = found.get(slug, ()) + stretches
    return found


def read_extended(answers: Iterable[str]) -> dict[str, int]:
    """``SLUG=SECONDS`` or ``SLUG=none``.

    :raises WrongAnswer: not a number of seconds, up to 30 days
    """
    found = {}
    for slug, value in _pairs("--extended", answers):
        seconds = 0 if value == NOTHING else int(value) if value.isdecimal() else -1
        if not 0 <= seconds <= LONGEST_HOLD_SECONDS:
            raise WrongAnswer(f"--extended {slug}={value}: {HOW['--extended']}")
        found[slug] = seconds
    return found


def _pairs(option: str, answers: Iterable[str]) -> Iterable[tuple[str, str]]:
    for answer in answers:
        slug, equals, value = answer.partition("=")
        if not equals or not slug or not value:
            raise WrongAnswer(f"{option} {answer}: {HOW[option]}")
        yield slug, value


def _stretch(value: str, now: datetime) -> RecalledStretch:
    since, slash, before = value.rpartition("/")
    stretch = RecalledStretch(
        read_instant(since, now) if slash else None, read_instant(before, now)
    )
    if stretch.since is not None and stretch.since >= stretch.before:
        raise WrongAnswer(f"{value}: that ends before it begins.")
    return stretch


def read_instant(text: str, now: datetime) -> datetime:
    """An instant of the past, in ISO 8601 with its offset from UTC.

    :raises WrongAnswer: it is none, has no offset, or is still to come
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise WrongAnswer(
            f"{text} is no instant: write it as 2026-11-27T12:05:00+01:00, or with Z for UTC."
        ) from None
    if instant.tzinfo is None:
        raise WrongAnswer(f"{text} has no offset: write Z for UTC, or one such as +01:00.")
    if instant > now:
        raise WrongAnswer(f"{text} is still to come.")
    return instant
