"""What is kept of a page: rendered once for a value, and never anyone's but that value's."""

from dataclasses import dataclass, field

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.template.context import RequestContext
from django.test import RequestFactory
from django.utils.safestring import SafeString


@dataclass
class Thing:
    name: str
    times_read: int = 0
    rendered: dict[object, SafeString] = field(default_factory=dict)

    @property
    def title(self) -> str:
        self.times_read += 1
        return self.name


def render(template: Template, **values: object) -> str:
    return template.render(Context(values))


def template(source: str) -> Template:
    return Template("{% load render_once %}" + source)


def test_a_value_is_rendered_once() -> None:
    page = template("{% render_once it=thing %}<b>{{ it.title }}</b>{% endrender_once %}")
    thing = Thing("a & b")
    assert render(page, thing=thing) == render(page, thing=thing) == "<b>a &amp; b</b>"
    assert thing.times_read == 1


def test_another_value_is_rendered_anew() -> None:
    page = template("{% render_once it=thing %}{{ it.title }}{% endrender_once %}")
    assert render(page, thing=Thing("mug")) == "mug"
    assert render(page, thing=Thing("lamp")) == "lamp"


def test_each_part_and_each_place_is_kept_apart() -> None:
    page = template(
        "{% render_once it=thing place=n %}{{ place }} {{ it.title }}{% endrender_once %},"
        "{% render_once it=thing place=n %}{{ it.title }} {{ place }}{% endrender_once %}"
    )
    thing = Thing("mug")
    assert render(page, thing=thing, n=1) == "1 mug,mug 1"
    assert render(page, thing=thing, n=2) == "2 mug,mug 2"


def test_what_is_the_same_on_every_page_is_rendered_once_for_all() -> None:
    page = template("{% render_once %}{% now 'u' %}{{ it.title }}{% endrender_once %}")
    assert render(page, it=Thing("mug")) == render(page, it=Thing("lamp"))


def test_nothing_of_the_request_can_be_kept() -> None:
    page = template(
        "{% render_once it=thing %}{{ it.title }}{{ secret }}{% csrf_token %}{% endrender_once %}"
    )
    request = RequestFactory().get("/")
    answer = page.render(RequestContext(request, {"thing": Thing("mug"), "secret": "ada"}))
    assert answer == "mug"


def test_the_csrf_field_is_what_the_tag_gives() -> None:
    page = template("{% csrf_field as csrf %}{{ csrf }}|{% csrf_token %}")
    field_once, token = render(page, csrf_token="T" * 32).split("|")
    assert field_once == token
    assert 'name="csrfmiddlewaretoken"' in token


@pytest.mark.parametrize("tag", ["{% render_once thing %}", "{% render_once it=thing else %}"])
def test_it_wants_values_by_name(tag: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        template(tag + "{% endrender_once %}")
