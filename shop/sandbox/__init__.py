"""The Stripe stand-in: a small process that answers as Stripe does, for development and tests.

    python -m shop.sandbox --port 8001 --db var/stripe.sqlite3 \\
        --webhook-url http://127.0.0.1:8000/stripe/webhook/ --webhook-secret whsec_…

No money moves. Nothing imports this package, and it imports nothing of Django or of the shop: the
shop talks to it over HTTP, with the `stripe` library it also talks to Stripe with, and finds out
the same way what it did wrong:

    stripe.StripeClient("sk_test_…", base_addresses={"api": "http://127.0.0.1:8001"})

What it knows
    Any `sk_test_…` key (and `pk_test_…` for pages), API version 2026-10-28.endive. PaymentIntents
    (create, retrieve, list, update, confirm, cancel), ConfirmationTokens (retrieve, and create with
    the test helper), Refunds (create, retrieve, list), Charges and Events (retrieve, list),
    Disputes (retrieve, close); `expand[]`, idempotency keys, the test cards of `cards.py`. Any
    other address or parameter is refused loudly, as Stripe refuses what it does not know. That
    includes `payment_method_types`, which Stripe removed in this train: limit an intent with
    `allowed_payment_method_types`.

For pages
    `/stripe.js` (also `/endive/stripe.js`, as at js.stripe.com) defines `Stripe(publishableKey)`:
    `elements({mode: "payment", amount, currency, allowedPaymentMethodTypes, appearance, locale})`,
    `elements.create("payment", …)`, `elements.submit()`, `createConfirmationToken`,
    `handleNextAction`, `retrievePaymentIntent`. The Content-Security-Policy of such a page needs
    `script-src`, `frame-src` and `connect-src` for this origin. The bank is at `/bank/<intent>`.

Later
    Delayed methods and refunds are decided after `--delay` seconds. Events go to the webhook
    address, signed, at least once, until it answers 2xx. `--db` keeps everything across restarts.

Its own
    `GET /ledger` tells what was really charged and refunded, `POST /reset` forgets everything,
    `GET /health` answers when it is up, `POST /faults` makes things go wrong (`faults`).

Time is always real: the shop's travelling clock never reaches a payment provider.

Reading order: `api` (the addresses), `payment_intents` (the state machine), `payments` (one
attempt), `tokens`, `refunds`, then `idempotency`, `events` and `webhooks`; `router` and `server`
are the way in, `faults` goes around them, `assets` is what browsers get. `tests/sandbox/` holds all
of it to what Stripe does.
"""
