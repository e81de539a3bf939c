"""The bank's page: where a shopper approves or declines a payment that needs 3-D Secure.

Reached by a redirect (`next_action.redirect_to_url.url`), or in a frame of the page script. The
`attempt` in its address is worth one decision on one attempt.
"""

import html
from string import Template
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from . import assets, currencies, payments
from .context import Context
from .http_messages import Request, Response
from .store import Record


def show(context: Context, request: Request, id: str) -> Response:
    query = _fields(request.query)
    attempt = query.get("attempt", "")
    record = payments.waiting_at_bank(context, id, attempt)
    if record is None:
        return _over(context, id)
    return _page(
        "bank.html",
        amount=currencies.show(record.body["amount"], record.body["currency"]).upper(),
        attempt=attempt,
        frame=query.get("frame", ""),
    )


def decide(context: Context, request: Request, id: str) -> Response:
    form = _fields(request.body.decode("utf-8", "replace"))
    approved = form.get("decision") == "approve"
    with context.store.transaction():
        record = payments.decide_at_bank(context, id, form.get("attempt", ""), approved=approved)
    if record is None:
        return _over(context, id)
    if form.get("frame"):
        return _page("bank_done.html", page=form["frame"])
    return Response(303, headers={"Location": _return_address(record)})


def _over(context: Context, id: str) -> Response:
    record = context.store.get("payment_intent", id)
    back = (record.inner.get("return_url") if record else None) or ""
    page = _page("bank_over.html", back=back, hidden="" if back else "hidden")
    page.status = 410
    return page


def _return_address(record: Record) -> str:
    """`return_url` with the three parameters that Stripe appends. The shop must believe none."""
    intent = record.body
    status = {"succeeded": "succeeded", "processing": "pending"}.get(intent["status"], "failed")
    added = urlencode(
        {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": status,
        }
    )
    parts = urlsplit(record.inner["return_url"])
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


def _fields(encoded: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(encoded).items()}


def _page(name: str, **values: str) -> Response:
    template = Template(assets.read(name))
    response = Response.of_text(
        200,
        template.substitute({key: html.escape(value) for key, value in values.items()}),
        "text/html",
    )
    response.headers.update(
        {
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": assets.POLICY,
        }
    )
    return response
