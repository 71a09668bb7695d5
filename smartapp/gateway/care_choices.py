"""What the doctor took out or made general, and what must be said before a case may leave. Pure."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from smartapp.errors import ChoicesFull, DecisionMissing

Choices = Mapping[str, Any]  # the JSON that a draft keeps

_KEY = re.compile(
    r"resource:[0-9a-f]{12}|sensitive:[a-z_]{1,40}|type:[A-Z][A-Za-z]{1,40}|fact:(?:age|state)"
)
_MOST = 400


def left_out_of(choices: Choices) -> frozenset[str]:
    """The keys for `CaseInput.left_out`."""
    return frozenset(choices.get("left_out", {}))


def leave_out(choices: Choices, key: str, title: str) -> dict[str, Any]:
    """Leave something out, or make it general; anything that is no key of ours changes nothing.

    Raises `ChoicesFull` rather than put back what was left out before.
    """
    if _KEY.fullmatch(key) is None:
        return dict(choices)
    kept = {**choices.get("left_out", {}), key: title[:200]}
    if len(kept) > _MOST:
        raise ChoicesFull
    return {**choices, "left_out": kept}


def put_back(choices: Choices, key: str) -> dict[str, Any]:
    """Take back a `leave_out`."""
    kept = {known: title for known, title in choices.get("left_out", {}).items() if known != key}
    return {**choices, "left_out": kept}


def require_decisions(
    preview: Mapping[str, Any], *, consent: Collection[str], risk_seen: bool
) -> dict[str, str | int]:
    """Return what the doctor stated, for the audit.

    Raises `DecisionMissing` while consent was not stated for a category that needs it, or a high
    residual risk was not acknowledged.
    """
    needed = set(preview["sensitive"]["consent"])
    missing = needed - set(consent)
    level = str(preview["risk"]["level"])
    if missing or (level == "high" and not risk_seen):
        raise DecisionMissing(categories=len(missing))
    stated: dict[str, str | int] = {"risk": level}
    return {**stated, "consent": ",".join(sorted(needed))} if needed else stated
