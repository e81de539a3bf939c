"""What the back office knows: each module registers its models with the site."""

from shop.merchant import orders, products, sales, staff

__all__ = ["orders", "products", "sales", "staff"]
