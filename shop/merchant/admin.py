"""What the back office knows: each module registers its models with the site."""

from shop.merchant import deals, orders, products, sales, staff

__all__ = ["deals", "orders", "products", "sales", "staff"]
