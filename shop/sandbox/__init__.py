"""The Stripe stand-in: a small process that answers as Stripe does, for development and tests.

    python -m shop.sandbox --port 8001 --db var/stripe.sqlite3 \\
        --webhook-url http://127.0.0.1:8000/stripe/webhook/ --webhook-secret whsec_…

    stripe.StripeClient("sk_test_…", base_addresses={"api": "http://127.0.0.1:8001"})

No money moves, and time is always real. Nothing imports this package, and it imports nothing of
Django or of the shop, which speaks HTTP with it, through the `stripe` library.

For servers
    Any `sk_test_…` key, API version 2026-10-28.endive, the addresses of `api.ROUTES`, `expand[]`,
    idempotency keys, the test cards of `cards`. Any other address or parameter is refused, as at
    Stripe. That includes `payment_method_types`, which Stripe removed in this train: limit an
    intent with `allowed_payment_method_types`.
For pages
    `/stripe.js` (also `/endive/stripe.js`, as at js.stripe.com) defines `Stripe(pk_test_…)`. Their
    Content-Security-Policy needs `script-src`, `frame-src` and `connect-src` for this origin. The
    bank is at `/bank/<intent>`.
Later
    Delayed methods and refunds are decided after `--delay` seconds. Events go to the webhook
    address, signed, at least once, until it answers 2xx. `--db` keeps everything across restarts.
Its own
    `GET /ledger` tells what was really charged and refunded, `POST /reset` forgets everything,
    `GET /health` answers when it is up, `POST /faults` makes things go wrong (`faults`).
"""
