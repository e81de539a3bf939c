"""System checks: whether shipping and tax are set so that they can be charged."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.module_loading import import_string

from shop.core.money import format_money, payable_step


@register(Tags.compatibility)
def check_charge_rules(**_: Any) -> list[CheckMessage]:
    """``CHARGE_RULES`` names a function."""
    try:
        rules = import_string(settings.CHARGE_RULES)
    except ImportError as error:
        return [Error(f"CHARGE_RULES={settings.CHARGE_RULES}: {error}.", id="checkout.E001")]
    if callable(rules):
        return []
    return [Error(f"CHARGE_RULES={settings.CHARGE_RULES} is not a function.", id="checkout.E002")]


@register(Tags.compatibility)
def check_tax(**_: Any) -> list[CheckMessage]:
    """``TAX_PERCENT`` is a rate, with as many decimals as an order keeps."""
    try:
        percent = Decimal(settings.TAX_PERCENT)
    except InvalidOperation:
        percent = Decimal(-1)
    if percent.is_finite() and 0 <= percent < 100 and percent == round(percent, 3):
        return []
    return [
        Error(
            f"TAX_PERCENT={settings.TAX_PERCENT} is not a rate, such as 19 or 8.1: "
            "from 0 to below 100, three decimals at most.",
            id="checkout.E003",
        )
    ]


@register(Tags.compatibility)
def check_shipping(**_: Any) -> list[CheckMessage]:
    """``SHIPPING_FLAT`` is a sum that a card can pay."""
    flat, currency = settings.SHIPPING_FLAT, settings.SHOP_CURRENCY
    step = payable_step(currency)
    if flat >= 0 and flat % step == 0:
        return []
    return [
        Error(
            f"SHIPPING_FLAT={flat}: shipping costs a multiple of {format_money(step, currency)}, "
            f"which is {step} in minor units, or 0.",
            id="checkout.E004",
        )
    ]
