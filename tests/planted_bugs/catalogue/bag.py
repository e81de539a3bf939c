"""In the bag: its sums, its units, renewing and merging."""

from tests.planted_bugs.bug import PlantedBug

_RENEWAL = "shop/bag/renewal.py"

BUGS = (
    PlantedBug(
        name="Refused lines count into the bag's total",
        file="shop/bag/judging.py",
        right="return total_text(each.line for each in self.honored)",
        wrong="return total_text(each.line for each in self.lines)",
        tests=["bag/test_bag.py::test_the_total_is_of_what_can_be_bought"],
        scenarios=["holding.feature::What has run out is in no total"],
        rehearsed=("pair", "as-configured"),
    ),
    PlantedBug(
        name="Units that a shopper has ordered do not count towards the limit",
        file="shop/sales/snapshot.py",
        right="units_allowed=most - units_taken,",
        wrong="units_allowed=most,",
        tests=["checkout/test_checkout.py::test_a_limit_counts_units_of_earlier_orders"],
        scenarios=["verdicts.feature::Over the limit by what was bought before"],
        rehearsed=("mug", "limits"),
    ),
    PlantedBug(
        name="A size is sold from the stock of all sizes",
        file="shop/sales/snapshot.py",
        right="at_hand += min(quantity, variant.left if variant else 0)",
        wrong="at_hand += min(quantity, self.product.left if variant else 0)",
        tests=["bag/test_bag.py::test_a_size_that_is_out_of_stock_is_sold_out"],
        scenarios=["payment.feature::A size is bought from its own stock"],
        rehearsed=("sizes", "sizes"),
    ),
    PlantedBug(
        name="The bag says nothing of an allocation that is used up",
        file="shop/sales/snapshot.py",
        right="at_hand = min(at_hand, self.allocation_left)",
        wrong="at_hand = max(at_hand, self.allocation_left)",
        tests=["bag/test_bag.py::test_an_allocation_that_is_used_up_is_sold_out"],
        scenarios=["verdicts.feature::Sold out, where the units set aside are gone"],
        rehearsed=("mug", "last-unit"),
    ),
)
