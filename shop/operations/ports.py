"""A port of this machine, for one server alone."""

import errno
import socket

#: Connections that may wait for a server to take them.
BACKLOG = 1024
HIGHEST_PORT = 65535
#: A connection whose other end takes nothing for so long is closed by the system.
TAKES_NOTHING_SECONDS = 30


class PortUnusable(Exception):
    """No server can listen there; the message names the port, and says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there, and lets no other: whoever comes second gets an error.

    Granian's own sockets are opened with ``SO_REUSEPORT``. Two servers of one user could then
    listen on one port, and share its connections, whatever database each has behind it.

    :raises PortUnusable: another process listens there, or this one may not
    """
    if not 0 <= port <= HIGHEST_PORT:
        # The system would take another one: 70000 is 4464.
        raise PortUnusable(f"There is no port {port}: the highest is {HIGHEST_PORT}.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
        try:
            # A port whose connections have just ended is free.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                # Linux alone has it; connections inherit it.
                milliseconds = TAKES_NOTHING_SECONDS * 1000
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
            listener.bind(address)
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise PortUnusable(_explain(host, port, error)) from None
    return listener


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        listen(host, port).close()
    except PortUnusable:
        return False
    return True


def _explain(host: str, port: int, error: OSError) -> str:
    where = f"Port {port} on {host}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken by another process: stop it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"{where} may not be used by this user: choose one from 1024 on with --port."
    reason = error.strerror or str(error)
    return f"{where} cannot be used: {reason}."
