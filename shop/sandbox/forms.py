"""Reading what a client sends: nested form encoding, then one strict shape for each address.

What a shape does not name is refused (`parameter_unknown`), and never ignored.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from . import errors
from .errors import ApiError

type Raw = str | dict[str, Raw]
type Parser = Callable[[str, Raw], Any]

MAX_DEPTH = 6
_SEGMENT = re.compile(r"\[([^\[\]]*)\]")


def decode(encoded: str) -> dict[str, Raw]:
    """`a[b][0]=x` becomes `{"a": {"b": {"0": "x"}}}`; `a[]=x` takes the next free number."""
    tree: dict[str, Raw] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True, max_num_fields=2000):
        head, bracket, _ = name.partition("[")
        segments = _SEGMENT.findall(name)
        if not head or (bracket and head + "".join(f"[{s}]" for s in segments) != name):
            raise ApiError(f"Invalid parameter name: {name}", param=name)
        keys = [head, *segments]
        if len(keys) > MAX_DEPTH:
            raise ApiError(f"Parameter nested too deeply: {name}", param=name)
        node = tree
        for key in keys[:-1]:
            child = node.setdefault(key or str(len(node)), {})
            if isinstance(child, str):
                raise ApiError(f"Invalid parameter: {name}", param=name)
            node = child
        node[keys[-1] or str(len(node))] = value
    return tree


@dataclass(frozen=True, slots=True)
class Field:
    parse: Parser
    required: bool = False


class Form:
    """The parameters of one address. `read` gives typed values for those that were sent."""

    def __init__(self, **fields: Field | Parser) -> None:
        self.fields = {
            name: field if isinstance(field, Field) else Field(field)
            for name, field in fields.items()
        }

    def read(self, raw: Mapping[str, Raw], within: str = "") -> dict[str, Any]:
        def full(name: str) -> str:
            return f"{within}[{name}]" if within else name

        if strangers := [full(name) for name in raw if name not in self.fields]:
            raise errors.unknown_parameters(strangers)
        values: dict[str, Any] = {}
        for name, field in self.fields.items():
            if name in raw:
                values[name] = field.parse(full(name), raw[name])
            elif field.required:
                raise errors.missing(full(name))
        return values


def required(parse: Parser) -> Field:
    return Field(parse, required=True)


def _leaf(name: str, raw: Raw) -> str:
    if not isinstance(raw, str):
        raise ApiError(f"Invalid string: {name}", param=name)
    return raw


def text(name: str, raw: Raw) -> str:
    value = _leaf(name, raw)
    if not value:
        raise ApiError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to"
            f" unset a parameter; however '{name}' cannot be unset. You should remove '{name}' from"
            " your request or supply a non-empty value.",
            code="parameter_invalid_empty",
            param=name,
        )
    if len(value) > 5000:
        raise ApiError(f"Invalid string: {name} must be at most 5000 characters", param=name)
    return value


def optional_text(name: str, raw: Raw) -> str | None:
    """Text that an empty string unsets."""
    return text(name, raw) if _leaf(name, raw) else None


def integer(name: str, raw: Raw) -> int:
    value = _leaf(name, raw)
    if not re.fullmatch(r"-?\d{1,18}", value, re.ASCII):
        raise ApiError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def positive(name: str, raw: Raw) -> int:
    value = integer(name, raw)
    if value < 1:
        raise ApiError(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param=name,
        )
    return value


def boolean(name: str, raw: Raw) -> bool:
    value = _leaf(name, raw)
    if value not in ("true", "false"):
        raise ApiError(f"Invalid boolean: {value}", param=name)
    return value == "true"


def choice(*allowed: str) -> Parser:
    def parse(name: str, raw: Raw) -> str:
        value = _leaf(name, raw)
        if value not in allowed:
            known = ", ".join(allowed[:-1]) + f", or {allowed[-1]}" if allowed[1:] else allowed[0]
            raise ApiError(f"Invalid {name}: must be one of {known}", param=name)
        return value

    return parse


def url(name: str, raw: Raw) -> str:
    """An absolute http(s) address, such as a `return_url`."""
    value = text(name, raw)
    if not re.fullmatch(r"https?://[^\s/]+\S*", value):
        raise ApiError(f"Not a valid URL: {value}", code="url_invalid", param=name)
    return value


def several(item: Parser) -> Parser:
    def parse(name: str, raw: Raw) -> list[Any]:
        if isinstance(raw, str) or not all(key.isdecimal() for key in raw):
            raise ApiError("Invalid array", param=name)
        in_order = sorted(raw, key=int)
        return [item(f"{name}[{key}]", raw[key]) for key in in_order]

    return parse


def nested(form: Form) -> Parser:
    def parse(name: str, raw: Raw) -> dict[str, Any]:
        if isinstance(raw, str):
            raise ApiError(f"Invalid object: {name}", param=name)
        return form.read(raw, within=name)

    return parse


def metadata(name: str, raw: Raw) -> dict[str, str]:
    """At most 50 keys of 40 characters with values of 500. An empty value unsets its key."""
    if raw == "":
        return {}
    if isinstance(raw, str):
        raise ApiError(f"Invalid object: {name}", param=name)
    check_number_of_keys(raw)
    values: dict[str, str] = {}
    for key, value in raw.items():
        if not isinstance(value, str):
            raise ApiError("Metadata values must be strings.", param=f"{name}[{key}]")
        if len(key) > 40:
            raise ApiError(
                "Metadata keys can have up to 40 characters, but you passed in a key that is"
                f" {len(key)} characters. Invalid key: {key}",
                param=name,
            )
        if len(value) > 500:
            raise ApiError(
                "Metadata values can have up to 500 characters, but you passed in a value that is"
                f" {len(value)} characters. Invalid value: {value}",
                param=name,
            )
        values[key] = value
    return values


def check_number_of_keys(metadata: Mapping[str, Any]) -> None:
    """Also of what an object has after an update."""
    if len(metadata) > 50:
        raise ApiError("You can have up to 50 metadata keys.", param="metadata")


def moment(name: str, raw: Raw) -> dict[str, int]:
    """`created`: either an exact time or bounds, as `{"gte": …}`."""
    if isinstance(raw, str):
        exact = integer(name, raw)
        return {"gte": exact, "lte": exact}
    return Form(gt=integer, gte=integer, lt=integer, lte=integer).read(raw, within=name)


ADDRESS = Form(
    **dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"), optional_text)
)
SHIPPING = Form(
    address=required(nested(ADDRESS)),
    name=required(text),
    **dict.fromkeys(("phone", "carrier", "tracking_number"), optional_text),
)
BILLING = Form(
    address=nested(ADDRESS),
    **dict.fromkeys(("email", "name", "phone", "tax_id"), optional_text),
)

PAGE: dict[str, Field | Parser] = {
    "limit": integer,
    "starting_after": text,
    "ending_before": text,
    "created": moment,
}
EXPAND: dict[str, Field | Parser] = {"expand": several(text)}


def filled(form: Form, values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Every name of a flat form, `None` where nothing was sent, as Stripe's objects show them."""
    return {name: (values or {}).get(name) for name in form.fields}
