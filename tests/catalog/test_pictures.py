"""Pictures: what is uploaded is decoded and written anew, and nothing else of it is kept."""

import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from shop.catalog.pictures import MOST_PIXELS, picture_of, process_picture


def photo(width: int = 900, height: int = 600, format: str = "JPEG", **options: Any) -> bytes:
    target = io.BytesIO()
    Image.effect_noise((width, height), 40).convert("RGB").save(target, format, **options)
    return target.getvalue()


def upload(content: bytes) -> "ContentFile[bytes]":
    return ContentFile(content, name="photo.jpg")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_photo_comes_in_modern_formats_and_no_wider_than_it_is() -> None:
    prepared = process_picture(upload(photo(900)), "products")
    stem = prepared.name.rpartition("/")[0]
    assert set(prepared.files) == {
        f"{stem}/{width}.{format}" for width in (400, 800, 900) for format in ("avif", "webp")
    }
    assert opened(prepared.files[f"{stem}/400.avif"]).size == (400, 267)


def test_a_huge_photo_is_made_smaller() -> None:
    assert process_picture(upload(photo(4000, 1000)), "products").name.endswith("/1600.webp")


def test_where_a_photo_was_taken_is_nobodys_business() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "A camera"
    content = photo(exif=exif)
    assert opened(content).getexif()
    for made in process_picture(upload(content), "products").files.values():
        assert not opened(made).getexif()
        assert b"camera" not in made


def test_a_photo_taken_upright_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    name = process_picture(upload(photo(900, 600, exif=exif)), "products").name
    assert name.endswith("/600.webp")


def test_what_is_transparent_stays_so() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (300, 300), (255, 0, 0, 0)).save(target, "PNG")
    prepared = process_picture(upload(target.getvalue()), "products")
    assert opened(prepared.files[prepared.name]).mode == "RGBA"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "no picture"),
        (b"GIF89a" + bytes(64), "no picture"),
        (photo()[:2000], "no picture"),
        (photo(199, 300), "too small"),
    ],
)
def test_what_is_no_picture_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        process_picture(upload(content), "products")


def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked() -> None:
    target = io.BytesIO()
    side = int(MOST_PIXELS**0.5) + 1
    Image.new("1", (side, side)).save(target, "PNG")
    with pytest.raises(ValidationError, match="too many"):
        process_picture(upload(target.getvalue()), "products")


def test_the_same_picture_is_stored_once() -> None:
    for _ in range(2):
        prepared = process_picture(upload(photo(quality=90, format="PNG")), "products")
        prepared.store()
    folder = prepared.name.rpartition("/")[0]
    assert len(default_storage.listdir(folder)[1]) == len(prepared.files)


def test_a_page_knows_every_width_from_the_name_alone() -> None:
    picture = picture_of("products/" + "0" * 24 + "/900.webp")
    assert [type for type, _ in picture.sources] == ["image/avif", "image/webp"]
    assert [each.split()[-1] for each in picture.sources[0][1].split(", ")] == [
        "400w",
        "800w",
        "900w",
    ]


def test_a_drawn_picture_is_shown_as_it_is() -> None:
    assert picture_of("products/mug.svg").sources == ()
    assert picture_of("products/mug.svg").url.endswith("products/mug.svg")
