"""The step definitions, in a module for each section of the vocabulary's page."""

SECTIONS = {
    "sales": "The sale and its merchant",
    "shoppers": "Shoppers",
    "payments": "Paying",
    "time": "Time",
    "faults": "What goes wrong, and keys",
    "outcomes": "What has to be so",
}
MODULES = [f"shop.qa.pytest_plugin.steps.{name}" for name in SECTIONS]
