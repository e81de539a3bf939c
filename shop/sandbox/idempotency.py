"""Idempotency keys, by Stripe's rules (https://docs.stripe.com/api/idempotent_requests).

- The status and body of the first answer are kept once the endpoint has begun to run, errors and
  500s included, for 24 hours. The same key and parameters give them again, marked as replayed.
- A request that failed validation never began: its key stays free.
- Other parameters, or another address, with a known key: 400 `idempotency_error`.
- The same key while the first request still runs: 409.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .context import Origin
from .errors import ApiError
from .http_messages import Response
from .store import Store

KEEP_SECONDS = 24 * 60 * 60
MAX_LENGTH = 255


class Keys:
    def __init__(self, store: Store) -> None:
        self.store = store
        self._running: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def claim(self, key: str) -> Iterator[None]:
        """Hold a key while its request runs; a second one meanwhile is refused, not queued."""
        if len(key) > MAX_LENGTH:
            raise _error(f"Idempotency keys can have up to {MAX_LENGTH} characters.", status=400)
        with self._lock:
            if key in self._running:
                raise _error(
                    "There is currently another in-progress request using this Idempotent Key"
                    " (that probably means you submitted twice, and the other request is still"
                    f" going through): {key}. Please try again later.",
                    status=409,
                    code="idempotency_key_in_use",
                )
            self._running.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(key)

    def kept(self, key: str, path: str, params: Mapping[str, Any]) -> Response | None:
        """The first answer for this key, or `None`; an error if it was for something else."""
        rows = self.store.execute(
            "SELECT path, params, status, body, request FROM answers WHERE key = ? AND created > ?",
            (key, time.time() - KEEP_SECONDS),
        )
        if not rows:
            return None
        known_path, known_params, status, body, request = rows[0]
        advice = f"Try using a key other than '{key}' if you meant to execute a different request."
        if known_path != path:
            raise _error(
                "Keys for idempotent requests can only be used for the same endpoint they were"
                f" first used for ('{path}' vs '{known_path}'). {advice}",
                status=400,
            )
        if known_params != _digest(params):
            raise _error(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. {advice}",
                status=400,
            )
        response = Response.of_text(status, body, "application/json")
        response.headers.update({"Idempotent-Replayed": "true", "Original-Request": request})
        return response

    def keep(
        self, origin: Origin, path: str, params: Mapping[str, Any], response: Response
    ) -> None:
        """Keep the answer for the request's key, if it came with one."""
        if origin.idempotency_key is None:
            return
        self.store.execute("DELETE FROM answers WHERE created <= ?", (time.time() - KEEP_SECONDS,))
        self.store.execute(
            "INSERT OR REPLACE INTO answers (key, path, params, request, status, body, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(origin.idempotency_key, path, _digest(params), origin.id),
                *(response.status, response.body.decode(), time.time()),
            ),
        )


def _digest(params: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def _error(message: str, *, status: int, code: str | None = None) -> ApiError:
    return ApiError(message, status=status, type="idempotency_error", code=code)
