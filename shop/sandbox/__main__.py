"""`python -m shop.sandbox`: start the stand-in, stop it on SIGTERM or Ctrl-C."""

import argparse
import signal
import sys
import threading
from functools import partial

from . import disputes, payments, refunds, webhooks
from .context import Context
from .faults import Faults
from .router import Application
from .scheduler import Scheduler
from .server import Server
from .store import Store

TASKS = {
    "settle_payment": payments.settle_payment,
    "settle_refund": refunds.settle_refund,
    "open_dispute": disputes.open_dispute,
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m shop.sandbox", description="A Stripe stand-in: no money moves."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--public-url", help="how browsers reach it, if not by host and port")
    parser.add_argument("--db", default=":memory:", metavar="PATH", help="an SQLite file to keep")
    parser.add_argument("--webhook-url", metavar="URL", help="where to send events")
    parser.add_argument("--webhook-secret", metavar="whsec_…", help="signs them")
    parser.add_argument(
        "--delay", type=float, default=5, metavar="SECONDS", help="until delayed methods decide"
    )
    parser.add_argument("--log", action="store_true", help="a line for each request")
    options = parser.parse_args(arguments)
    if bool(options.webhook_url) != bool(options.webhook_secret):
        parser.error("--webhook-url and --webhook-secret go together")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    store = Store(options.db)
    courier = None
    if options.webhook_url:
        deliver = partial(webhooks.deliver, url=options.webhook_url, secret=options.webhook_secret)
        courier = webhooks.Courier(store, deliver)
    context = Context(store, base_url="", delay=options.delay, has_endpoint=courier is not None)
    scheduler = Scheduler(context, TASKS, courier)
    application = Faults(Application(context, after_write=scheduler.wake), courier)
    try:
        server = Server((options.host, options.port), application, log=options.log)
    except OSError as error:
        print(f"stripe stand-in: {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    context.base_url = options.public_url or f"http://{options.host}:{server.server_port}"

    def stop(*_: object) -> None:
        # `shutdown` waits for the loop that this very signal interrupts, hence the thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    scheduler.start()
    print(f"stripe stand-in: {context.base_url}", flush=True)
    server.serve_forever(poll_interval=0.1)
    scheduler.stop()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
