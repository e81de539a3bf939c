"""Devices on which somebody has logged in before, by a signed cookie.

Wrong passwords from such a device are counted for it alone. So nobody who guesses elsewhere, or
behind the same router, makes its owner wait; and the cookie of another name, or a forged one,
helps nobody. It is no log-in: with it the password is asked for as often as without.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.deprecation import MiddlewareMixin

from offers import conf, tokens
from offers.anchors import new_id
from offers.terms import identifier
from shop.core.cookie_names import host_cookie

MAX_AGE_SECONDS = 180 * 24 * 3600
DEVICE = tokens.Kind(
    typ="device+jwt", audience="back office", claims={"device": identifier, "name": identifier}
)


def device_of(request: HttpRequest, name: str) -> str:
    """The id of a device on which that name was logged in before; empty of any other."""
    try:
        claims = tokens.read(request.COOKIES.get(_cookie(name), ""), DEVICE, conf.site_ring())
    except tokens.Unreadable:
        return ""
    return str(claims["device"]) if claims["name"] == _digest(name) else ""


def remember_device(request: HttpRequest, name: str) -> None:
    """Let the answer to this request set the cookie, where the device has none of that name."""
    if not device_of(request, name):
        claims = {"device": new_id(), "name": _digest(name)}
        token = tokens.sign(DEVICE, claims, conf.site_ring().active)
        request.new_device = _cookie(name), token  # type: ignore[attr-defined]


class DeviceMiddleware(MiddlewareMixin):
    """Sets the cookie of a device on which somebody has just logged in."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if hasattr(request, "new_device"):
            name, token = request.new_device
            response.set_cookie(
                name,
                token,
                max_age=MAX_AGE_SECONDS,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response


def _digest(name: str) -> str:
    """What stands for a name in the cookie: whoever reads it learns no name."""
    return salted_hmac(__name__, name, algorithm="sha256").hexdigest()[:32]


def _cookie(name: str) -> str:
    return host_cookie(f"device-{_digest(name)[:8]}", https=settings.HTTPS)
