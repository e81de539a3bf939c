"""Pictures that were chosen in a form that was refused, kept until it is sent again.

What is kept is what would be stored: re-encoded, without metadata, of a size that is known.
It lies in a storage of its own that nobody serves, for a day. The form carries a signed
token that names it and who chose it; for anybody else it is worth nothing.
"""

import io
import zipfile
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from offers import conf, tokens
from shop.catalog.pictures import ProcessedPicture
from shop.core.machine_clock import machine_time
from shop.staff.models import Staff

#: How long a picture waits for its form.
KEPT = timedelta(days=1)
STORAGE = "staged"

PICTURE = tokens.Kind(
    typ="picture+jwt",
    audience="back office",
    claims={
        "sub": lambda value: isinstance(value, str),
        "picture": lambda value: isinstance(value, str),
    },
)


@dataclass(frozen=True, slots=True)
class StagedPicture:
    """A picture that is kept: the token for the form, and the picture itself."""

    token: str
    picture: ProcessedPicture

    @property
    def preview(self) -> str:
        """Its smallest form as a ``data:`` address, as nobody serves it."""
        names = (name for name in self.picture.files if name.endswith(".webp"))
        smallest = min((self.picture.files[name] for name in names), key=len)
        return f"data:image/webp;base64,{b64encode(smallest).decode()}"


def stage(picture: ProcessedPicture, by: Staff) -> StagedPicture:
    """Keep a picture for somebody, and drop those whose day is over."""
    drop_old_ones()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in picture.files.items():
            archive.writestr(name, content)
    key, storage = _key(picture.name, by.pk), storages[STORAGE]
    # Anew, so that its day begins anew.
    storage.delete(key)
    storage.save(key, ContentFile(file.getvalue()))
    claims = {"sub": str(by.pk), "picture": picture.name}
    return StagedPicture(tokens.sign(PICTURE, claims, conf.site_ring().active), picture)


def staged_picture(token: str, folder: str, by: Staff) -> ProcessedPicture | None:
    """The picture that a token stands for; None if it is not kept for this person and folder."""
    try:
        claims = tokens.read(token, PICTURE, conf.site_ring())
    except tokens.Unreadable:
        return None
    drop_old_ones()
    name = claims["picture"]
    if claims["sub"] != str(by.pk) or not name.startswith(f"{folder}/"):
        return None
    try:
        content = storages[STORAGE].open(_key(name, by.pk)).read()
    except FileNotFoundError:
        return None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return ProcessedPicture(name, {each: archive.read(each) for each in archive.namelist()})


def unstage(picture: ProcessedPicture, by: Staff) -> None:
    """Drop a picture that is stored by now, if it was kept, and those whose day is over."""
    storages[STORAGE].delete(_key(picture.name, by.pk))
    drop_old_ones()


def _key(name: str, owner: int) -> str:
    return f"{owner}-{name.replace('/', '-')}.zip"


def drop_old_ones() -> None:
    """Drop what has been kept for a day."""
    storage, now = storages[STORAGE], machine_time()
    # The folder is made with the first picture.
    with suppress(FileNotFoundError):
        for name in storage.listdir("")[1]:
            # Somebody else may drop it at the same time.
            with suppress(FileNotFoundError):
                if storage.get_modified_time(name) <= now - KEPT:
                    storage.delete(name)
