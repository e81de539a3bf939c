"""Files that no merchant would choose: for pictures and for imports."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def png(width: int, height: int) -> bytes:
    """A PNG of one grey of this size, compressed as well as it can be."""
    row = b"\0" + b"\x80" * width
    compress = zlib.compressobj(9)
    data = b"".join(compress.compress(row) for _ in range(height)) + compress.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def _animation(frames: int) -> bytes:
    pictures = [Image.new("P", (40, 40), n % 200) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, "GIF", save_all=True, append_images=pictures[1:])
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 30_000_000)
    return out.getvalue()


@cache
def contents() -> dict[str, tuple[str, bytes]]:
    """Each file by what is wrong with it: its name, and its bytes."""
    good = png(200, 200)
    script = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    return {
        "empty": ("a.png", b""),
        "cut off": ("a.png", good[: len(good) // 2]),
        "a header alone": ("a.png", good[:33]),
        "of zero width": ("a.png", good[:16] + b"\0\0\0\0" + good[20:]),
        "of impossible size": ("a.png", good[:16] + b"\x7f\xff\xff\xff" * 2 + good[24:]),
        "200 × 16,400": ("a.png", png(200, 16_400)),
        "59 MP in a few kilobytes": ("a.png", png(7_700, 7_700)),
        "a thousand frames": ("a.gif", _animation(1_000)),
        "a drawing with a script": ("a.svg", script),
        "a page by the name of a picture": ("a.png", b"<html><script>alert(1)</script>"),
        "a picture and a page in one": ("a.png", good + script),
        "a path for a name": ("../../../../etc/passwd", good),
        "a name of NUL": ("a\0.png", good),
        "a name of 5,000 letters": ("a" * 5000 + ".png", good),
        "an archive that swells": ("a.xlsx", _bomb()),
        "a table cut off": ("a.csv", b'sku,name\r\n"never ends'),
        "a table of NUL": ("a.csv", b"sku,\0\r\n\0,\0\r\n"),
        "a table of 10,000 columns": ("a.csv", b"," * 10_000 + b"\r\n" + b"," * 10_000),
        "a cell of a megabyte": ("a.csv", b"sku,name\r\nA," + b"x" * 1_000_000),
        "a table that is not UTF-8": ("a.csv", b"\xff\xfe\x00sku,\xd8\r\n"),
        "a table of rubbish in known columns": (
            "a.csv",
            b"sku,name,list_price,stock,currency\r\n"
            + b"A,B,99999999999999999999999999,-99999999999999999999999,XXXX\r\n" * 5,
        ),
    }


def hostile_files() -> Iterator[tuple[str, SimpleUploadedFile]]:
    """Each file, to be sent."""
    for wrong, (name, content) in contents().items():
        yield wrong, SimpleUploadedFile(name, content, "image/png")
