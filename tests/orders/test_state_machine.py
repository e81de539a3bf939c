"""An order's status: one table, one function, under one lock, and every step written down."""

import ast
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError

from shop.orders.models import OPEN, OVER, Order, StatusChange
from shop.orders.state_machine import ALLOWED, BY_REFUND, Status, locked, move
from shop.qa.pytest_plugin.factories import OPENS, ROOT
from shop.sales.models import Sale
from tests.support.factories import make_order

SHOP = ROOT / "shop"

#: Every place that writes a field called status, and of what it is one.
WRITERS = {
    ("orders/state_machine.py", "move"): "an order, and nobody else of one",
    ("orders/state_machine.py", "_update_statement"): "an order, for move",
    ("payments/refunds.py", "record"): "a refund",
    ("payments/refunds.py", "_fail"): "a refund",
    ("merchant/forms/csv_writing.py", "_stop"): "a CSV file that is being written",
}
#: What writes fields that are not named on the spot, and cannot be a status.
UNNAMED = {
    ("checkout/placing.py", "amend_order"): "the address and the card",
    ("payments/rebuild.py", "_amend"): "the address and the card",
    ("staff/models.py", "end_sessions"): "the columns of sessions",
}

_WRITE = frozenset({"update", "bulk_update", "update_or_create", "create", "get_or_create"})
_SQL = re.compile(r'(update|into)\s+"?checkout_order"?\s', re.IGNORECASE)

in_shop = pytest.mark.django_db(transaction=True)


def function_of(node: ast.AST, tree: ast.Module) -> str:
    """The name of the innermost function that a piece of code is in."""
    line = getattr(node, "lineno", 0)
    around = [
        each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef) and each.lineno <= line <= (each.end_lineno or 0)
    ]
    return max(around, key=lambda each: each.lineno).name if around else ""


def writes_status(node: ast.AST) -> bool:
    """Whether a piece of code sets a field called status, of whatever it is."""
    match node:
        case ast.Attribute(attr="status", ctx=ast.Store()):
            return True
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=name), *_]):
            return name == "status"
        case ast.Call(func=ast.Attribute(attr=attribute)) if attribute in _WRITE:
            return any(each.arg == "status" for each in node.keywords)
        case ast.Call(func=ast.Name(id="Order")):
            return any(each.arg == "status" for each in node.keywords)
        case ast.Constant(value=str(text)):
            return bool(_SQL.search(text))
    return False


def writes_unnamed(node: ast.AST) -> bool:
    """Whether it sets fields of rows that are there, and does not say which."""
    match node:
        case ast.Call(func=ast.Attribute(attr="update", value=ast.Call() as rows)):
            is_of_rows = "objects" in ast.unparse(rows)
            return is_of_rows and any(each.arg is None for each in node.keywords)
    return False


def found(is_meant: Callable[[ast.AST], bool]) -> set[tuple[str, str]]:
    places = set()
    for path in SHOP.rglob("*.py"):
        relative = path.relative_to(SHOP)
        if relative.parts[0] == "sandbox" or "migrations" in relative.parts:
            continue
        tree = ast.parse(path.read_text())
        for node in filter(is_meant, ast.walk(tree)):
            places.add((str(relative), function_of(node, tree)))
    return places


def test_the_status_of_an_order_is_written_in_one_place() -> None:
    assert found(writes_status) == set(WRITERS)
    assert found(writes_unnamed) == set(UNNAMED)


@pytest.mark.parametrize(
    "code",
    [
        "order.status = PAID",
        "order.status, order.paid_at = PAID, now",
        "setattr(order, 'status', PAID)",
        "Order.objects.filter(pk=1).update(paid_at=now, status=PAID)",
        "Order(status=PAID)",
        "cursor.execute('UPDATE checkout_order SET status = 1')",
    ],
)
def test_and_would_be_found_in_another(code: str) -> None:
    assert any(writes_status(node) for node in ast.walk(ast.parse(code)))


@in_shop
def test_an_order_does_not_move_outside_of_a_transaction(sale: Sale) -> None:
    order = make_order(sale, status=Status.PENDING, paid_at=None)
    with pytest.raises(TransactionManagementError):
        move(order, Status.PAID, cause="test", now=OPENS)


@pytest.mark.parametrize("end", sorted({*OVER, *BY_REFUND}))
@in_shop
def test_no_news_of_a_payment_moves_an_order_that_has_ended(end: Status, sale: Sale) -> None:
    order = make_order(sale, status=end, paid_at=OPENS)
    with transaction.atomic():
        for status in Status:
            assert not move(locked(order), status, cause="late", now=OPENS)
    order.refresh_from_db()
    assert order.status == end


def test_what_is_over_or_paid_is_nowhere_in_the_table_of_payments() -> None:
    assert ALLOWED.keys() == OPEN
    assert not BY_REFUND.keys() & OPEN


def bring_at_once(order: Order, *news: Status) -> int:
    """Bring news of a payment in threads of their own; how many moved the order."""
    at_once = Barrier(len(news))

    def bring(status: Status) -> bool:
        at_once.wait(timeout=10)
        try:
            with transaction.atomic():
                return move(locked(order), status, cause="test", now=OPENS)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(news)) as pool:
        return sum(pool.map(bring, news))


@pytest.mark.parametrize("status", [Status.PAID, Status.EXPIRED])
@in_shop
def test_of_many_who_bring_the_same_news_one_moves_the_order(status: Status, sale: Sale) -> None:
    order = make_order(sale, status=Status.PENDING, paid_at=None)
    assert bring_at_once(order, *[status] * 8) == 1
    changes = StatusChange.objects.filter(order=order, to_status=status)
    assert [change.from_status for change in changes] == ["pending"]


@in_shop
def test_of_good_and_bad_news_at_once_one_wins_and_the_other_is_old(sale: Sale) -> None:
    order = make_order(sale, status=Status.PENDING, paid_at=None)
    assert bring_at_once(order, *[Status.EXPIRED, Status.PAID] * 4) == 1
    order.refresh_from_db()
    last = order.history.last()
    assert last is not None
    assert (last.from_status, last.to_status) == ("pending", order.status)
    assert Order.objects.filter(paid_at__isnull=order.status == Status.EXPIRED).exists()
