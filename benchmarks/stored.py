"""The sale page that signs its offers, against one that stores them.

The other does what shops do: an offer is a row, and the page carries its id.
It has nothing to sign; everything else is the same page. Its 24 rows go in
with one statement, in one transaction, into a table that starts out empty.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from runpy import run_module
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connections, transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from benchmarks.browser import Browser
from benchmarks.measure import Row, compare, counted_queries
from benchmarks.page import checked
from benchmarks.shop import DEALS, SLUG, database_url
from shop.http import ShopRequest
from shop.sales.goods import Deal
from shop.sales.offering import mint
from shop.sales.pages import OfferOnPage
from shop.sales.showcase import sale_on_show
from shop.sales.views import private

GOAL = 1
CALLS = 10

_COLUMNS = """
    sub VARCHAR(64) NOT NULL, jti VARCHAR(64) NOT NULL UNIQUE,
    iat BIGINT NOT NULL, exp BIGINT NOT NULL,
    sale VARCHAR(80) NOT NULL, sku VARCHAR(64) NOT NULL,
    amount BIGINT NOT NULL, currency VARCHAR(3) NOT NULL, was BIGINT NOT NULL,
    max INTEGER NOT NULL, anchor VARCHAR(16) NOT NULL
"""
