"""Readers: from a page to its statements, by the sentences that the shop is known to say.

A sentence is a pattern with a place for each value: ``Held until {line_held}``. Whatever
speaks of a time or of money and is in no sentence is handed back as unread: a new
sentence cannot hide, it has to be taught, and said what makes it true.
"""

import base64
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from shop.qa.walk.blocks import MARK, Block, PageText, TimeElement
from shop.qa.walk.statements import TYPE_OF, PageReading, Statement, Topic, Value, ValueType

_MONEY = r"(?:[A-Z]{0,3}[€$£¥₩₹]|\b[A-Z]{3}\s)\d[\d,]*(?:\.\d+)?\b"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DAY = rf"(?:(?:[A-Z][a-z]+day, )?\d?\d {_MONTH}(?: \d{{4}})?(?:,| at) |\d{{4}}-\d\d-\d\d )"
#: An instant told without a ``<time>``: "Friday, 27 November, 12:00, Berlin time".
_TOLD = rf"{_DAY}?\d?\d:\d\d(?::\d\d)?(?: \([^)]*\))?(?:, [A-Z]\w+(?: \w+)? time|,? UTC)?"
_SPAN = r"\d+ (?:day|hour|minute|second)s?(?: \d+ (?:day|hour|minute|second)s?)*"
_WRITTEN = {
    ValueType.INSTANT: rf"{MARK}|{_TOLD}",
    ValueType.MONEY: _MONEY,
    ValueType.PERCENT: r"−?\d+%",
    ValueType.NUMBER: r"\d[\d,]*",
    ValueType.SPAN: _SPAN,
    ValueType.WORD: r"\w+",
}
#: What speaks of a time, of a price, or of a promise.
_TRACE = re.compile(
    rf"{MARK}|{_MONEY}|\d+\s?%|{_SPAN}|\d?\d:\d\d|\d{{4}}-\d\d-\d\d|\d?\d {_MONTH}"
    r"|\b(?:held|holds?|over|run out|ran out|expired|upcoming|live|opens?|opened|closes?|closed)\b",
)
_PLACE = re.compile(r"\{([a-z]\w*)\}")
_SECONDS = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
#: Links that lead to a sale or a product.
_TO_SALE = r"/sales/(?!sale/|deal/)([a-z0-9-]+)/"
_TO_FORM = r"/sales/sale/(?:publish/\?sale=)?(\d+)"
_TO_PRODUCT = r"/products/([a-z0-9-]+)/$"

type SubjectRule = Callable[["Names", Block], str]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What things are called on a page, and what the whole page is about.

    ``own_words`` are texts that the merchant wrote: what they say is not the shop's word.
    """

    about: str = ""
    skus: Mapping[str, str] = field(default_factory=dict)
    skus_by_name: Mapping[str, str] = field(default_factory=dict)
    slugs_by_title: Mapping[str, str] = field(default_factory=dict)
    sales_by_key: Mapping[str, str] = field(default_factory=dict)
    own_words: Collection[str] = ()

    @cached_property
    def masked(self) -> re.Pattern[str] | None:
        """Those of the merchant's texts that would be taken for something said."""
        texts = sorted({text for text in self.own_words if _TRACE.search(text)}, key=len)
        return re.compile("|".join(re.escape(text) for text in texts[::-1])) if texts else None


def the_page(names: Names, block: Block) -> str:
    """What the whole page is about."""
    return names.about


def the_sale(names: Names, block: Block) -> str:
    """The sale that is linked next to it, or the page's."""
    by_key = names.sales_by_key.get(block.link(_TO_FORM), "")
    return by_key or block.link(_TO_SALE) or names.about


def the_deal(names: Names, block: Block) -> str:
    """The deal whose article it stands in, or the product that is linked there, at list price."""
    if deal := block.data("deal"):
        return deal
    slug = block.link(_TO_PRODUCT)
    return f"list/{names.skus[slug]}" if slug in names.skus else names.about


def the_row(names: Names, block: Block) -> str:
    """What heads the row, such as an order's number."""
    return block.row or names.about


def the_line(names: Names, block: Block) -> str:
    """The line of a bag that it stands in, or what the page is about."""
    return block.data("line") or names.about


def the_item(names: Names, block: Block) -> str:
    """The product that is named in it, of the order or bag that the page is about."""
    for name, sku in names.skus_by_name.items():
        if name in block.text:
            return f"{names.about}/{sku}"
    return names.about


def the_mentioned(names: Names, block: Block) -> str:
    """The product that is named in it, in the sale that is linked next to it, or the only one."""
    slugs = list(names.slugs_by_title.values())
    sale = the_sale(names, block) or (slugs[0] if len(slugs) == 1 else "")
    named = (sku for name, sku in names.skus_by_name.items() if name in block.text)
    sku = next(named, "")
    return f"{sale}/{sku}" if sku else sale


def the_listed(names: Names, block: Block) -> str:
    """The product that heads the row, at its list price."""
    return f"list/{the_named(names, block).rpartition('/')[2]}"


def the_named(names: Names, block: Block) -> str:
    """The product that heads the row or the part that it stands in, in the sale of the row."""
    heads = (*block.cells, *(each.heading for each in block.element.outwards()))
    for head in heads:
        for name, sku in names.skus_by_name.items():
            if head.startswith(name) or head.endswith(sku):
                titles = (names.slugs_by_title.get(cell) for cell in block.cells)
                return f"{next(filter(None, titles), names.about)}/{sku}"
    return names.about


@dataclass(frozen=True)
class Sentence:
    """A sentence that the shop says, its subject, and what it says without a figure.

    ``under``: a pattern of the heading or label that it has to stand under; ``row``: of what
    heads its row. ``shift``: how far from the instant of its topic it is. One without values
    and ``says`` speaks of no particular instant.
    """

    pattern: str
    of: SubjectRule = the_page
    says: Mapping[Topic, Value] = field(default_factory=dict)
    under: str = ""
    row: str = ""
    shift: timedelta = timedelta()

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern with what stands for its values."""
        return re.compile(_PLACE.sub(self._value, self.pattern))

    def fits(self, block: Block) -> bool:
        """Whether a block stands where the sentence is said."""
        if self.row and not re.fullmatch(self.row, block.row):
            return False
        return not self.under or block.is_under(self.under)

    @staticmethod
    def _value(place: re.Match[str]) -> str:
        return f"(?P<{place[1]}>{_WRITTEN[TYPE_OF[Topic(place[1])]]})"


#: Where an hour comes twice, any page may say why times have offsets.
_CLOCK_CHANGE = Sentence(
    r"At \d\d:\d\d \(UTC[^)]*\) clocks are put back to \d\d:\d\d \(UTC[^)]*\)\."
)


def read_page_text(page: PageText, sentences: Iterable[Sentence], names: Names) -> PageReading:
    """What an HTML page or fragment says."""
    reading = read_blocks(page.blocks, sentences, names)
    return PageReading(
        [*reading.statements, *_of_fields(page, names), *_of_attributes(page, names)],
        reading.times,
        reading.unread,
    )


def read_blocks(
    blocks: Iterable[Block], sentences: Iterable[Sentence], names: Names
) -> PageReading:
    """What blocks of text say."""
    sentences = (*sentences, _CLOCK_CHANGE)
    statements: list[Statement] = []
    times: list[TimeElement] = []
    unread: list[str] = []
    for block in blocks:
        if not block.label and not _TRACE.search(block.said):
            continue
        times += block.times
        said = block.said
        if names.masked is not None:
            said = names.masked.sub(lambda found: "…" * len(found[0]), said)
        rest = said
        for sentence in sentences:
            if not sentence.fits(block):
                continue
            for found in sentence.compiled.finditer(said):
                if rest[found.start() : found.end()].strip("\0"):
                    statements += _statements(sentence, found, block, names)
                    rest = rest[: found.start()] + "\0" * len(found[0]) + rest[found.end() :]
        if _TRACE.search(rest):
            unread.append(rest.replace("\0", "").strip())
    return PageReading(statements, times, unread)


def _statements(
    sentence: Sentence, found: re.Match[str], block: Block, names: Names
) -> Iterator[Statement]:
    subject, words = sentence.of(names, block), _shown(found, block)
    for name, text in found.groupdict().items():
        if text is not None:
            value = _value_of(Topic(name), text)
            if text == MARK:
                value = block.times[found.string[: found.start(name)].count(MARK)].at
            yield Statement(Topic(name), subject, value, words, sentence.shift)
    for topic, value in sentence.says.items():
        yield Statement(topic, subject, value, words)


def _shown(found: re.Match[str], block: Block) -> str:
    """The words as people read them, with the times in them."""
    before = found.string[: found.start()].count(MARK)
    times = iter(block.times[before:])
    return re.sub(MARK, lambda _: getattr(next(times, None), "words", MARK), found[0])


def _value_of(topic: Topic, text: str) -> Value:
    match TYPE_OF[topic]:
        case ValueType.MONEY | ValueType.NUMBER | ValueType.PERCENT:
            return digits_of(text)
        case ValueType.SPAN:
            parts = re.findall(r"(\d+) ([a-z]+?)s?\b", text)
            return timedelta(seconds=sum(int(n) * _SECONDS[unit] for n, unit in parts))
        case _:
            return text


def digits_of(text: str) -> int:
    """A number as shown; of money its minor units, as all decimals of the currency are shown."""
    return int("".join(letter for letter in text if letter.isdecimal()))


def claims_of(message: str) -> dict[str, Any]:
    """The claims of a signed offer, unverified."""
    payload = message.split(".")[1]
    padded = payload + "=" * (-len(payload) % 4)
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    return claims


def _of_fields(page: PageText, names: Names) -> Iterator[Statement]:
    """What hidden fields of forms say: offers, and the amounts that a shopper agrees to."""
    line = ""
    for each in page.fields:
        if each.name == "line":
            line = each.value
        elif each.name == "offer" and each.value.count(".") == 2:
            claims = claims_of(each.value)
            deal, words = f"{claims['sale']}/{claims['sku']}", "the signed offer"
            until = datetime.fromtimestamp(claims["exp"], UTC)
            yield Statement(Topic.AMOUNT, deal, claims["amount"], words)
            yield Statement(Topic.COMPARED, deal, claims["was"], words)
            yield Statement(Topic.FRESH_HOLD, deal, until, words)
            yield Statement(Topic.LIMIT, deal, claims["max"], words)
        elif each.name == "accept_amount":
            yield Statement(Topic.COSTS_NOW, line, int(each.value), "the form to keep it")
        elif each.name == "shown_total":
            yield Statement(Topic.CHARGE, names.about, int(each.value), "the form to order")


def _of_attributes(page: PageText, names: Names) -> Iterator[Statement]:
    """What attributes of the contract say."""
    for element in page.marked:
        data = element.attributes
        if line := data.get("data-line"):
            verdict = data.get("data-verdict", "honored")
            yield Statement(Topic.LINE_VERDICT, line, verdict, f"data-verdict={verdict}")
            if amount := data.get("data-amount"):
                yield Statement(Topic.LINE_AMOUNT, line, int(amount), f"data-amount={amount}")
        if total := data.get("data-total"):
            yield Statement(Topic.CHARGE, names.about, int(total), f"data-total={total}")
        if status := data.get("data-order-status"):
            words = f"data-order-status={status}"
            yield Statement(Topic.ORDER_STATUS, names.about, status, words)
