"""The nested snapshot, read for the case page: lists, series, timeline, documents (pure).

A snapshot comes from outside: nothing here may fail on an element of a surprising shape.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from consult.domain.case_view import Clinical, Document, Line, Picture
from consult.domain.codes_in_words import (
    attachment_text,
    codes_of,
    concept_words,
    mappings,
    number_of,
    one_line,
    quantity_words,
)
from consult.domain.measurements import lines_of, observation_when, series_of
from consult.domain.pictures import attachment_picture
from consult.domain.relative_time import When, when_of
from exchange import names

MAX_TIMELINE = 40
_ADULT_WORDS = {"female": "Woman", "male": "Man"}
_CHILD_WORDS = {"female": "Girl", "male": "Boy"}
_ADULT_YEARS = 18
_INACTIVE = {"resolved": "resolved", "remission": "in remission", "inactive": "inactive"}
_STOPPED = {
    "stopped": "stopped",
    "cancelled": "cancelled",
    "completed": "finished",
    "not-taken": "not taken",
    "not-done": "not given",
    "entered-in-error": "entered in error",
}
# Neither in force nor ended: it must not look like a current drug.
_OPEN = {
    "on-hold": "on hold",
    "draft": "draft",
    "intended": "planned",
    "unknown": "status not known",
}
_GIVEN = frozenset({"completed", "in-progress"})
_WITH_PICTURES = {"DocumentReference": "type", "DiagnosticReport": "code", "Media": "type"}
_MEDICATION_TYPES = ("MedicationRequest", "MedicationStatement", "MedicationAdministration")

Resource = Mapping[str, Any]


class _Snapshot:
    """The resources of all snapshots of a case, by type and by URL."""

    def __init__(self, snapshots: Iterable[Resource]) -> None:
        self._by_type: dict[str, list[tuple[str, Resource]]] = {}
        self._by_url: dict[str, Resource] = {}
        for snapshot in snapshots:
            for entry in mappings(snapshot.get("entry")):
                resource = entry.get("resource")
                if isinstance(resource, Mapping):
                    url = str(entry.get("fullUrl"))
                    kind = str(resource.get("resourceType"))
                    self._by_type.setdefault(kind, []).append((url, resource))
                    self._by_url[url] = resource

    def of(self, *types: str) -> list[Resource]:
        return [resource for kind in types for _, resource in self._by_type.get(kind, [])]

    def keyed(self, kind: str) -> list[tuple[str, Resource]]:
        return [
            (url.rsplit("/case/", 1)[-1].split("/", 1)[-1], one)
            for url, one in self._by_type.get(kind, [])
        ]

    def target(self, reference: object) -> Resource | None:
        if not isinstance(reference, Mapping):
            return None
        return self._by_url.get(str(reference.get("reference")))


def read_clinical(snapshots: Iterable[Resource]) -> Clinical:
    """Group the content of the snapshots of one case for reading."""
    snapshot = _Snapshot(snapshots)
    observations = snapshot.of("Observation")
    vitals = [one for one in observations if _has_category(one, "vital-signs")]
    social = [one for one in observations if _has_category(one, "social-history", "survey")]
    set_apart = {id(one) for one in (*vitals, *social)}
    results = [
        one
        for one in observations
        if id(one) not in set_apart and names.LOINC_AGE not in codes_of(one.get("code"))
    ]
    notes, reports = _notes(snapshot), _reports(snapshot)
    newest = max((observation_when(one) for one in results), key=lambda w: w.order, default=When())
    return Clinical(
        subject=_subject(snapshot),
        problems=_newest_first(_problem(one) for one in snapshot.of("Condition")),
        medications=_medications(snapshot),
        allergies=tuple(_allergy(one) for one in snapshot.of("AllergyIntolerance")),
        background=(
            *lines_of(social),
            *(_relative(one) for one in snapshot.of("FamilyMemberHistory")),
        ),
        results=series_of(results),
        other_results=lines_of(results),
        vitals=series_of(vitals),
        timeline=_timeline(snapshot),
        documents=(*notes, *reports),
        pictures=_pictures(snapshot),
        result_count=len(results),
        note_count=len(notes),
        document_count=len(reports),
        newest_result=newest.words,
    )


def _has_category(resource: Resource, *codes: str) -> bool:
    return bool(codes_of(resource.get("category") or []).intersection(codes))


def _newest_first(lines: Iterable[Line]) -> tuple[Line, ...]:
    kept = [line for line in lines if line.text]
    return tuple(sorted(kept, key=lambda line: (line.struck, -_or_zero(line.when))))


def _or_zero(when: When) -> float:
    return float(when.minutes) if when.minutes is not None else float("-inf")


def _subject(snapshot: _Snapshot) -> str:
    patient: Resource = next(iter(snapshot.of("Patient")), {})
    ages = [
        observation.get("valueQuantity")
        for observation in snapshot.of("Observation")
        if names.LOINC_AGE in codes_of(observation.get("code"))
    ]
    age = ages[0] if ages else None
    kinds = _CHILD_WORDS if _is_child(age) else _ADULT_WORDS
    words = [kinds.get(str(patient.get("gender")), "Child" if kinds is _CHILD_WORDS else "Person")]
    words.append(_age_words(age))
    address: Resource = next(iter(mappings(patient.get("address"))), {})
    if address.get("state"):
        words.append(str(address["state"]))
    return ", ".join(word for word in words if word)


def _is_child(quantity: object) -> bool:
    if not isinstance(quantity, Mapping):
        return False
    value = number_of(quantity.get("value"))
    return value is not None and (quantity.get("code") != "a" or value < _ADULT_YEARS)


def _age_words(quantity: object) -> str:
    if not isinstance(quantity, Mapping):
        return ""
    value = number_of(quantity.get("value"))
    if value is None:
        return ""
    if quantity.get("code") == "a" and quantity.get("comparator"):
        return f"{value} or older"
    return f"{value}" if quantity.get("code") == "a" else quantity_words(quantity)


def _inactive(status: set[str]) -> str:
    return next((words for code, words in _INACTIVE.items() if code in status), "")


def _problem(condition: Resource) -> Line:
    return Line(
        text=concept_words(condition.get("code")) + (" (refuted)" if _refuted(condition) else ""),
        when=when_of(condition, "onsetDateTime", "onsetPeriod.start", "recordedDate"),
        ended=_over(condition),
    )


def _refuted(statement: Resource) -> bool:
    return "refuted" in codes_of(statement.get("verificationStatus"))


def _over(statement: Resource) -> str:
    """Say why a problem or an allergy no longer holds; empty while it does."""
    if _refuted(statement):
        return "refuted"
    status = codes_of(statement.get("clinicalStatus"))
    abated = not status and any(name.startswith("abatement") for name in statement)
    return "resolved" if abated else _inactive(status)


def _medications(snapshot: _Snapshot) -> tuple[Line, ...]:
    lines = []
    for one in snapshot.of(*_MEDICATION_TYPES):
        named = concept_words(one.get("medicationCodeableConcept"))
        if not named:
            target = snapshot.target(one.get("medicationReference"))
            named = concept_words(target.get("code")) if target else ""
        text = " ".join(part for part in (named, _dosage(one)) if part) if named else ""
        never = one.get("doNotPerform") is True
        ended, done = _standing(one, never=never)
        lines.append(
            Line(
                text=f"{text} (not to be given)" if never and text else text,
                when=when_of(
                    one,
                    "effectiveDateTime",
                    "effectivePeriod.start",
                    "authoredOn",
                    "dateAsserted",
                ),
                ended=ended,
                done=done,
            )
        )
    return _newest_first(lines)


def _standing(medication: Resource, *, never: bool) -> tuple[str, str]:
    """What became of a drug, as `ended` and `done` of its line."""
    status = str(medication.get("status"))
    if never:
        return "not to be given", ""
    if medication["resourceType"] == "MedicationAdministration" and status in _GIVEN:
        return "", "given"
    return _STOPPED.get(status, ""), _OPEN.get(status, "")


def _dosage(medication: Resource) -> str:
    for name in ("dosageInstruction", "dosage"):
        given = medication.get(name)
        items = given if isinstance(given, list) else [given]
        for item in items:
            if isinstance(item, Mapping):
                if isinstance(item.get("text"), str):
                    return str(item["text"])
                dose = item.get("dose") or next(
                    (rate.get("doseQuantity") for rate in mappings(item.get("doseAndRate"))), None
                )
                return quantity_words(dose)
    return ""


def _allergy(allergy: Resource) -> Line:
    reactions = [
        one_line(", ".join(concept_words(sign) for sign in mappings(reaction.get("manifestation"))))
        + (f" ({reaction['severity']})" if reaction.get("severity") else "")
        for reaction in mappings(allergy.get("reaction"))
    ]
    words = "; ".join(reaction for reaction in reactions if reaction.strip())
    named = concept_words(allergy.get("code")) + (" (refuted)" if _refuted(allergy) else "")
    return Line(
        text=f"{named}: {words}" if words else named,
        when=when_of(allergy, "onsetDateTime", "recordedDate", "lastOccurrence"),
        ended=_over(allergy),
    )


def _relative(history: Resource) -> Line:
    conditions = ", ".join(
        concept_words(item.get("code")) for item in mappings(history.get("condition"))
    )
    return Line(
        text=f"{concept_words(history.get('relationship'))}: {conditions}".strip(": "),
        when=When(),
    )


def _timeline(snapshot: _Snapshot) -> tuple[Line, ...]:
    """What happened before the question, oldest first, the newest events if there are many."""
    lines = [
        Line(text=_encounter_words(one), when=when_of(one, "period.start"))
        for one in snapshot.of("Encounter")
    ]
    lines += [
        Line(
            text=concept_words(one.get("code")),
            when=when_of(one, "performedDateTime", "performedPeriod.start"),
        )
        for one in snapshot.of("Procedure")
    ]
    lines += [
        Line(text=f"Onset: {concept_words(one.get('code'))}", when=when_of(one, "onsetDateTime"))
        for one in snapshot.of("Condition")
    ]
    lines += [
        Line(
            text=one_line(
                f"{concept_words(one.get('code'))}: {one.get('conclusion', '')}".rstrip(": ")
            ),
            when=when_of(one, "effectiveDateTime", "effectivePeriod.start", "issued"),
        )
        for one in snapshot.of("DiagnosticReport")
        if one.get("conclusion")
    ]
    lines += [
        Line(
            text=f"Started: {concept_words(one.get('medicationCodeableConcept'))}",
            when=when_of(one, "authoredOn", "effectivePeriod.start"),
        )
        for one in snapshot.of("MedicationRequest", "MedicationStatement")
        if concept_words(one.get("medicationCodeableConcept"))
    ]
    dated = [line for line in lines if line.when.is_known and line.text.strip()]
    dated.sort(key=lambda line: line.when.order)
    return tuple(dated[-MAX_TIMELINE:])


def _encounter_words(encounter: Resource) -> str:
    kinds = ", ".join(
        filter(None, (concept_words(item) for item in mappings(encounter.get("type"))))
    )
    coded = encounter.get("class")
    place = (
        str(coded.get("display") or coded.get("code") or "") if isinstance(coded, Mapping) else ""
    )
    reasons = ", ".join(
        filter(None, (concept_words(r) for r in mappings(encounter.get("reasonCode"))))
    )
    return one_line(": ".join(part for part in (kinds or place, reasons) if part))


def _joined(concepts: object) -> str:
    return ", ".join(filter(None, (concept_words(one) for one in mappings(concepts))))


def _notes(snapshot: _Snapshot) -> tuple[Document, ...]:
    notes = []
    for key, one in snapshot.keyed("DocumentReference"):
        texts = [attachment_text(item.get("attachment")) for item in mappings(one.get("content"))]
        text = "\n\n".join(part for part in texts if part)
        if text:
            title = concept_words(one.get("type")) or str(one.get("description") or "Note")
            when = when_of(one, "date", "context.period.start")
            notes.append(Document(key=key, title=title, when=when, text=text))
    return tuple(sorted(notes, key=lambda note: note.when.order, reverse=True))


def _reports(snapshot: _Snapshot) -> tuple[Document, ...]:
    reports = []
    for key, one in snapshot.keyed("DiagnosticReport"):
        texts = [attachment_text(item) for item in mappings(one.get("presentedForm"))]
        texts.append(str(one.get("conclusion") or ""))
        text = "\n\n".join(part for part in texts if part.strip())
        if text:
            when = when_of(one, "effectiveDateTime", "effectivePeriod.start", "issued")
            title = concept_words(one.get("code")) or "Report"
            reports.append(Document(key=key, title=title, when=when, text=text))
    return tuple(sorted(reports, key=lambda report: report.when.order, reverse=True))


def read_pictures(snapshots: Iterable[Resource]) -> tuple[Picture, ...]:
    """Return the pictures of the snapshots of one case, in the order of the case page."""
    return _pictures(_Snapshot(snapshots))


def _pictures(snapshot: _Snapshot) -> tuple[Picture, ...]:
    """Pictures newest first; what is not pixels alone is not there at all."""
    found: list[Picture] = []
    for kind, words in _WITH_PICTURES.items():
        for one in snapshot.of(kind):
            for attachment in _attachments(one):
                drawn = attachment_picture(attachment)
                if drawn is None:
                    continue
                found.append(
                    Picture(
                        title=concept_words(one.get(words)) or "Picture",
                        when=when_of(one, "date", "createdDateTime", "effectiveDateTime", "issued"),
                        facts=str(attachment.get("title") or ""),
                        content_type=drawn[0],
                        body=drawn[1],
                    )
                )
    return tuple(sorted(found, key=lambda picture: picture.when.order, reverse=True))


def _attachments(holder: Resource) -> list[Mapping[str, Any]]:
    """The files of a document, of a report or of a Media, whose content is one file itself."""
    content = holder.get("content")
    found = [item.get("attachment") for item in mappings(content)]
    found += [content, *mappings(holder.get("presentedForm"))]
    return [one for one in found if isinstance(one, Mapping)]
