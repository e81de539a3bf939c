"""A port belongs to one server: a second one is an error that names it, and never shares it."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from shop.operations.ports import PortUnusable, is_free, listen

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which we listen."""
    with listen(HOST, 0) as listener:
        yield listener.getsockname()[1]


def shared_socket(port: int) -> socket.socket:
    """What a server binds that shares its port, as Granian does."""
    sharing = socket.socket()
    sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sharing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sharing.bind((HOST, port))
    return sharing


def test_the_port_of_a_server_is_taken_also_for_one_that_would_share_it(taken: int) -> None:
    with pytest.raises(OSError, match="in use"):
        shared_socket(taken)
    assert not is_free(HOST, taken)


def test_a_port_that_others_share_is_taken_for_us() -> None:
    with shared_socket(0) as sharing:
        sharing.listen()
        port = sharing.getsockname()[1]
        # Two of that kind would get on: so it was noticed by nobody.
        with shared_socket(port), pytest.raises(PortUnusable, match=f"Port {port} on 127.0.0.1"):
            listen(HOST, port)


def test_a_port_whose_server_has_ended_is_free() -> None:
    with listen(HOST, 0) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((HOST, port)):
            listener.accept()[0].close()
    assert is_free(HOST, port)


def test_a_port_that_cannot_be_had_is_an_error_that_names_it() -> None:
    with pytest.raises(PortUnusable, match=r"^Port 8000 on 192\.0\.2\.1 cannot be used: "):
        listen("192.0.2.1", 8000)
    with pytest.raises(PortUnusable, match="There is no port 70000"):
        listen(HOST, 70000)


def test_serve_refuses_a_taken_port_by_name(taken: int, db: Any) -> None:
    said = f"Port {taken} on 127.0.0.1 is taken by another process: stop it, or choose another"
    with pytest.raises(CommandError, match=said):
        call_command("serve", "--port", str(taken))
