"""Uploaded pictures, served by the shop itself: one process is enough to sell.

Past that, point MEDIA_URL at whatever serves files.
"""

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from django.views.static import serve

# A picture is looked at, never run: an SVG opened by its own address stays a picture.
_NOTHING: dict[str, list[str] | str] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "sandbox": [""],
}


@require_safe
@csp_override(_NOTHING)
def picture(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file of MEDIA_ROOT; its name changes with its content, so it may be kept."""
    response: HttpResponseBase = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    if isinstance(response, FileResponse):
        response["Cache-Control"] = "public, max-age=86400"
    return response
