"""Middleware that says who of the staff sends a request."""

from functools import partial

from asgiref.sync import sync_to_async
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from shop.staff.models import Staff
from shop.staff.open_sessions import is_open
from shop.staff.session_cookies import SessionStore


class StaffMiddleware(AuthenticationMiddleware):
    """Sets ``request.user``: who is logged in, by a session that their account calls open.

    Nothing is read before somebody asks for it: a page of the shop does not.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(partial(_person, request))  # type: ignore[assignment]
        request.auser = partial(_person_from_coroutine, request)


async def _person_from_coroutine(request: HttpRequest) -> Staff | AnonymousUser:
    return await sync_to_async(_person)(request)


def _person(request: HttpRequest) -> Staff | AnonymousUser:
    person = auth.get_user(request)
    if not isinstance(person, Staff):
        return AnonymousUser()
    if not is_open(person, request.session):
        request.session.flush()
        return AnonymousUser()
    if isinstance(request.session, SessionStore):
        request.session.renew()
    return person
