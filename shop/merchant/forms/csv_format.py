"""CSV as the shop writes it."""

from io import StringIO
from typing import Any

from import_export.formats.base_formats import CSV

from shop.core.csv_cells import SafeWriter


class CsvFormat(CSV):
    """CSV whose cells no spreadsheet computes; ``table_files`` reads it back as it was."""

    def export_data(self, dataset: Any, **kwargs: Any) -> str:
        file = StringIO()
        writer = SafeWriter(file)
        for row in (dataset.headers, *dataset):
            writer.write(row)
        return file.getvalue()
