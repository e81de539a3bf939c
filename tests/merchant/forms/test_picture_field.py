"""Pictures that a merchant uploads."""

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.storage import (
    FileSystemStorage,
    InMemoryStorage,
    default_storage,
    storages,
)
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import Settings

from shop.catalog.models import Product
from shop.core.machine_clock import unix_seconds
from shop.merchant.forms import staged_pictures
from shop.qa.pytest_plugin.back_office import Merchant, errors, fields_of, page_of
from shop.qa.pytest_plugin.client import HtmlPage, ShopClient
from shop.sales.models import Sale
from tests.support.factories import mug, refreshed


def photo(width: int = 900, height: int = 90) -> SimpleUploadedFile:
    target = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(target, "JPEG")
    return SimpleUploadedFile("IMG 0001.jpg", target.getvalue(), content_type="image/jpeg")


def test_photos_have_modern_formats(merchant: Merchant, sale: Sale, shopper: ShopClient) -> None:
    page = merchant.change(page_of(mug()), picture=photo())
    assert errors(page) == ""
    name = str(mug().picture.name)
    assert name.endswith("/900.webp")
    assert default_storage.exists(name.replace("900.webp", "400.avif"))
    shopper.offer()
    source = shopper.open("/sales/autumn/").one("[data-deal='autumn/MUG-01'] source")
    assert source["type"] == "image/avif"
    assert name.replace("900.webp", "400.avif") + " 400w" in str(source["srcset"])


def test_a_broken_picture_is_refused_and_the_old_one_stays(merchant: Merchant, sale: Sale) -> None:
    merchant.change(page_of(mug()), picture=photo())
    before = str(mug().picture.name)
    page = merchant.change(page_of(mug()), picture=SimpleUploadedFile("a.jpg", b"<script>"))
    assert "no picture that can be read" in errors(page)
    assert str(mug().picture.name) == before


def test_a_picture_is_taken_away(merchant: Merchant, sale: Sale) -> None:
    merchant.change(page_of(mug()), picture=photo())
    merchant.change(page_of(mug()), **{"picture-clear": "on"})
    assert not mug().picture


def test_a_full_disk_is_said_and_what_was_typed_is_kept(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **kwargs: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(InMemoryStorage, "_save", full)
    page = merchant.change(ADD, picture=small(), list_price="12", **NEW)
    assert page.status == 503
    assert "takes no files" in page.text and "has to be chosen again" in page.text
    assert fields_of(page.one("main form"))["name"] == "Hat"
    assert not Product.objects.exists()


# --- A picture of a form that was refused ------------------------------------------


NEW = {"sku": "HAT", "name": "Hat", "slug": "hat", "variants__0__stock": "7"}
ADD = "/merchant/catalog/product/add/"


@pytest.fixture
def staged(settings: Settings, tmp_path: Path) -> Path:
    """The folder of pictures whose forms were refused."""
    own = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = {
        **settings.STORAGES,
        "staged": {**own, "OPTIONS": {"location": str(tmp_path)}},
    }
    return tmp_path


def small(width: int = 240) -> SimpleUploadedFile:
    """A picture that is quickly re-encoded."""
    return photo(width, height=40)


def refused(merchant: Merchant) -> HtmlPage:
    """A new product's form, sent with a picture and without a price."""
    page = merchant.change(ADD, picture=small(), **NEW)
    assert "required" in errors(page)
    return page


def send_again(merchant: Merchant, page: HtmlPage, **changes: Any) -> HtmlPage:
    """The form as it came back, with a price."""
    fields = fields_of(page.one("#content form:has([name=_save])"))
    return merchant.send(page.path, fields | {"list_price": "12", "_save": "Save"} | changes)


def test_a_chosen_picture_is_kept_when_its_form_is_refused(
    merchant: Merchant, staged: Path
) -> None:
    page = refused(merchant)
    assert str(page.one("img[src^='data:image/webp']")["alt"])
    assert errors(send_again(merchant, page)) == ""
    name = str(Product.objects.get(sku="HAT").picture.name)
    assert name.endswith("/240.webp")
    assert default_storage.exists(name.replace(".webp", ".avif"))
    assert list(staged.iterdir()) == [], "nothing is left behind"


def test_a_chosen_picture_is_kept_while_consequences_are_read(
    merchant: Merchant, sale: Sale, staged: Path
) -> None:
    page = merchant.change(page_of(sale), picture=small(), deals__0__price="5.99")
    assert page.soup.select(".impact")
    send_again(merchant, page)
    assert str(refreshed(sale).picture.name).endswith("/240.webp")


def test_a_kept_picture_is_kept_as_often_as_the_form_is_refused(
    merchant: Merchant, staged: Path
) -> None:
    page = send_again(merchant, refused(merchant), list_price="")
    assert "required" in errors(page)
    assert len(list(staged.iterdir())) == 1
    send_again(merchant, page)
    assert Product.objects.get(sku="HAT").picture


def test_a_kept_picture_is_left_out_where_its_tick_is_taken_away(
    merchant: Merchant, staged: Path
) -> None:
    page = refused(merchant)
    fields = fields_of(page.one("#content form:has([name=_save])"))
    del fields["picture-kept"]
    merchant.send(ADD, fields | {"list_price": "12", "_save": "Save"})
    assert not Product.objects.get(sku="HAT").picture


def test_another_picture_takes_the_place_of_the_kept_one(merchant: Merchant, staged: Path) -> None:
    send_again(merchant, refused(merchant), picture=small(260))
    assert str(Product.objects.get(sku="HAT").picture.name).endswith("/260.webp")


def test_a_picture_is_kept_for_who_chose_it(merchant: Merchant, staged: Path) -> None:
    page = refused(merchant)
    other = send_again(Merchant("bob"), page)
    assert "is not kept any more: choose it again" in errors(other)
    assert not Product.objects.exists()


@pytest.mark.parametrize("token", ["", "x", "x:y:z", "../../etc/passwd"])
def test_a_picture_that_was_never_kept_is_none(
    merchant: Merchant, staged: Path, token: str
) -> None:
    page = send_again(merchant, refused(merchant), **{"picture-kept": token})
    assert bool(token) == ("choose it again" in errors(page))


def test_a_picture_kept_for_a_sale_is_none_of_a_product(
    merchant: Merchant, sale: Sale, staged: Path
) -> None:
    page = merchant.change(page_of(sale), picture=small(), title="")
    token = str(page.one("[name=picture-kept]")["value"])
    page = send_again(merchant, merchant.change(ADD, **NEW), **{"picture-kept": token})
    assert "choose it again" in errors(page)


def test_kept_pictures_are_gone_after_a_day(merchant: Merchant, staged: Path) -> None:
    page = refused(merchant)
    [kept] = staged.iterdir()
    day = staged_pictures.KEPT.total_seconds()
    os.utime(kept, times=(unix_seconds() - day + 60,) * 2)
    refused(Merchant("bob"))
    assert kept.exists()
    os.utime(kept, times=(unix_seconds() - day,) * 2)
    assert "choose it again" in errors(send_again(merchant, page))
    assert not kept.exists()


def test_kept_pictures_are_not_served() -> None:
    assert isinstance(storages["staged"], FileSystemStorage)
    assert not Path(storages["staged"].location).is_relative_to(django_settings.MEDIA_ROOT)


def test_a_picture_that_is_none_is_not_kept(merchant: Merchant, staged: Path) -> None:
    bad = SimpleUploadedFile("a.jpg", b"<script>")
    page = merchant.change(ADD, picture=bad, **NEW)
    assert "no picture that can be read" in errors(page)
    assert list(staged.iterdir()) == []
