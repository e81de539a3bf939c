"""The shop's pytest plugin, and hypothesis' profiles."""

import os

from hypothesis import settings

pytest_plugins = ["shop.qa.pytest_plugin", "tests.support.fixtures"]

# ``make test`` tries the same examples each time, ``make verify`` new ones and many more.
settings.register_profile("fixed", deadline=None, database=None, derandomize=True, max_examples=50)
settings.register_profile("explore", deadline=None, database=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
