"""A database that another writer keeps to itself for too long: 503 and when to come again."""

import sqlite3
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from shop.qa.pytest_plugin.back_office import Merchant, page_of
from shop.qa.pytest_plugin.client import ADDRESS, ShopClient
from shop.sales.models import Sale
from shop.staff.models import Staff
from tests.support.factories import mug
from tests.support.fixtures import Card

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="one lock for all who write"),
]


@pytest.fixture
def lock() -> Iterator[sqlite3.Connection]:
    """Another writer; ``BEGIN IMMEDIATE`` locks, and nobody waits for long."""
    connection.ensure_connection()
    assert connection.connection is not None
    connection.connection.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(str(connection.settings_dict["NAME"]), isolation_level=None)
    yield other
    other.close()
    connection.close()


def test_checkout_says_so_and_keeps_what_was_typed(
    buyer: ShopClient, card: Card, lock: sqlite3.Connection
) -> None:
    form = {**ADDRESS, "shown_total": "499", "confirmation_token": card()}
    lock.execute("BEGIN IMMEDIATE")
    page = buyer.send("/checkout/", form)
    assert page.status == 503, page.text
    assert page.one("[name=line1]")["value"] == ADDRESS["line1"]
    lock.execute("ROLLBACK")
    assert buyer.send("/checkout/", form).status == 303


def test_every_form_of_the_back_office_says_so(sale: Sale, lock: sqlite3.Connection) -> None:
    merchant = Merchant()
    merchant.client.raise_request_exception = False
    extend = reverse("admin:sales_sale_extend", args=[sale.pk])
    stock = reverse("admin:catalog_product_stock", args=[mug().pk])
    publish = f"{reverse('admin:sales_sale_publish')}?sale={sale.pk}"
    copy = reverse("admin:sales_sale_copy", args=[sale.pk])
    table = b"sku,name,currency,list_price,variant_sku,variant,supplied\nA,A,EUR,1,,,1\n"
    upload = SimpleUploadedFile("table.csv", table)
    page = merchant.send(reverse("admin:catalog_product_import"), {"import_file": upload})
    token = {"file": str(page.one("form:has([name=confirm]) [name=file]")["value"])}
    forms = {
        page_of(sale): merchant.form(page_of(sale)) | {"title": "Winter", "_save": "Save"},
        page_of(mug()): merchant.form(page_of(mug())) | {"name": "Cup", "_save": "Save"},
        extend: merchant.form(extend) | {"minutes": 5},
        stock: merchant.form(stock) | {"units": 5},
        publish: {},
        copy: merchant.form(copy),
        reverse("admin:catalog_product_process_import"): token,
    }
    lock.execute("BEGIN IMMEDIATE")
    for path, form in forms.items():
        answer = merchant.client.post(path, form)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), path
    # Looking at a file writes nothing.
    upload.seek(0)
    page = merchant.send(reverse("admin:catalog_product_import"), {"import_file": upload})
    assert page.soup.select("[name=confirm]")


def test_logging_in_says_so(db: None, lock: sqlite3.Connection) -> None:
    Staff.objects.create_superuser("ada", password="a long walk in the snow")
    client = Client(raise_request_exception=False)
    lock.execute("BEGIN IMMEDIATE")
    answer = client.post(
        reverse("admin:login"), {"username": "ada", "password": "a long walk in the snow"}
    )
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
