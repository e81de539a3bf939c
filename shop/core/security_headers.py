"""What a browser lets our pages do, and what others may do with them, by headers of every answer.

``Content-Security-Policy``, ``Referrer-Policy``, ``Cross-Origin-Opener-Policy`` and the like are
set by Django (``SECURE_…``); here are those that it leaves to us:

* ``Permissions-Policy``: no page asks for a camera, a position or a payment sheet, and neither does
  a script or frame that somebody has brought into it. The pages that load Stripe.js lend what it
  needs to its frames (``shop.checkout.security``).
* ``Cross-Origin-Resource-Policy``: no other site embeds an answer of ours, so that what a browser
  guesses from its size or keeps in its memory is not theirs to measure. A picture of a product is
  everybody's, and says so (``shop.core.media``).
* ``Reporting-Endpoints``: where a browser reports what it refused (``shop.core.csp_reports``).

An answer keeps what its view has set.
"""

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse
from django.utils.deprecation import MiddlewareMixin

PERMISSIONS = "Permissions-Policy"
RESOURCE = "Cross-Origin-Resource-Policy"
OPENER = "Cross-Origin-Opener-Policy"

#: The name of the endpoint that ``report-to`` of the Content-Security-Policy refers to.
REPORTS = "csp"
REPORTS_PATH = "/csp-reports/"

#: Features of which the shop uses none; those that no browser knows would be warnings in it.
_FEATURES = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope"),
    *("hid", "idle-detection", "magnetometer", "microphone", "midi", "payment"),
    *("publickey-credentials-create", "publickey-credentials-get", "serial", "usb"),
    "xr-spatial-tracking",
)


def permissions_policy(lent: Iterable[str] = (), *, to: Iterable[str] = ()) -> str:
    """The value of ``Permissions-Policy``: every feature is off, except those that are lent.

    :param lent: features that the page itself and the frames of some origins may use
    :param to: those origins
    """
    allowed = " ".join(["self", *(f'"{origin}"' for origin in to)])
    lists = dict.fromkeys(_FEATURES, "") | dict.fromkeys(lent, allowed)
    return ", ".join(f"{feature}=({allowlist})" for feature, allowlist in lists.items())


NOTHING_PERMITTED = permissions_policy()


class SecurityHeadersMiddleware(MiddlewareMixin):
    """Sets the headers above on every answer that has none of its own."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response.headers.setdefault(PERMISSIONS, NOTHING_PERMITTED)
        response.headers.setdefault(RESOURCE, "same-origin")
        response.headers.setdefault("Reporting-Endpoints", f'{REPORTS}="{REPORTS_PATH}"')
        return response
