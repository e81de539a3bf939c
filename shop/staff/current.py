"""Who of the staff is logged in."""

from django.http import HttpRequest

from shop.staff.models import Staff


def staff_of(request: HttpRequest) -> Staff:
    """Who is logged in; every page of the back office sees to it that somebody is."""
    assert isinstance(request.user, Staff)
    return request.user
