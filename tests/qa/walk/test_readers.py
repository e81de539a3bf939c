"""Readers: what a page says is understood, and what is not understood is handed back."""

from datetime import UTC, datetime

import pytest

from shop.qa.walk.blocks import read_page
from shop.qa.walk.readers import Names, Sentence, read_page_text, the_sale
from shop.qa.walk.shop_sentences import BAG, HOME
from shop.qa.walk.statements import Topic

CARD = """
<section><h2>Open now</h2><ul><li><h3><a href="/sales/autumn/">Autumn</a></h3>
<p>2 deals until
<time data-window-ends datetime="2026-11-27T11:15:00Z">12:15, Berlin time</time></p>
</li></ul></section>
"""


def said(html: str) -> set[tuple[Topic, str, object]]:
    reading = read_page_text(read_page(html), HOME, Names())
    assert reading.unread == []
    return {(each.topic, each.subject, each.value) for each in reading.statements}


def test_a_card_says_which_sale_is_open_and_until_when() -> None:
    assert said(CARD) == {
        (Topic.DEALS, "autumn", 2),
        (Topic.CLOSES, "autumn", datetime(2026, 11, 27, 11, 15, tzinfo=UTC)),
        (Topic.PHASE, "autumn", "open"),
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "Only €4.99 today",
        "Ends at 12:15",
        "Half of it is held",
        "Now −90% off",
        "Two days left, until 27 November",
        "For 30 minutes more",
        "CHF 4.50 each",
    ],
)
def test_a_sentence_of_time_or_money_that_nobody_has_taught_is_handed_back(sentence: str) -> None:
    reading = read_page_text(read_page(f"<p>{sentence}</p>"), HOME, Names())
    assert reading.unread == [sentence]


@pytest.mark.parametrize("sentence", ["Order FF-3QSWEH7T", "See your bag", "One of each"])
def test_a_sentence_of_neither_is_passed_over(sentence: str) -> None:
    reading = read_page_text(read_page(f"<p>{sentence}</p>"), HOME, Names())
    assert reading.unread == [] and reading.statements == []


def test_what_the_merchant_wrote_is_not_the_shops_word() -> None:
    page = read_page("<p>All for €5 until noon!</p>")
    reading = read_page_text(page, HOME, Names(own_words=["All for €5 until noon!"]))
    assert reading.unread == []


def test_a_line_of_the_bag_says_what_it_costs_by_its_words_and_by_its_data() -> None:
    html = (
        '<ul><li data-line="x1" data-sku="MUG-01" data-amount="499"><p>€4.99 each</p>'
        "<p>€9.98</p></li></ul>"
    )
    statements = read_page_text(read_page(html), BAG, Names(about="bag")).statements
    assert {(each.topic, each.subject, each.value) for each in statements} == {
        (Topic.LINE_AMOUNT, "x1", 499),
        (Topic.LINE_TOTAL, "x1", 998),
        (Topic.LINE_VERDICT, "x1", "honored"),
    }


def test_a_cell_is_read_with_the_head_of_its_column_and_row() -> None:
    html = (
        "<table><thead><tr><th>What</th><th>Each</th><th>Sum</th></tr></thead><tbody>"
        "<tr><th>Mug</th><td>€4.99</td><td>€9.98</td></tr>"
        "<tr><th colspan=2>Total</th><td>€9.98</td></tr></tbody></table>"
    )
    cells = [(block.row, block.said) for block in read_page(html).blocks if block.column]
    assert cells == [
        ("Mug", "What: Mug"),
        ("Mug", "Each: €4.99"),
        ("Mug", "Sum: €9.98"),
        ("Total", "What: Total"),
        ("Total", "Sum: €9.98"),
    ]


def test_what_is_hidden_says_nothing() -> None:
    assert read_page("<p hidden>Held until 12:15</p><script>€4.99</script>").blocks == []


def test_two_times_in_one_sentence_keep_their_places() -> None:
    html = (
        '<p>From <time datetime="2026-11-27T11:00:00Z">12:00</time> to '
        '<time datetime="2026-11-27T11:15:00Z">12:15</time></p>'
    )
    sentence = Sentence(r"^From {opens} to {closes}$", the_sale)
    reading = read_page_text(read_page(html), [sentence], Names(about="autumn"))
    assert [(each.topic, each.value, each.words) for each in reading.statements] == [
        (Topic.OPENS, datetime(2026, 11, 27, 11, 0, tzinfo=UTC), "From 12:00 to 12:15"),
        (Topic.CLOSES, datetime(2026, 11, 27, 11, 15, tzinfo=UTC), "From 12:00 to 12:15"),
    ]
