"""The token of our forms: one that Django's own check takes, under another mask each time."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import (  # type: ignore[attr-defined]
    CSRF_ALLOWED_CHARS,
    CSRF_SECRET_LENGTH,
    CSRF_TOKEN_LENGTH,
    CsrfViewMiddleware,
    _unmask_cipher_token,
)
from django.template import Context
from django.template.defaulttags import CsrfTokenNode
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from shop.core.form_token import context_processor, form_token

SECRET = "Zq" * (CSRF_SECRET_LENGTH // 2)


def visit(secret: str = "") -> HttpRequest:
    request = RequestFactory().get("/")
    if secret:
        request.META["CSRF_COOKIE"] = secret
    return request


def answer_to(token: str, secret: str) -> HttpResponse | None:
    """What Django's check says to a form; None if it lets it through."""
    request = RequestFactory().post("/", {"csrfmiddlewaretoken": token})
    request.COOKIES[settings.CSRF_COOKIE_NAME] = secret
    check = CsrfViewMiddleware(lambda _: HttpResponse())
    check.process_request(request)
    return check.process_view(request, lambda _: HttpResponse(), (), {})


@given(st.text(CSRF_ALLOWED_CHARS, min_size=CSRF_SECRET_LENGTH, max_size=CSRF_SECRET_LENGTH))
def test_it_is_the_browsers_secret_under_a_mask(secret: str) -> None:
    token = form_token(visit(secret))
    assert len(token) == CSRF_TOKEN_LENGTH
    assert set(token) <= set(CSRF_ALLOWED_CHARS)
    assert _unmask_cipher_token(token) == secret


def test_a_form_that_carries_it_is_let_through_and_another_is_not() -> None:
    token = form_token(visit(SECRET))
    assert answer_to(token, SECRET) is None
    assert answer_to(token, SECRET[::-1]) is not None
    assert answer_to(token[:-1] + ("a" if token[-1] != "a" else "b"), SECRET) is not None


def test_each_view_has_a_mask_of_its_own_with_every_character_in_it() -> None:
    tokens = {form_token(visit(SECRET)) for _ in range(200)}
    assert len(tokens) == 200
    masks = "".join(token[:CSRF_SECRET_LENGTH] for token in tokens)
    assert set(masks) == set(CSRF_ALLOWED_CHARS)


def test_a_first_visit_is_given_a_secret_in_a_cookie_and_a_later_one_keeps_it() -> None:
    first = visit()
    assert _unmask_cipher_token(form_token(first)) == first.META["CSRF_COOKIE"]
    assert first.META["CSRF_COOKIE_NEEDS_UPDATE"]
    later = visit(SECRET)
    form_token(later)
    assert later.META["CSRF_COOKIE"] == SECRET
    assert "CSRF_COOKIE_NEEDS_UPDATE" not in later.META


def test_a_page_without_a_form_makes_no_secret_and_all_forms_of_a_page_have_one_token() -> None:
    request = visit()
    context = Context(context_processor(request))
    assert "CSRF_COOKIE" not in request.META
    one, another = (CsrfTokenNode().render(context) for _ in range(2))
    assert one == another
    assert 'name="csrfmiddlewaretoken"' in one
    assert "CSRF_COOKIE" in request.META
