"""Uploaded pictures, served by the shop itself; behind a file server, MEDIA_URL can name that."""

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from django.views.static import serve

from shop.core.security_headers import RESOURCE

# An SVG that is opened by its own address runs nothing.
_NOTHING: dict[str, list[str] | str] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "sandbox": [""],
}


@require_safe
@csp_override(_NOTHING)
def picture(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file of MEDIA_ROOT; its name changes with its content, so it may be cached.

    :raises Http404: there is none of that name, or a file system has no such names
    """
    try:
        response: HttpResponseBase = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except OSError as error:
        # Longer than a file's name can be, for one.
        raise Http404("No picture has this address.") from error
    if isinstance(response, FileResponse):
        response["Cache-Control"] = "public, max-age=86400"
        # Search engines, feeds and partners' pages show it.
        response[RESOURCE] = "cross-origin"
    return response
