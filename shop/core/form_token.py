"""The token that every form of ours carries, for one read of random numbers instead of 32."""

from secrets import randbits

from django.http import HttpRequest
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH, get_token
from django.utils.functional import SimpleLazyObject

_PLACES = {character: place for place, character in enumerate(CSRF_ALLOWED_CHARS)}
_CHARACTERS = len(CSRF_ALLOWED_CHARS)
#: Twice what a mask needs, so that no character of it is likelier than another.
_RANDOM_BITS = 2 * 6 * CSRF_SECRET_LENGTH


def form_token(request: HttpRequest) -> str:
    """What Django's ``get_token`` gives: the browser's secret under a mask of its own each time.

    ``get_token`` asks the system for each character of the mask, which takes longer than all the
    rest that it does. And it has the secret's cookie set again by every page, to renew its age of
    a year; here a browser gets another one when that year is over.
    """
    secret = request.META.get("CSRF_COOKIE")
    if secret is None:
        # A first visit: the secret is made.
        return get_token(request)
    number, mask, masked = randbits(_RANDOM_BITS), "", ""
    for character in secret:
        number, place = divmod(number, _CHARACTERS)
        mask += CSRF_ALLOWED_CHARS[place]
        masked += CSRF_ALLOWED_CHARS[(_PLACES[character] + place) % _CHARACTERS]
    return mask + masked


def context_processor(request: HttpRequest) -> dict[str, object]:
    """The token as ``csrf_token``, made only where a page has a form; the same in all of them."""
    return {"csrf_token": SimpleLazyObject(lambda: form_token(request))}
