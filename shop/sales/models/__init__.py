"""Sales and deals, what was done to them, and the use of their offers."""

from shop.sales.models.change import Change, Extension, Recall
from shop.sales.models.list_terms import ListTerms
from shop.sales.models.outage import Outage
from shop.sales.models.restoration import Restoration, RestoredSale
from shop.sales.models.revision import Revision
from shop.sales.models.sale import (
    LONGEST_HOLD_SECONDS,
    MOST_PER_SHOPPER,
    TIME_ZONES,
    Deal,
    Sale,
    validate_time_zone,
    validate_unreserved,
)
from shop.sales.models.use import LimitUse, Redemption, RefusalCount

__all__ = [
    "LONGEST_HOLD_SECONDS",
    "MOST_PER_SHOPPER",
    "TIME_ZONES",
    "Change",
    "Deal",
    "Extension",
    "LimitUse",
    "ListTerms",
    "Outage",
    "Recall",
    "Redemption",
    "RefusalCount",
    "Restoration",
    "RestoredSale",
    "Revision",
    "Sale",
    "validate_time_zone",
    "validate_unreserved",
]
