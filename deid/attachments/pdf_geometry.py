"""Where things stand on the page of a PDF: matrices and boxes."""

from typing import Final

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
"""left, bottom, right, top"""

UNIT: Final[Matrix] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def times(first: Matrix, second: Matrix) -> Matrix:
    """Return the matrix that does the first and then the second."""
    a, b, c, d, e, f = first
    g, h, i, j, k, m = second
    return (
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + m,
    )


def box_of(at: Matrix, x: float, y: float, width: float, height: float) -> Box:
    """Return the upright box round a rectangle that a matrix moves."""
    corners = [
        (px * at[0] + py * at[2] + at[4], px * at[1] + py * at[3] + at[5])
        for px in (x, x + width)
        for py in (y, y + height)
    ]
    across, up = [each[0] for each in corners], [each[1] for each in corners]
    return min(across), min(up), max(across), max(up)


def meets(text: Box, cover: Box) -> bool:
    """Tell whether a box reaches into the ink of a text by more than a touch."""
    left, right = min(text[0], text[2]), max(text[0], text[2])
    return cover[1] < text[1] < cover[3] and cover[0] < right and cover[2] > left


def holds(cover: Box, text: Box) -> bool:
    """Tell whether a box reaches from before the first letter to behind the last."""
    return cover[0] <= min(text[0], text[2]) + 1 and cover[2] >= max(text[0], text[2]) - 1
