"""Amounts and reductions as people write them, in five languages and in every currency."""

from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from shop.core.currencies import all_currencies, digits_of
from shop.core.money import MOST_MONEY, format_money, major_units
from shop.core.typed.money import LANGUAGES, read_money, read_percent

# fmt: off
READ = [
    ("49.90", "EUR", 4990), ("49,90", "EUR", 4990), ("49", "EUR", 4900), ("49,9", "EUR", 4990),
    ("1.299,50", "EUR", 129950), ("1,299.50", "EUR", 129950), ("1 299,50", "EUR", 129950),
    ("1\u202f299,50", "EUR", 129950), ("1\u00a0299,50", "EUR", 129950),
    ("1'299.50", "EUR", 129950), ("1’299.50", "EUR", 129950), ("12,34,567.00", "EUR", 123456700),
    ("1,299,000", "EUR", 129900000), ("1 299", "EUR", 129900),
    ("49,-", "EUR", 4900), ("49.–", "EUR", 4900), (".5", "EUR", 50), ("0,500", "KWD", 500),
    ("49,90 €", "EUR", 4990), ("€49.90", "EUR", 4990), ("49.90 EUR", "EUR", 4990),
    ("eur 49.90", "EUR", 4990), ("5 euros", "EUR", 500), ("\u200b49.90", "EUR", 4990),
    ("$5", "USD", 500), ("US$ 5", "USD", 500), ("CA$5", "CAD", 500), ("$5", "CAD", 500),
    ("Fr. 5.50", "CHF", 550), ("5.50 Fr.", "CHF", 550), ("5,50 kr", "SEK", 550),
    ("1,500", "JPY", 1500), ("1.500 ¥", "JPY", 1500), ("¥1500", "JPY", 1500),
    ("1.500", "KWD", 1500), ("1,5", "KWD", 1500), ("1,500.000", "KWD", 1500000),
    ("150.50", "RSD", 15050), ("150,50 din.", "RSD", 15050),
]
REFUSED = [
    ("1.500", "EUR", "may be 1500 or 1.50"), ("1,500", "EUR", "may be 1500 or 1.50"),
    ("1.299", "EUR", "have 2 decimals. If 1.299 is 1299, write 1299"),
    ("1,299", "EUR", "If 1,299 is 1299, write 1299"),
    ("1,500", "KWD", "may be 1500 or 1.500"),
    ("4.9999", "EUR", "have 2 decimals"), ("49.9000", "EUR", "have 2 decimals"),
    ("1500.00", "JPY", "have no decimals"), ("5.5", "JPY", "have no decimals"),
    ("$5", "EUR", "in USD: write it in EUR"), ("5 USD", "EUR", "in USD"),
    ("£5", "EUR", "in GBP"), ("5 €", "USD", "in EUR"), ("CHF 5", "EUR", "in CHF"),
    ("-5", "EUR", "below zero"), ("−5", "EUR", "below zero"), ("–5", "EUR", "below zero"),
    ("－5", "EUR", "below zero"), ("€ -5", "EUR", "below zero"),
    ("NaN", "EUR", "is not an amount such as 49.90"), ("Infinity", "EUR", "is not an amount"),
    ("1e3", "EUR", "is not an amount"), ("1_000", "EUR", "is not an amount"),
    ("0x10", "EUR", "is not an amount"), ("1.2.3", "EUR", "is not an amount"),
    ("1.299.00", "EUR", "is not an amount"), ("5..5", "EUR", "is not an amount"),
    ("5 %", "EUR", "is not an amount"), ("free", "EUR", "is not an amount"),
    ("", "EUR", "Nothing is not an amount"),
    ("４９", "EUR", "with the figures 0 to 9"), ("٤٩", "EUR", "with the figures 0 to 9"),
    ("½", "EUR", "with the figures 0 to 9"),
    ("9" * 13, "EUR", "twelve digits"), ("9" * 5000, "EUR", "is not an amount"),
]
# fmt: on


@pytest.mark.parametrize(("written", "currency", "amount"), READ)
def test_an_amount_is_read_as_its_author_meant_it(written: str, currency: str, amount: int) -> None:
    assert read_money(written, currency) == amount


@pytest.mark.parametrize(("written", "currency", "said"), REFUSED)
def test_what_is_no_amount_or_may_mean_two_is_refused_in_words(
    written: str, currency: str, said: str
) -> None:
    with pytest.raises(ValidationError, match=said.replace(".", r"\.")):
        read_money(written, currency)


currencies = st.sampled_from(sorted(all_currencies()))
amounts = st.integers(min_value=0, max_value=MOST_MONEY)


def in_words_of(language: str, amount: int, currency: str) -> str:
    """An amount as a language writes it, with all decimals of ISO 4217."""
    digits = digits_of(currency)
    decimals = f".{'0' * digits}" if digits else ""
    pattern = Locale(language).currency_formats["standard"].pattern.replace("0.00", "0" + decimals)
    money = major_units(amount, currency)
    return format_currency(money, currency, pattern, language, currency_digits=False)


@given(amounts, currencies, st.sampled_from(LANGUAGES))
@example(150_000, "EUR", "de")
@example(1500, "JPY", "de")
@example(1500, "KWD", "de")
def test_what_a_language_writes_is_read_as_the_same_amount(
    amount: int, currency: str, language: str
) -> None:
    written = in_words_of(language, amount, currency)
    has_comma_before_three = digits_of(currency) == 3 and language != "en"
    if has_comma_before_three and 1 <= major_units(amount, currency) < 1000:
        # "1,500 KWD" is one dinar and a half, but for who writes English it is 1500.
        with pytest.raises(ValidationError, match="may be"):
            read_money(written, currency)
    else:
        assert read_money(written, currency) == amount


@given(amounts, currencies)
def test_what_the_shop_writes_it_reads(amount: int, currency: str) -> None:
    assert read_money(format_money(amount, currency), currency) == amount
    assert read_money(str(major_units(amount, currency)), currency) == amount


@given(st.text(alphabet="0123456789.,' -−€$%eE\u202f", max_size=12), currencies)
def test_an_amount_that_is_read_has_the_figures_that_were_written(
    written: str, currency: str
) -> None:
    try:
        amount = read_money(written, currency)
    except ValidationError:
        return
    figures = "".join(each for each in written if each.isdigit())
    # No figure is lost or made up, but for zeros at either end.
    assert str(amount).strip("0") == figures.strip("0")


# --- Reductions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "percent"),
    [("30%", "30"), ("30 %", "30"), ("-30%", "30"), ("−12,5 %", "12.5"), ("12.5%", "12.5")],
)
def test_a_reduction_is_read(written: str, percent: str) -> None:
    assert read_percent(written) == Decimal(percent)


@pytest.mark.parametrize("written", ["0%", "100%", "x%", "%", "-130%", "nan%", "1.500%", "1e1%"])
def test_a_reduction_is_more_than_nothing_and_less_than_all(written: str) -> None:
    with pytest.raises(ValidationError, match="Write a reduction as 30%"):
        read_percent(written)
