from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from offers import conf
from offers.rotation import CACHED_SECONDS


@require_safe
@cache_control(public=True, max_age=CACHED_SECONDS)
def jwks(request: HttpRequest) -> JsonResponse:
    """The public keys as a JWK Set (RFC 7517), for partners who verify offers themselves."""
    return JsonResponse(conf.ring().public_jwk_set(), content_type="application/jwk-set+json")
