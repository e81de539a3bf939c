"""Pictures that a merchant uploads."""

import io

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from shop.qa.pytest_plugin.back_office import Merchant, errors, page_of
from shop.qa.pytest_plugin.client import ShopClient
from shop.sales.models import Sale
from tests.support.factories import mug


def photo() -> SimpleUploadedFile:
    target = io.BytesIO()
    Image.effect_noise((900, 600), 40).convert("RGB").save(target, "JPEG")
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
