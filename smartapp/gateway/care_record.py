"""Sensitive content and residual risk of a preview as JSON, kept with its revision."""

from typing import Any

from deid.preview import Preview
from deid.review import SensitiveReport
from deid.risk.assess import RiskReport


def care_record(preview: Preview) -> dict[str, Any]:
    """The two reports of a preview; a preview without them is not shown to anybody."""
    if preview.sensitive is None or preview.risk is None:
        raise ValueError("a preview without its reports")
    return {"sensitive": _sensitive(preview.sensitive), "risk": _risk(preview.risk)}


def _sensitive(report: SensitiveReport) -> dict[str, Any]:
    return {
        "items": [
            {
                "category": item.category,
                "action": item.action,
                "why": item.why,
                "element": item.element,
                "key": item.key,
                "shown": item.shown,
                "reveals": item.reveals,
            }
            for item in report.items
        ],
        "consent": list(report.consent),
        "titles": dict(report.titles),
    }


def _risk(report: RiskReport) -> dict[str, Any]:
    return {
        "level": report.level,
        "people": report.people,
        "group": report.group,
        "facts": [
            {
                "kind": fact.kind,
                "advice": fact.advice,
                "key": fact.key,
                "shown": fact.shown,
                "entry": fact.entry,
            }
            for fact in report.facts
        ],
    }
