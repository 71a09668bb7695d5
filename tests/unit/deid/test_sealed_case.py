"""A de-identified case is made by the pipeline and cannot be changed."""

import ast
import pickle
from pathlib import Path

import pytest

from deid import policy, sealed_case
from deid.errors import SealBroken
from deid.pipeline import deidentify
from deid.sealed_case import DeidentifiedCase
from tests.support.deid_cases import case, observation

ROOT = Path(__file__).parents[3]


def sealed() -> DeidentifiedCase:
    made = case(observation(), texts={"question": "Potassium 6.1?"})
    return deidentify(made, policy.load()).sealed


def test_nobody_can_make_one_by_hand() -> None:
    with pytest.raises(SealBroken):
        DeidentifiedCase(object(), {})


def test_a_case_whose_last_look_failed_cannot_be_sealed() -> None:
    made = sealed()
    values = {name: getattr(made, name) for name in made.__slots__}
    failed = {name: getattr(made.receipt, name) for name in made.receipt.__dataclass_fields__}
    values["receipt"] = sealed_case.DeidReceipt(**{**failed, "gate_passed": False})
    with pytest.raises(SealBroken):
        sealed_case._seal_case(values)


def test_it_cannot_be_changed() -> None:
    made = sealed()
    with pytest.raises(SealBroken):
        made.case_id = "another"
    with pytest.raises(SealBroken):
        del made.entries
    with pytest.raises(TypeError):
        made.texts["question"] = "Adela"  # type: ignore[index]


def test_changing_a_resource_read_from_it_changes_nothing() -> None:
    made = sealed()
    made.entries[0].resource["name"] = [{"family": "Marrowby"}]
    assert "name" not in made.entries[0].resource


def test_it_comes_back_equal_from_the_process_that_made_it() -> None:
    made = sealed()
    again = pickle.loads(pickle.dumps(made))  # noqa: S301 - our own bytes
    assert again == made
    assert hash(again) == hash(made)
    assert made != "something else"


def test_printing_it_shows_counts_only() -> None:
    made = sealed()
    assert repr(made) == "<DeidentifiedCase 3 entries, 1 texts>"
    assert "6.10" not in repr(made.entries)


def test_only_the_pipeline_calls_the_seal() -> None:
    callers = []
    for path in sorted(ROOT.glob("*/**/*.py")):
        if ".venv" in path.parts or path.is_relative_to(ROOT / "tests"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", getattr(node, "id", None))
            if name in ("_seal_case", "_SEAL", "_reopen"):
                callers.append(path.relative_to(ROOT).as_posix())
    assert sorted(set(callers)) == ["deid/pipeline.py", "deid/sealed_case.py"]
