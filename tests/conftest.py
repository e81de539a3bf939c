"""Every room's tests have the shop's plugin: a clock, a sale, shoppers, a merchant, Stripe."""

pytest_plugins = ["shop.qa.pytest_plugin", "tests.support.fixtures"]
