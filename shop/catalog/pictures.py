"""Uploaded pictures: re-encoded upright, in modern formats and several widths.

Only pixels are kept, no metadata. A picture is stored once, by its digest:
``products/<digest>/<width>.webp``; its other widths and formats follow from that name.

The work is bounded. Sizes, frames and scans are read from the file before anything is decoded; a
process re-encodes one picture at a time, in one thread, so that checkout has the rest.
"""

import hashlib
import io
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.templatetags.static import static
from PIL import ExifTags, Image, ImageCms, ImageOps

from shop.core.outages import Busy, reason_of

logger = logging.getLogger(__name__)

MOST_BYTES = 20 * 1024 * 1024
#: The most pixels of a JPEG, which is decoded at the size that is needed, and of what is decoded
#: whole, all else: a small file may unpack to gigabytes.
MOST_PIXELS, MOST_PIXELS_WHOLE = 60_000_000, 30_000_000
LEAST_WIDTH = 200
#: How often the height goes into the width, and the width into the height, at the most: a format
#: takes 16,383 pixels, and what is stored has up to 1,600 by 4,800.
MOST_TIMES_AS_HIGH, MOST_TIMES_AS_WIDE = 3, 20
#: A progressive JPEG has some ten; each is a pass over all its pixels.
MOST_SCANS = 50
#: How long a picture waits while another is re-encoded, in seconds, and how many may wait: each
#: holds a thread that could answer a shopper.
PATIENCE, MOST_WAITING = 5, 1
#: The widths stored, in pixels, up to that of the picture itself.
WIDTHS = (400, 800, 1600)

_READABLE = ("JPEG", "PNG", "WEBP", "AVIF")
_START_OF_SCAN = b"\xff\xda"
#: The values of EXIF's orientation whose width is their height.
_TURNED = frozenset({5, 6, 7, 8})
_BUSY = "Pictures are made ready one after the other, and others are before yours."
_UNREADABLE = "This is no picture that can be read. Use JPEG, PNG, WebP or AVIF."
_STORED_NAME = re.compile(r"^(?P<stem>[a-z]+/[0-9a-f]{24})/(?P<width>\d+)\.webp\Z")
_SETTINGS: Mapping[str, Mapping[str, int]] = {
    "avif": {"quality": 60, "speed": 7, "max_threads": 1},
    "webp": {"quality": 80, "method": 4},
}
_admitted = BoundedSemaphore(1 + MOST_WAITING)
_encoder = BoundedSemaphore(1)


@dataclass(frozen=True, slots=True)
class Picture:
    """The addresses of a picture: ``url`` for any browser, ``sources`` for those that choose.

    ``sources`` are pairs of a media type and a ``srcset``, the smallest format first.
    """

    url: str
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessedPicture:
    """A re-encoded picture that is not stored yet."""

    name: str
    files: Mapping[str, bytes] = field(repr=False)

    def store(self) -> None:
        """Store those of its files that are not stored already."""
        for name, content in self.files.items():
            if not default_storage.exists(name):
                default_storage.save(name, ContentFile(content))


def process_picture(upload: "File[bytes]", folder: str) -> ProcessedPicture:
    """Re-encode an uploaded picture.

    Takes seconds, so never call it in a transaction.

    :param folder: where it will be stored: ``products``, ``sales``
    :raises ValidationError: it cannot be shown; the message is for the merchant
    :raises Busy: too many others are being re-encoded
    """
    if upload.size > MOST_BYTES:
        raise ValidationError(f"At most {MOST_BYTES // 1024 // 1024} MB, please.")
    with _alone():
        image = _decoded(_opened(upload))
        widths = _widths(image.width)
        images = {width: _scaled(image, width) for width in widths}
        encoded = {
            (width, format): _encoded(images[width], format)
            for width in widths
            for format in _SETTINGS
        }
    digest = hashlib.sha256(b"".join(encoded.values())).hexdigest()[:24]
    stem = f"{folder}/{digest}"
    files = {f"{stem}/{width}.{format}": data for (width, format), data in encoded.items()}
    return ProcessedPicture(f"{stem}/{widths[-1]}.webp", files)


def picture_of(name: str) -> Picture:
    """The picture of that name in the storage; a placeholder without a name."""
    if not name:
        return Picture(static("no-picture.svg"))
    parts = _STORED_NAME.match(name)
    sources = _sources(parts["stem"], int(parts["width"])) if parts else ()
    return Picture(default_storage.url(name), tuple(sources))


def _sources(stem: str, widest: int) -> Iterator[tuple[str, str]]:
    for format in _SETTINGS:
        urls = (
            f"{default_storage.url(f'{stem}/{width}.{format}')} {width}w"
            for width in _widths(widest)
        )
        yield f"image/{format}", ", ".join(urls)


def _widths(widest: int) -> list[int]:
    narrower = [width for width in WIDTHS if width < widest]
    return [*narrower, min(widest, WIDTHS[-1])] if widest < WIDTHS[-1] else list(WIDTHS)


@contextmanager
def _alone() -> Iterator[None]:
    """Let one thread of the process into the block at a time.

    :raises Busy: others wait already, or the one before takes too long
    """
    if not _admitted.acquire(blocking=False):
        raise Busy(_BUSY)
    try:
        if not _encoder.acquire(timeout=PATIENCE):
            raise Busy(_BUSY)
        try:
            yield
        finally:
            _encoder.release()
    finally:
        _admitted.release()


def _opened(upload: "File[bytes]") -> Image.Image:
    """A picture of which nothing is decoded yet, and whose size is known to be bearable.

    :raises ValidationError: it is none, or too large, too small, or moving
    """
    try:
        upload.seek(0)
        content = upload.read()
        image = Image.open(io.BytesIO(content), formats=_READABLE)
    except Exception as error:
        raise _unreadable(error) from None
    # A camera's JPEG may have a second picture in it, which is left out.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise ValidationError("It moves. Choose a picture of one frame.")
    is_jpeg = image.format in {"JPEG", "MPO"}
    is_scaled = is_jpeg and not image.info.get("progressive")
    most, (width, height) = MOST_PIXELS if is_scaled else MOST_PIXELS_WHOLE, image.size
    if width * height > most:
        what = (
            "JPEG" if is_scaled else "progressive JPEG" if is_jpeg else f"picture in {image.format}"
        )
        raise ValidationError(
            f"{width} by {height} pixels are too many for a {what}: at most "
            f"{most // 1_000_000} million."
        )
    if is_jpeg and content.count(_START_OF_SCAN) > MOST_SCANS:
        raise ValidationError("It is written in too many passes. Save it as a plain JPEG.")
    _check_shape(*_upright_size(image))
    return image


def _check_shape(width: int, height: int) -> None:
    """:raises ValidationError: a picture of that size could not be seen"""
    if width < LEAST_WIDTH:
        raise ValidationError(f"{width} pixels wide is too small: at least {LEAST_WIDTH}.")
    if height > width * MOST_TIMES_AS_HIGH:
        raise ValidationError(
            f"{width} by {height} pixels are too narrow: at most {MOST_TIMES_AS_HIGH} times as "
            "high as wide."
        )
    if width > height * MOST_TIMES_AS_WIDE:
        raise ValidationError(
            f"{width} by {height} pixels are too flat: at most {MOST_TIMES_AS_WIDE} times as wide "
            "as high."
        )


def _upright_size(image: Image.Image) -> tuple[int, int]:
    """Its size once it is turned as its camera was held."""
    try:
        # Of a PNG that may stand behind the pixels.
        is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _TURNED
    except Exception as error:
        raise _unreadable(error) from None
    width, height = image.size
    return (height, width) if is_turned else (width, height)


def _decoded(image: Image.Image) -> Image.Image:
    """Its pixels, upright, in sRGB, and no more of them than are stored.

    :raises ValidationError: the file is damaged
    """
    is_turned = _upright_size(image) != image.size
    try:
        # A JPEG is decoded at a half, a quarter or an eighth, as long as it stays wide enough.
        image.draft(None, (1, WIDTHS[-1]) if is_turned else (WIDTHS[-1], 1))
        image.load()
        return _upright(_shrunk(image, image.height if is_turned else image.width))
    except Exception as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> ValidationError:
    """What to say of a file on which a decoder stumbled, with whatever error."""
    logger.info("A picture cannot be read: %s", reason_of(error))
    return ValidationError(_UNREADABLE)


def _shrunk(image: Image.Image, upright_width: int) -> Image.Image:
    """No larger than what is stored of it, before the work that needs every pixel."""
    has_alpha = image.has_transparency_data
    if has_alpha or image.mode not in {"RGB", "CMYK", "L"}:
        # No other mode is scaled smoothly.
        image = image.convert("RGBA" if has_alpha else "RGB")
    times = upright_width / WIDTHS[-1]
    if times <= 1:
        return image
    size = (max(1, round(image.width / times)), max(1, round(image.height / times)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its camera was held, in sRGB, without metadata."""
    image = ImageOps.exif_transpose(image)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    profile = image.info.get("icc_profile")
    if profile and image.mode in {"RGB", "RGBA", "CMYK", "L"}:
        # A profile that does not fit its picture is ignored.
        with suppress(ImageCms.PyCMSError):
            srgb, own = ImageCms.createProfile("sRGB"), io.BytesIO(profile)
            image = ImageCms.profileToProfile(image, own, srgb, outputMode=mode) or image
    plain = Image.new(mode, image.size)
    plain.paste(image.convert(mode))
    return plain


def _scaled(image: Image.Image, width: int) -> Image.Image:
    if width == image.width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)


def _encoded(image: Image.Image, format: str) -> bytes:
    target = io.BytesIO()
    image.save(target, format=format.upper(), **_SETTINGS[format])
    return target.getvalue()
