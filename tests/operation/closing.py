"""The closing table: the ledger of Stripe's stand-in against the order book and the shoppers."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.operation.shoppers import Answer, Record, ShownOffer

type Json = dict[str, Any]

PAID = frozenset({"paid", "partially_refunded", "refunded"})


@dataclass(frozen=True)
class Finding:
    """One promise of the shop, how often it was tried, and what broke it."""

    promise: str
    tried: int
    broken: list[str]


def compare(record: Record, orders: list[Json], intents: list[Json]) -> list[Finding]:
    """What was paid, by Stripe, by the shop and by the shoppers."""
    by_number = {order["number"]: order for order in orders}
    kept = [each for each in intents if each["charged"] > each["refunded"]]
    by_shopper: defaultdict[str, list[str]] = defaultdict(list)
    for order in orders:
        if order["status"] in PAID:
            by_shopper[order["email"]].append(order["number"])
    return [
        Finding(
            "orders lost",
            len(record.buyers),
            [each.email for each in record.buyers if not by_shopper[each.email]],
        ),
        Finding(
            "bags paid twice",
            len(record.buyers),
            [
                f"{each.email}: {', '.join(by_shopper[each.email])}"
                for each in record.buyers
                if len(by_shopper[each.email]) > 1
            ],
        ),
        Finding(
            "payments without an order",
            len(kept),
            [each["id"] for each in kept if not _has_order(each, by_number)],
        ),
        Finding(
            "offers in two orders",
            sum(len(order["offers"]) for order in orders),
            _repeated(jti for each in orders if each["status"] in PAID for jti in each["offers"]),
        ),
    ]


def judged(offers: list[ShownOffer], verdicts: list[str], bought: Iterable[str]) -> Finding:
    """Whether each offer that is held still is honored, or was used by its shopper's order."""
    used = set(bought)
    broken = [
        f"{offer.deal}: {verdict}"
        for offer, verdict in zip(offers, verdicts, strict=True)
        if verdict != "honored" and not (verdict == "used" and offer.message in used)
    ]
    return Finding("offers lost", len(offers), broken)


def mailed(record: Record, recipients: Collection[str]) -> Finding:
    """Whether each buyer has got a receipt."""
    buyers = [each.email for each in record.buyers]
    return Finding("receipts lost", len(buyers), [one for one in buyers if one not in recipients])


def answered(record: Record) -> Finding:
    """Whether the shop ever answered that it is broken: 503 alone says to come again."""
    broken = [
        f"{chapter}: {each.method} {each.place} {each.status}"
        for chapter, each in record.answers
        if each.status >= 500 and each.status != 503
    ]
    return Finding("responses of 500, 502, 504", len(record.answers), broken)


def quiet(logs: Mapping[str, str]) -> Finding:
    """Whether a process wrote a traceback."""
    broken = [name for name, text in logs.items() for _ in range(text.count("Traceback (most"))]
    return Finding("tracebacks in logs", sum(map(len, logs.values())), broken)


def reasons(logs: Mapping[str, str]) -> str:
    """Why requests were not answered, from the logs of the processes, each reason with its times.

    Where a promise is broken, this is where to look first.
    """
    told = Counter(
        f"{name}: {match[1]}"
        for name, text in logs.items()
        for match in re.finditer(r"is not answered: (.+?)(?: \(\d+ more since.*)?$", text, re.M)
    )
    return "\n".join(f"{times:>6}  {reason}" for reason, times in told.most_common())


def table(record: Record, findings: list[Finding]) -> str:
    """Chapters with their answers, then the promises."""
    lines = [
        f"{'chapter':<28} {'answers':>8} {'2xx 3xx':>8} {'422':>5} {'503':>5} {'500':>5} "
        f"{'none':>5} {'paid':>5} {'warm page':>10} {'healthz':>8}"
    ]
    by_chapter: defaultdict[str, list[Answer]] = defaultdict(list)
    watched: defaultdict[str, list[Answer]] = defaultdict(list)
    for chapter, answer in record.answers:
        (watched if answer.place.startswith("watch") else by_chapter)[chapter].append(answer)
    for chapter, answers in by_chapter.items():
        status = Counter(each.status for each in answers)
        good = sum(n for number, n in status.items() if 200 <= number < 400)
        paid = sum(buyer.chapter == chapter for buyer in record.buyers)
        page = _slowest(watched[chapter], "watch /sales/")
        health = _slowest(watched[chapter], "watch /healthz")
        lines.append(
            f"{chapter:<28} {len(answers):>8} {good:>8} {status[422]:>5} {status[503]:>5} "
            f"{status[500]:>5} {status[0]:>5} {paid:>5} {page:>10} {health:>8}"
        )
    lines += ["", f"{'promise':<28} {'tried':>8} {'broken':>8}"]
    for each in findings:
        lines.append(f"{each.promise:<28} {each.tried:>8} {len(each.broken):>8}")
    return "\n".join(lines)


def _has_order(intent: Json, by_number: Mapping[str, Json]) -> bool:
    order = by_number.get(intent["metadata"].get("order", ""))
    return order is not None and order["status"] in PAID and order["payment_intent"] == intent["id"]


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _slowest(answers: list[Answer], place: str) -> str:
    # A process that was killed answers nothing.
    seconds = [each.seconds for each in answers if each.place.startswith(place) and each.status]
    return f"{max(seconds):.1f} s" if seconds else ""
