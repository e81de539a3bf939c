"""A list of hundreds of choices, such as all countries or all time zones."""

from functools import cache
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class LongSelect(forms.Select):
    """Renders its choices at once: Django renders a template for each, some 0.1 ms.

    The choices are pairs of a value and a label, without groups, and one of them is chosen.
    """

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The list; what has the field's value is chosen, and nothing if that is no choice."""
        [chosen] = self.format_value(value) or [""]
        given = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        options = _options(tuple(self.choices)).replace(
            _value(chosen), format_html("{} selected", _value(chosen)), 1
        )
        return format_html("<select{}>\n{}\n</select>", flatatt(given), SafeString(options))


@cache
def _options(choices: tuple[tuple[str, str], ...]) -> str:
    return format_html_join(
        "\n", "<option {}>{}</option>", ((_value(v), label) for v, label in choices)
    )


def _value(value: str) -> SafeString:
    return format_html('value="{}"', value)
