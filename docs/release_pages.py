"""The page about servers of other FHIR releases, from the converters' tables."""

import markdown

from fhir_adapters.converters import actions
from fhir_adapters.converters.releases import CONVERTERS, Converter
from fhir_adapters.release import Release

_VERSIONS = {Release.DSTU2: "1.0.2", Release.STU3: "3.0.2", Release.R5: "5.0.0"}
# Not parts of a chart.
_PLUMBING = frozenset({"Binary", "OperationOutcome"})


def render() -> str:
    """The page."""
    parts = [
        markdown.head(
            "Servers of other FHIR releases",
            "For integration engineers; after this page you know what of a DSTU2, STU3 or R5 "
            "server arrives, and what does not.",
        ),
        "The release is what the server's `metadata` says. Register it, and nothing else changes:"
        "\n\n```sh\nconfer site change north --fhir-version 3.0.2\n```\n\n"
        "When the registration and the server disagree nothing is read "
        "(`adapter.release_mismatch`), and a release that is none of these four is refused "
        "(`adapter.release_unsupported`).",
        "**Reading.** Each resource is converted to R4 by a table. Numbers stay as they were "
        "written; nothing is invented: where R4 demands a value that is not told, R4's own word "
        'for "unknown" stands, and without one the resource is left out. What R4 has no place for '
        "is left out too. Both show: the section is incomplete, with the reason `not_converted`. "
        "Merged patients are noticed in each release.",
        "**Writing.** Never. An answer stays in the app, as text to copy and as PDF, marked as "
        "not filed.",
    ]
    for release, converter in CONVERTERS.items():
        parts.append(f"## {release} ({_VERSIONS[release]})")
        parts.append(_types(converter))
        parts.append(
            markdown.table(("type", "elements that R4 has no place for"), list(_lost(converter)))
        )
    parts.append(
        "Codes without a counterpart are lost in the same way: an allergy status of one release, "
        "an order status of another. An element that no table knows is lost by its name."
    )
    return markdown.page(parts)


def _types(converter: Converter) -> str:
    renamed = {
        native: r4_type for r4_type, natives in converter.names.items() for native in natives
    }
    shown = [
        f"{name} (as {renamed[name]})" if name in renamed else name
        for name in sorted(converter.tables)
        if name not in _PLUMBING
    ]
    return f"There are tables for {', '.join(shown)}. Other types are left out."


def _lost(converter: Converter) -> list[tuple[str, str]]:
    rows = []
    for name, table in sorted(converter.tables.items()):
        lost = [element for element, action in table.elements.items() if action is actions.lose]
        if lost:
            rows.append((name, ", ".join(f"`{one}`" for one in sorted(lost))))
    return rows
