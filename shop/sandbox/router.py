"""Everything that answers: Stripe's API, the pages, and the addresses that are the stand-in's own.

`Application.__call__` is the one way in. A layer that delays, drops or repeats answers goes around
it, in `__main__`, and nothing in here needs to know.
"""

import re
from collections.abc import Callable

from . import assets, bank, errors, ledger
from .api import Api
from .context import Context
from .http_messages import Request, Response


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
                    return Response.of_json(200, ledger.read(self.context))
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
