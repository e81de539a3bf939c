"""The member of staff who is logged in."""

from django.http import HttpRequest

from shop.staff.models import Staff


def staff_of(request: HttpRequest) -> Staff:
    """The user of a request of the back office, all of whose pages require a login."""
    assert isinstance(request.user, Staff)
    return request.user
