"""Files of tables, kept from their preview until they are written.

What is kept lies in the storage of pictures that wait for their form, for a day. The page carries a
signed token that names it, its table, who chose it, and what each of its columns is; for anybody
else it is worth nothing.
"""

from dataclasses import dataclass
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from offers import conf, tokens
from shop.merchant.forms.staged_pictures import STORAGE, drop_old_ones
from shop.staff.models import Staff


def _is_columns(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


TABLE = tokens.Kind(
    typ="table+jwt",
    audience="back office",
    claims={
        "sub": lambda value: isinstance(value, str),
        "table": lambda value: isinstance(value, str),
        "file": lambda value: isinstance(value, str),
        "columns": _is_columns,
        "changes": lambda value: type(value) is int,
    },
    # Of as many columns as a table may have.
    most_characters=32_768,
)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file, our column for each of its own (none where they have our names), and what it changes.

    ``changes`` is how many rows its preview said to be new or changed.
    """

    content: bytes
    columns: tuple[str, ...] = ()
    changes: int = 0


def keep_file(kept: KeptFile, table: str, by: Staff) -> str:
    """Keep a file until its preview is confirmed; the token for its form."""
    drop_old_ones()
    name = sha256(kept.content).hexdigest()[:24]
    storage, key = storages[STORAGE], _key(name, by)
    # Anew, so that its day begins anew.
    storage.delete(key)
    storage.save(key, ContentFile(kept.content))
    claims = {
        "sub": str(by.pk),
        "table": table,
        "file": name,
        "columns": list(kept.columns),
        "changes": kept.changes,
    }
    return tokens.sign(TABLE, claims, conf.site_ring().active)


def kept_file(token: str, table: str, by: Staff) -> KeptFile | None:
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
            return KeptFile(file.read(), tuple(claims["columns"]), claims["changes"])
    except FileNotFoundError:
        return None


def _key(name: str, by: Staff) -> str:
    return f"{by.pk}-{name}.table"
