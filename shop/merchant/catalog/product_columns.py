"""What the columns of other programs' product files are: Shopify's, WooCommerce's, usual words."""

from collections.abc import Sequence

from bs4 import BeautifulSoup

from shop.core.typed.spelling import plain
from shop.merchant.forms.column_mapping import ColumnChoices, ExportPreset, folded

# fmt: off
LABELS = {
    "sku": "sku: the product’s number",
    "name": "name",
    "slug": "slug: its address",
    "text": "text: its description",
    "currency": "currency",
    "list_price": "list_price: what it costs outside sales",
    "sold_at_list_price": "sold_at_list_price: also outside sales, yes or no",
    "variant_sku": "variant_sku: a variant’s own number",
    "variant": "variant: its name, such as a size",
    "supplied": "supplied: all units that there ever were",
    "group": "what all rows of one product have in common",
    "parent": "the product that a row is a variant of",
    "kind": "the kind of a row: simple, variable, variation",
    "row_id": "the number by which other rows name a row",
}
#: Columns that say how rows belong together, and are none of ours.
HELPERS = ("group", "parent", "kind", "row_id")

_WORDS = {
    "sku": (
        "article", "article number", "item", "item number", "item no", "item no.", "product number",
        "product code", "art. nr.", "art. nr", "art.nr.", "artnr", "artikelnr.", "artikelnr",
        "artikelnummer", "artikel nr.", "artikel nr", "produktnummer", "bestellnummer", "référence",
        "reference", "réf.", "ref",
        "code article", "code produit", "referencia", "código", "codigo", "código de producto",
        "codice", "codice articolo", "codice prodotto", "riferimento", "style", "style code",
    ),
    "name": (
        "title", "product", "product name", "product title", "item name", "bezeichnung", "artikel",
        "artikelbezeichnung", "artikelname", "produkt", "produktname", "titel", "nom",
        "nom du produit", "produit", "titre", "désignation", "libellé", "nombre",
        "nombre del producto", "producto", "título", "nome", "nome prodotto", "prodotto", "titolo",
        "denominazione",
    ),
    "slug": ("handle", "url key", "permalink", "address"),
    "text": (
        "description", "product description", "long description", "body", "details", "beschreibung",
        "produktbeschreibung", "langtext", "descripción", "descripcion", "descrizione",
    ),
    "currency": ("currency code", "währung", "devise", "monnaie", "moneda", "divisa", "valuta"),
    "list_price": (
        "price", "regular price", "retail price", "rrp", "msrp", "unit price",
        "preis", "vk", "vk preis", "verkaufspreis", "listenpreis", "bruttopreis", "uvp", "prix",
        "prix ttc", "prix de vente", "tarif", "precio", "pvp", "precio de venta", "prezzo",
        "prezzo di vendita", "prezzo di listino",
    ),
    "sold_at_list_price": ("published", "active", "visible", "veröffentlicht", "aktiv"),
    "variant_sku": ("variant number", "variantennummer", "varianten sku"),
    "variant": (
        "size", "variant name", "option", "colour", "color", "größe", "groesse", "variante",
        "farbe", "taille", "couleur", "talla", "taglia", "misura",
    ),
    "supplied": (
        "stock", "quantity", "qty", "inventory", "units", "on hand", "available", "bestand",
        "lagerbestand", "menge", "anzahl", "stückzahl", "quantité", "stock disponible", "cantidad",
        "existencias", "quantità", "giacenza", "scorte",
    ),
    "parent": ("parent sku", "parent product", "übergeordnete artikelnummer"),
    "group": ("group id", "item group id", "style number"),
}
_SHOPIFY = {
    "title": "name", "published": "sold_at_list_price", "status": "sold_at_list_price",
    "option1 value": "variant", "option2 value": "variant", "option3 value": "variant",
}
_SHOPS = (
    # help.shopify.com/manual/products/import-export/using-csv: as it was, and as it is since 2025.
    ExportPreset(
        "Shopify",
        frozenset({"handle", "title", "variant price"}),
        {
            **_SHOPIFY, "handle": "group", "body (html)": "text", "variant sku": "variant_sku",
            "variant inventory qty": "supplied", "variant price": "list_price",
        },
    ),
    ExportPreset(
        "Shopify",
        frozenset({"url handle", "title", "option1 value"}),
        {
            **_SHOPIFY, "url handle": "group", "description": "text", "sku": "variant_sku",
            "inventory quantity": "supplied", "price": "list_price",
            "published on online store": "sold_at_list_price",
        },
    ),
    # github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema; names are the site's own.
    ExportPreset(
        "WooCommerce",
        frozenset({"id", "type", "sku", "regular price", "parent"}),
        {
            "id": "row_id", "type": "kind", "sku": "sku", "name": "name", "parent": "parent",
            "published": "sold_at_list_price", "short description": "text", "description": "text",
            "stock": "supplied", "regular price": "list_price",
            **{f"attribute {number} value(s)": "variant" for number in range(1, 10)},
        },
    ),
    ExportPreset(
        "WooCommerce",
        frozenset({"id", "typ", "artikelnummer", "regulärer preis", "übergeordnetes produkt"}),
        {
            "id": "row_id", "typ": "kind", "artikelnummer": "sku", "name": "name",
            "übergeordnetes produkt": "parent", "veröffentlicht": "sold_at_list_price",
            "kurzbeschreibung": "text", "beschreibung": "text", "bestand": "supplied",
            "lager": "supplied", "regulärer preis": "list_price",
            **{f"attribut {number} wert(e)": "variant" for number in range(1, 10)},
        },
    ),
)
#: What programs say of whether something is for sale.
_FOR_SALE = {"active": "yes", "publish": "yes", "draft": "no", "archived": "no", "private": "no",
             "unlisted": "no", "pending": "no", "-1": "no"}
# fmt: on
#: The option of a product of Shopify's that has none.
_NO_OPTION = "Default Title"
_BLOCKS = ("p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "ul", "ol", "blockquote")


def text_of(description: str) -> str:
    """A description as text: of HTML its paragraphs, a line each, and points of a list."""
    lines = description.replace("\\n", "\n")
    if "<" not in lines and "&" not in lines:
        return lines
    soup = BeautifulSoup(lines, "html.parser")
    for each in soup(["script", "style"]):
        each.decompose()
    for each in soup("br"):
        each.replace_with("\n")
    for each in soup("li"):
        each.insert(0, "• ")
    for each in soup(_BLOCKS):
        each.append("\n")
    found = (" ".join(line.split()) for line in soup.get_text().splitlines())
    return "\n".join(line for line in found if line)


def _for_sale(word: str) -> str:
    return _FOR_SALE.get(plain(word).casefold(), word)


def _of_all(words: Sequence[str]) -> str:
    """For sale is what all columns say is; a no counts."""
    given = [word for word in words if word.strip()]
    return next((word for word in given if _is_no(word)), given[0] if given else "")


def _is_no(word: str) -> bool:
    return plain(word).casefold() in {"no", "false", "0", "nein", "n"}


def _variant_name(values: Sequence[str]) -> str:
    return " / ".join(value.strip() for value in values if value.strip())


CHOICES = ColumnChoices(
    labels=LABELS,
    words={folded(word): column for column, words in _WORDS.items() for word in words},
    presets=_SHOPS,
    joined={
        "variant": _variant_name,
        "text": lambda texts: "\n\n".join(filter(None, dict.fromkeys(texts))),
        "sold_at_list_price": _of_all,
    },
    converted={
        "text": text_of,
        "sold_at_list_price": _for_sale,
        "variant": lambda name: "" if name.strip() == _NO_OPTION else name,
    },
    instead={"sku": ("group", "variant_sku", "name")},
)
