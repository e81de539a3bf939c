"""The shop's pytest plugin: a stopped clock, a sale, shoppers, a merchant, Stripe, and scenarios.

Our own tests have it by ``tests/conftest.py``, a folder of ``.feature`` files anywhere by
``bin/scenarios``, and every project in whose environment the shop is installed by
``entry_point``. It freezes time, so nothing that serves imports it.
"""

from shop.qa.pytest_plugin.steps import MODULES

pytest_plugins = [
    "shop.qa.pytest_plugin.fixtures",
    "shop.qa.pytest_plugin.world",
    "shop.qa.pytest_plugin.collector",
    *MODULES,
]
