"""Locks on names hold on any database, also one that the shop does not know."""

import time
from threading import Thread

import pytest
from django.db import connection, connections, transaction

from shop.core.named_locks import lock_statements
from shop.core.statements import run_together


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("vendor", [connection.vendor, "another"])
def test_who_asks_for_a_name_that_is_held_waits(
    vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(connections["default"]), "vendor", vendor)
    order = []

    def ask() -> None:
        with transaction.atomic():
            run_together(lock_statements(["ada", "bob"]))
            order.append("asked")
        connections.close_all()

    with transaction.atomic():
        run_together(lock_statements(["bob"]))
        other = Thread(target=ask)
        other.start()
        time.sleep(0.2)
        order.append("held")
    other.join()
    assert order == ["held", "asked"]
