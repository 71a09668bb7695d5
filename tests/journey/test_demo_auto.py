"""The README's promise: one command walks the whole loop and proves what it did."""

from pathlib import Path

from tests.support.demo import run_auto

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
    "read answer",
    "see in chart",
    "decide",
    "prove",
]


def test_demo_auto_walks_one_case_from_launch_to_decision(tmp_path: Path) -> None:
    run = run_auto(tmp_path / "demo")

    assert run.exit_code == 0, run.progress
    summary = run.summary
    assert [step["name"] for step in summary["steps"]] == STEPS
    assert all(step["ok"] for step in summary["steps"])
    assert summary["chart_resource"].startswith("DocumentReference/")
    assert summary["previewed_sha256"] == summary["sent_sha256"]
    assert summary["identifiers_removed"] > 0
    assert summary["known_identifiers_in_outgoing_bytes"] == 0
    assert len(summary["consult_case"]) == 26
    assert summary["total_ms"] < 60_000


def test_second_walk_on_the_same_data_opens_a_case_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first, again, other = run_auto(folder), run_auto(folder), run_auto(folder, "--persona", "ivo")

    runs = (first, again, other)
    assert [run.exit_code for run in runs] == [0, 0, 0], [run.progress for run in runs]
    for name in ("consult_case", "chart_resource", "sent_sha256"):
        assert len({run.summary[name] for run in runs}) == 3
