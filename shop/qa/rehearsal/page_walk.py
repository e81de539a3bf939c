"""The walk through the pages that shoppers see, in a scenario of a rehearsal.

What the merchant did is taken from the rows that he set: windows, prices, the hold. What
follows from it, the walk's own account works out (``shop.qa.walk``).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from shop.catalog.models import Product
from shop.core.money import format_money
from shop.qa.rehearsal import charge_oracle
from shop.qa.rehearsal.checkout_checks import PageVisit
from shop.qa.rehearsal.findings import FindingsRecorder
from shop.qa.rehearsal.merchant_actions import MerchantAction, event_of
from shop.qa.rehearsal.oracle import Promise
from shop.qa.rehearsal.temporary_database import SampledDeal, TemporaryDatabase
from shop.qa.walk.account import ShopAccount
from shop.qa.walk.events import (
    DealTerms,
    ListPriceSet,
    SaleTerms,
    ShownPrice,
    TermsSet,
)
from shop.qa.walk.phrases import sentence_of
from shop.qa.walk.places import PLACES, Known, Reader
from shop.qa.walk.readers import Names, claims_of
from shop.qa.walk.sums import ChargeTerms, expected_bag
from shop.qa.walk.visitor import Visitor
from shop.qa.walk.walker import Carrier, Walk
from shop.sales.models import Deal, Sale

#: Before anything that is rehearsed.
_LONG_AGO = timedelta(days=1000)


class PageWalk:
    """Walks through the pages of a sale at the instants of a scenario."""

    def __init__(
        self,
        database: TemporaryDatabase,
        recorder: FindingsRecorder,
        samples: Sequence[SampledDeal],
    ) -> None:
        self.database, self.recorder = database, recorder
        sale = database.sale
        self.account = ShopAccount(
            max_stale=timedelta(seconds=settings.SHOWCASE_MAX_STALE),
            list_hold=timedelta(seconds=settings.LIST_HOLD_SECONDS),
            list_limit=settings.LIST_MAX,
        )
        self._take_down(sale.starts_at - _LONG_AGO)
        self.walk = Walk(
            account=self.account,
            names=_names(sale),
            known=Known(
                sales={sale.slug: sale.pk},
                product_pages={
                    product.sku: product.get_absolute_url()
                    for product in Product.objects.filter(sku__in=_primary(samples))
                },
            ),
            zones=frozenset({sale.time_zone, settings.TIME_ZONE, "UTC"}),
            charges=ChargeTerms(
                shipping=settings.SHIPPING_FLAT,
                free_from=settings.SHIPPING_FREE_FROM,
                tax_percent=str(settings.TAX_PERCENT),
                currency=settings.SHOP_CURRENCY,
            ),
            places=[
                place
                for place in PLACES
                if place.reader is not Reader.STAFF
                and (place.name != "checkout:checkout" or charge_oracle.is_known())
            ],
            is_brief=True,
            asks_judge=False,
        )

    def take_down(self, action: MerchantAction) -> None:
        """Take down for the account what was done just now."""
        event = event_of(action, self.database.sale.slug)
        if event is not None:
            self.account.record(event)
        else:
            self._take_down(action.at)

    def look(self, at: datetime, visits: Iterable[PageVisit]) -> None:
        """Read every page at an instant, and the bags of earlier visits whose verdicts change."""
        self.walk.carriers = [each for visit in visits for each in self._carriers(visit)]
        self.walk.visit_all(at)
        for finding in self.walk.findings:
            self.recorder.record_broken(
                sentence_of(
                    finding,
                    format_time=self.recorder.format_time,
                    format_money=lambda amount: format_money(amount, self._currency),
                )
            )
        self.walk.findings.clear()

    def _carriers(self, visit: PageVisit) -> Iterator[Carrier]:
        """The bags that a visit has filled; each took what was cheaper elsewhere."""
        for currency, browser in visit.bags.items():
            promises = [each for each in visit.promises.values() if each.currency == currency]
            shown, at = [(_shown(promise), 1) for promise in promises], visit.column.issued.at
            lines = expected_bag(self.account, shown, at).lines
            carried = [(line.as_price(at), line.units) for line in lines]
            yield Carrier(Visitor(browser.client), shown=shown, carried=carried)

    @property
    def _currency(self) -> str:
        return Product.objects.values_list("currency", flat=True)[0]

    def _take_down(self, at: datetime) -> None:
        """The sale and the list prices as their rows are."""
        sale = Sale.objects.get(pk=self.database.sale.pk)
        deals = list(sale.deals.select_related("product"))
        terms = SaleTerms(
            title=sale.title,
            zone=sale.time_zone,
            opens=sale.starts_at,
            closes=sale.ends_at,
            hold=sale.hold,
            is_published=sale.state == Sale.State.PUBLISHED,
            deals={deal.product.sku: _terms(deal) for deal in deals},
        )
        self.account.record(TermsSet(at=at, sale=sale.slug, terms=terms))
        self.account.references = {
            f"{sale.slug}/{deal.product.sku}": deal.was or deal.price for deal in deals
        }
        for product in Product.objects.all():
            self.account.record(
                ListPriceSet(
                    at=at,
                    sku=product.sku,
                    price=product.list_price,
                    is_sold=product.sold_at_list_price,
                )
            )


def _primary(samples: Iterable[SampledDeal]) -> list[str]:
    return [sample.sku for sample in samples if sample.is_primary]


def _terms(deal: Deal) -> DealTerms:
    return DealTerms(price=deal.price, limit=deal.max_per_shopper, is_withdrawn=deal.withdrawn)


def _names(sale: Sale) -> Names:
    products = list(Product.objects.all())
    texts = [sale.title, sale.text]
    for product in products:
        texts += [product.name, product.text]
    return Names(
        skus={product.slug: product.sku for product in products},
        skus_by_name={product.name: product.sku for product in products},
        own_words=[text for text in texts if text],
    )


def _shown(promise: Promise) -> ShownPrice:
    claims = claims_of(promise.message)
    return ShownPrice(
        sale=str(claims["sale"]),
        sku=promise.sku,
        shown_at=promise.shown_at,
        held_until=promise.held_until,
        price=promise.amount,
        was=int(claims["was"]),
        currency=promise.currency,
        limit=int(claims["max"]),
        line=str(claims["jti"]),
    )
