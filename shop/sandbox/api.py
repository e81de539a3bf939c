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
from functools import partial
from typing import Any, Literal

from . import disputes, errors, events, forms, intent_params, payment_intents, refunds, tokens
from .context import API_VERSION, TRAIN, Context, Origin, new_id, origin
from .errors import ApiError
from .expand import expand
from .http_messages import Request, Response
from .idempotency import Keys
from .store import Json

type Access = Literal["secret", "publishable"]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: str
    form: forms.Form
    run: Callable[..., Json]
    #: What can be refused from the parameters alone.
    check: Callable[[dict[str, Any]], None] = lambda params: None
    access: Access = "secret"

    def match(self, method: str, path: str) -> tuple[str, ...] | None:
        found = re.fullmatch(self.pattern.replace(":id", r"([A-Za-z0-9_]+)"), path)
        return found.groups() if found and method == self.method else None


_EXPAND = forms.Form(**forms.EXPAND)


def _retrieve(kind: str, form: forms.Form = _EXPAND, *, param: str | None = None) -> Route:
    def run(context: Context, params: dict[str, Any], id: str) -> Json:
        return context.need(kind, id, param=param or kind).body

    return Route("GET", f"/v1/{kind}s/:id", form, run)


def _list(kind: str, *parents: str) -> Route:
    """A list, of all objects of a kind or of those that belong to other objects."""

    def run(context: Context, params: dict[str, Any]) -> Json:
        ids = {name: params[name] for name in parents if name in params}
        for name, id in ids.items():
            context.need(name, id, param=name)
        return context.store.page(kind, params, **ids)

    fields = dict.fromkeys(parents, forms.text)
    return Route("GET", f"/v1/{kind}s", forms.Form(**forms.PAGE, **forms.EXPAND, **fields), run)


ROUTES = (
    Route("POST", "/v1/payment_intents", intent_params.CREATE,
          payment_intents.create, payment_intents.check_create),
    _list("payment_intent"),
    _retrieve("payment_intent", intent_params.RETRIEVE, param="intent"),
    Route("GET", "/v1/payment_intents/:id", intent_params.RETRIEVE_PUBLIC,
          payment_intents.retrieve_public, access="publishable"),
    Route("POST", "/v1/payment_intents/:id", intent_params.UPDATE,
          payment_intents.update, payment_intents.check_suffix),
    Route("POST", "/v1/payment_intents/:id/confirm", intent_params.CONFIRM,
          payment_intents.confirm),
    Route("POST", "/v1/payment_intents/:id/cancel", intent_params.CANCEL, payment_intents.cancel),
    _retrieve("confirmation_token"),
    Route("POST", "/v1/confirmation_tokens", tokens.CREATE_FROM_PAGE, tokens.create_from_page,
          access="publishable"),
    Route("POST", "/v1/test_helpers/confirmation_tokens", tokens.CREATE_FOR_TEST,
          tokens.create_for_test, tokens.check_test),
    Route("POST", "/v1/refunds", refunds.CREATE, refunds.create, refunds.check_create),
    _list("refund", "charge", "payment_intent"),
    _retrieve("refund"),
    _list("charge", "payment_intent"),
    _retrieve("charge"),
    _list("dispute", "charge", "payment_intent"),
    _retrieve("dispute"),
    Route("POST", "/v1/disputes/:id", disputes.UPDATE, disputes.update),
    Route("POST", "/v1/disputes/:id/close", _EXPAND, disputes.close),
    Route("GET", "/v1/events", events.LIST, events.list_),
    _retrieve("event", param="id"),
)  # fmt: skip


class Api:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.keys = Keys(context.store)

    def __call__(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return _preflight()
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        id = new_id("req")
        mark = origin.set(Origin(id, key))
        try:
            response = self._answer(request, key)
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

    def _answer(self, request: Request, key: str | None) -> Response:
        route, ids = _route(request, _access(request))
        _check_version(request)
        params = _params(request)
        run = partial(self._run, route, ids, request.path, params)
        if key is None:
            return run()
        with self.keys.claim(key):
            return self.keys.kept(key, request.path, params) or run()

    def _run(
        self, route: Route, ids: tuple[str, ...], path: str, params: dict[str, Any]
    ) -> Response:
        """Validate, then run the endpoint and keep its answer with its deed, in one transaction."""
        values = route.form.read(params)
        route.check(values)

        def kept(status: int, body: Json) -> Response:
            response = Response.of_json(status, body)
            self.keys.keep(origin.get(), path, params, response)
            return response

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
