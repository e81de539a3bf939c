"""A shop's server that dies: it answers one request at a time, and is killed at a named point.

python tests/payments/crash_runner.py DATABASE

Boots Django once, on a test's own database. Then each line that it reads is a
job: it forks, the child takes the request, patches a function so that it kills
itself with SIGKILL there, and goes; the line that comes back says how it ended.
So each death is that of a whole process, with all of its connections, and none
costs a boot. Production code has no hooks for any of this.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def die() -> None:
    """What a power cut does: nothing is closed, flushed or said good-bye to."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_after(owner: Any, name: str) -> None:
    """Die when a function has returned or raised."""
    original = getattr(owner, name)

    def fatal(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        finally:
            die()

    setattr(owner, name, fatal)


def die_before(owner: Any, name: str) -> None:
    """Die when a function is called."""
    setattr(owner, name, lambda *args, **kwargs: die())


def points() -> dict[str, Callable[[], None]]:
    """Where a process can die, in the order in which a checkout passes them; and a refund."""
    from django.core.mail import EmailMessage
    from stripe import _payment_intent_service, _refund_service

    from shop.checkout import placing, purchase
    from shop.merchant.orders import refund_form
    from shop.orders import emails
    from shop.payments import charging, event_inbox, refunds, settlement, webhooks

    at_stripe = _payment_intent_service.PaymentIntentService
    refunds_at_stripe = _refund_service.RefundService
    return {
        "claimed, not committed": lambda: die_after(placing, "claim"),
        "claimed": lambda: die_after(purchase, "place_order"),
        "payment made, its id not stored": lambda: die_after(at_stripe, "create"),
        "id of payment stored": lambda: die_after(charging, "ensure_intent"),
        "token stored": lambda: die_before(at_stripe, "confirm"),
        "confirmed": lambda: die_after(at_stripe, "confirm"),
        "settled, not committed": lambda: die_after(settlement, "move"),
        "settled": lambda: die_after(settlement, "settle"),
        "no receipt yet": lambda: die_before(emails, "EmailMessage"),
        "receipt sent, not noted": lambda: die_after(EmailMessage, "send"),
        "event not taken in": lambda: die_before(event_inbox, "store"),
        "event taken in, not acted on": lambda: die_after(event_inbox, "store"),
        "event acted on, not noted": lambda: die_after(webhooks, "settle_by_id"),
        "canceled at Stripe": lambda: die_after(at_stripe, "cancel"),
        "released, not committed": lambda: die_after(settlement, "release"),
        "refund meant, not committed": lambda: die_after(refunds, "count_refund"),
        "refund meant": lambda: die_after(refund_form, "create_refund"),
        "late refund meant, not committed": lambda: die_after(refunds, "create_late_refund"),
        "late refund meant": lambda: die_before(refunds, "execute"),
        "refund made at Stripe": lambda: die_after(refunds_at_stripe, "create"),
        "refunded units returned, not committed": lambda: die_after(refunds, "give_back"),
        "refund recorded, not committed": lambda: die_after(refunds, "move"),
        "refund recorded": lambda: die_after(refunds, "record"),
        "no note yet": lambda: die_before(emails, "EmailMessage"),
    }


def serve(job: dict[str, Any]) -> int:
    """Take a request, and die on the way; the answer's status for who survives."""
    from django.test import Client, override_settings

    from shop.sales.showcase import showcase

    with override_settings(**job["settings"]):
        showcase.clear()
        points()[job["point"]]()
        answer = Client().post(**job["request"])
    return answer.status_code


def main() -> None:
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    import django
    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    # Done once, here, and not by every child anew; without a look at the database.
    from django.test import Client
    from freezegun import freeze_time

    points()
    Client().handler.load_middleware()
    Client().get("/healthz")
    clock = freeze_time().start()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                job = json.loads(line)
                clock.move_to(datetime.fromisoformat(job["now"]))
                print("answered", serve(job), flush=True)
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = "killed" if os.WIFSIGNALED(status) else "ended"
        print(f"{ended} {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
