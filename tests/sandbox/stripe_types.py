"""Holds an answer to the annotations of the `stripe` library, field by field, all the way down.

The library's classes are generated from Stripe's own description of its API. A field of ours that
they do not declare, one they demand that we leave out, or a value of another type is a lie.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from typing import Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

import stripe
from stripe import StripeObject
from stripe._stripe_object import UntypedStripeObject


def mismatches(value: Any, cls: type[StripeObject], path: str = "") -> list[str]:
    """Everything about an object that its class does not say."""
    return list(_object(value, cls, path or cls.__name__))


def _object(value: Any, cls: type[Any], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {cls.__name__}"
        return
    hints = {
        name: hint
        for parent in reversed(cls.__mro__)
        if issubclass(parent, StripeObject) and parent is not StripeObject
        for name, hint in inspect.get_annotations(parent).items()
        if not name.startswith("_") and name != "OBJECT_NAME"
    }
    for name, inner in value.items():
        if name not in hints:
            yield f"{path}.{name}: not declared"
        else:
            yield from _value(inner, hints[name], f"{path}.{name}")
    for name, hint in hints.items():
        if name not in value and type(None) not in _choices(hint):
            yield f"{path}.{name}: missing"


def _value(value: Any, hint: Any, path: str) -> Iterator[str]:
    choices = _choices(hint)
    literals = [
        item for choice in choices if get_origin(choice) is Literal for item in get_args(choice)
    ]
    if isinstance(value, str) and literals:
        # An open list of names is open for Stripe's future, not for our inventions.
        if value not in literals:
            yield f"{path}: {value!r} is not among Stripe's values"
        return
    problems: list[str] = []
    # Null and plain values first: what is left then is the reason why an object does not fit.
    choices.sort(key=lambda choice: isinstance(choice, type) and issubclass(choice, StripeObject))
    for choice in choices:
        problems = list(_one(value, choice, path))
        if not problems:
            return
    yield from problems or [f"{path}: nothing fits {value!r}"]


def _one(value: Any, hint: Any, path: str) -> Iterator[str]:
    origin = get_origin(hint)
    if hint is Any or isinstance(hint, TypeVar):
        return
    if hint is type(None):
        if value is not None:
            yield f"{path}: {value!r} is not null"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for index, item in enumerate(value):
            yield from _value(item, get_args(hint)[0], f"{path}[{index}]")
    elif origin is dict or hint is UntypedStripeObject or origin is UntypedStripeObject:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from _object(value, hint, path)
    elif hint in (str, int, bool, float):
        if type(value) is not hint:
            yield f"{path}: {value!r} is no {hint.__name__}"
    else:
        yield f"{path}: cannot read the annotation {hint!r}"


def _choices(hint: Any) -> list[Any]:
    """The branches of a Union, with names resolved and unions in unions laid flat."""
    if isinstance(hint, str):
        hint = ForwardRef(hint)
    if isinstance(hint, ForwardRef):
        # A class that is private to the library is none that we could answer with.
        found = getattr(stripe, hint.__forward_arg__, None)
        return [found] if found else []
    if get_origin(hint) in (Union, types.UnionType):
        return [choice for branch in get_args(hint) for choice in _choices(branch)]
    return [hint]
