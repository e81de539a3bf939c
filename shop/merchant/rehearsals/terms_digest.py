"""What a sale promises, in one short text: another text means that it was changed since."""

import json
from hashlib import sha256

from django.core.serializers.json import DjangoJSONEncoder

from shop.sales.models import Sale


def terms_of(sale: Sale) -> str:
    """A digest of the window, the hold, the deals and what was done to offers that are out.

    Words, stock and what is sold change no promise, and publishing carries it out.
    """
    deals = sale.deals.select_related("product").prefetch_related("product__variants")
    terms = {
        "sale": [sale.time_zone, sale.starts_at, sale.ends_at, sale.hold_seconds],
        "is canceled": sale.state == Sale.State.CANCELED,
        "deals": [
            [
                *(deal.product.sku, deal.price, deal.allocation, deal.max_per_shopper),
                *(deal.withdrawn, deal.product.list_price, deal.product.currency),
                deal.product.sold_at_list_price,
                [each.sku for each in deal.product.variants.all()],
            ]
            for deal in deals.order_by("product__sku")
        ],
        "extensions": list(sale.extensions.order_by("pk").values_list("issued_before", "seconds")),
        "recalls": list(sale.recalls.order_by("pk").values_list("made_at", "issued_before")),
    }
    return sha256(json.dumps(terms, cls=DjangoJSONEncoder).encode()).hexdigest()[:24]
