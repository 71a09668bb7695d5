"""The golden files are what today's code makes, and reading them works."""

from pathlib import Path

import pytest

from exchange import canonical, case_bundle, checks
from runtime import json_text
from tests.support import wire_examples

FILES = wire_examples.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_file_is_what_the_code_makes(path: Path) -> None:
    assert path.read_bytes() == FILES[path]


def test_the_golden_case_keeps_the_contract() -> None:
    bundle = json_text.loads((wire_examples.GOLDEN / "case.json").read_bytes())
    assert checks.check_case(bundle) == ()
    assert case_bundle.read_case(bundle).question.startswith("Would you stop")


def test_the_canonical_vectors_hold_when_read_from_a_file() -> None:
    read = json_text.loads((wire_examples.GOLDEN / "canonical-vectors.json").read_bytes())
    assert len(read["vectors"]) == 5
    for vector in read["vectors"]:
        resolve = {reference: tuple(key) for reference, key in vector["resolve"].items()}
        made = canonical.canonical_bytes(vector["resource"], resolve=resolve)
        assert made.decode() == vector["canonical"]
