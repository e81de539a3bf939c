"""Whatever bag and checkout ask of the order book is found by an index, however large it is."""

import re
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from shop.checkout import placing, purchase
from shop.core.compiled_sql import CompiledQuery, Value
from shop.orders import hoarding, offer_facts
from shop.payments import intents, order_metadata
from shop.qa.pytest_plugin.factories import OPENS

#: Tables with a row or more for each order, sale or product that there ever was.
_GROWS = (
    "catalog_product|catalog_variant|catalog_pricepoint|checkout_|sales_(?!sale|restor|listterms)"
)
_READS_ALL = re.compile(rf'(SCAN|Seq Scan on) "?({_GROWS})\w*.*')

STATEMENTS: dict[str, Callable[[str], CompiledQuery]] = {
    "a shopper's open orders": placing._open_orders_statement,
    "what offers are judged by": lambda vendor: offer_facts._facts_statement(vendor, False, False),
    "and by the record of terms": lambda vendor: offer_facts._facts_statement(vendor, False, True),
    "open claims on products": offer_facts._claims_statement,
    "what a network keeps unpaid": hoarding._orders_statement,
    "what a card's token has paid": purchase._paid_with_statement,
    "what a payment says of its order": order_metadata._lines_statement,
    "whether an order may be paid later": intents._delayed_payment_statement,
}


def plan_of(statement: CompiledQuery) -> list[str]:
    """How the database answers it, a line each step; where an index will do, by that index."""
    lists = ("sales", "skus", "list skus", "offers", "shoppers")
    values: dict[str, Value] = {
        "now": OPENS,
        "recorded since": OPENS,
        "network": "n",
        "token": "ctoken_1",
        "order": 1,
        **{name: ["x"] for name in lists},
    }
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            # Of tables as small as a test's it reads all rows, whatever indexes they have.
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{explain} {statement.sql}", statement.statement(values).parameters)
        return [str(row[-1]).strip() for row in cursor.fetchall()]


@pytest.mark.parametrize("what", STATEMENTS)
def test_no_table_that_grows_is_read_as_a_whole(db: None, what: str) -> None:
    plan = plan_of(STATEMENTS[what](connection.vendor))
    assert plan
    assert [step for step in plan if _READS_ALL.search(step)] == []
