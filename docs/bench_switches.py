"""The page of everything that the sandbox EHR can be switched to."""

from typing import get_args

import markdown

from sandbox import faults, manners
from sandbox.dialects import DIALECTS
from sandbox.manners import Switch, Value

_FAULTS = {
    "latency": "answer, but `milliseconds` later",
    "error_500": "refuse with 500 before anything is done",
    "timeout": "wait `milliseconds`, then 504",
    "throttle": "429 with Retry-After (`milliseconds`, in whole seconds)",
    "expire_token": "the access token has just expired: 401",
    "commit_then_500": "do the work, keep it, answer 500",
    "drop_before": "break the connection before anything is done",
    "drop_after": "do the work, keep it, break the connection",
    "broken_json": "do the work, answer with half a body",
    "no_patient": "at the token endpoint: grant, but do not say whose chart is open",
    "unavailable": "503, with Retry-After when `milliseconds` is given",
    "forbidden": "403",
    "not_found": "404",
    "bad_request": "400",
    "policy": "403 with code 4130, as for a chart behind break-the-glass",
    "outcome_in_200": "status 200, and an OperationOutcome that says error",
    "html_page": "status 200, and a page of HTML, as a proxy's sign-in would be",
    "empty_body": "status 200, and nothing",
    "redirect": "307 to another origin (the trap)",
    "invalid_client": "at the token endpoint: 401",
    "invalid_grant": "at the token endpoint: 400",
}
_PLACES = {
    "fhir": "the FHIR base, `metadata` included",
    "token": "the token endpoint",
    "auth": "the authorization endpoint",
    "config": "discovery documents, keys, style",
    "any": "all of these",
}


def render() -> str:
    """Return the page."""
    parts = [
        markdown.head(
            "The test bench of the sandbox EHR",
            "For integration engineers and testers; after this page you know every dialect, "
            "switch and fault. How to use them: [the sandbox EHR](../integrate/sandbox.md).",
        ),
        "## Dialects",
    ]
    for one in DIALECTS.values():
        lines = [f"- {text}" for text in one.differs]
        source = f"Source: {one.source}." if one.source else ""
        parts += [f"### `{one.name}`: {one.title}", *(["\n".join(lines)] if lines else []), source]
    parts.append("## Switches")
    for group in manners.GROUPS:
        own = [one for one in manners.switches() if one.group == group]
        parts += [
            f"### {group}",
            markdown.table(
                ("switch", "values (first: as usual)", "what it does"),
                [(f"`{one.name}`", _values(one), one.says) for one in own],
            ),
        ]
    parts += [
        "## Faults",
        markdown.table(
            ("effect", "what happens"), [(f"`{e}`", _FAULTS[e]) for e in faults.EFFECTS]
        ),
        markdown.table(
            ("place", "where"), [(f"`{p}`", _PLACES[p]) for p in get_args(faults.Place)]
        ),
    ]
    return markdown.page([part for part in parts if part])


def _values(switch: Switch) -> str:
    if switch.kind == "choice":
        first = str(switch.default)
        return ", ".join(f"`{one}`" for one in (first, *(c for c in switch.choices if c != first)))
    if switch.kind == "bool":
        return "on, off" if switch.default else "off, on"
    kind = {"int": "number", "text": "text", "texts": "list of texts"}[switch.kind]
    return f"{_shown(switch.default)} ({kind})"


def _shown(value: Value) -> str:
    return f"`{value}`" if value not in ("", ()) else "nothing"
