"""The note for the chart: an answer as it was rendered and hashed, in the forms EHRs take."""

from datetime import datetime
from xml.sax.saxutils import escape

from fhir_adapters.note import NoteToWrite
from fhir_adapters.write_back.document_reference import PDF
from smartapp.gateway.answer_pdf import is_heading, pdf_of
from smartapp.store.answers import Answer
from smartapp.store.cases import Case
from smartapp.store.vault import VaultLink

_AUTHORS = ("Practitioner/", "PractitionerRole/")


def chart_note(
    case: Case,
    answer: Answer,
    link: VaultLink,
    *,
    filed_at: datetime,
    replaces: str | None,
    formats: tuple[str, ...] = (),
) -> NoteToWrite:
    """Return the note. Author is the doctor who asked; the specialist is named in the text.

    PDF (drawn where `formats` names it) and XHTML say the same as the text, whose hash was
    stored when the answer was verified.
    """
    text = str(answer.view["note"])
    user = str(link.patient.get("user", ""))
    return NoteToWrite(
        opinion_id=answer.opinion,
        case_id=case.case_id,
        patient_id=str(link.patient["patient"]),
        encounter_id=link.patient.get("encounter"),
        author=user if user.startswith(_AUTHORS) else None,
        text=text,
        xhtml=xhtml_of(text),
        pdf=pdf_of(text, made_at=answer.received_at) if PDF in formats else None,
        asked_at=case.asked_at,
        answered_at=answer.received_at,
        filed_at=filed_at,
        replaces=replaces,
    )


def xhtml_of(text: str) -> str:
    """Write a note as one XHTML `div`; no style, no script, every text escaped."""
    out = ['<div xmlns="http://www.w3.org/1999/xhtml">']
    for line in text.splitlines():
        if line:
            tag = "h2" if is_heading(line) else "p"
            out.append(f"<{tag}>{escape(line)}</{tag}>")
    return "".join([*out, "</div>"])
