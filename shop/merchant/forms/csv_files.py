"""CSV files as they are uploaded: read into rows, and kept from a preview until they are written.

What is kept lies in the storage of pictures that wait for their form, for a day. The page carries a
signed token that names it, its table and who chose it; for anybody else it is worth nothing.
"""

from hashlib import sha256
from io import StringIO
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from import_export.formats.base_formats import CSV
from tablib import Dataset

from offers import conf, tokens
from shop.core.csv_cells import SafeWriter, read_cell
from shop.merchant.forms.staged_pictures import STORAGE, drop_old_ones
from shop.staff.models import Staff

MOST_BYTES, MOST_ROWS = 20 * 1024 * 1024, 50_000

TABLE = tokens.Kind(
    typ="table+jwt",
    audience="back office",
    claims={
        "sub": lambda value: isinstance(value, str),
        "table": lambda value: isinstance(value, str),
        "file": lambda value: isinstance(value, str),
    },
)


class CsvFormat(CSV):
    """CSV with commas, or with semicolons, as spreadsheets of other languages write it.

    What ``export_data`` writes no spreadsheet computes, and ``create_dataset`` reads it back.
    """

    def export_data(self, dataset: Any, **kwargs: Any) -> str:
        file = StringIO()
        writer = SafeWriter(file)
        for row in (dataset.headers, *dataset):
            writer.write(row)
        return file.getvalue()

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Any:
        text = in_stream.decode("utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        header = text.partition("\n")[0]
        delimiter = ";" if header.count(";") > header.count(",") else ","
        found = super().create_dataset(text, delimiter=delimiter, **kwargs)
        return Dataset(
            *(tuple(map(read_cell, row)) for row in found),
            headers=found.headers and [read_cell(name).strip() for name in found.headers],
        )


def read_rows(content: bytes) -> Any:
    """The rows of a CSV file, as a data set of tablib.

    :raises ValidationError: it cannot be read, or has too many rows, or none
    """
    if b"\0" in content:
        raise ValidationError("This is no CSV file: it has characters in it that are no text.")
    try:
        rows = CsvFormat().create_dataset(content)
    except UnicodeDecodeError:
        raise ValidationError("Save it as CSV in UTF-8: it has other characters.") from None
    except Exception as error:
        raise ValidationError(f"This is no CSV file that can be read: {error}.") from None
    if not rows:
        raise ValidationError("It has no rows below its first line, which names the columns.")
    if len(rows) > MOST_ROWS:
        raise ValidationError(f"It has {len(rows):,} rows. Divide it: at most {MOST_ROWS:,}.")
    return rows


def keep_file(content: bytes, table: str, by: Staff) -> str:
    """Keep a file until its preview is confirmed; the token for its form."""
    drop_old_ones()
    name = sha256(content).hexdigest()[:24]
    storage, key = storages[STORAGE], _key(name, by)
    # Anew, so that its day begins anew.
    storage.delete(key)
    storage.save(key, ContentFile(content))
    claims = {"sub": str(by.pk), "table": table, "file": name}
    return tokens.sign(TABLE, claims, conf.site_ring().active)


def kept_file(token: str, table: str, by: Staff) -> bytes | None:
    """The file that a token stands for; None if it is not kept for this person and table."""
    try:
        claims = tokens.read(token, TABLE, conf.site_ring())
    except tokens.Unreadable:
        return None
    drop_old_ones()
    if (claims["sub"], claims["table"]) != (str(by.pk), table):
        return None
    try:
        with storages[STORAGE].open(_key(claims["file"], by)) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return None
    return content


def _key(name: str, by: Staff) -> str:
    return f"{by.pk}-{name}.csv"
