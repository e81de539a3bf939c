"""The shop's pytest plugin: a stopped clock, a sale, shoppers, a merchant, Stripe, and scenarios.

Our own tests have it by ``tests/conftest.py``, a folder of ``.feature`` files
anywhere by ``bin/scenarios``. It freezes time, so nothing that serves imports
it.
"""

from tests.plugin.steps import MODULES

pytest_plugins = [
    "tests.plugin.fixtures",
    "tests.plugin.world",
    "tests.plugin.features",
    *MODULES,
]
