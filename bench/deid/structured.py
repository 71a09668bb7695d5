"""How fast fields are walked, against only reading and writing the same bytes."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import charts
from tables import table

from deid import pipeline, policy, review
from deid.errors import DeidError
from deid.pipeline import CaseInput
from deid.policy import Policy
from deid.pseudonyms import CaseKey
from deid.structured import date_methods
from deid.structured.canonical import encoded
from deid.text.document import PhiText, ScrubbedText

_DATA: Final = re.compile(rb'"data"\s{0,4}:\s{0,4}"[A-Za-z0-9+/=]{80,}"')
_ROUNDS: Final = 3
_LISTED: Final = 40
_MEGA: Final = 1_000_000
Made = TypeVar("Made")


@dataclass(frozen=True)
class Sizes:
    """Bytes read and the best times of several rounds, in seconds."""

    size: int
    codec: float
    walk: float
    whole_size: int
    whole: float


def run(path: Path) -> str:
    """Measure the charts below a path and return the table as Markdown."""
    rules = policy.load()
    bodies = list(charts.bodies(path))
    rows, sums, skipped = [], [0.0] * 5, []
    for name, body in bodies:
        try:
            measured = _measure(body, rules)
        except DeidError as error:
            skipped.append(f"{name}: {error.code}")
            continue
        facts = (
            measured.size, measured.codec, measured.walk, measured.whole_size, measured.whole,
        )  # fmt: skip
        sums = [total + each for total, each in zip(sums, facts, strict=True)]
        if len(bodies) <= _LISTED:
            rows.append(_row(name if len(name) < 24 else f"{name[:20]}...", facts))
    rows.append(_row(f"all {len(bodies) - len(skipped)} charts", sums))
    heads = ("chart", "MB of fields", "read + write only, MB/s", "fields, MB/s",
             "share of read + write", "MB with files", "everything, MB/s")  # fmt: skip
    parts = [
        table(heads, rows),
        "Best of three rounds each, on the bytes as they are on disk. Fields: read, walk by the "
        "rules, number, write; without the text engine, and without the data of files. Read + "
        "write: msgspec with decimals kept, of the same bytes. Everything: the whole room, with "
        "files, texts and the gate.",
    ]
    return "\n\n".join([*parts, *(f"Not measured: {each}." for each in skipped)])


def _row(name: str, facts: Sequence[float]) -> tuple[str, ...]:
    size, codec, walk, whole_size, whole = facts
    return (
        name,
        f"{size / _MEGA:.2f}",
        f"{size / codec / _MEGA:.0f}",
        f"{size / walk / _MEGA:.1f}",
        f"{codec / walk:.2f}",
        f"{whole_size / _MEGA:.2f}",
        f"{whole_size / whole / _MEGA:.1f}",
    )


def _measure(body: bytes, rules: Policy) -> Sizes:
    """Fields without what files hold: reading a document is no matter of fields."""
    fields = _DATA.sub(b'"data": ""', body)
    return Sizes(
        size=len(fields),
        codec=_best(lambda: charts.encode(charts.decode(fields))),
        walk=_best(lambda: _walk(_case(fields), rules)),
        whole_size=len(body),
        whole=_best(lambda: pipeline.deidentify(_case(body), rules), rounds=1),
    )


def _case(body: bytes) -> CaseInput:
    return charts.case(charts.resources_of(charts.decode(body)))


def _walk(case: CaseInput, rules: Policy) -> list[bytes]:
    """Do what the room does with fields: its own start and walk, with a scrub that does nothing."""
    key = CaseKey(case.case_key)
    method = date_methods.method_of(rules.dates, key, case.question_time)
    looked = review.begin(
        case.resources, policy_id=rules.id, case_key=key, question_time=case.question_time,
        left_out=frozenset(),
    )  # fmt: skip
    run = pipeline._start(case, rules, _as_it_is, _role, method, looked)
    numbered = pipeline._clean(case, rules, run, looked)
    return [encoded(each.resource) for each in numbered.values()]


def _as_it_is(text: str, *, path: str) -> ScrubbedText:  # noqa: ARG001 - the protocol's name
    return ScrubbedText(original=PhiText(text), output=text, spans=())


def _role(base: str, *, key: str, name: str) -> str:  # noqa: ARG001 - the protocol's names
    return f"[{base} 1]"


def _best(work: Callable[[], Any], rounds: int = _ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)
