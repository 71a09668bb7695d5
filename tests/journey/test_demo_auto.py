"""The README's promise: one command walks the whole loop and proves what it did."""

from pathlib import Path

import pytest

from tests.support.demo import AutoRun, run_auto

STEPS = [
    "sign in at ehr",
    "launch",
    "read chart",
    "ask",
    "approve",
    "sign in at desk",
    "claim",
    "ask back",
    "reply",
    "answer",
    "open at card",
    "read answer",
    "see in chart",
    "decide",
    "prove",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for all walks of this file."""
    return tmp_path_factory.mktemp("auto") / "demo"


@pytest.fixture(scope="module")
def first(folder: Path) -> AutoRun:
    """The first walk, on an empty folder."""
    return run_auto(folder)


def test_demo_auto_walks_one_case_from_launch_to_decision(first: AutoRun) -> None:
    assert first.exit_code == 0, first.progress
    summary = first.summary
    assert [step["name"] for step in summary["steps"]] == STEPS
    assert all(step["ok"] for step in summary["steps"])
    assert summary["chart_resource"].startswith("DocumentReference/")
    assert summary["previewed_sha256"] == summary["sent_sha256"]
    assert summary["identifiers_removed"] > 0
    assert summary["known_identifiers_in_outgoing_bytes"] == 0
    assert len(summary["consult_case"]) == 26
    assert summary["total_ms"] < 60_000


def test_later_walks_on_the_same_data_are_cases_of_their_own(first: AutoRun, folder: Path) -> None:
    runs = (first, run_auto(folder), run_auto(folder, "--persona", "ivo"))

    assert [run.exit_code for run in runs] == [0, 0, 0], [run.progress for run in runs]
    for name in ("consult_case", "chart_resource", "sent_sha256"):
        assert len({run.summary[name] for run in runs}) == 3
