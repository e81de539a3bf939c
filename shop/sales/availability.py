"""What is left of a deal, as rows say it now."""

from dataclasses import dataclass

from shop.sales.models import Deal


@dataclass(frozen=True, slots=True)
class DealNow:
    """A deal and how much of it is left: what its allocation and the stock both allow."""

    deal: Deal
    left: int
    supply: int

    @property
    def is_gone(self) -> bool:
        """Whether nobody can have another unit."""
        return self.left == 0

    @property
    def is_ending(self) -> bool:
        """Whether a tenth of what there was is left, or less; and yet some."""
        return 0 < self.left * 10 <= self.supply

    @property
    def is_bound_by_stock(self) -> bool:
        """Whether more stock would help; otherwise it takes a larger allocation."""
        return self.deal.allocation is None or self.deal.allocation - self.deal.claimed > self.left


def deal_now(deal: Deal) -> DealNow:
    """A deal as its row and those of its product's variants say."""
    variants = deal.product.variants.all()
    stock = sum(each.stock - each.claimed for each in variants)
    if deal.allocation is None:
        return DealNow(deal, stock, sum(each.stock for each in variants))
    return DealNow(deal, min(stock, deal.allocation - deal.claimed), deal.allocation)
