"""What the shop itself says when it is asked in a process of its own.

python -m tests.operation.inside book            its orders, as JSON
python -m tests.operation.inside judge < offers  the verdict on each offer, as JSON
python -m tests.operation.inside check < ledger  nothing, or how rows and money disagree
"""

import json
import sys
from typing import Any

import django


def book() -> list[dict[str, Any]]:
    """Every order with its payment, its offers, its refunds and its disputes."""
    from shop.orders.links import order_path
    from shop.orders.models import Order

    fields = ("pk", "number", "status", "email", "total", "payment_intent")
    return [
        {
            **{name: getattr(order, name) for name in fields},
            "path": order_path(order),
            "offers": [line.jti for line in order.lines.all()],
            "refunded": sum(each.amount for each in order.refunds.all() if each.status != "failed"),
            "disputes": sorted(each.outcome for each in order.disputes.all()),
        }
        for order in Order.objects.prefetch_related("lines", "refunds", "disputes")
    ]


def judge(shown: list[dict[str, Any]]) -> list[str]:
    """The verdict on one unit of each offer that is shown to its own shopper."""
    from django.utils import timezone

    from shop.bag.line_judging import judge_line, with_only_variant
    from shop.bag.lines import Line
    from shop.core.shopper import Shopper
    from shop.orders.offer_facts import read_facts

    by_shopper: dict[str, list[tuple[int, Line]]] = {}
    for place, each in enumerate(shown):
        line = Line(each["message"], {each["variant"]: 1})
        by_shopper.setdefault(each["shopper"], []).append((place, line))
    verdicts = [""] * len(shown)
    for shopper, lines in by_shopper.items():
        facts = read_facts(
            [line.offer for _, line in lines if line.offer is not None],
            skus={line.sku for _, line in lines},
            shopper=Shopper([shopper], []),
            now=timezone.now(),
        )
        for place, line in lines:
            chosen = with_only_variant(line, facts.snapshot.products.get(line.sku))
            verdicts[place] = judge_line(chosen, facts).verdict.value
    return verdicts


def check(intents: list[dict[str, Any]]) -> None:
    """:raises AssertionError: rows and ledger disagree"""
    from tests.support.invariants import check_books

    check_books(intents, settled=True)


def main() -> None:
    django.setup()
    match sys.argv[1]:
        case "book":
            print(json.dumps(book()))
        case "judge":
            print(json.dumps(judge(json.load(sys.stdin))))
        case "check":
            check(json.load(sys.stdin))


if __name__ == "__main__":
    main()
