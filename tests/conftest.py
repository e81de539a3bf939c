"""Every room's tests have the shop's plugin: a clock, a sale, shoppers, a merchant, Stripe."""

from tests.shop import CLOSES, HOLD, OPENS, ROOT, new_key

__all__ = ["CLOSES", "HOLD", "OPENS", "ROOT", "new_key"]

pytest_plugins = ["tests.plugin"]
