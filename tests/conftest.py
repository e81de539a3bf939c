"""The shop's pytest plugin, and hypothesis' profiles."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

pytest_plugins = ["shop.qa.pytest_plugin", "tests.support.fixtures"]

# A busy machine is slow at making up examples, and that says nothing of the shop.
BUSY: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow],
}

# ``make test`` tries the same examples each time, ``make verify`` new ones and many more.
settings.register_profile("fixed", derandomize=True, max_examples=50, **BUSY)
settings.register_profile("explore", max_examples=1000, **BUSY)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
