"""Cells of CSV files that a spreadsheet does not take for formulas."""


def safe_cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula: shoppers write their names themselves."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
