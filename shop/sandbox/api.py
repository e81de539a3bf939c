"""The API under `/v1`: which address does what, who may call it, and the order of the checks.

Address, key, version, idempotency key, parameters, and only then the endpoint: as at Stripe, where
a request that fails before its endpoint runs leaves no trace.
"""

import base64
import binascii
import re
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from . import (
    charges,
    disputes,
    errors,
    events,
    forms,
    intent_params,
    payment_intents,
    refunds,
    tokens,
)
from .context import API_VERSION, TRAIN, Context, Origin, new_id, origin
from .errors import ApiError
from .expand import expand
from .http_messages import Request, Response
from .idempotency import Kept, Keys
from .store import Json

type Access = Literal["secret", "publishable"]


def _nothing_to_check(params: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: str
    form: forms.Form
    run: Callable[..., Json]
    #: What can be refused from the parameters alone.
    check: Callable[[dict[str, Any]], None] = _nothing_to_check
    access: Access = "secret"

    def match(self, method: str, path: str) -> tuple[str, ...] | None:
        found = re.fullmatch(self.pattern.replace(":id", r"([A-Za-z0-9_]+)"), path)
        return found.groups() if found and method == self.method else None


ROUTES = (
    Route("POST", "/v1/payment_intents", intent_params.CREATE,
          payment_intents.create, payment_intents.check_create),
    Route("GET", "/v1/payment_intents", intent_params.LIST, payment_intents.list_),
    Route("GET", "/v1/payment_intents/:id", intent_params.RETRIEVE, payment_intents.retrieve),
    Route("GET", "/v1/payment_intents/:id", intent_params.RETRIEVE,
          payment_intents.retrieve_public, access="publishable"),
    Route("POST", "/v1/payment_intents/:id", intent_params.UPDATE,
          payment_intents.update, payment_intents.check_update),
    Route("POST", "/v1/payment_intents/:id/confirm", intent_params.CONFIRM,
          payment_intents.confirm),
    Route("POST", "/v1/payment_intents/:id/cancel", intent_params.CANCEL, payment_intents.cancel),
    Route("GET", "/v1/confirmation_tokens/:id", tokens.RETRIEVE, tokens.retrieve),
    Route("POST", "/v1/confirmation_tokens", tokens.CREATE_FROM_PAGE, tokens.create_from_page,
          tokens.check_page, access="publishable"),
    Route("POST", "/v1/test_helpers/confirmation_tokens", tokens.CREATE_FOR_TEST,
          tokens.create_for_test, tokens.check_test),
    Route("POST", "/v1/refunds", refunds.CREATE, refunds.create, refunds.check_create),
    Route("GET", "/v1/refunds", refunds.LIST, refunds.list_),
    Route("GET", "/v1/refunds/:id", refunds.RETRIEVE, refunds.retrieve),
    Route("GET", "/v1/charges", charges.LIST, charges.list_),
    Route("GET", "/v1/charges/:id", charges.RETRIEVE, charges.retrieve),
    Route("GET", "/v1/disputes/:id", disputes.RETRIEVE, disputes.retrieve),
    Route("POST", "/v1/disputes/:id/close", disputes.CLOSE, disputes.close),
    Route("GET", "/v1/events", events.LIST, events.list_),
    Route("GET", "/v1/events/:id", forms.Form(**forms.EXPAND), events.retrieve),
)  # fmt: skip


class Api:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.keys = Keys(context.store)

    def __call__(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return _preflight()
        id = new_id("req")
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        mark = origin.set(Origin(id, key))
        try:
            response = self._answer(request, key, id)
        except ApiError as error:
            response = Response.of_json(error.status, error.body)
        finally:
            origin.reset(mark)
        response.headers.update(
            {
                "Request-Id": id,
                "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
                "Cache-Control": "no-cache, no-store",
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Expose-Headers": "Request-Id",
            }
        )
        if key:
            response.headers["Idempotency-Key"] = key
        return response

    def _answer(self, request: Request, key: str | None, id: str) -> Response:
        access = _access(request)
        route, ids = _route(request, access)
        _check_version(request)
        params = _params(request)
        if key is None:
            answer = self._run(route, ids, params, id, key=None, path=request.path)
            return _response(answer)
        with self.keys.claim(key):
            kept = self.keys.kept(key, request.path, params)
            if kept is not None:
                response = _response(kept)
                response.headers["Idempotent-Replayed"] = "true"
                response.headers["Original-Request"] = kept.request
                return response
            return _response(self._run(route, ids, params, id, key=key, path=request.path))

    def _run(
        self,
        route: Route,
        ids: tuple[str, ...],
        params: dict[str, Any],
        id: str,
        *,
        key: str | None,
        path: str,
    ) -> Kept:
        """Validate, then run the endpoint and keep its answer with its deed, in one transaction."""
        values = route.form.read(params)
        route.check(values)

        def kept(status: int, body: Json) -> Kept:
            answer = Kept(status, Response.of_json(status, body).body.decode(), id)
            if key is not None:
                self.keys.keep(key, path, params, answer)
            return answer

        store = self.context.store
        try:
            with store.transaction():
                try:
                    body = route.run(self.context, values, *ids)
                except ApiError as error:
                    return kept(error.status, error.body)
                # What cannot be expanded is a mistake in the request: nothing of it is kept.
                return kept(200, expand(self.context, body, values.get("expand", [])))
        except ApiError:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            with store.transaction():
                return kept(500, _BROKEN.body)


_BROKEN = ApiError(
    "An unknown error occurred in the Stripe stand-in; its log has the details.",
    status=500,
    type="api_error",
)


def _response(answer: Kept) -> Response:
    return Response.of_text(answer.status, answer.body, "application/json")


def _access(request: Request) -> Access:
    """Which kind of test key came along, by Bearer or by Basic with the key as the user's name."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            value = ""
    if not value:
        raise ApiError(
            "You did not provide an API key. You need to provide your API key in the Authorization"
            " header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See"
            " https://stripe.com/docs/api#authentication for details.",
            status=401,
        )
    if re.fullmatch(r"[sr]k_test_\w+", value, re.ASCII):
        return "secret"
    if re.fullmatch(r"pk_test_\w+", value, re.ASCII):
        return "publishable"
    shown = f"{value[:8]}{'*' * max(len(value) - 12, 4)}{value[-4:] if len(value) > 12 else ''}"
    raise ApiError(f"Invalid API Key provided: {shown}", status=401)


def _route(request: Request, access: Access) -> tuple[Route, tuple[str, ...]]:
    found = [
        (route, ids)
        for route in ROUTES
        if (ids := route.match(request.method, request.path)) is not None
    ]
    if not found:
        raise errors.unrecognized_url(request.method, request.path)
    for route, ids in found:
        if route.access == access:
            return route, ids
    if access == "publishable":
        raise ApiError(
            "This API call cannot be made with a publishable API key. Please use a secret API key."
            " You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            status=403,
            code="secret_key_required",
        )
    raise errors.unrecognized_url(request.method, request.path)


def _check_version(request: Request) -> None:
    version = request.headers.get("stripe-version", API_VERSION)
    if not re.fullmatch(rf"\d{{4}}-\d\d-\d\d\.{TRAIN}", version):
        raise ApiError(
            f"Invalid Stripe API version: {version}. The stand-in speaks {API_VERSION} and the"
            f" other releases of {TRAIN}."
        )


def _params(request: Request) -> dict[str, Any]:
    type = request.headers.get("content-type", "application/x-www-form-urlencoded")
    if request.body and not type.startswith("application/x-www-form-urlencoded"):
        raise ApiError(
            "Invalid request (check that your POST content type is"
            " application/x-www-form-urlencoded)."
        )
    try:
        body = request.body.decode()
    except UnicodeDecodeError:
        raise ApiError("Invalid request: the body is not UTF-8.") from None
    return forms.decode("&".join(filter(None, (request.query, body))))


def _preflight() -> Response:
    """Stripe's API may be called from any page; it is the keys that say what may be done."""
    return Response(
        204,
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Stripe-Version",
            "Access-Control-Max-Age": "300",
        },
    )
