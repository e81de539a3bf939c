"""The files that browsers get: the page script, the Payment Element's frame, the bank's page."""

from __future__ import annotations

from importlib.resources import files

from shop.sandbox.http_messages import Response

#: For our own frames: nothing from elsewhere, nothing inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
)

TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
SERVED = {
    "/stripe.js": "stripe.js",
    # Stripe serves each release of Stripe.js under its train's name.
    "/endive/stripe.js": "stripe.js",
    "/element": "element.html",
    "/assets/element.js": "element.js",
    "/assets/bank_done.js": "bank_done.js",
    "/assets/element.css": "element.css",
    "/assets/bank.css": "bank.css",
}


def read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def serve(path: str) -> Response | None:
    name = SERVED.get(path)
    if name is None:
        return None
    response = Response.of_text(200, read(name), TYPES[name.rpartition(".")[2]])
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if name.endswith(".html"):
        response.headers["Content-Security-Policy"] = POLICY
    return response
