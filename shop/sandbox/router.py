"""The one way in: Stripe's API, the pages, and the addresses that are the stand-in's own."""

import re
from collections import Counter
from collections.abc import Callable

from . import assets, bank, errors
from .api import Api
from .context import Context
from .http_messages import Request, Response
from .store import Json


class Application:
    def __init__(self, context: Context, *, after_write: Callable[[], None]) -> None:
        self.context = context
        self.api = Api(context)
        self._after_write = after_write

    def __call__(self, request: Request) -> Response:
        response = self._answer(request)
        if request.method == "POST":
            self._after_write()
        return response

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/v1/"):
            return self.api(request)
        if found := re.fullmatch(r"/bank/(pi_\w+)", request.path):
            view = {"GET": bank.show, "POST": bank.decide}.get(request.method)
            if view is not None:
                return view(self.context, request, found[1])
        elif request.method == "GET":
            if request.path == "/":
                return Response(302, headers={"Location": "/ledger"})
            if request.path == "/health":
                return Response.of_json(200, {"status": "ok"})
            if request.path == "/ledger":
                with self.context.store.transaction():
                    return Response.of_json(200, _ledger(self.context))
            if (asset := assets.serve(request.path)) is not None:
                return asset
        elif (request.method, request.path) == ("POST", "/reset"):
            return self._reset(request)
        error = errors.unrecognized_url(request.method, request.path)
        return Response.of_json(error.status, error.body)

    def _reset(self, request: Request) -> Response:
        """For tests and people, not for whatever page a browser happens to have open."""
        if request.headers.get("origin") not in (None, self.context.base_url):
            return Response.of_json(403, {"error": {"message": "Not from another site's page."}})
        self.context.store.forget()
        return Response.of_json(200, {"forgotten": True})


def _ledger(context: Context) -> Json:
    """The truth about the money, whatever the shop's own books say; not part of Stripe's API."""
    intents = []
    totals: dict[str, Counter[str]] = {}
    charges: dict[str, list[Json]] = {}
    for charge in context.store.find("charge"):
        charges.setdefault(charge.body["payment_intent"], []).append(charge.body)
    for record in context.store.find("payment_intent"):
        intent = record.body
        succeeded = [c for c in charges.get(record.id, []) if c["status"] == "succeeded"]
        charged = sum(charge["amount_captured"] for charge in succeeded)
        refunded = sum(charge["amount_refunded"] for charge in succeeded)
        intents.append(
            {
                **{name: intent[name] for name in ("id", "status", "currency", "amount")},
                "charged": charged,
                "refunded": refunded,
                "charges": len(succeeded),
                "declines": sum(c["status"] == "failed" for c in charges.get(record.id, [])),
                "created": intent["created"],
                "metadata": intent["metadata"],
            }
        )
        total = totals.setdefault(intent["currency"], Counter(charged=0, refunded=0))
        total.update(charged=charged, refunded=refunded)
    return {"intents": intents, "totals": {name: dict(total) for name, total in totals.items()}}
