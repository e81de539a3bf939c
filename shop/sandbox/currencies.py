"""The currencies a shop in Europe or America is likely to sell in, and their least amounts.

From https://docs.stripe.com/currencies (read on 2026-11-23).
"""

from .errors import ApiError

# fmt: off
ZERO_DECIMAL = frozenset({
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf",
    "xof", "xpf",
})
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
#: Written with two decimals for old times' sake, though the currency has none: whole units only.
WHOLE_UNITS = frozenset({"isk", "ugx"})

#: About half a US dollar each. Where Stripe states none, it converts to the settlement currency.
LEAST = {
    "usd": 50, "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200,
    "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}

KNOWN = frozenset(LEAST) | ZERO_DECIMAL | THREE_DECIMAL | WHOLE_UNITS | {
    "all", "ars", "bam", "bgn", "cop", "egp", "gel", "idr", "ils", "kzt", "mad", "mdl", "mkd",
    "pen", "php", "rsd", "sar", "try", "twd", "uah", "uyu", "zar",
}
# fmt: on
MOST = 99_999_999


def show(amount: int, currency: str) -> str:
    """An amount as Stripe writes it in its messages: `€0.50 eur`."""
    digits = _digits(currency)
    return f"{SYMBOLS.get(currency, '')}{amount / 10**digits:,.{digits}f} {currency}"


def units(number: int, currency: str) -> int:
    """So many whole units of a currency, as Stripe counts them."""
    return number * int(10 ** _digits(currency))


def _digits(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def check(amount: int, currency: str) -> None:
    """Refuse what Stripe would not charge, before anything is written."""
    if currency not in KNOWN:
        raise ApiError(
            f"Invalid currency: {currency}. Stripe currently supports these currencies:"
            f" {', '.join(sorted(KNOWN))}",
            param="currency",
        )
    if currency in THREE_DECIMAL and amount % 10:
        raise ApiError(
            f"Invalid amount: the last digit of an amount in {currency} must be 0.", param="amount"
        )
    if currency in WHOLE_UNITS and amount % 100:
        raise ApiError(
            f"Invalid amount: {currency} has no minor unit; amounts must be a multiple of 100.",
            param="amount",
        )
    least = LEAST.get(currency, 1)
    if amount < least:
        raise ApiError(
            f"Amount must be at least {show(least, currency)}",
            code="amount_too_small",
            param="amount",
        )
    if amount > MOST:
        raise ApiError(
            f"Amount must be no more than {show(MOST, currency)}",
            code="amount_too_large",
            param="amount",
        )
