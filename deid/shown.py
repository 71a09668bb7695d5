"""Draws the preview from what a walk collected."""

from collections.abc import Mapping, Sequence
from typing import Any

from deid.preview import (
    NOT_IDENTIFIERS,
    DroppedField,
    Preview,
    Reasons,
    Source,
    likely_words,
    pair,
    shown_pictures,
)
from deid.recheck import GateResult
from deid.structured.numbering import Numbered
from deid.structured.run import Run


def preview_of(
    resources: Sequence[Mapping[str, Any]],
    run: Run,
    numbered: Mapping[int, Numbered],
    gate: GateResult,
    token_words: Mapping[str, str],
) -> Preview:
    """Draw the preview of a walked case; `resources` are its input."""
    reasons = Reasons()
    texts: list[Source] = []
    labels: list[Source] = []
    for record in run.texts:
        entry = None
        if record.entry is not None and record.entry in numbered:
            at = numbered[record.entry]
            entry = f"{at.resource['resourceType']}/{at.number}"
        source = Source(
            title=record.element, path=record.path, entry=entry, scrubbed=record.scrubbed
        )
        (labels if record.path.startswith("label~") else texts).append(source)
    pairs = tuple(pair(source, reasons) for source in texts)
    changed = [source for source in labels if source.scrubbed.spans]
    words = likely_words([*texts, *changed], reasons)
    return Preview(
        pairs=pairs,
        labels=tuple(pair(source, reasons) for source in changed),
        dropped=tuple(
            DroppedField(element=element, category=category, count=count)
            for (element, category), count in sorted(run.dropped.items())
        ),
        likely=words,
        refused=tuple(sorted(run.refused)),
        counts={
            "removed": sum(n for why, n in run.removed.items() if why not in NOT_IDENTIFIERS),
            "not_sent": sum(n for why, n in run.removed.items() if why in NOT_IDENTIFIERS),
            "general": sum(run.general.values()),
            "likely": sum(not word.given_back for word in words),
            "given_back": run.given_back,
            "refused": len(run.refused),
        },
        searched=gate.searched,
        token_words=token_words,
        pictures=shown_pictures(
            run.pictures.records,
            resources,
            {at: f"{each.resource['resourceType']}/{each.number}" for at, each in numbered.items()},
        ),
    )
