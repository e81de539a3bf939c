"""Stripe's errors, as the one exception of this package that reaches a client.

Codes follow https://docs.stripe.com/error-codes; where Stripe's is unknown, none is sent.
"""

from typing import Any


class ApiError(Exception):
    """An answer that is an error. What was written before it is kept: a decline is a fact."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **details: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        doc_url = code and f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        given = {"code": code, "doc_url": doc_url, "param": param, **details}
        self.error: dict[str, Any] = {"message": message, "type": type} | {
            name: value for name, value in given.items() if value is not None
        }

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.error}


def missing(param: str) -> ApiError:
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown_parameters(names: list[str]) -> ApiError:
    plural = "s" if len(names) > 1 else ""
    return ApiError(
        f"Received unknown parameter{plural}: {', '.join(names)}",
        code="parameter_unknown",
        param=names[0],
    )


def no_such(kind: str, id: str, *, param: str) -> ApiError:
    return ApiError(f"No such {kind}: '{id}'", status=404, code="resource_missing", param=param)


def unrecognized_url(method: str, path: str) -> ApiError:
    return ApiError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can"
        " help at https://support.stripe.com/.",
        status=404,
    )


def unexpected_state(message: str, intent: dict[str, Any], *, param: str | None = None) -> ApiError:
    """The intent is in no status that allows this. It comes along: nobody has to ask again."""
    return ApiError(
        message, code="payment_intent_unexpected_state", param=param, payment_intent=intent
    )
