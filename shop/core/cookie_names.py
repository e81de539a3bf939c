"""Names of cookies, by which browsers hold a cookie to what it is for (RFC 6265bis, section 4.1.3).

Over https a name begins with ``__Host-``: a browser takes such a cookie from this host alone, only
over https and for all of its paths, so that neither a sister domain nor anybody on the network can
set one. ``__Secure-`` promises less, for a cookie that belongs to one path. Over plain http, as in
development, a browser would refuse either.
"""


def host_cookie(name: str, *, https: bool) -> str:
    """The name of a cookie for the whole host; it is set with ``Secure`` and ``Path=/``."""
    return f"__Host-{name}" if https else name


def path_cookie(name: str, *, https: bool) -> str:
    """The name of a cookie for one path; it is set with ``Secure``."""
    return f"__Secure-{name}" if https else name
