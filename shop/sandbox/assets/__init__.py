"""The files that browsers get: the page script, the Payment Element's frame, the bank's page."""

from importlib.resources import files

from shop.sandbox.http_messages import Response

#: For our own frames: nothing from elsewhere, nothing inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'"
)

TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
#: Stripe serves each release of Stripe.js under its train's name, too.
STRIPE_JS = ("/stripe.js", "/endive/stripe.js")
#: One script: its files share a scope, in this order.
STRIPE_JS_FILES = ("frames.js", "checks.js", "payment_element.js", "bank_dialog.js", "stripe.js")
SERVED = {
    "/element": "element.html",
    "/assets/element.js": "element.js",
    "/assets/bank_done.js": "bank_done.js",
    "/assets/element.css": "element.css",
    "/assets/bank.css": "bank.css",
}


def read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def serve(path: str) -> Response | None:
    if path in STRIPE_JS:
        name, text = "stripe.js", _stripe_js()
    elif path in SERVED:
        name = SERVED[path]
        text = read(name)
    else:
        return None
    response = Response.of_text(200, text, TYPES[name.rpartition(".")[2]])
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if name.endswith(".html"):
        response.headers["Content-Security-Policy"] = POLICY
    return response


def _stripe_js() -> str:
    script = "\n".join(read(name) for name in STRIPE_JS_FILES)
    return f'(() => {{\n"use strict";\n\n{script}}})();\n'
