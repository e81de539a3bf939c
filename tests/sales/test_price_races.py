"""Two changes at once that one reference price follows from."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from shop.qa.pytest_plugin.factories import CLOSES, OPENS, make_sale
from shop.sales.lifecycle import publish
from shop.sales.models import Sale
from shop.sales.reference_prices import set_list_price
from tests.support.factories import mug, refreshed
from tests.support.fixtures import Clock

DAY = timedelta(days=1)


@pytest.mark.django_db(transaction=True)
def test_a_sale_that_is_published_while_a_list_price_is_changed_knows_of_it(clock: Clock) -> None:
    clock.move_to(OPENS - DAY)
    sale = make_sale(starts_at=OPENS, ends_at=CLOSES)
    Sale.objects.update(state=Sale.State.DRAFT, published_at=None)
    sale.deals.update(was=None, was_as_of=None)

    def publish_it() -> None:
        try:
            publish(Sale.objects.get(), now=OPENS - DAY)
        finally:
            connection.close()

    publishing = Thread(target=publish_it)
    with transaction.atomic():
        set_list_price(mug(), 3990, now=OPENS - DAY)
        publishing.start()
        publishing.join(0.3)
        assert publishing.is_alive(), "it waits for the other"
    publishing.join(20)
    assert refreshed(sale.deals.get(product=mug())).was == 3990
