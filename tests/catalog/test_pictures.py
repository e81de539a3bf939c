"""Pictures: what is uploaded is decoded and written anew, and nothing else of it is kept."""

import io
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event, Lock
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from shop.catalog import pictures
from shop.catalog.pictures import (
    MOST_PIXELS,
    MOST_PIXELS_WHOLE,
    MOST_SCANS,
    picture_of,
    process_picture,
)
from shop.core.outages import Busy


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


# --- Bounds -----------------------------------------------------------------------


def flat(size: tuple[int, int], format: str, **options: Any) -> bytes:
    """A picture of one colour: a few bytes for a pixel count of any size."""
    target = io.BytesIO()
    Image.new("L", size).save(target, format, **options)
    return target.getvalue()


def header_of_png(width: int, height: int) -> bytes:
    """The beginning of a PNG of that size, without a single pixel."""
    content = bytearray(flat((300, 300), "PNG"))
    content[16:24] = width.to_bytes(4) + height.to_bytes(4)
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    return bytes(content)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((200, 601), "too narrow: at most 3 times"),
        ((200, 16_400), "too narrow"),
        ((4001, 200), "too flat: at most 20 times"),
        ((16_400, 200), "too flat"),
    ],
)
def test_a_shape_that_nobody_could_see_is_refused_in_words(
    size: tuple[int, int], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        process_picture(upload(flat(size, "PNG")), "products")


@pytest.mark.parametrize("size", [(200, 600), (4000, 200)])
def test_the_narrowest_and_the_flattest_shape_are_taken(size: tuple[int, int]) -> None:
    assert process_picture(upload(flat(size, "PNG")), "products").files


def test_a_shape_is_judged_as_it_is_shown() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    with pytest.raises(ValidationError, match="300 by 1500 pixels are too narrow"):
        process_picture(upload(photo(1500, 300, exif=exif)), "products")
    with pytest.raises(ValidationError, match="too narrow"):
        process_picture(upload(photo(1500, 300, "PNG", exif=exif)), "products")


def test_a_size_is_read_from_the_header_and_nothing_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side = int(MOST_PIXELS_WHOLE**0.5) + 1
    content = header_of_png(side, side)
    monkeypatch.setattr(Image.Image, "load", pytest.fail)
    with pytest.raises(ValidationError, match="too many for a picture in PNG: at most 30 million"):
        process_picture(upload(content), "products")


@pytest.mark.parametrize("format", ["PNG", "WEBP", "AVIF"])
def test_a_moving_picture_is_refused(format: str) -> None:
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "teal")]
    target = io.BytesIO()
    frames[0].save(target, format, save_all=True, append_images=frames[1:])
    with pytest.raises(ValidationError, match="It moves"):
        process_picture(upload(target.getvalue()), "products")


def test_a_cameras_jpeg_with_a_second_picture_in_it_is_taken() -> None:
    frames = [Image.new("RGB", (300, 200), colour) for colour in ("red", "teal")]
    target = io.BytesIO()
    frames[0].save(target, "MPO", save_all=True, append_images=frames[1:])
    assert process_picture(upload(target.getvalue()), "products").name.endswith("/300.webp")


def test_a_jpeg_of_many_passes_is_refused() -> None:
    content = photo(300, 300, progressive=True)
    assert process_picture(upload(content), "products").files
    with pytest.raises(ValidationError, match="too many passes"):
        process_picture(upload(content + b"\xff\xda" * MOST_SCANS), "products")


def test_a_progressive_jpeg_is_decoded_whole_and_bounded_so() -> None:
    side = int(MOST_PIXELS_WHOLE**0.5) + 1
    with pytest.raises(ValidationError, match="too many for a progressive JPEG"):
        process_picture(upload(resized_jpeg(photo(300, 300, progressive=True), side)), "products")


def resized_jpeg(content: bytes, side: int) -> bytes:
    """A JPEG that claims to be a square of that side."""
    at = max(content.find(marker) for marker in (b"\xff\xc0\x00", b"\xff\xc2\x00"))
    return content[: at + 5] + side.to_bytes(2) * 2 + content[at + 9 :]


def test_a_photo_of_many_pixels_is_decoded_at_the_size_that_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded: list[tuple[int, int]] = []

    def noted(image: Image.Image, width: int) -> Image.Image:
        decoded.append(image.size)
        return image.resize((200, 150))

    monkeypatch.setattr(pictures, "_shrunk", noted)
    process_picture(upload(flat((6400, 4800), "JPEG")), "products")
    assert decoded == [(1600, 1200)]


def test_whatever_a_decoder_stumbles_over_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumble(*args: object) -> None:
        raise ValueError("Decompressed data too large")

    content = photo(300, 300)
    monkeypatch.setattr(Image.Image, "load", stumble)
    with pytest.raises(ValidationError, match="no picture that can be read"):
        process_picture(upload(content), "products")


@given(st.data())
@settings(max_examples=25)
def test_a_damaged_picture_is_taken_or_refused_in_words(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    with suppress(ValidationError):
        process_picture(upload(bytes(content)), "products")


def _rotated(format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 8
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return photo(220, 210, format, exif=exif, icc_profile=profile)


#: Small pictures with all that a picture may carry.
SAMPLES = [_rotated(format) for format in ("JPEG", "PNG", "WEBP", "AVIF")]


# --- One at a time ------------------------------------------------------------------


def test_one_picture_is_re_encoded_at_a_time_and_few_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pictures, "PATIENCE", 30)
    at_work, most, refused = 0, 0, 0
    counting, all_there = Lock(), Event()

    def opened(_: object) -> Image.Image:
        nonlocal at_work, most
        with counting:
            at_work += 1
            most = max(most, at_work)
        all_there.wait(30)
        with counting:
            at_work -= 1
        return Image.new("RGB", (200, 200))

    def send(_: int) -> None:
        nonlocal refused
        try:
            process_picture(upload(b"x"), "products")
        except Busy:
            with counting:
                refused += 1
                # One is at work, one waits, and all others have been answered.
                if refused == 6 - 1 - pictures.MOST_WAITING:
                    all_there.set()

    monkeypatch.setattr(pictures, "_opened", opened)
    monkeypatch.setattr(pictures, "_decoded", lambda image: image)
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(send, range(6)))
    assert (most, refused) == (1, 5 - pictures.MOST_WAITING)


def test_a_picture_waits_for_another_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PATIENCE", 0.01)
    with pictures._encoder, pytest.raises(Busy):
        process_picture(upload(photo(300, 300)), "products")
    assert process_picture(upload(photo(300, 300)), "products").files, "the next one is taken"
