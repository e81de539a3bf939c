"""Tables that a merchant takes out and brings in, in tests."""

import csv
import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from shop.qa.pytest_plugin.back_office import Merchant
from shop.qa.pytest_plugin.client import HtmlPage

PRODUCTS, DEALS = "catalog_product", "sales_deal"


def preview(merchant: Merchant, table: str, content: str | bytes) -> HtmlPage:
    """Upload a table, and see what would come of it."""
    path = reverse(f"admin:{table}_import")
    sent = content if isinstance(content, bytes) else content.encode()
    return merchant.send(path, {"import_file": SimpleUploadedFile("table.csv", sent)})


def choose(
    merchant: Merchant, table: str, page: HtmlPage, columns: dict[str, str] | None = None
) -> HtmlPage:
    """Send what the columns of a file are: as the page guesses, but for some by their names."""
    form = page.one("form:has([name=column-0])")
    sent = {"file": str(page.one("form:has([name=column-0]) [name=file]")["value"])}
    for field in form.select("select"):
        label = page.one(f"label[for={field['id']}]").get_text()
        sent[str(field["name"])] = (columns or {}).get(label, chosen_columns(page).get(label, ""))
    return merchant.send(reverse(f"admin:{table}_import"), sent)


def chosen_columns(page: HtmlPage) -> dict[str, str]:
    """What a page takes the columns of a file for, without those that are left out."""
    found = {}
    for field in page.soup.select("table.columns-chosen select"):
        option = field.select_one("option[selected]")
        if option and option["value"]:
            found[page.one(f"label[for={field['id']}]").get_text()] = str(option["value"])
    return found


def confirmed(merchant: Merchant, table: str, page: HtmlPage) -> HtmlPage:
    """What comes of the press on a preview's button."""
    form = page.soup.select_one("form:has([name=confirm])")
    assert form is not None, page.text
    fields = {str(each["name"]): str(each.get("value", "")) for each in form.select("input[name]")}
    return merchant.send(reverse(f"admin:{table}_process_import"), fields)


def read_in(merchant: Merchant, table: str, content: str | bytes) -> HtmlPage:
    """Upload a table, and confirm the preview."""
    return confirmed(merchant, table, preview(merchant, table, content))


def exported(merchant: Merchant, table: str) -> str:
    """A table as it is taken out."""
    return merchant.client.get(reverse(f"admin:{table}_export")).content.decode()


def export(merchant: Merchant, table: str) -> list[dict[str, str]]:
    """Its rows."""
    return list(csv.DictReader(io.StringIO(exported(merchant, table))))


def problems(page: HtmlPage) -> list[str]:
    """What a page says is wrong with a file: "3 supplied: some is not a whole number"."""
    found = []
    for row in page.soup.select("table.import-preview tbody tr"):
        line = row.select_one("th")
        assert line is not None
        for each in row.select("li"):
            found.append(f"{line.get_text().strip()} {' '.join(each.get_text().split())}")
    return found
