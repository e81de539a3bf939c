"""Figures as text, in columns below each other."""


def table(lines: list[tuple[str, ...]]) -> str:
    """The lines with their columns aligned: names to the left, figures to the right."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def in_microseconds(seconds: float) -> str:
    """Such as "1,234.5 µs"."""
    return f"{seconds * 1e6:,.1f} µs"


def in_ratios(spread: tuple[float, float]) -> str:
    """Such as "1.27–1.75"."""
    low, high = spread
    return f"{low:.2f}–{high:.2f}"
