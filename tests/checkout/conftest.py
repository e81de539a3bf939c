import pytest
import stripe

from shop.sales.models import Sale
from tests.shop import Shopper


@pytest.fixture
def buyer(sale: Sale, stripe_api: stripe.StripeClient, shopper: Shopper) -> Shopper:
    """A shopper who took the mug along at 12:00, Berlin time, held until 12:30."""
    assert shopper.add(shopper.offer()).status == 303
    return shopper
