"""Granian, serving the shop on a port of its own: run by ``manage.py serve``, in its process.

The parent holds the one socket, and its workers take connections from it. So no other server can
listen there (see ``ports``), and none is refused while a worker that has died is replaced.

Granian bounds the head of a request and the number of connections; ``serving`` the rest.
"""

import multiprocessing
import os
import resource
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from functools import partial
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from shop.core.exposure import refusal_to_listen
from shop.operations.ports import BACKLOG, PortUnusable, listen

#: By name: it stands above everything that it serves.
APPLICATION = "shop.wsgi.application"
#: How long a worker that is told to stop may take for the requests that it has begun.
STOP_SECONDS = 25
#: How long a connection may take for the head of a request, or be idle between two.
HEAD_SECONDS = 10
#: The longest head. All our cookies together have some 12 KB.
MOST_HEAD_BYTES = 64 * 1024
#: Connections that a worker holds at a time; the system keeps others waiting.
MOST_CONNECTIONS = 1024
#: What a worker opens besides: files, its database, Stripe.
_OTHER_FILES = 1024


class ExclusiveServer(MPServer):
    """Granian on a socket that was opened before, in place of sockets that its workers open."""

    def __init__(self, listener: socket.socket, **options: Any) -> None:
        self._listener = listener
        address, port = listener.getsockname()[:2]
        super().__init__(APPLICATION, address, port, **options)

    def _init_shared_socket(self) -> None:
        # As Granian does where the kernel does not spread connections over several sockets.
        holder: Any = SocketHolder  # Its stub says nothing of arguments.
        self._ssp, self._sso = None, self._listener
        self._shd = holder(self._listener.fileno(), False, BACKLOG)


def load_application(parent: int, threads: int) -> Any:
    """The shop as an ASGI application, in a worker that does not outlive its parent.

    An orphan would serve on, with old code, and keep the port from a new start.
    """
    # Until it listens to signals itself it would have its parent's way of doing so, and go on.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Thread(target=_stop_with_parent, args=(parent,), daemon=True).start()
    application = import_string(APPLICATION)
    # Its modules need the settings, which are read now.
    from shop.operations.serving.web_application import WebApplication

    return WebApplication(application, threads=threads)


def _stop_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    for _ in range(STOP_SECONDS):
        # Again and again: a worker that is just starting does not listen yet.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    os._exit(1)


def main() -> None:
    parser = ArgumentParser()
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    try:
        if problem := refusal_to_listen(settings.DEVELOPMENT_SETTINGS, arguments.host):
            sys.exit(problem)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    try:
        listener = listen(arguments.host, arguments.port)
    except PortUnusable as error:
        sys.exit(str(error))
    # A spawned worker would not have the socket.
    multiprocessing.set_start_method("fork")
    _allow_connections()
    server = ExclusiveServer(
        listener,
        interface=Interfaces.ASGINL,
        workers=arguments.workers,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        websockets=False,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=MOST_HEAD_BYTES
        ),
        backlog=BACKLOG,
        backpressure=MOST_CONNECTIONS,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
    )
    # The parent is named here: a worker that is late may have another by then.
    loader = partial(load_application, os.getpid(), arguments.threads)
    server.serve(target_loader=loader, wrap_loader=False)


def _allow_connections() -> None:
    """Let a worker open as many files as it has connections; systems begin with 1,024."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    main()
