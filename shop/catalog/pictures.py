"""Uploaded pictures: re-encoded upright, in modern formats and several widths.

Only pixels are kept, no metadata. A picture is stored once, by its digest:
``products/<digest>/<width>.webp``; its other widths and formats follow from that name.
"""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.templatetags.static import static
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MOST_BYTES = 20 * 1024 * 1024
#: The most that is decoded: a small file may unpack to gigabytes.
MOST_PIXELS = 60_000_000
LEAST_WIDTH = 200
#: The widths stored, in pixels, up to that of the picture itself.
WIDTHS = (400, 800, 1600)

_READABLE = ("JPEG", "PNG", "WEBP", "AVIF")
_STORED_NAME = re.compile(r"^(?P<stem>[a-z]+/[0-9a-f]{24})/(?P<width>\d+)\.webp\Z")
_SETTINGS: Mapping[str, Mapping[str, int]] = {
    "avif": {"quality": 60, "speed": 7},
    "webp": {"quality": 80, "method": 4},
}


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

    :param folder: where it will be stored: ``products``, ``sales``
    :raises ValidationError: it cannot be shown; the message is for the merchant
    """
    if upload.size > MOST_BYTES:
        raise ValidationError(f"At most {MOST_BYTES // 1024 // 1024} MB, please.")
    image = _upright(_decoded(upload))
    widths = _widths(image.width)
    encoded = {
        (width, format): _encoded(image, width, format) for width in widths for format in _SETTINGS
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


def _decoded(upload: "File[bytes]") -> Image.Image:
    try:
        upload.seek(0)
        image = Image.open(upload, formats=_READABLE)
        if image.width * image.height > MOST_PIXELS:
            raise ValidationError(
                f"{image.width} by {image.height} pixels are too many: at most "
                f"{MOST_PIXELS // 1_000_000} million."
            )
        if image.width < LEAST_WIDTH:
            raise ValidationError(
                f"{image.width} pixels wide is too small: at least {LEAST_WIDTH}."
            )
        image.load()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError):
        raise ValidationError(
            "This is no picture that can be read. Use JPEG, PNG, WebP or AVIF."
        ) from None
    return image


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


def _encoded(image: Image.Image, width: int, format: str) -> bytes:
    height = max(1, round(image.height * width / image.width))
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    target = io.BytesIO()
    small.save(target, format=format.upper(), **_SETTINGS[format])
    return target.getvalue()
