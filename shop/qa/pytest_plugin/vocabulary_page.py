"""The vocabulary as a page: each step with its meaning and its placeholders."""

from importlib import import_module
from itertools import groupby

from shop.qa.pytest_plugin.steps import MODULES, SECTIONS
from shop.qa.pytest_plugin.vocabulary import PLACEHOLDERS, VOCABULARY, Entry


def vocabulary() -> str:
    """The page, in Markdown."""
    for module in MODULES:
        import_module(module)
    parts = []
    for section, title in SECTIONS.items():
        entries = [entry for entry in VOCABULARY if entry.section == section]
        by_meaning = groupby(entries, key=lambda entry: (entry.keyword, entry.explanation))
        lines = [_item(list(same)) for _, same in by_meaning]
        parts.append("\n".join([f"### {title}", "", *lines]))
    places = [
        f"- `{{{name}}}`: {kind.explanation}; as in `{kind.example}`."
        for name, kind in PLACEHOLDERS.items()
        if kind.explanation != "the same"
    ]
    parts.append("\n".join(["### What stands in the places", "", *places]))
    return "\n\n".join(parts)


def _item(entries: list[Entry]) -> str:
    phrases = " or ".join(f"`{entry.phrase.name}`" for entry in entries)
    table = " Takes a table." if entries[0].has_table else ""
    return f"- {phrases}: {' '.join(entries[0].explanation.split())}{table}"
