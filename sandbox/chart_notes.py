"""Notes, reports, documents and the opinions that came from outside (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox import fhir_text

CONSULT_NOTE = "11488-4"
FIRST_NOTES = 6
_LONG = 1_600
_LEAD = 420

Resource = Mapping[str, Any]  # Any: FHIR JSON


@dataclass(frozen=True, kw_only=True)
class Note:
    """One note or report with its text."""

    key: str
    title: str
    when: str
    author: str
    paragraphs: tuple[str, ...]
    long: bool
    order: float


@dataclass(frozen=True, kw_only=True)
class DocumentLine:
    """One line of the document list."""

    document_id: str
    title: str
    when: str
    author: str
    state: str
    order: float


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """An opinion from outside that an app filed: newest first, never a seeded note."""

    document_id: str
    title: str
    description: str
    author: str
    filed: str
    state: str
    lead: tuple[str, ...]
    rest: tuple[str, ...]
    is_current: bool
    order: float


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to the signed-in doctor or about this patient."""

    when: str
    sender: str
    paragraphs: tuple[str, ...]
    order: float


@dataclass(frozen=True, kw_only=True)
class Dated:
    """A resource with the moment its current version was stored."""

    resource: Resource
    stored_at: datetime


def title_of(resource: Resource) -> str:
    """What kind of document it is, in words."""
    for content in resource.get("content") or []:
        if content.get("attachment", {}).get("title"):
            return str(content["attachment"]["title"])
    return fhir_text.concept(resource.get("type")) or "Document"


def authors_of(resource: Resource) -> str:
    """Who wrote it, as far as it says in words."""
    names = [a.get("display") for a in resource.get("author") or [] if a.get("display")]
    return ", ".join(names)


def text_of(resource: Resource) -> str | None:
    """The first plain-text content of a DocumentReference."""
    for content in resource.get("content") or []:
        text = fhir_text.attachment_text(content.get("attachment") or {})
        if text is not None:
            return text
    return None


def state_of(resource: Resource) -> str:
    """A word for what the reader must know about its status; empty for an ordinary one."""
    if resource.get("status") == "entered-in-error":
        return "Retracted"
    if resource.get("status") == "superseded":
        return "Superseded"
    return {"preliminary": "Preliminary", "amended": "Amended"}.get(
        str(resource.get("docStatus")), ""
    )


def is_filed_opinion(document: Dated, seeded_at: datetime) -> bool:
    """Tell whether a consult note reached the chart after the chart was loaded."""
    kinds = fhir_text.codes(document.resource.get("type"))
    return CONSULT_NOTE in kinds and document.stored_at > seeded_at


def opinions(documents: Sequence[Dated], seeded_at: datetime) -> tuple[Opinion, ...]:
    """Pick the opinions, newest first; one that another replaces is not current."""
    filed = [d for d in documents if is_filed_opinion(d, seeded_at)]
    replaced = {
        str(relation.get("target", {}).get("reference", "")).rsplit("/", 1)[-1]
        for document in filed
        for relation in document.resource.get("relatesTo") or []
        if relation.get("code") == "replaces"
    }
    shown = [_opinion(document, replaced) for document in filed]
    return tuple(sorted(shown, key=lambda opinion: -opinion.order))


def _opinion(document: Dated, replaced: set[str]) -> Opinion:
    resource = document.resource
    logical_id = str(resource.get("id"))
    state = state_of(resource) or ("Superseded" if logical_id in replaced else "")
    text = text_of(resource) or "This note has no plain text; open the document."
    paragraphs = fhir_text.paragraphs(text)
    lead = _lead(paragraphs)
    return Opinion(
        document_id=logical_id,
        title=title_of(resource),
        description=str(resource.get("description") or ""),
        author=authors_of(resource),
        filed=fhir_text.day_and_clock(document.stored_at.isoformat()),
        state=state,
        lead=paragraphs[:lead],
        rest=paragraphs[lead:],
        is_current=state in ("", "Preliminary", "Amended"),
        order=document.stored_at.timestamp(),
    )


def _lead(paragraphs: Sequence[str]) -> int:
    """How many paragraphs stand open: about a screen's worth, and never a lone last one folded."""
    shown = 0
    for count, paragraph in enumerate(paragraphs, start=1):
        shown += len(paragraph)
        if shown > _LEAD and len(paragraphs) - count > 1:
            return count
    return len(paragraphs)


def notes(
    documents: Sequence[Dated], reports: Sequence[Resource], seeded_at: datetime
) -> tuple[tuple[Note, ...], tuple[Note, ...]]:
    """Notes and reports with text, newest first: those to show, and the rest."""
    found = [
        _note(d.resource, text_of(d.resource), str(d.resource.get("date") or ""))
        for d in documents
        if not is_filed_opinion(d, seeded_at) and d.resource.get("status") == "current"
    ]
    found += [_report(report) for report in reports if report.get("status") != "entered-in-error"]
    listed = sorted((n for n in found if n is not None), key=lambda note: -note.order)
    return tuple(listed[:FIRST_NOTES]), tuple(listed[FIRST_NOTES:])


def _note(resource: Resource, text: str | None, when: str) -> Note | None:
    if not text:
        return None
    return Note(
        key=f"n-{resource.get('id')}",
        title=title_of(resource),
        when=fhir_text.day_and_clock(when),
        author=authors_of(resource),
        paragraphs=fhir_text.paragraphs(text),
        long=len(text) > _LONG,
        order=fhir_text.moment(when),
    )


def _report(resource: Resource) -> Note | None:
    text = resource.get("conclusion")
    if not text:
        return None
    when = str(resource.get("effectiveDateTime") or resource.get("issued") or "")
    readers = [r.get("display") for r in resource.get("resultsInterpreter") or []]
    return Note(
        key=f"n-{resource.get('id')}",
        title=fhir_text.concept(resource.get("code")),
        when=fhir_text.day_and_clock(when),
        author=", ".join(str(name) for name in readers if name),
        paragraphs=fhir_text.paragraphs(str(text)),
        long=len(str(text)) > _LONG,
        order=fhir_text.moment(when),
    )


def document_lines(documents: Sequence[Dated]) -> tuple[DocumentLine, ...]:
    """Every document, newest first; one without a date counts from when it was stored."""
    lines = []
    for dated in documents:
        resource = dated.resource
        when = str(resource.get("date") or dated.stored_at.isoformat())
        lines.append(
            DocumentLine(
                document_id=str(resource.get("id")),
                title=title_of(resource),
                when=fhir_text.day_and_clock(when),
                author=authors_of(resource),
                state=state_of(resource),
                order=fhir_text.moment(when),
            )
        )
    return tuple(sorted(lines, key=lambda line: -line.order))


def messages(communications: Sequence[Dated]) -> tuple[Message, ...]:
    """Messages about this patient, newest first."""
    shown = []
    for dated in communications:
        resource = dated.resource
        if resource.get("status") == "entered-in-error":
            continue
        texts = [
            str(p["contentString"]) for p in resource.get("payload") or [] if p.get("contentString")
        ]
        when = str(resource.get("sent") or resource.get("received") or dated.stored_at.isoformat())
        shown.append(
            Message(
                when=fhir_text.day_and_clock(when),
                sender=str((resource.get("sender") or {}).get("display") or "Connected app"),
                paragraphs=fhir_text.paragraphs("\n\n".join(texts)),
                order=fhir_text.moment(when),
            )
        )
    return tuple(sorted(shown, key=lambda message: -message.order))
