"""System checks: settings that are wrong, or missing for production."""

import os
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.utils.module_loading import import_string

from shop.core.currencies import is_currency, payable_step
from shop.core.money import format_money
from shop.core.typed.addresses import countries

_ON = frozenset({"1", "true", "yes", "on"})
#: What stands in docs/operating/ in the place of secrets.
PLACEHOLDER = "CHANGE-ME"


@register(Tags.compatibility)
def check_currency(**_: Any) -> list[CheckMessage]:
    """The shop's currency is one of ISO 4217's."""
    if is_currency(settings.SHOP_CURRENCY):
        return []
    code = settings.SHOP_CURRENCY
    return [Error(f"SHOP_CURRENCY={code} is not an ISO 4217 code, such as EUR.", id="shop.E001")]


@register(Tags.compatibility)
def check_country(**_: Any) -> list[CheckMessage]:
    """The shop's country is one whose addresses are known."""
    code = settings.SHOP_COUNTRY
    if code in countries():
        return []
    return [Error(f"SHOP_COUNTRY={code} is not an ISO 3166-1 code, such as DE.", id="shop.E002")]


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
    problem = (
        f"TAX_PERCENT={settings.TAX_PERCENT} is not a rate, such as 19 or 8.1: "
        "from 0 to below 100, three decimals at most."
    )
    return [Error(problem, id="checkout.E003")]


@register(Tags.compatibility)
def check_shipping(**_: Any) -> list[CheckMessage]:
    """``SHIPPING_FLAT`` is a sum that a card can pay."""
    flat, currency = settings.SHIPPING_FLAT, settings.SHOP_CURRENCY
    step = payable_step(currency)
    if flat >= 0 and flat % step == 0:
        return []
    problem = (
        f"SHIPPING_FLAT={flat}: shipping costs a multiple of {format_money(step, currency)}, "
        f"which is {step} in minor units, or 0."
    )
    return [Error(problem, id="checkout.E004")]


@register(Tags.compatibility)
def check_names(**_: Any) -> list[CheckMessage]:
    """No name in the environment, or in its file, is that of a setting with a slip."""
    known = settings.SETTING_NAMES
    slips = {
        name: meant
        for name in sorted(os.environ.keys() - known)
        for meant in get_close_matches(name, known, n=1, cutoff=0.88)
    }
    return [
        CheckWarning(f"{name} is no setting. Do you mean {meant}?", id="shop.W106")
        for name, meant in slips.items()
    ]


@register(Tags.compatibility)
def check_replaced_names(**_: Any) -> list[CheckMessage]:
    """No proxy is trusted by a setting of an earlier release alone."""
    was_on = os.environ.get("BEHIND_PROXY", "").lower() in _ON
    if settings.TRUSTED_PROXIES or not was_on:
        return []
    text = "BEHIND_PROXY is no setting any more: nobody is trusted by it, and no request counts "
    text += "as one by https. Name the proxies instead, such as TRUSTED_PROXIES=127.0.0.1."
    return [Error(text, id="shop.E104")]


@register(Tags.security, deploy=True)
def check_placeholders(**_: Any) -> list[CheckMessage]:
    """Nothing is left of what the example of a settings file asks to be changed."""
    return [
        Error(f"{name} still has the words {PLACEHOLDER} of the example in it.", id="shop.E103")
        for name, value in sorted(os.environ.items())
        if PLACEHOLDER in value
    ]


@register(Tags.security, deploy=True)
def check_stripe(**_: Any) -> list[CheckMessage]:
    """Payment goes to Stripe, with keys and a webhook secret of the operator's own."""
    messages: list[CheckMessage] = [
        CheckWarning(f"{name} is not set: nobody can pay.", id=f"shop.W10{number}")
        for number, name in enumerate(
            ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
        )
        if not getattr(settings, name) or getattr(settings, name).endswith("development")
    ]
    if settings.STRIPE_API_BASE:
        problem = "STRIPE_API_BASE is set: payments go to a stand-in, and no money moves."
        messages.append(CheckWarning(problem, id="shop.W104"))
    return messages


@register(Tags.security, deploy=True)
def check_addresses(**_: Any) -> list[CheckMessage]:
    """The shop knows its own address, which mails link to."""
    with suppress(ValueError):
        if urlsplit(settings.SHOP_URL).scheme == "https":
            return []
    problem = "SHOP_URL should be the shop's https address: receipts link to it."
    return [CheckWarning(problem, id="shop.W105")]
