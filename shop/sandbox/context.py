"""What every endpoint works with: the store, how this stand-in was started, and new ids."""

import secrets
import string
import time
from contextvars import ContextVar
from dataclasses import dataclass

from . import errors
from .store import Record, Store

#: The release that the `stripe` library of this project speaks. Additions within a release train
#: are compatible; another train is another API, which this is not.
API_VERSION = "2026-10-28.endive"
TRAIN = "endive"

_ALPHABET = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that is being answered, as its events name it."""

    id: str | None = None
    idempotency_key: str | None = None


NO_REQUEST = Origin()
#: `NO_REQUEST` in scheduled tasks.
origin: ContextVar[Origin] = ContextVar("origin", default=NO_REQUEST)


@dataclass(slots=True)
class Context:
    store: Store
    #: Where people reach this process, for addresses in answers.
    base_url: str
    #: Seconds until a delayed payment or refund is decided.
    delay: float = 5.0
    #: Whether events go anywhere.
    has_endpoint: bool = False

    def need(self, kind: str, id: str, *, param: str = "id") -> Record:
        record = self.store.get(kind, id)
        if record is None:
            raise errors.no_such(kind, id, param=param)
        return record


def new_id(prefix: str) -> str:
    return prefix + "_1" + random_text(24)


def random_text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def now() -> int:
    return int(time.time())
