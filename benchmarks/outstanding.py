"""Ten million offers at a time, as pages of 24 make them, and what the server has of them then.

Each page is another shopper's. Its offers are dropped once they are made, as they are once a page
was sent. The baseline writes the rows of such a page, without Django, and waits for no disk.
"""

import os
import sqlite3
from pathlib import Path

from django.utils import timezone

from benchmarks.measure import PROCESSOR, Comparison, Row, seconds_per_call
from benchmarks.shop import SLUG
from benchmarks.stored_offers import OUTSTANDING, TABLES, database_bytes
from offers.anchors import new_id, new_ids
from shop.sales.minting import freeze_all, terms_of
from shop.sales.showcase import showcase

GOAL = 1
#: Pages before the memory is read first, and between two readings of the clock.
PAGES = 2_000


def run(rounds: int) -> list[Row]:
    """One row, of as many rounds as ten million offers take."""
    now = timezone.now()
    deals = list(showcase.snapshot(now).sales[SLUG].deals_on_show)

    def ours() -> None:
        freeze_all(deals, shopper=new_id(), now=now)

    rows = sqlite3.connect(":memory:", isolation_level=None)
    table, columns = TABLES["stored"]
    rows.execute(f"CREATE TABLE {table} ({columns})")
    issued_at, terms = int(now.timestamp()), [tuple(terms_of(deal).values()) for deal in deals]
    marks = ", ".join("?" * (4 + len(terms[0])))

    def stored() -> None:
        shopper = new_id()
        claims = zip(new_ids(len(terms)), terms, strict=True)
        offers = [(jti, shopper, issued_at, issued_at + 1800, *values) for jti, values in claims]
        rows.execute("BEGIN")
        rows.executemany(f"INSERT INTO {table} VALUES ({marks})", offers)
        rows.execute("COMMIT")

    baseline = seconds_per_call(stored, PAGES, PROCESSOR)
    seconds_per_call(ours, PAGES, PROCESSOR)
    memory, database = megabytes(), database_bytes("default")
    bursts = -(-OUTSTANDING // (PAGES * len(deals)))
    times = tuple(seconds_per_call(ours, PAGES, PROCESSOR) for _ in range(bursts))
    notes = (
        f"{bursts * PAGES * len(deals):,} offers in {sum(times) * PAGES:.0f} s of processor",
        f"the database has {database_bytes('default') - database:,} bytes more",
        f"the process {megabytes() - memory:.1f} MB more",
    )
    return [Row("outstanding", Comparison(times, (baseline,) * bursts), GOAL, notes)]


def megabytes() -> float:
    """Memory that this process occupies (RSS)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
