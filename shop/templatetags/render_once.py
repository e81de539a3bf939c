"""Rendering once what is the same on every page."""

from typing import Protocol

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.safestring import SafeString

from shop.core import preview

register = template.Library()


class RenderCache(Protocol):
    """An immutable value with room for what was rendered of it."""

    @property
    def rendered(self) -> dict[object, SafeString]: ...


class RenderOnceNode(template.Node):
    """A part of a page that is rendered once for a value, and kept with it; or once for all."""

    def __init__(self, nodelist: NodeList, given: dict[str, FilterExpression]) -> None:
        self.nodelist = nodelist
        self.given = given
        self.rendered: dict[object, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        values = [each.resolve(context) for each in self.given.values()]
        if preview.is_on():
            # Its addresses lead elsewhere than anyone else's.
            return self._render(context, values)
        keeper: RenderCache = values[0] if values else self
        key = (self, *values[1:])
        kept = keeper.rendered.get(key)
        if kept is None:
            kept = keeper.rendered[key] = self._render(context, values)
        return kept

    def _render(self, context: Context, values: list[object]) -> SafeString:
        assert context.template is not None
        apart = Context(dict(zip(self.given, values, strict=True)), autoescape=context.autoescape)
        with apart.bind_template(context.template):
            return self.nodelist.render(apart)


@register.tag
def render_once(parser: Parser, token: Token) -> RenderOnceNode:
    """``{% render_once deal=offer.deal place=forloop.counter %} … {% endrender_once %}``.

    The first value keeps what was rendered, once for each combination of the
    others; without values the part is the same on every page. It sees these
    values and nothing else: nothing of the request, and nothing of the
    shopper, can be kept for the next one.
    """
    name, *bits = token.split_contents()
    given = token_kwargs(bits, parser) if bits else {}
    if bits:
        raise template.TemplateSyntaxError(f"{{% {name} %}} takes values by name: deal=offer.deal")
    nodelist = parser.parse((f"end{name}",))
    parser.delete_first_token()
    return RenderOnceNode(nodelist, given)


@register.simple_tag(takes_context=True)
def csrf_field(context: Context) -> SafeString:
    """What ``{% csrf_token %}`` gives, for pages with many forms: ``{% csrf_field as csrf %}``."""
    return SafeString(CsrfTokenNode().render(context))
