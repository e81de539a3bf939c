"""Modules that register their models with the admin site."""

from shop.merchant.catalog import product_admin
from shop.merchant.orders import order_admin
from shop.merchant.sales import deal_admin, sale_admin
from shop.merchant.staff import log_in_admin, staff_admin

__all__ = [
    "deal_admin",
    "log_in_admin",
    "order_admin",
    "product_admin",
    "sale_admin",
    "staff_admin",
]
