"""IP addresses of imagined browsers: each from a network of its own, as shoppers are."""

from itertools import count

_numbers = count(1)


def fresh_address() -> str:
    """An address that no other browser of this process has, for documentation alone (RFC 3849)."""
    number = next(_numbers)
    return f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1"
