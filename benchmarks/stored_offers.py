"""The sale page that signs its offers, against two that store them.

In one an offer is a row: its 24 rows go in with one statement. In the other all
prices are in the shopper's session: one row, which each view replaces. Both
write in one transaction, into a table that starts out empty; the page carries
ids, and has nothing to sign. Everything else is the same page. The notes have what
the database had to keep of each.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.http import HttpResponse

from benchmarks.browser import Browser
from benchmarks.databases import postgres
from benchmarks.measure import WALL, Row, compare
from benchmarks.page import checked
from benchmarks.shop import SLUG
from offers.anchors import new_ids
from shop.core.requests import ShopRequest
from shop.sales.minting import FrozenOffer, terms_of
from shop.sales.showcase import sale_on_show
from shop.sales.snapshot import DealSnapshot
from shop.sales.views import sale_page

#: Storing rows should take eight and five times as long as our page.
GOALS = {
    ("stored", "SQLite"): 1 / 8,
    ("stored", "PostgreSQL"): 1 / 5,
    ("session", "SQLite"): 1,
    ("session", "PostgreSQL"): 1,
}
CALLS = 10
#: Offers that are out at a time, in a rush.
OUTSTANDING = 10_000_000

_COLUMNS = """
    jti VARCHAR(64) NOT NULL UNIQUE, sub VARCHAR(64) NOT NULL,
    iat BIGINT NOT NULL, exp BIGINT NOT NULL,
    sale VARCHAR(80) NOT NULL, sku VARCHAR(64) NOT NULL,
    amount BIGINT NOT NULL, currency VARCHAR(3) NOT NULL, was BIGINT NOT NULL,
    max INTEGER NOT NULL, anchor VARCHAR(16) NOT NULL
"""
TABLES = {
    "stored": ("stored_offer", _COLUMNS),
    "session": ("stored_session", "sub VARCHAR(64) PRIMARY KEY, prices TEXT NOT NULL"),
}

type Claims = list[dict[str, str | int]]


def run(rounds: int) -> list[Row]:
    """A row for each database and each way to store."""
    with postgres():
        return [
            row(way, name, database, rounds)
            for way in WAYS
            for name, database in (("SQLite", "default"), ("PostgreSQL", "postgres"))
        ]


def row(way: str, name: str, database: str, rounds: int) -> Row:
    """Both pages, with one database."""
    browser = Browser()
    table, columns = TABLES[way]
    with connections[database].cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} ({columns})")
    empty = database_bytes(database)

    def ours() -> bytes:
        return browser.get(f"/sales/{SLUG}/")

    def theirs() -> bytes:
        return browser.get(f"/{way}/{database}/{SLUG}/")

    checked(ours())
    checked(theirs())
    times = compare(ours, theirs, rounds=rounds, calls=CALLS, clock=WALL)
    before = database_bytes(database)
    for _ in range(CALLS):
        ours()
    grown = database_bytes(database) - before
    with connections[database].cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        rows = cursor.fetchone()[0]
    notes = [
        f"ours is {1 / times.ratio:.1f} times as fast and leaves {grown:,} bytes",
        f"the other left {rows:,} rows",
    ]
    if way == "stored":
        bytes_each = (database_bytes(database) - empty) / rows
        notes.append(
            f"of {bytes_each:,.0f} bytes: "
            f"{OUTSTANDING:,} offers would take {OUTSTANDING * bytes_each / 1e9:.1f} GB"
        )
    return Row(f"{way}, {name}", times, GOALS[way, name], tuple(notes))


def database_bytes(database: str) -> int:
    """What is in the database, its indexes included."""
    sizes = {
        "sqlite": (
            "SELECT (page_count - freelist_count) * page_size "
            "FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        ),
        "postgresql": "SELECT pg_database_size(current_database())",
    }
    connection = connections[database]
    with connection.cursor() as cursor:
        cursor.execute(sizes[connection.vendor])
        return int(cursor.fetchone()[0])


def sale(request: ShopRequest, way: str, database: str, slug: str) -> HttpResponse:
    """``shop.sales.views.sale`` of a shop that stores its offers."""
    now = request.now
    on_show = sale_on_show(slug, now)
    assert on_show is not None
    offers = stored_offers(on_show.deals_on_show, request.shopper.id, now, way, database)
    return sale_page(request, on_show, offers)


def stored_offers(
    deals: Iterable[DealSnapshot], shopper: str, now: datetime, way: str, database: str
) -> list[FrozenOffer]:
    """``shop.sales.minting.freeze_all``, with a write in place of the signatures."""
    deals, issued_at = list(deals), int(now.timestamp())
    claims: Claims = [
        {
            "sub": shopper,
            "jti": offer_id,
            "iat": issued_at,
            "exp": issued_at + int(deal.hold.total_seconds()),
            **terms_of(deal),
        }
        for deal, offer_id in zip(deals, new_ids(len(deals)), strict=True)
    ]
    with transaction.atomic(using=database), connections[database].cursor() as cursor:
        WAYS[way](cursor, shopper, claims)
    return [(str(each["jti"]), int(each["exp"])) for each in claims]


def _write_rows(cursor: Any, shopper: str, claims: Claims) -> None:
    columns = ", ".join(claims[0])
    marks = ", ".join([f"({', '.join(['%s'] * len(claims[0]))})"] * len(claims))
    cursor.execute(
        f"INSERT INTO stored_offer ({columns}) VALUES {marks}",
        [value for each in claims for value in each.values()],
    )


def _write_session(cursor: Any, shopper: str, claims: Claims) -> None:
    cursor.execute(
        "INSERT INTO stored_session (sub, prices) VALUES (%s, %s) "
        "ON CONFLICT (sub) DO UPDATE SET prices = excluded.prices",
        [shopper, json.dumps(claims)],
    )


WAYS: dict[str, Callable[[Any, str, Claims], None]] = {
    "stored": _write_rows,
    "session": _write_session,
}
