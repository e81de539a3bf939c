"""The test oracle's shipping and tax: exact fractions, from the settings alone.

Independent of ``shop.checkout.charge_rules`` on purpose. A shop with charge rules
of its own is not judged: nobody but its author knows what is right.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import ceil, floor

from django.conf import settings

_DEFAULT_RULES = "shop.checkout.charge_rules.default_charges"
_HALF = Fraction(1, 2)
#: Amounts at which the exact tax ends in half a unit that are looked through, at most.
_MOST_TRIED = 5000

#: Ways to compute a tax that is in a price with floating point; each is wrong at some amounts.
_FLOATING_POINT: tuple[Callable[[int, float], int], ...] = (
    lambda gross, percent: round(gross * percent / (100 + percent)),
    lambda gross, percent: int(gross * percent / (100 + percent) + 0.5),
    lambda gross, percent: round(gross - gross / (1 + percent / 100)),
    lambda gross, percent: int(gross - gross / (1 + percent / 100) + 0.5),
    lambda gross, percent: int(gross * (percent / 100) / (1 + percent / 100) + 0.5),
)


def is_known() -> bool:
    """Whether the shop charges by the rules that the settings configure."""
    return bool(settings.CHARGE_RULES == _DEFAULT_RULES)


def expected_shipping(subtotal: int, currency: str) -> int:
    """Shipping for goods of a sum, in minor units: flat, or free from an amount on."""
    free_from: int = settings.SHIPPING_FREE_FROM
    if currency != settings.SHOP_CURRENCY or 0 < free_from <= subtotal:
        return 0
    return int(settings.SHIPPING_FLAT)


def expected_tax(gross: int) -> int:
    """The tax that is in a sum with shipping, in minor units, half a unit rounded up."""
    return floor(_share(gross) + _HALF)


def hard_sums(least: int) -> Iterator[int]:
    """Sums with shipping, in minor units, at which floating point gets the tax wrong.

    Those whose tax ends in exactly half a unit; none where the rate has no such sums.
    """
    share = _share(1)
    if share.denominator % 2:
        return
    step = share.denominator // 2
    first = ceil(Fraction(least, step)) | 1
    missed = list(_FLOATING_POINT)
    for factor in range(first, first + 2 * _MOST_TRIED, 2):
        gross, percent = factor * step, float(settings.TAX_PERCENT)
        wrong = [each for each in missed if each(gross, percent) != expected_tax(gross)]
        if wrong:
            missed = [each for each in missed if each not in wrong]
            yield gross
        if not missed:
            return


def _share(gross: int) -> Fraction:
    percent = Fraction(str(settings.TAX_PERCENT))
    return gross * percent / (100 + percent)
