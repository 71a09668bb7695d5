"""The table of SMART requirements has every row, and each row names a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "integrate" / "smart-requirements.md"
ROWS = [
    *(f"D{n}" for n in range(1, 6)), *(f"A{n}" for n in range(1, 11)),
    *(f"T{n}" for n in range(1, 9)), *(f"I{n}" for n in range(1, 5)),
    *(f"C{n}" for n in range(1, 9)), *(f"R{n}" for n in range(1, 7)),
    "F1", "F2", "F3", "S1", "S2", "S3", "S4", "L1", "E1",
    *(f"B{n}" for n in range(1, 9)),
]  # fmt: skip
_LINE = re.compile(r"^\| ([A-Z]\d{1,2}) \|(.*)\|$", re.MULTILINE)
_TEST = re.compile(r"`((?:unit|store|contract|journey|browser)/[\w/]+\.py)` `(test_\w+)`")


def _rows() -> dict[str, list[str]]:
    found = _LINE.findall(PAGE.read_text(encoding="utf-8"))
    return {row: [cell.strip() for cell in cells.split(" | ")] for row, cells in found}


def test_every_requirement_has_its_row_once() -> None:
    found = [row for row, _ in _LINE.findall(PAGE.read_text(encoding="utf-8"))]
    assert found == ROWS


@pytest.mark.parametrize("row", ROWS)
def test_a_requirement_that_is_met_names_where_and_an_existing_test(row: str) -> None:
    asked, met, where, shown = (*_rows()[row], "", "", "")[:4]
    assert asked
    if met.startswith("no"):
        assert len(met) > len("no: because")
        return
    assert re.search(r"`[\w/]+\.py`", where)
    tests = _TEST.findall(shown)
    assert tests
    for file, name in tests:
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert f"def {name}(" in text
