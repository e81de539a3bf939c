"""The back office's transactions: nothing slow is done in them, and none is held in vain."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.test import RequestFactory
from django.urls import reverse
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from shop.catalog import pictures
from shop.core.outages import Busy
from shop.merchant.forms.short_transactions import ShortTransactionAdmin, after_transaction
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.sales.models import Sale
from shop.staff.models import Staff
from tests.support.factories import mug
from tests.support.write_transactions import WriteTransactions


def photo(width: int = 300, height: int = 300) -> SimpleUploadedFile:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, "JPEG")
    return SimpleUploadedFile("photo.jpg", target.getvalue(), content_type="image/jpeg")


def begun_by(watch: WriteTransactions, method: str) -> list[str]:
    """The addresses at which requests of a method began a transaction."""
    return [each for each in watch.longest if each.startswith(method)]


# --- The watch itself -----------------------------------------------------------


def _renders(request: HttpRequest) -> HttpResponse:
    return render(request, "errors/404.html")


def _mails(request: HttpRequest) -> HttpResponse:
    EmailMessage("Hello", "World", to=["ada@example.org"]).send()
    return HttpResponse()


def _encodes(request: HttpRequest) -> HttpResponse:
    Image.new("RGB", (10, 10)).save(io.BytesIO(), "PNG")
    return HttpResponse()


def _reads(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"".join(photo().chunks()))


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (_renders, "renders a template"),
        (_mails, "sends a mail"),
        (_encodes, "encodes a picture"),
        (_reads, "reads an upload"),
    ],
)
@pytest.mark.django_db
def test_slow_work_in_a_transaction_is_found_and_outside_of_it_is_not(
    work: Callable[[HttpRequest], HttpResponse],
    said: str,
    rf: RequestFactory,
    write_transactions: WriteTransactions,
) -> None:
    request = rf.post("/merchant/")
    with write_transactions.request(request):
        work(request)
        assert write_transactions.found == []
        with transaction.atomic():
            work(request)
    assert f"POST /merchant/ {said} in a transaction" in write_transactions.found
    write_transactions.found.clear()


# --- Forms ----------------------------------------------------------------------


def test_a_picture_is_saved_without_work_in_the_transaction(
    merchant: Merchant, sale: Sale, write_transactions: WriteTransactions
) -> None:
    assert errors(merchant.change(page_of(mug()), picture=photo())) == ""
    assert mug().picture
    assert begun_by(write_transactions, "POST") == [f"POST {page_of(mug())}"]
    assert write_transactions.found == []


def test_a_refused_form_and_one_with_consequences_are_shown_after_the_transaction(
    merchant: Merchant, sale: Sale, write_transactions: WriteTransactions
) -> None:
    assert "required" in errors(merchant.change(page_of(sale), title="", picture=photo()))
    page = merchant.change(page_of(sale), deals__0__price="5.99", picture=photo())
    assert page.soup.select(".impact")
    merchant.send(page_of(sale), fields_of(page.one("#content form")) | {"_save": "Save"})
    assert sale.deals.get(product__sku="MUG-01").price == 599
    assert write_transactions.found == []


def test_a_visit_begins_no_transaction(
    merchant: Merchant, sale: Sale, write_transactions: WriteTransactions
) -> None:
    for name in ("extend", "recall", "unpublish", "cancel", "copy", "change"):
        assert merchant.open(reverse(f"admin:sales_sale_{name}", args=[sale.pk])).status == 200
    assert merchant.open(f"{reverse('admin:sales_sale_publish')}?sale={sale.pk}").status == 200
    assert merchant.open(reverse("admin:catalog_product_stock", args=[mug().pk])).status == 200
    assert write_transactions.longest == {}


def test_new_staff_is_mailed_once_it_is_saved(
    merchant: Merchant,
    mailoutbox: list[EmailMessage],
    write_transactions: WriteTransactions,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    fields = {"username": "bob", "email": "bob@example.org", "role": "viewer"}
    with django_capture_on_commit_callbacks(execute=True):
        page = merchant.change(reverse("admin:staff_staff_add"), **fields)
        assert mailoutbox == []
    assert errors(page) == ""
    assert "is on its way to bob@example.org" in page.text
    assert [each.to for each in mailoutbox] == [["bob@example.org"]]
    bob = Staff.objects.get(username="bob")
    path = reverse("admin:staff_staff_change", args=[bob.pk])
    merchant.send(path, {"change-form-action": "mail_link", "_selected_action": [bob.pk]})
    assert write_transactions.found == []


def test_what_waits_for_a_transaction_is_not_done_when_it_fails(
    merchant: Merchant, mailoutbox: list[EmailMessage], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("after the row is saved")

    monkeypatch.setattr("shop.merchant.staff.staff_admin.StaffAdmin.log_addition", fail)
    with pytest.raises(RuntimeError):
        merchant.change(
            reverse("admin:staff_staff_add"), username="bob", email="bob@example.org", role="viewer"
        )
    assert not mailoutbox
    assert not Staff.objects.filter(username="bob").exists()


def test_without_a_transaction_nothing_waits(rf: RequestFactory) -> None:
    done: list[str] = []
    after_transaction(rf.post("/"), lambda: done.append("at once"))
    assert done == ["at once"]


def test_every_form_of_the_back_office_keeps_its_transaction_short() -> None:
    forgetful = [
        model.__name__
        for model, own in admin.site._registry.items()
        if type(own).has_change_permission.__module__ != "shop.merchant.forms.read_only_admin"
        and not isinstance(own, ShortTransactionAdmin)
    ]
    assert forgetful == []


# --- Who may have a picture re-encoded, and when ------------------------------------


def test_a_picture_of_who_may_not_save_it_is_not_opened(
    merchant: Merchant, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "process_picture", pytest.fail)
    monkeypatch.setattr("shop.merchant.forms.picture_field.process_picture", pytest.fail)
    form = merchant.form(page_of(mug()))
    merchant.user.is_superuser = False
    merchant.user.save()
    answer = merchant.client.post(page_of(mug()), {**form, "picture": photo(), "_save": "Save"})
    assert answer.status_code == 403


def test_while_others_are_re_encoded_it_is_said_and_nothing_typed_is_lost(
    merchant: Merchant, sale: Sale, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: object) -> None:
        raise Busy("Pictures are made ready one after the other.")

    monkeypatch.setattr("shop.merchant.forms.picture_field.process_picture", busy)
    page = merchant.change(page_of(mug()), picture=photo(), name="Another mug")
    assert page.status == 503
    assert "one after the other" in page.text and "has to be chosen again" in page.text
    assert "database" not in page.text
    assert fields_of(page.one("main form"))["name"] == "Another mug"
    assert mug().name != "Another mug"
