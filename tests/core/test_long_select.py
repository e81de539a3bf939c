"""Long lists of choices: what Django's own widget renders, without a template for each choice."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django import forms

from shop.core.long_select import LongSelect

CHOICES = [("", "Choose"), ("DE", "Germany"), ("CI", "Côte d’Ivoire"), ("<&>", "Q&A <b>")]


def rendered(widget: forms.Select, value: str | None) -> list[dict[str, Any]]:
    """What a browser reads of a list: the attributes of the list, and of each choice."""
    html = widget.render("country", value, {"id": "id_country", "required": True})
    soup = BeautifulSoup(html, "html.parser")
    return [
        {"text": "" if each.name == "select" else each.text, **each.attrs}
        for each in soup.find_all(["select", "option"])
    ]


@pytest.mark.parametrize("value", [None, "", "DE", "<&>", "XX", '" selected'])
def test_a_long_list_is_what_djangos_own_widget_renders(value: str | None) -> None:
    attrs = {"autocomplete": "country"}
    ours, theirs = LongSelect(attrs, CHOICES), forms.Select(attrs, CHOICES)
    assert rendered(ours, value) == rendered(theirs, value)


def test_no_template_is_rendered_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LongSelect, "template_name", "none/such.html")
    assert len(rendered(LongSelect({}, CHOICES), "DE")) == 1 + len(CHOICES)
