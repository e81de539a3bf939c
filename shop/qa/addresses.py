"""IP addresses of imagined browsers: each from a network of its own, as shoppers are."""

from itertools import count

_numbers = count(1)


def fresh_address() -> str:
    """An address that no other browser of this process has.

    It is of this machine (127.0.0.0/8), which alone is served with settings of development.
    """
    number = next(_numbers)
    return f"127.{1 + (number >> 16) % 255}.{number >> 8 & 0xFF}.{number & 0xFF}"
