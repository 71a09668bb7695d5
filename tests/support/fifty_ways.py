"""The page that says which tests guard which way out: `python -m tests.support.fifty_ways`."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "safety" / "fifty-ways.md"
_TESTS: Final = ROOT / "tests" / "corpus" / "escapes"
_MARK: Final = re.compile(
    r"\brow=(\d{1,2})\b|\btest_row_(\d\d)_(?:and_(\d\d)_)?|_noted\(\s*(\d\d)\b"
)

WAYS: Final = (
    "free text in a coded element", "ids made of record numbers", "conditional references",
    "versioned references", "urn:uuid of the record system", "contained resources",
    "references without a target", "identifier systems that name the site",
    "unknown extensions, also on primitives", "well-known extensions with identity",
    "unknown modifier extensions", "meta and envelopes", "local codes typed by hand",
    "facts of a file", "RTF markup", "wrong types and nested encodings", "layers of a PDF",
    "hidden parts of office files", "metadata of pictures", "DICOM", "web pages",
    "clinical documents in XML", "invisible characters", "look-alike characters",
    "broken layout", "possessives, compounds, handles", "other names of a person",
    "signatures, footers, forwarded mail", "names that are words", "ids in other forms",
    "unusual dates", "a birth date counted back", "an unshifted anchor", "uneven shift",
    "weak shift", "great age", "linkable pseudonyms", "geography elsewhere", "rare facts",
    "family links", "answers of forms", "numbers and units as carriers", "device numbers",
    "pictures, voice, video", "consult traffic", "transport", "errors and leftovers",
    "odd JSON", "rarely used fields", "reversal and drift",
)  # fmt: skip


def files_by_row() -> dict[int, dict[str, int]]:
    """For each row the files of its tests, with how many marks of the row each holds."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for path in sorted(_TESTS.glob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        for match in _MARK.finditer(text):
            for group in match.groups():
                if group:
                    found[int(group)][path.name] += 1
    return {row: dict(files) for row, files in found.items()}


def page() -> str:
    """The page as it should be."""
    rows = files_by_row()
    lines = [
        "# The fifty ways out",
        "",
        "For privacy officers and testers. After this page you can run the tests of one way out.",
        "",
        "Each way by which an identifier could leave has cases that",
        "plant values and search everything that leaves. Run one row with",
        "`pytest tests/corpus/escapes -k 'row and 29'`; the cases are named by row and in words.",
        "A case that still leaks is marked as an expected failure with its reason.",
        "",
        "This page is written by `python -m tests.support.fifty_ways`.",
        "",
        "|row|way|tests in tests/corpus/escapes|",
        "|-|-|-|",
    ]
    for row, way in enumerate(WAYS, start=1):
        files = ", ".join(f"`{name}`" for name in sorted(rows.get(row, {})))
        lines.append(f"|{row}|{way}|{files}|")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
