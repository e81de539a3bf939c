"""Responses that several apps give."""

from django.http import HttpResponse
from django.shortcuts import redirect


def see_other(path: str) -> HttpResponse:
    """A redirect after a form: the browser goes on with GET (303, RFC 9110 section 15.4.4)."""
    response = redirect(path)
    response.status_code = 303
    return response
