"""Markdown tables and rounded numbers."""

from collections.abc import Sequence


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percent(ratio: float | None) -> str:
    """Return a share with three decimals, or a dash."""
    return "-" if ratio is None else f"{ratio:.4f}"
