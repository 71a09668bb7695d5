"""What de-identification would do to one patient's chart, in counts: for `confer deid`."""

import gzip
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from confer.errors import ChartFileUnusable
from deid import pipeline, policy
from deid.errors import CaseHeld
from deid.pipeline import CaseInput
from deid.preview import NOT_IDENTIFIERS, Preview
from runtime import json_text

MAX_BYTES: Final = 200_000_000
_MAX_DEPTH: Final = 80
_GZIP: Final = b"\x1f\x8b"

Resource = Mapping[str, Any]  # Any: FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Where the gate found a known identifier in what would leave; never the value."""

    expression: str
    category: str
    rule: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """Counts and places; no value of the chart except in `preview`, which is not printed."""

    held: bool
    policy: str
    rules_sha256: str
    resources_read: int
    resources_sent: int = 0
    removed: Mapping[str, int] = field(default_factory=dict)
    not_sent: Mapping[str, int] = field(default_factory=dict)
    general: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    likely: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    risk: str = ""
    searched: int = 0
    skipped: int = 0
    hits: tuple[Hit, ...] = ()
    preview: Preview | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values, without the preview."""
        facts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        del facts["preview"]
        return {**facts, "hits": [asdict(hit) for hit in self.hits]}


def read_chart(path: Path) -> tuple[Resource, ...]:
    """Read a FHIR Bundle (JSON, or JSON in gzip) with one Patient, who comes first.

    Raises `ChartFileUnusable`, or `JsonTextError` with the place when it is not strict JSON.
    """
    bundle = json_text.loads(_content(path), max_bytes=MAX_BYTES, max_depth=_MAX_DEPTH)
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise ChartFileUnusable(problem="not a FHIR Bundle")
    entries = bundle.get("entry", [])
    resources = [_resource(entry) for entry in entries] if isinstance(entries, list) else []
    patients = [each for each in resources if each.get("resourceType") == "Patient"]
    if len(patients) != 1:
        raise ChartFileUnusable(problem=f"{len(patients)} Patient resources, not one")
    others = [each for each in resources if each is not patients[0]]
    return (patients[0], *others)


def report(
    resources: Sequence[Resource],
    *,
    policy_id: str,
    case_id: str,
    case_key: bytes,
    question_time: datetime,
) -> Report:
    """De-identify the whole chart as if all of it were sent now, and count what happened."""
    rules = policy.load(policy_id)
    case = CaseInput(
        case_id=case_id,
        case_key=case_key,
        question_time=question_time,
        resources=tuple(resources),
        identity_resources=tuple(resources),
        texts={},
    )
    named = f"{rules.id} {rules.version}"
    try:
        prepared = pipeline.deidentify(case, rules)
    except CaseHeld as held:
        hits = tuple(Hit(expression=e, category=c, rule=r) for e, c, r in held.hits)
        return Report(
            held=True,
            policy=named,
            rules_sha256=rules.rules_sha256,
            resources_read=len(resources),
            hits=hits,
        )
    receipt, preview = prepared.sealed.receipt, prepared.preview
    identifiers, others = _split(receipt.removed)
    return Report(
        held=False,
        policy=named,
        rules_sha256=rules.rules_sha256,
        resources_read=len(resources),
        resources_sent=len(prepared.sealed.entries),
        removed=identifiers,
        not_sent=others,
        general=dict(receipt.general),
        rules=dict(receipt.rules),
        likely=preview.counts["likely"],
        refused=dict(sorted(Counter(receipt.refused).items())),
        risk=receipt.risk_level,
        searched=receipt.gate_searched,
        skipped=receipt.gate_skipped,
        preview=preview,
    )


def changes(preview: Preview) -> Iterator[tuple[str, str, str, str]]:
    """Every change in a text: (where, words in the chart, words that leave, rule). PHI."""
    for pair in (*preview.pairs, *preview.labels):
        rules = {reason.number: reason.rule for reason in pair.reasons}
        before = [piece for piece in pair.original if piece.number is not None]
        after = [piece for piece in pair.outgoing if piece.number is not None]
        for old, new in zip(before, after, strict=True):
            yield pair.title, old.text, new.text, rules.get(old.number or 0, "")


def _split(removed: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    identifiers = {why: n for why, n in removed.items() if why not in NOT_IDENTIFIERS}
    return identifiers, {why: n for why, n in removed.items() if why in NOT_IDENTIFIERS}


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
        if body[:2] != _GZIP:
            return body
        with gzip.open(path) as packed:
            return packed.read(MAX_BYTES + 1)
    except (OSError, EOFError):
        raise ChartFileUnusable(problem="it cannot be read") from None


def _resource(entry: object) -> Resource:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict):
        raise ChartFileUnusable(problem="an entry holds no resource")
    return resource
