"""The walk: opens every place at an instant, and holds what it says against the account."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shop.qa.walk.account import SECOND, ShopAccount
from shop.qa.walk.circumstances import Circumstances
from shop.qa.walk.events import ShownPrice
from shop.qa.walk.files import calendar_blocks, csv_statements, text_blocks
from shop.qa.walk.omissions import needed_of
from shop.qa.walk.places import HTMX, PLACES, Known, Place, Reader, Visit
from shop.qa.walk.readers import Names, Sentence, read_blocks, read_page_text
from shop.qa.walk.shop_sentences import BAG_FORM
from shop.qa.walk.statements import PageReading
from shop.qa.walk.sums import ChargeTerms, expected_bag
from shop.qa.walk.truth import Untruth, untruth, wrong_words
from shop.qa.walk.visitor import Answer, Visitor, prices_shown


@dataclass
class Carrier:
    """A shopper to whom a page has ``shown`` prices, with units of each.

    ``carried`` is what the bag has of them: where something else was cheaper, that.
    """

    visitor: Visitor
    shown: list[tuple[ShownPrice, int]] = field(default_factory=list)
    carried: list[tuple[ShownPrice, int]] = field(default_factory=list)
    messages: dict[str, str] = field(default_factory=dict)
    order_page: str = ""


@dataclass(frozen=True)
class WalkFinding:
    """Something that is not true, was left out, or that nobody could read."""

    place: str
    path: str
    at: datetime
    words: str
    problem: str
    untruth: Untruth | None = None

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} UTC, {self.path}: “{self.words}”: {self.problem}."


@dataclass
class Walk:
    """A walk through the shop, instant by instant; ``findings`` and ``counts`` grow.

    ``zones`` are those in which times may be told. ``carriers`` are the shoppers whose
    bags are looked at. ``is_brief``: a bag only when its verdicts change, and of the back
    office a third at each instant, in turn. ``asks_judge``: each price is presented, too.
    """

    account: ShopAccount
    names: Names
    known: Known
    zones: frozenset[str]
    staff: Visitor | None = None
    charges: ChargeTerms = field(default_factory=ChargeTerms)
    places: Sequence[Place] = PLACES
    is_brief: bool = False
    asks_judge: bool = True
    carriers: list[Carrier] = field(default_factory=list)
    findings: list[WalkFinding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def take_offers(self, path: str, at: datetime, *, units: int = 1) -> Carrier | None:
        """Open a page as a new shopper, and put all that it offers into the bag."""
        carrier = Carrier(Visitor())
        for shown, message in prices_shown(carrier.visitor.open(path), at):
            form = {"offer": message, "quantity": units}
            if carrier.visitor.send("/bag/add/", form).status == 303:
                carrier.shown.append((shown, units))
                carrier.messages[shown.line] = message
        if not carrier.shown:
            return None
        bag = expected_bag(self.account, carrier.shown, at)
        carrier.carried = [(line.as_price(at), line.units) for line in bag.lines]
        self.carriers.append(carrier)
        return carrier

    def visit_all(self, at: datetime, *, skip: Collection[Reader] = ()) -> None:
        """Visit every place at an instant, to which the clock has been moved.

        :param skip: whose places are left out
        """
        self.counts["instants"] += 1
        carriers = [each for each in self.carriers if self._is_worth_a_look(each, at)]
        for number, place in enumerate(self.places, self.counts["instants"]):
            is_its_turn = place.reader is not Reader.STAFF or not self.is_brief or number % 3 == 0
            if place.reader in skip or not is_its_turn:
                continue
            match place.reader:
                case Reader.ANYONE:
                    self._visit(place, Visitor(), at)
                case Reader.STAFF if self.staff is not None:
                    self._visit(place, self.staff, at)
                case Reader.SHOPPER:
                    for carrier in carriers:
                        self._visit(place, carrier.visitor, at, carrier)
        for carrier in carriers if self.asks_judge else ():
            self.present(carrier, at)

    def present(self, carrier: Carrier, at: datetime) -> None:
        """Ask the judge: put each price that a shopper was shown into an empty bag."""
        for shown, units in carrier.shown:
            visitor = carrier.visitor.copy(without="bag")
            form = {"offer": carrier.messages[shown.line], "quantity": units}
            answer = visitor.send("/bag/add/", form, HTMX)
            expected = self.account.verdict(shown, at)
            got = answer.page.one("verdict") or "honored"
            self.counts["presented"] += 1
            if got != expected:
                problem = f"the account says {expected}"
                self._find("bag:add", f"{shown.sale}/{shown.sku}", at, f"verdict {got}", problem)
            visit = Visit("/bag/add/", "bag", HTMX)
            self._hear("bag:add", BAG_FORM, visit, answer, at, [(shown, units)])

    def read_mail(
        self, text: str, sentences: Sequence[Sentence], number: str, at: datetime
    ) -> None:
        """Hold what a mail about an order says against the account."""
        names = replace(self.names, about=number)
        reading = read_blocks(text_blocks(text), sentences, names)
        self._compare(reading, "a mail", number, self._here((), (), at))

    def _is_worth_a_look(self, carrier: Carrier, at: datetime) -> bool:
        if not self.is_brief:
            return True
        before, now, after = (
            [line.verdict for line in expected_bag(self.account, carrier.carried, each).lines]
            for each in (at - SECOND, at, at + SECOND)
        )
        return not before == now == after

    def _visit(
        self, place: Place, visitor: Visitor, at: datetime, carrier: Carrier | None = None
    ) -> None:
        known = replace(self.known, own_order=carrier.order_page) if carrier else self.known
        for visit in place.visits(known):
            if visit.at is not None and self.account.phase(visit.about, at) == "absent":
                continue  # A preview shows it as if it were published.
            # A bag that is looked at may be another one the next time.
            browser = visitor if carrier is None else visitor.copy()
            answer = browser.open(visit.path, visit.headers)
            self.counts["pages"] += 1
            expected = self._expected_status(place, visit, at, carrier)
            if answer.status == 302 and place.may_redirect:
                continue
            if answer.status != expected:
                words = f"status {answer.status}"
                self._find(place.name, visit.path, at, words, f"it should be {expected}")
            elif answer.status == 200:
                carried = carrier.carried if carrier else ()
                self._hear(place.name, place.all_sentences, visit, answer, at, carried)

    def _expected_status(
        self, place: Place, visit: Visit, at: datetime, carrier: Carrier | None
    ) -> int:
        if place.is_hidden_when_absent and self.account.phase(visit.about, at) == "absent":
            return 404
        if place.name == "checkout:checkout" and carrier is not None:
            bag = expected_bag(self.account, carrier.carried, at)
            return 200 if bag.can_be_ordered else 303
        return 200

    def _hear(
        self,
        place: str,
        sentences: Iterable[Sentence],
        visit: Visit,
        answer: Answer,
        at: datetime,
        carried: Sequence[tuple[ShownPrice, int]],
    ) -> None:
        reading = read_answer(answer, sentences, replace(self.names, about=visit.about))
        ids = [each.attributes.get("data-line", "") for each in answer.page.marked]
        is_added = place == "bag:add"
        here = self._here(carried, tuple(filter(None, ids)), visit.at or at, is_added=is_added)
        self.counts["statements"] += len(reading.statements)
        self._compare(reading, place, visit.path, here)
        if visit.headers:
            return
        said = {(each.topic, each.subject) for each in reading.statements}
        for topic, subject in needed_of(place, here, visit.about):
            if (topic, subject) not in said:
                self._find(place, visit.path, at, f"{topic} of {subject}", "it is left out")

    def _compare(self, reading: PageReading, place: str, path: str, here: Circumstances) -> None:
        for said in reading.statements:
            if wrong := untruth(said, here):
                words = f"{said.words} ({said.topic} of {said.subject})"
                self._find(place, path, here.at, words, wrong.why, wrong)
        for told in reading.times:
            if problem := wrong_words(told, here):
                self._find(place, path, here.at, told.words, problem)
        for text in reading.unread:
            self._find(place, path, here.at, text, "no reader understands it")

    def _here(
        self,
        carried: Sequence[tuple[ShownPrice, int]],
        ids: tuple[str, ...],
        at: datetime,
        *,
        is_added: bool = False,
    ) -> Circumstances:
        bag = expected_bag(self.account, carried, at, is_added=is_added)
        return Circumstances(
            account=self.account,
            at=at,
            bag=replace(bag, ids=ids),
            charges=self.charges,
            zones=self.zones,
        )

    def _find(
        self,
        place: str,
        path: str,
        at: datetime,
        words: str,
        problem: str,
        wrong: Untruth | None = None,
    ) -> None:
        self.findings.append(WalkFinding(place, path, at, words, problem, wrong))


def read_answer(answer: Answer, sentences: Iterable[Sentence], names: Names) -> PageReading:
    """What a page, a calendar file or a CSV file says."""
    if answer.kind.startswith("text/calendar"):
        return read_blocks(calendar_blocks(answer.text), sentences, names)
    if answer.kind.startswith("text/csv"):
        return PageReading([*csv_statements(answer.text, names.about)], [], [])
    return read_page_text(answer.page, sentences, names)
