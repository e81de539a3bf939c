"""A request and a response, free of any server: what goes into the application, what comes out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str = ""
    #: Names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, status: int, body: Any) -> Self:
        return cls.of_text(status, json.dumps(body, indent=2) + "\n", "application/json")

    @classmethod
    def of_text(cls, status: int, body: str, type: str) -> Self:
        return cls(status, body.encode(), {"Content-Type": f"{type}; charset=utf-8"})
