"""What the doctor was looking at when Confer was opened: proposed as the subject of the question.

An EHR may name a report, an order or a study in `fhirContext`. What of it was read is ticked
and put first among what is sent; nothing of it leaves without the doctor's tick. Pure.

Spec: SMART App Launch 2.2, fhirContext; rows C4, C5 and C7 of our checklist
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from launch.launch_context import INTENTS, ContextItem
from runtime import json_text
from runtime.errors import JsonTextError
from smartapp.gateway.chart_contents import GROUPS, moment_of

_LOCAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-._~]{1,255})(?:/_history/[^/]+)?")
# The context list repeats the chart's own subject; it is never what a question is about.
_NOT_A_SUBJECT = frozenset({"Patient", "Encounter", "Practitioner", "PractitionerRole"})
_MOST = 10

Resource = Mapping[str, Any]


def subjects_of(items: Iterable[ContextItem], *, base_url: str) -> list[str]:
    """Return the local references (`Type/id`) of the context entries with role launch."""
    found: list[str] = []
    for item in items:
        reference = (item.reference or "").removeprefix(f"{base_url.rstrip('/')}/")
        match = _LOCAL.fullmatch(reference)
        if match is None or item.role != "launch" or match["type"] in _NOT_A_SUBJECT:
            continue
        found.append(f"{match['type']}/{match['id']}")
    return list(dict.fromkeys(found))[:_MOST]


def intent_of(app_context: str | None) -> str:
    """Return the intent that one of our own cards sent along, or `default`.

    The text came through an EHR: it only chooses between two pages of ours.
    """
    try:
        said = json_text.loads((app_context or "").encode(), max_bytes=4000, max_depth=4)
    except JsonTextError:
        return "default"
    wanted = said.get("intent") if isinstance(said, dict) else None
    return INTENTS.get(wanted, "default") if isinstance(wanted, str) else "default"


def subjects_in(
    by_section: Mapping[str, Sequence[Resource]], named: Iterable[str]
) -> list[dict[str, str]]:
    """Return what was read of the named references: reference, group, title and moment.

    The title is a clinical word of the chart (PHI side only). What was not read is left out.
    """
    wanted = set(named)
    found: list[dict[str, str]] = []
    for group in GROUPS:
        for section in group.sections:
            for resource in by_section.get(section, ()):
                reference = reference_to(resource)
                if reference in wanted:
                    wanted.discard(reference)
                    found.append(
                        {
                            "reference": reference,
                            "group": group.key,
                            "title": _title(resource),
                            "moment": moment_of(resource),
                        }
                    )
    return found


def reference_to(resource: Resource) -> str:
    """Return `Type/id` of a resource."""
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def _title(resource: Resource) -> str:
    for name in ("code", "type", "description"):
        value = resource.get(name)
        if isinstance(value, str) and value:
            return value
        text = _words(value)
        if text:
            return text
    return ""


def _words(concept: object) -> str:
    if not isinstance(concept, Mapping):
        return ""
    if isinstance(concept.get("text"), str):
        return str(concept["text"])
    for coding in concept.get("coding") or []:
        if isinstance(coding, Mapping) and isinstance(coding.get("display"), str):
            return str(coding["display"])
    return ""
