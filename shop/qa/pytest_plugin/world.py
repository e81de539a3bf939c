"""The state of a scenario: clock, sales by title, shoppers by name, and Stripe's events.

Steps use the shop as people do: its pages and forms without JavaScript, the back
office, ``load_sale``, the Stripe stand-in and the webhook.
"""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.utils.text import slugify
from freezegun.api import FrozenDateTimeFactory
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from shop.core.formatting import second
from shop.core.wall_time import instant_of, wall_time
from shop.orders.models import Order
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.nouns import is_same
from shop.qa.pytest_plugin.parsing import WrongWords, duration, number
from shop.qa.pytest_plugin.personas import Person
from shop.qa.pytest_plugin.stripe import EventDelivery, Stripe
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase

#: The day unless a scenario names one: a Friday.
FIRST_DAY = date(2026, 11, 27)
#: A scenario starts this long before its first sale opens.
LEAD = timedelta(hours=1)
_ONE_DAY = timedelta(days=1)
_WALL_TIME = re.compile(
    r"(?:the (?P<which>first|second) )?(?P<time>[\d:]+)"
    r"(?: (?:(?P<next>the next day)|(?P<days>[\w-]+) days? later|on (?P<date>[\d-]+)))?"
)


class World:
    """The state of one scenario."""

    def __init__(
        self,
        clock: FrozenDateTimeFactory,
        stripe: Stripe,
        settings: Settings,
        mails: list[EmailMessage],
        as_if_committed: DjangoCaptureOnCommitCallbacks,
        folder: Path,
    ) -> None:
        self.clock = clock
        self.stripe = stripe
        self.settings = settings
        self.mails = mails
        self.as_if_committed = as_if_committed
        self.day = FIRST_DAY
        self.zone = ZoneInfo("Europe/Berlin")
        self.news = EventDelivery(stripe)
        self._folder = folder
        self._has_started = False
        self._slugs: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        self._last: Person | None = None

    @cached_property
    def merchant(self) -> Merchant:
        """The merchant, at the back office."""
        return Merchant()

    # --- Time -----------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The shop's time."""
        return self.clock().replace(tzinfo=UTC)

    def start_on(self, day: str) -> None:
        """Set the day of times without a date.

        :raises WrongWords: the scenario has begun, or there is no such day
        """
        if self._has_started:
            raise WrongWords("Say what day it is before anything else.")
        try:
            self.day = date.fromisoformat(day)
        except ValueError:
            raise WrongWords(f"There is no {day}.") from None

    def move_to(self, instant: datetime) -> None:
        """Move the clock forward; Stripe's events arrive when they are due on the way.

        :raises WrongWords: the instant is past
        """
        if self._has_started and instant < self.now:
            raise WrongWords(
                f"It is {self.wall(self.now)} already, and time only goes forward: "
                f"{self.wall(instant)} is past. Is it 'the next day'?"
            )
        self._has_started = True
        for due in self.news.due_until(instant):
            self.clock.move_to(max(due, self.now))
            self.news.deliver(self.now)
        self.clock.move_to(instant)
        showcase.clear()

    def moment(self, text: str) -> datetime:
        """The instant of a ``{moment}``.

        :raises WrongWords: the clocks show it never, or twice
        """
        if found := re.fullmatch(r"([^:]+) later", text):
            return self.now + duration(found[1])
        if found := re.fullmatch(r"when (.+)", text):
            return self._event(found[1])
        if found := re.fullmatch(r"(.+?) (before|after) (.+)", text):
            span = duration(found[1])
            return self._event(found[3]) + (span if found[2] == "after" else -span)
        return self._local_time(text)

    def wall(self, instant: datetime) -> str:
        """An instant in the sale's zone, with its date if that is not the scenario's."""
        day = wall_time(instant, self.zone).date()
        return second(instant, self.zone) + ("" if day == self.day else f" on {day}")

    def _event(self, text: str) -> datetime:
        if text == "the hold ends":
            return self.last.held_until
        if text == "the order lapses":
            return self.order().lapses_at
        title, _, what = text.rpartition(" ")
        sale = self.sale(title.strip('"'))
        return sale.starts_at if what == "opens" else sale.ends_at

    def _first_after(self, opening: datetime, closes: str) -> datetime:
        """When a sale closes: a time without a day is the first of that time after it opens."""
        parts = _WALL_TIME.fullmatch(closes)
        assert parts is not None, closes
        if parts["next"] or parts["days"] or parts["date"]:
            return self.moment(closes)
        day = opening.astimezone(self.zone).date()
        ends_at = self.moment(f"{closes} on {day}")
        return ends_at if ends_at > opening else self.moment(f"{closes} on {day + _ONE_DAY}")

    def _local_time(self, text: str) -> datetime:
        parts = _WALL_TIME.fullmatch(text)
        assert parts is not None, text
        day = self.day
        try:
            wall = time.fromisoformat(parts["time"].zfill(5))
            if parts["date"]:
                day = date.fromisoformat(parts["date"])
        except ValueError:
            raise WrongWords(f"{text} is no time: write it as 12:14 or 12:14:59.") from None
        if parts["next"] or parts["days"]:
            day += timedelta(days=number(parts["days"] or "1"))
        local = datetime.combine(day, wall)
        if parts["which"]:
            fold = ("first", "second").index(parts["which"])
            return local.replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
        try:
            return instant_of(local, self.zone)
        except ValidationError as error:
            raise WrongWords(
                f"{error.messages[0].partition(' Say which')[0]} "
                "Where it comes twice, write 'the first 02:30' or 'the second 02:30'."
            ) from None

    # --- Sales ----------------------------------------------------------------

    def load_sale(self, title: str, zone: str, opens: str, closes: str, **document: Any) -> None:
        """Create a sale by ``manage.py load_sale``; the first one also starts the clock.

        :raises WrongWords: the sale is refused, or there is no such zone
        """
        try:
            self.zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise WrongWords(f"There is no zone {zone}, such as Europe/Berlin.") from None
        starts_at = self.moment(opens)
        ends_at = self._first_after(starts_at, closes)
        slug = self._slugs[title] = slugify(title)
        if not self._has_started:
            self.clock.move_to(starts_at - LEAD)
            self._has_started = True
        path = self._folder / f"{slug}.json"
        window = {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
        names = {"slug": slug, "title": title, "time_zone": zone, "published": True}
        path.write_text(json.dumps({**names, **window, **document}))
        try:
            call_command("load_sale", str(path), stdout=StringIO(), stderr=StringIO())
        except CommandError as refusal:
            raise WrongWords(f"The sale is refused: {refusal}") from None
        showcase.clear()

    def sale(self, title: str = "the sale") -> Sale:
        """A sale by its title, "the sale" being the newest; ``WrongWords`` if there is none."""
        if not self._slugs:
            raise WrongWords('There is no sale yet. Begin with: Given the sale "Autumn" from …')
        if title == "the sale":
            title = list(self._slugs)[-1]
        if title not in self._slugs:
            known = ", ".join(f'"{each}"' for each in self._slugs)
            raise WrongWords(f'There is no sale "{title}" here. There is {known}.')
        return Sale.objects.get(slug=self._slugs[title])

    def deal(self, words: str | None = None) -> Deal:
        """A deal by its name in the table, or the only one.

        :raises WrongWords: there is none, or there are several and no name
        """
        everywhere = Deal.objects.select_related("product", "sale")
        deals = list(everywhere.filter(sale=self.sale()))
        names = [deal.product.name for deal in deals]
        if words is None:
            if len(deals) != 1:
                raise WrongWords(f"Say which: {', '.join(names)}.")
            return deals[0]
        deals += everywhere.filter(sale__slug__in=self._slugs.values())
        bare = words.strip('"') if '"' in words else re.sub(r"\A(?:the|an?) ", "", words)
        # To the letter first: where mugs and a mug are sold, each is meant by its own name.
        exact = (deal for deal in deals if deal.product.name == bare)
        counted = (deal for deal in deals if is_same(deal.product.name, bare))
        deal = next(exact, None) or next(counted, None)
        if deal is None:
            raise WrongWords(f'Nobody sells "{bare}" here. There is {", ".join(names)}.')
        return deal

    # --- People ---------------------------------------------------------------

    def person(self, name: str) -> Person:
        """A shopper by name, who is now the last to act; a new name comes with a new browser."""
        name = {"a shopper": "the shopper", "another shopper": "the other shopper"}.get(name, name)
        name = name[0].lower() + name[1:] if name.endswith("shopper") else name
        if name not in self._people:
            self._people[name] = Person(name, place=len(self._people), stripe=self.stripe)
        self._last = self._people[name]
        return self._last

    @property
    def last(self) -> Person:
        """The shopper who acted last, or ``WrongWords`` before the first."""
        if self._last is None:
            raise WrongWords("Nobody has done anything yet: let a shopper open the sale page.")
        return self._last

    def order(self, whose: str | None = None) -> Order:
        """The newest order, of one shopper or of all; ``WrongWords`` if there is none."""
        orders = Order.objects.order_by("-id")
        if whose is not None:
            orders = orders.filter(shopper__in=self.person(whose).ids())
        order = orders.first()
        if order is None:
            raise WrongWords("There is no order.")
        return order

    def deliver_news(self) -> None:
        """Deliver Stripe's events that are due by now."""
        if Order.objects.exists():
            self.news.collect(self.now)
            self.news.deliver(self.now)


@pytest.fixture
def world(
    clock: FrozenDateTimeFactory,
    stripe: Stripe,
    settings: Settings,
    mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    tmp_path: Path,
) -> World:
    """The world of one scenario."""
    settings.STRIPE_TIMEOUT_SECONDS = 0.4
    as_if_committed = django_capture_on_commit_callbacks
    return World(clock, stripe, settings, mailoutbox, as_if_committed, tmp_path)
