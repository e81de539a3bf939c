"""The forms of a line of the bag, each written at once.

A bag has dozens of them, and a template takes longer for the values in one form than it takes to
judge its line.
"""

from django import template
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from shop.bag.line_judging import JudgedLine
from shop.sales.snapshot import DealSnapshot

register = template.Library()

_QUANTITY = """\
<form action="{update_url}" method="post" hx-post="{update_url}" hx-trigger="change, submit">
  {csrf}<input type="hidden" name="line" value="{line}">
  <input type="hidden" name="variant" value="{sku}">
  <label for="n-{line}-{place}">{label}</label>
  <input id="n-{line}-{place}" type="number" name="quantity" value="{quantity}" min="0" max="{most}"
    inputmode="numeric" required aria-label="Quantity of {product} {variant}">
  <button class="quiet without-scripts">Change</button>
</form>
"""
_ACCEPT = """\
<form action="{update_url}" method="post" hx-post="{update_url}">
  {csrf}<input type="hidden" name="line" value="{line}">
  <input type="hidden" name="accept_amount" value="{amount}">
  <button>Keep it at {amount_text}</button>
</form>
"""
_REMOVE = """\
<form action="{remove_url}" method="post" hx-post="{remove_url}">
  {csrf}<input type="hidden" name="line" value="{line}">
  <button class="link" id="r-{line}">Remove<span class="unseen"> {product}</span></button>
</form>
"""


@register.simple_tag(takes_context=True)
def csrf_field(context: Context) -> SafeString:
    """What ``{% csrf_token %}`` gives, for all forms of the page: ``{% csrf_field as csrf %}``."""
    return SafeString(CsrfTokenNode().render(context))


@register.simple_tag
def quantity_forms(judged: JudgedLine, update_url: str, csrf: SafeString) -> SafeString:
    """A form for the units of each variant in the line; 0 removes it."""
    line, offer, product = judged.line, judged.line.offer, judged.product
    if offer is None or product is None:
        return SafeString("")
    return format_html_join(
        "",
        _QUANTITY,
        (
            {
                "update_url": update_url,
                "csrf": csrf,
                "line": line.id,
                "place": place,
                "sku": variant.sku,
                "label": variant.name or "Quantity",
                "quantity": quantity,
                "most": offer.max,
                "product": product.name,
                "variant": variant.name,
            }
            for place, (variant, quantity) in enumerate(judged.units, start=1)
        ),
    )


@register.simple_tag
def accept_form(
    judged: JudgedLine, instead: DealSnapshot, update_url: str, csrf: SafeString
) -> SafeString:
    """A form that keeps the line at what its product costs now."""
    return format_html(
        _ACCEPT,
        update_url=update_url,
        csrf=csrf,
        line=judged.line.id,
        amount=instead.amount,
        amount_text=instead.amount_text,
    )


@register.simple_tag
def remove_form(judged: JudgedLine, remove_url: str, csrf: SafeString) -> SafeString:
    """A form that removes the line."""
    product = judged.product
    return format_html(
        _REMOVE,
        remove_url=remove_url,
        csrf=csrf,
        line=judged.line.id,
        product=product.name if product else "",
    )
