"""`expand[]`: an id in an answer, never in the store, is replaced by the object it names."""

from .context import Context
from .errors import ApiError
from .store import Json

#: Which field of which object holds the id of what.
EXPANDABLE = {
    "payment_intent": {"latest_charge": "charge", "payment_method": "payment_method"},
    "charge": {"payment_intent": "payment_intent"},
    "refund": {"charge": "charge", "payment_intent": "payment_intent"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
}
MAX_DEPTH = 4


def expand(context: Context, answer: Json, paths: list[str]) -> Json:
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_DEPTH:
            raise ApiError(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}",
                param="expand",
            )
        answer = _expanded(context, answer, steps, path)
    return answer


def _expanded(context: Context, body: Json, steps: list[str], path: str) -> Json:
    step, *rest = steps
    if body["object"] == "list" and step == "data" and rest:
        return {**body, "data": [_expanded(context, item, rest, path) for item in body["data"]]}
    kind = EXPANDABLE.get(body["object"], {}).get(step)
    if kind is None:
        raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    value = body[step]
    if value is None:
        return body
    inner = value if isinstance(value, dict) else context.need(kind, value, param="id").body
    return {**body, step: _expanded(context, inner, rest, path) if rest else inner}
