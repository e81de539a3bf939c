"""Rows of other programs' product files as ours: a row for each variant, with its product's sku.

Shopify writes what a product has in common in the first row of its handle alone, and rows for
pictures. WooCommerce has a row for the product, and others for its variations, which name it. Where
a product has no sku of its own, it gets one that stays the same while its name or handle does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from django.utils.text import slugify

from shop.core.durations import several
from shop.merchant.catalog.product_columns import HELPERS
from shop.merchant.forms.table_columns import cell
from shop.merchant.forms.table_rows import TableRow, TableRows

#: Kinds of rows that are nothing to sell here.
_ELSEWHERE = frozenset({"grouped", "external"})
#: What belongs to a variant; all else is its product's.
_OF_VARIANT = ("variant_sku", "variant", "supplied")
#: What a row says that is more than a picture.
_SAYS = ("sku", "name", "list_price", *_OF_VARIANT)
_MOST_LETTERS = 64


def arrange(rows: TableRows) -> TableRows:
    """A row for each variant, with the sku of its product."""
    if "sku" in rows.names and not rows.names.keys() & set(HELPERS):
        return rows
    sold = [row for row in rows.rows if not _kinds(row) & _ELSEWHERE]
    found = [each for members in _products(sold).values() for each in _variants(members)]
    notes = list(rows.notes)
    if others := len(rows.rows) - len(sold):
        notes.append(f"{several(others, 'row')} left out: groups of products, or sold elsewhere.")
    own = {cell(row.cells, name) for row in sold for name in ("sku", "variant_sku", "parent")}
    if any(cell(row.cells, "sku") not in own for row in found):
        notes.append("Products without a sku get one of their name, or of what groups their rows.")
    of_product = rows.names.get("group") or rows.names.get("name") or "sku"
    names = {"sku": of_product, "variant_sku": rows.names.get("sku", "variant_sku"), **rows.names}
    return TableRows(names, found, tuple(notes))


def _kinds(row: TableRow) -> set[str]:
    return {kind.strip() for kind in cell(row.cells, "kind").casefold().split(",")}


def _products(rows: Sequence[TableRow]) -> dict[str, list[TableRow]]:
    """The rows of each product, by what they have in common."""
    named: dict[str, str] = {}
    for row in rows:
        key = _own_key(row)
        for name in (cell(row.cells, "sku"), f"id:{cell(row.cells, 'row_id')}"):
            if name not in {"", "id:"}:
                named.setdefault(name.casefold(), key)
    products: dict[str, list[TableRow]] = {}
    for row in rows:
        parent = cell(row.cells, "parent").casefold()
        key = named.get(parent, f"sku {parent}") if parent else _own_key(row)
        products.setdefault(key, []).append(row)
    return products


def _own_key(row: TableRow) -> str:
    """What tells a row's product from others, where it names no parent."""
    for name in ("group", "sku"):
        if value := cell(row.cells, name):
            return f"{name} {value.casefold()}"
    if cell(row.cells, "row_id"):
        return f"row {row.line}"
    value = cell(row.cells, "name") or cell(row.cells, "variant_sku")
    return f"name {value.casefold()}" if value else f"row {row.line}"


def _variants(members: Sequence[TableRow]) -> Iterator[TableRow]:
    """The rows of a product's variants."""
    heads = [row for row in members if not cell(row.cells, "parent")]
    sizes = [row for row in members if cell(row.cells, "parent")]
    if sizes:
        yield from _of_parent(heads[0] if heads else None, sizes)
        return
    # Rows of pictures say nothing of variants.
    filled = [row for row in heads if any(cell(row.cells, name) for name in _SAYS)] or heads[:1]
    for row in filled:
        cells = dict(row.cells)
        if "parent" in cells:
            # What a product without variations says of itself is no name of one.
            cells["variant"] = ""
        own, is_alone = cell(cells, "variant_sku"), len(filled) == 1 and not cell(cells, "variant")
        cells["sku"] = cell(cells, "sku") or (is_alone and own) or _made_sku(filled[0])
        cells["variant_sku"] = own or (cells["sku"] if is_alone else "")
        yield replace(row, cells=cells)


def _of_parent(head: TableRow | None, sizes: Sequence[TableRow]) -> Iterator[TableRow]:
    """Rows of variations: the first has what its product says, which stands in another line."""
    of_product = {} if head is None else dict(head.cells)
    made = _made_sku(head) if head else cell(sizes[0].cells, "parent")
    sku = cell(of_product, "sku") or made
    for name in ("sku", *_OF_VARIANT):
        of_product.pop(name, None)
    for row in sizes:
        own = {name: cell(row.cells, name) for name in _OF_VARIANT if name in row.cells}
        if price := cell(row.cells, "list_price"):
            own["list_price"] = price
        cells = {**dict.fromkeys(row.cells, ""), **of_product, **own}
        lines = {name: head.line for name in of_product if name not in own} if head else {}
        cells |= {"sku": sku, "variant_sku": cell(row.cells, "sku")}
        yield TableRow(row.line, cells, lines)
        of_product = {}


def _made_sku(row: TableRow) -> str:
    """A sku for a product that has none: of its handle, or of its name and number."""
    parts = [cell(row.cells, "group") or cell(row.cells, "name"), cell(row.cells, "row_id")]
    text = "-".join(filter(None, parts)) or cell(row.cells, "variant_sku")
    made = slugify(text).strip("-_")
    if made and len(made) <= _MOST_LETTERS:
        return made
    digest = sha256(text.encode()).hexdigest()[:8]
    return f"{made[: _MOST_LETTERS - 9] or 'product'}-{digest}" if text else ""
