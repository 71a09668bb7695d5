"""confer deid with broken files: a coded end, no word of the chart, nothing half-written.

Two ways of breaking: bytes (cut, flipped, doubled) and values (any JSON at any place).
"""

import copy
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from confer.cli import cli
from runtime.errors import code_of, kind_of
from tests.support.deid_files import chart, condition

# made-up words that no message of ours holds
SECRETS = ("zyxquorble", "blorptina", "9914426071")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "Zyxquorble", "Patient/p1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceType", "id", "text", "reference", "Zyxquorble"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def _chart() -> dict[str, Any]:
    whole = chart()
    person = whole["entry"][0]["resource"]
    person["name"] = [{"family": "Zyxquorble", "given": ["Blorptina"]}]
    person["identifier"][0]["value"] = "9914426071"
    about = condition("Blorptina Zyxquorble, number 9914426071, is calm.")
    about["category"] = [{"coding": [{"system": "http://x.example/a", "code": "b"}]}]
    whole["entry"][1]["resource"] = about
    return whole


def _places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += _places(each, (*path, key))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            found += _places(each, (*path, at))
    return found


CHART = _chart()
BODY = json.dumps(CHART).encode()
NOTE = {"id": "n1", "text": CHART["entry"][1]["resource"]["note"][0]["text"], "chart": CHART}


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["deid", *(str(each) for each in arguments)])


def _ends_well(result: Result) -> None:
    """A known end and not one word of the chart in anything that is said."""
    problem = result.exception
    if problem is not None and not isinstance(problem, SystemExit):
        assert kind_of(problem) != "bug", code_of(problem)
        assert not any(word in str(problem).casefold() for word in SECRETS)
    assert result.exit_code in (0, 1, 2, 4)
    said = result.output.casefold()
    assert "a bug, at" not in said, result.output
    assert not any(word in said for word in SECRETS)


def _clean(folder: Path, *, may_stand: set[str]) -> None:
    """Only whole files are left, and none of them holds a secret in the clear."""
    for path in folder.iterdir():
        if path.name.startswith("in"):
            continue
        assert path.name in may_stand
        body = path.read_text(encoding="utf-8")
        for line in body.splitlines():
            json.loads(line)


def _through_all(body: bytes) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for source in ("in.json", "in.ndjson"):
            (folder / source).write_bytes(body)
            _ends_well(_run(folder / source, "--explain", "--out", folder / "out"))
        _ends_well(_run("bundle", folder / "in.json", folder / "out"))
        _clean(folder, may_stand={"out"})


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(BODY)), cut=st.integers(0, 40), put=st.binary(max_size=8))
def test_broken_bytes_end_well(at: int, cut: int, put: bytes) -> None:
    _through_all(BODY[:at] + put + BODY[at + cut :])


@settings(max_examples=120, deadline=None)
@given(place=st.sampled_from(_places(CHART)), value=JSON)
def test_any_value_at_any_place_ends_well(place: tuple[str | int, ...], value: Any) -> None:
    broken = copy.deepcopy(CHART)
    holder: Any = broken
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    _through_all(json.dumps(broken).encode())


@settings(max_examples=80, deadline=None)
@given(place=st.sampled_from(_places(NOTE)), value=JSON)
def test_any_value_in_a_note_ends_well(place: tuple[str | int, ...], value: Any) -> None:
    broken: Any = copy.deepcopy(NOTE)
    holder = broken
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    with TemporaryDirectory() as name:
        folder = Path(name)
        source, out = folder / "in.jsonl", folder / "out"
        source.write_bytes(json.dumps(NOTE).encode() + b"\n" + json.dumps(broken).encode())
        _ends_well(_run("notes", source, out, "--jobs", "1"))
        _clean(folder, may_stand={"out"})
