"""What load balancers and operators are told: that it can serve, and whether its clock is right."""

import logging

import pytest
from django.test import Client

from shop import health
from shop.core.machine_clock import unix_seconds
from shop.sales.models import Sale


def test_a_machine_whose_clock_is_right_says_so(sale: Sale, client: Client) -> None:
    """Under a frozen clock too: what is compared is the machine's own."""
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["database"] == answer.json()["clock"] == "ok"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "ok"),
        (58, "ok"),
        (-58, "ok"),
        (62, "62 s ahead of the database's"),
        (-62, "62 s behind the database's"),
        (600, "600 s ahead of the database's"),
    ],
)
def test_a_machine_whose_clock_is_off_by_minutes_is_reported_and_serves_on(
    sale: Sale,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seconds: int,
    told: str,
) -> None:
    monkeypatch.setattr(health, "unix_seconds", lambda: unix_seconds() + seconds)
    with caplog.at_level(logging.WARNING, logger="shop.health"):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["clock"]) == (200, told)
    assert [record.getMessage() for record in caplog.records] == (
        [] if told == "ok" else [f"This machine's clock is {told}"]
    )
