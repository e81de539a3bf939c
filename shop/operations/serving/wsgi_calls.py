"""Calling the shop's WSGI application (PEP 3333) for a request that came by ASGI.

Its answer is read to the end in the thread that called it, so that a slow reader holds none.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from shop.operations.serving.addresses import MB
from shop.operations.serving.request_bodies import RequestBody

#: Longer answers lie on the disk until they are sent.
LONG = MB

type Environ = dict[str, Any]
type WsgiApplication = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
type Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class WholeAnswer:
    """A whole response; ``file`` has a long body, and its reader closes it."""

    status: int
    headers: Headers
    body: bytes = b""
    file: IO[bytes] | None = None


@dataclass(slots=True)
class _Collector:
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    file: IO[bytes] | None = None

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        if self.file is None and self.size > LONG:
            self.file = TemporaryFile()  # noqa: SIM115
            self.file.writelines(self.chunks)
            self.chunks.clear()
        if self.file is None:
            self.chunks.append(chunk)
        else:
            self.file.write(chunk)


def headers_of(scope: Mapping[str, Any]) -> dict[bytes, bytes]:
    """A request's headers, each name once.

    Names with an underscore are left out: WSGI would take them for those with a hyphen, and
    ``X_Forwarded_For`` would replace what a proxy says in ``X-Forwarded-For``.
    """
    headers: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if b"_" in name:
            continue
        separator = b"; " if name == b"cookie" else b","
        headers[name] = headers[name] + separator + value if name in headers else value
    return headers


def environ_of(
    scope: Mapping[str, Any], headers: Mapping[bytes, bytes], body: RequestBody
) -> Environ:
    """The environment of a request for a WSGI application."""
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "REMOTE_ADDR": scope["client"][0],
        "REMOTE_PORT": str(scope["client"][1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body.file,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        environ[_name_of(name)] = value.decode("latin-1")
    # The body is whole, whichever way it came.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(body.size)
    return environ


def call(application: WsgiApplication, environ: Environ) -> WholeAnswer:
    """What the application answers, read to its end."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    collector = _Collector()

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        started[:] = [(status, headers)]
        return collector.add

    chunks = application(environ, start_response)
    try:
        for chunk in chunks:
            collector.add(chunk)
    finally:
        if close := getattr(chunks, "close", None):
            close()
    status, named = started[0]
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named]
    if collector.file is not None:
        collector.file.seek(0)
        if not any(name.lower() == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(collector.size).encode()))
    return WholeAnswer(int(status[:3]), headers, b"".join(collector.chunks), collector.file)


def _name_of(header: bytes) -> str:
    name = header.decode("latin-1").upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
