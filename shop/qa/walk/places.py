"""Every address of the shop: how the walk visits it, or why it says nothing of a sale.

A test holds these tables against the URL resolver and the management commands: what
is in neither fails, and so does what is no more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from shop.qa.walk import merchant_sentences as merchant
from shop.qa.walk import order_sentences as orders
from shop.qa.walk import shop_sentences as shop
from shop.qa.walk.readers import Sentence


class Reader(Enum):
    """Who reads a place, and with what."""

    ANYONE = "anyone"
    SHOPPER = "shopper"
    STAFF = "staff"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What there is to visit: keys in the back office by slug and number; pages by sku."""

    sales: Mapping[str, int] = field(default_factory=dict)
    product_pages: Mapping[str, str] = field(default_factory=dict)
    orders: Mapping[str, int] = field(default_factory=dict)
    order_pages: Mapping[str, str] = field(default_factory=dict)
    #: The page of the order of whoever visits.
    own_order: str = ""
    #: Instants to come, to be looked at in previews.
    coming: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class Visit:
    """One address to open, what it is about, and headers of the request."""

    path: str
    about: str
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The instant that a preview shows; None: the present.
    at: datetime | None = None


@dataclass(frozen=True)
class Place:
    """An address by its URL name, who reads it, what it may say, and its visits.

    ``is_hidden_when_absent``: it is not there while no page shows the sale that it is about.
    ``may_redirect``: it leads elsewhere where the sale does not allow what it is for.
    """

    name: str
    reader: Reader
    sentences: Sequence[Sentence]
    visits: Callable[[Known], Iterable[Visit]]
    is_hidden_when_absent: bool = False
    may_redirect: bool = False

    @property
    def all_sentences(self) -> Sequence[Sentence]:
        """Its own sentences, and in the back office those of any page."""
        is_staffs = self.reader is Reader.STAFF
        return [*merchant.MESSAGES, *self.sentences] if is_staffs else self.sentences


def _once(path: str, about: str = "") -> Callable[[Known], Iterable[Visit]]:
    return lambda known: [Visit(path, about)]


def _of_sales(path: str, **headers: str) -> Callable[[Known], Iterable[Visit]]:
    def visits(known: Known) -> Iterator[Visit]:
        for slug, key in known.sales.items():
            yield Visit(path.format(slug=slug, key=key), slug, headers)

    return visits


def _of_products(known: Known) -> Iterator[Visit]:
    for sku, page in known.product_pages.items():
        yield Visit(page, f"list/{sku}")


def _of_orders(path: str) -> Callable[[Known], Iterable[Visit]]:
    def visits(known: Known) -> Iterator[Visit]:
        for number, page in known.order_pages.items():
            yield Visit(path.format(page=page, key=known.orders[number]), number)

    return visits


def _of_own_order(known: Known) -> Iterator[Visit]:
    for number, page in known.order_pages.items():
        if page == known.own_order:
            yield Visit(page, number)


def _previews(known: Known) -> Iterator[Visit]:
    for slug in known.sales:
        for at in known.coming:
            instant = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            path = f"/merchant/sales/{slug}/preview/{instant}/sales/{slug}/"
            yield Visit(path, slug, at=at)


HTMX = {"HX-Request": "true"}
_BAG_PARTS = ("bag", "bag-link", "bag-bar")
_ANYONE, _SHOPPER, _STAFF = Reader.ANYONE, Reader.SHOPPER, Reader.STAFF
_SALE_KEY, _ORDER_KEY = "/merchant/sales/sale/{key}", "/merchant/checkout/order/{key}"

PLACES = (
    Place("sales:home", _ANYONE, shop.HOME, _once("/")),
    Place("sales:sale", _ANYONE, shop.SALE, _of_sales("/sales/{slug}/"), True),
    Place("sales:product", _ANYONE, shop.PRODUCT, _of_products),
    Place(
        *("sales:reminder", _ANYONE, shop.CALENDAR),
        *(_of_sales("/sales/{slug}/reminder.ics"), True),
    ),
    Place(
        *("bag:show", _SHOPPER, shop.BAG),
        lambda known: [
            Visit("/bag/", "bag"),
            *(Visit("/bag/", "bag", {**HTMX, "HX-Target": part}) for part in _BAG_PARTS),
        ],
    ),
    Place("checkout:checkout", _SHOPPER, shop.CHECKOUT, _once("/checkout/", "bag")),
    Place("checkout:order", _ANYONE, orders.ORDER, _of_orders("{page}")),
    Place("checkout:evidence", _ANYONE, orders.EVIDENCE, _of_orders("{page}offers/")),
    Place("admin:index", _STAFF, merchant.TODAY, _once("/merchant/")),
    Place(
        *("admin:sales_sale_changelist", _STAFF, merchant.SALE_LIST),
        _once("/merchant/sales/sale/"),
    ),
    Place(
        *("admin:sales_sale_change", _STAFF, merchant.SALE_FORM),
        _of_sales(f"{_SALE_KEY}/change/"),
    ),
    Place(
        *("admin:sales_sale_history", _STAFF, merchant.SALE_HISTORY),
        _of_sales(f"{_SALE_KEY}/history/"),
    ),
    *(
        Place(
            *(f"admin:sales_sale_{action}", _STAFF, merchant.SALE_ACTION),
            _of_sales(f"{_SALE_KEY}/{action}/"),
            may_redirect=True,
        )
        for action in ("recall", "extend", "unpublish", "cancel")
    ),
    Place(
        *("admin:sales_sale_publish", _STAFF, merchant.PUBLISH),
        _of_sales("/merchant/sales/sale/publish/?sale={key}"),
    ),
    Place("admin:sale_live", _STAFF, merchant.LIVE, _of_sales("/merchant/sales/{slug}/live/")),
    Place(
        *("admin:sale_live", _STAFF, merchant.LIVE),
        _of_sales("/merchant/sales/{slug}/live/", **HTMX),
    ),
    Place(
        *("admin:sale_report", _STAFF, merchant.REPORT),
        _of_sales("/merchant/sales/{slug}/report/"),
    ),
    Place(
        *("admin:sale_report", _STAFF, merchant.REPORT),
        _of_sales("/merchant/sales/{slug}/report/?format=csv"),
    ),
    Place(
        *("admin:sale_preview", _STAFF, merchant.PREVIEW_CHOICE),
        _of_sales("/merchant/sales/{slug}/preview/"),
    ),
    Place("admin:preview_page", _STAFF, merchant.PREVIEW, _previews),
    Place(
        *("admin:sales_deal_changelist", _STAFF, merchant.DEAL_LIST),
        _once("/merchant/sales/deal/"),
    ),
    Place(
        *("admin:catalog_product_changelist", _STAFF, merchant.PRODUCT_LIST),
        _once("/merchant/catalog/product/"),
    ),
    Place(
        *("admin:checkout_order_changelist", _STAFF, orders.ORDER_LIST),
        _once("/merchant/checkout/order/"),
    ),
    Place(
        *("admin:checkout_order_export", _STAFF, ()),
        _once("/merchant/checkout/order/export/"),
    ),
    Place(
        *("admin:checkout_order_change", _STAFF, orders.MERCHANT_ORDER),
        _of_orders(f"{_ORDER_KEY}/change/"),
    ),
    Place(
        *("admin:checkout_order_slip", _STAFF, orders.SLIP),
        _of_orders(f"{_ORDER_KEY}/slip/?prices"),
    ),
)
