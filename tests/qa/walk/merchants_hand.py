"""A merchant who acts in the back office, and takes down what he did for the account."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory

from shop.catalog.models import Product
from shop.merchant.reports.live_queries import recent_figures
from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.factories import add_deal, make_product
from shop.qa.walk.account import ShopAccount
from shop.qa.walk.events import (
    DealTerms,
    HoldExtended,
    ListPriceSet,
    OffersRecalled,
    SaleTerms,
    TermsSet,
)
from shop.qa.walk.places import Known
from shop.qa.walk.readers import Names
from shop.qa.walk.visitor import Visitor
from shop.qa.walk.walker import Walk
from shop.sales.holds import recall
from shop.sales.lifecycle import publish
from shop.sales.models import Deal, Sale
from shop.sales.showcase import showcase

#: Units of each product.
STOCK = 100


@dataclass
class MerchantsHand:
    """Does things to the shop, and records each in the account as he means it."""

    clock: FrozenDateTimeFactory
    merchant: Merchant
    account: ShopAccount = field(default_factory=ShopAccount)
    terms: dict[str, SaleTerms] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)

    def move_to(self, at: datetime) -> None:
        """Move the clock; sessions of staff end after a while, so the merchant logs in anew.

        What is kept for a second of the machine's time is older than that by the shop's.
        """
        self.clock.move_to(at)
        showcase.clear()
        recent_figures.clear()
        self.merchant.client.force_login(self.merchant.user)

    def make_product(self, sku: str, name: str, price: int, at: datetime, **fields: object) -> None:
        self.move_to(at)
        self.products[sku] = make_product(sku, name, list_price=price, **fields)  # type: ignore[arg-type]
        is_sold = bool(fields.get("sold_at_list_price", True))
        self.account.record(ListPriceSet(at=at, sku=sku, price=price, is_sold=is_sold, stock=STOCK))

    def make_sale(
        self,
        slug: str,
        prices: Mapping[str, int],
        at: datetime,
        *,
        opens: datetime,
        closes: datetime,
        hold: timedelta,
        zone: str = "Europe/Berlin",
    ) -> None:
        """A published sale of products at their prices."""
        self.move_to(at)
        sale = Sale.objects.create(
            slug=slug,
            title=slug.capitalize(),
            time_zone=zone,
            starts_at=opens,
            ends_at=closes,
            hold_seconds=int(hold.total_seconds()),
        )
        for sku, price in prices.items():
            add_deal(sale, self.products[sku], price)
        publish(sale, now=at)
        self._set(
            slug,
            at,
            SaleTerms(
                title=sale.title,
                zone=zone,
                opens=opens,
                closes=closes,
                hold=hold,
                is_published=True,
                deals={sku: DealTerms(price=price) for sku, price in prices.items()},
            ),
        )

    def extend(self, slug: str, minutes: int, at: datetime) -> None:
        self.move_to(at)
        self.merchant.extend(_sale(slug), minutes)
        self.account.record(
            HoldExtended(at=at, sale=slug, longer=timedelta(minutes=minutes), shown_before=at)
        )

    def recall(
        self, slug: str, at: datetime, sku: str | None = None, shown_from: datetime | None = None
    ) -> None:
        self.move_to(at)
        deal = Deal.objects.get(sale__slug=slug, product__sku=sku) if sku else None
        recall(
            sale=_sale(slug),
            deal=deal,
            reason="A wrong price.",
            by=None,
            now=at,
            issued_from=shown_from,
        )
        self.account.record(OffersRecalled(at=at, sale=slug, sku=sku, shown_from=shown_from))

    def set_price(self, slug: str, sku: str, price: int, at: datetime) -> None:
        self.move_to(at)
        self.merchant.set_price(Deal.objects.get(sale__slug=slug, product__sku=sku), price)
        terms = self.terms[slug]
        deals = {**terms.deals, sku: replace(terms.deals[sku], price=price)}
        self._set(slug, at, replace(terms, deals=deals))

    def withdraw(self, slug: str, sku: str, at: datetime) -> None:
        self.move_to(at)
        self.merchant.withdraw(Deal.objects.get(sale__slug=slug, product__sku=sku))
        terms = self.terms[slug]
        deals = {**terms.deals, sku: replace(terms.deals[sku], is_withdrawn=True)}
        self._set(slug, at, replace(terms, deals=deals))

    def set_list_price(self, sku: str, price: int, at: datetime) -> None:
        self.move_to(at)
        self.merchant.set_list_price(self.products[sku], price)
        is_sold = self.products[sku].sold_at_list_price
        self.account.record(ListPriceSet(at=at, sku=sku, price=price, is_sold=is_sold, stock=STOCK))

    def set_end(self, slug: str, closes: datetime, at: datetime) -> None:
        self.move_to(at)
        self.merchant.set_end(_sale(slug), closes)
        self._set(slug, at, replace(self.terms[slug], closes=closes))

    def set_hold(self, slug: str, hold: timedelta, at: datetime) -> None:
        self.move_to(at)
        self.merchant.set_hold(_sale(slug), int(hold.total_seconds()))
        self._set(slug, at, replace(self.terms[slug], hold=hold))

    def hide(self, slug: str, at: datetime) -> None:
        self.move_to(at)
        self.merchant.unpublish(_sale(slug))
        self._set(slug, at, replace(self.terms[slug], is_published=False))

    def show_again(self, slug: str, at: datetime) -> None:
        self.move_to(at)
        self.merchant.publish(_sale(slug))
        self._set(slug, at, replace(self.terms[slug], is_published=True))

    def walk(self) -> Walk:
        """A walk through all of the shop, as it is arranged by now."""
        return Walk(
            account=self.account,
            names=Names(
                skus={sku.lower(): sku for sku in self.products},
                skus_by_name={product.name: sku for sku, product in self.products.items()},
                slugs_by_title={terms.title: slug for slug, terms in self.terms.items()},
                sales_by_key={str(sale.pk): sale.slug for sale in Sale.objects.all()},
            ),
            known=Known(
                sales={sale.slug: sale.pk for sale in Sale.objects.all()},
                product_pages={
                    sku: product.get_absolute_url() for sku, product in self.products.items()
                },
            ),
            zones=frozenset({"UTC", *(terms.zone for terms in self.terms.values())}),
            staff=Visitor(self.merchant.client),
        )

    def _set(self, slug: str, at: datetime, terms: SaleTerms) -> None:
        self.terms[slug] = terms
        self.account.record(TermsSet(at=at, sale=slug, terms=terms))


def _sale(slug: str) -> Sale:
    return Sale.objects.get(slug=slug)
