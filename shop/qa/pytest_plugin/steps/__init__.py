"""What every phrase of the vocabulary does, by what it is about."""

from importlib import import_module

MODULES = [
    f"shop.qa.pytest_plugin.steps.{name}"
    for name in ("sales", "shoppers", "payments", "time", "faults", "outcomes")
]


def load() -> None:
    """Learn all phrases, where pytest has not done so."""
    for name in MODULES:
        import_module(name)
