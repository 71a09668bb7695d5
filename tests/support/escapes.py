"""One planted way out of the hospital, and the judgment whether anything took it.

Spec deid.md 5 lists fifty ways; tests/corpus/escapes holds the cases. A case plants values that
a reader would know the patient by, sends them through the real door `deid.pipeline.deidentify`,
packs the result for the network and searches all that leaves. It must also find what the
specialist needs, so that a rule which drops everything fails.
"""

import base64
import copy
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pytest

from deid import policy
from deid.errors import DeidError
from deid.pipeline import CaseInput, Prepared, deidentify
from exchange import case_bundle
from runtime import json_text
from tests.support import canary, deid_cases, wire

Resource = dict[str, Any]  # FHIR JSON
Outcome = Literal["leaves", "refused", "stopped", "either"]

SUBJECT: Final = {"reference": "Patient/hv-0093187"}
_LONG_ENOUGH: Final = 7  # characters that chance does not spell
_LAYERS: Final = 3
_GAP: Final = r"[\W_]{0,3}"
_SIGNS: Final = re.compile(r"[\W_]+")
QUESTION: Final = "Potassium 6.1 and rising under lisinopril: what next?"

PATIENT: Final[Resource] = {
    "resourceType": "Patient",
    "id": "hv-0093187",
    "identifier": [
        {
            "system": "https://caldervale.example/mrn",
            "value": "CV-0093187",
            "assigner": {"display": "Calder Vale Infirmary"},
        },
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "987-65-4329"},
    ],
    "name": [
        {"use": "official", "family": "Okonkwo-Hale", "given": ["Rosalind", "Ines"]},
        {"use": "maiden", "family": "Thackerby", "given": ["Rosalind"]},
        {"use": "nickname", "given": ["Roz"]},
    ],
    "telecom": [
        {"system": "phone", "value": "(503) 555-0187"},
        {"system": "email", "value": "roz.okonkwo@posteo.example"},
    ],
    "gender": "female",
    "birthDate": "1961-07-29",
    "address": [
        {
            "line": ["41 Harrow Mews"],
            "city": "Pendlebury",
            "state": "OR",
            "postalCode": "97301",
            "country": "US",
        }
    ],
    "contact": [
        {
            "relationship": [{"text": "husband"}],
            "name": {"family": "Hale", "given": ["Tobias"]},
            "telecom": [{"system": "phone", "value": "503-555-0113"}],
        }
    ],
}
CLINICIAN: Final[Resource] = {
    "resourceType": "Practitioner",
    "id": "prac-achterberg",
    "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1932456780"}],
    "name": [{"family": "Achterberg", "given": ["Ferdinand"], "prefix": ["Dr."]}],
}
SITE: Final[Resource] = {
    "resourceType": "Organization",
    "id": "org-caldervale",
    "name": "Calder Vale Infirmary",
    "telecom": [{"system": "phone", "value": "503 555 0100"}],
}
# What is planted in every case only by being there: none of it may ever leave.
ALWAYS: Final = (
    "Okonkwo-Hale",
    "Okonkwo",
    "Rosalind",
    "Thackerby",
    "CV-0093187",
    "hv-0093187",
    "987-65-4329",
    "555-0187",
    "555-0113",
    "roz.okonkwo",
    "1961-07-29",
    "Harrow Mews",
    "Pendlebury",
    "97301",
    "Tobias",
    "Achterberg",
    "1932456780",
    "Calder Vale",
    "caldervale.example",
)


@dataclass(frozen=True, kw_only=True)
class Escape:
    """One case: what is planted where, what must be gone, what must stay.

    `leaves`: the content leaves without the planted values. `refused`: the resource stays
    behind and the receipt says so; the rest leaves. `stopped`: a coded error stops the case.
    `either`: clean or refused are both right, and only the neighbors must stay.
    `exact` are regular expressions, searched with case, for names that are plain words too.
    """

    row: int
    words: str
    planted: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    kept: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    first: Resource | None = None
    naming: tuple[Resource, ...] = ()
    outcome: Outcome = "leaves"
    more: Mapping[str, Any] = field(default_factory=dict)
    policy: str = "safe-harbor"
    waits: str = ""

    @property
    def name(self) -> str:
        """The line of this case in the report."""
        return f"row {self.row:02} {self.words}"


def listed(*escapes: Escape) -> list[Any]:
    """The cases as parameters; one that waits for its owner must fail until it is mended."""
    return [
        pytest.param(
            each,
            id=each.name,
            marks=[pytest.mark.xfail(strict=True, reason=f"row {each.row}: {each.waits}")]
            if each.waits
            else [],
        )
        for each in escapes
    ]


def patient(**changes: Any) -> Resource:
    """The patient of all cases, changed."""
    return {**PATIENT, **changes}


def extension(url: str, **value: Any) -> Resource:
    """One extension, known or unknown."""
    return {"url": url, **value}


def observation(**changes: Any) -> Resource:
    """A hemoglobin, to be changed."""
    return {
        "resourceType": "Observation",
        "id": "obs-hb",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        "subject": SUBJECT,
        "effectiveDateTime": "2026-11-20T08:00:00-05:00",
        "valueQuantity": {
            "value": 11,
            "unit": "g/dL",
            "system": "http://unitsofmeasure.org",
            "code": "g/dL",
        },
        **changes,
    }


def said(text: str, **changes: Any) -> Resource:
    """An observation whose value is free text."""
    made = observation(valueString=text, **changes)
    del made["valueQuantity"]
    return made


def document(*attachments: Resource, **changes: Any) -> Resource:
    """A document with its files."""
    return {
        "resourceType": "DocumentReference",
        "id": "doc-7",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "subject": SUBJECT,
        "content": [{"attachment": each} for each in attachments],
        **changes,
    }


def attached(body: bytes | str, declared: str = "text/plain", **changes: Any) -> Resource:
    """One file of a document, under its declared type."""
    raw = body.encode() if isinstance(body, str) else body
    return {"contentType": declared, "data": base64.b64encode(raw).decode(), **changes}


def note(text: str) -> Resource:
    """A plain progress note."""
    return document(attached(text))


def case_of(escape: Escape) -> CaseInput:
    """The case input with the neighbors that every case must keep."""
    neighbors = (
        deid_cases.observation(subject=SUBJECT),
        deid_cases.condition(subject=SUBJECT),
    )
    return deid_cases.case(
        *neighbors,
        *escape.resources,
        first=PATIENT if escape.first is None else escape.first,
        identity_resources=(CLINICIAN, SITE, *escape.naming),
        texts={"question": QUESTION, **escape.texts},
        **escape.more,
    )


def check(escape: Escape) -> None:
    """Send the case out and judge what left.

    Raises:
        AssertionError: something planted left, or something needed did not.
    """
    content = case_of(escape)
    before = copy.deepcopy(content.resources)
    try:
        prepared = deidentify(content, policy.load(escape.policy))
    except DeidError as error:
        said_by_error = f"{error} {error!r} {vars(error)}"
        _demand(escape.outcome == "stopped", f"stopped: {error.code} {said_by_error}")
        _demand(not found(escape, [said_by_error]), "the error tells")
        return
    _demand(content.resources == before, "the input was changed")
    hits = found(escape, outgoing(prepared))
    _demand(not hits, f"left: {hits}")
    _demand(escape.outcome != "stopped", "the case left")
    refused = prepared.sealed.receipt.refused
    if escape.outcome != "either":
        _demand(bool(refused) == (escape.outcome == "refused"), f"refused: {refused}")
    plain = readable(prepared)
    always = ("6.10", "Heart failure")
    needed = always if refused and escape.outcome == "either" else (*always, *escape.kept)
    missing = [word for word in needed if word not in plain]
    _demand(not missing, f"gone: {missing}, refused: {refused}")


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def sent(escape: Escape) -> Prepared:
    """The case as it would leave, for tests that look at more than words."""
    return deidentify(case_of(escape), policy.load(escape.policy))


def outgoing(prepared: Prepared) -> Iterator[str]:
    """All that leaves or that an outgoing page, receipt or bundle is made of."""
    sealed, preview = prepared.sealed, prepared.preview
    yield repr(sealed.receipt)
    for pair in (*preview.pairs, *preview.labels):
        yield f"{pair.title} {pair.path}"
        yield "".join(piece.text for piece in pair.outgoing)
    yield repr(preview.dropped)
    yield repr(preview.refused)
    yield repr(preview.counts)
    order = wire.order(case_id=sealed.case_id)
    yield json_text.dumps(case_bundle.build_case(sealed, order, wire.PlainSigner()).bundle).decode()


def readable(prepared: Prepared) -> str:
    """What the specialist can read, files unpacked."""
    parts = [*prepared.sealed.texts.values()]
    for entry in prepared.sealed.entries:
        parts.append(entry.body.decode())
        for string in deid_cases.strings(entry.resource):
            parts.append(string)
            if len(string) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]{8,}={0,2}", string):
                parts.append(base64.b64decode(string).decode("utf-8", "replace"))
    return "\n".join(parts)


def found(escape: Escape, contents: Iterable[str], *, layers: int = _LAYERS) -> list[str]:
    """The planted words that are in the contents, under whatever encoding."""
    sought = {word: _bare(word) for word in (*escape.planted, *ALWAYS)}
    short = {
        word: re.compile(rf"(?<![^\W_]){_GAP.join(bare)}(?![^\W_])")
        for word, bare in sought.items()
        if len(bare) < _LONG_ENOUGH
    }
    hits: dict[str, None] = {}
    for way, view in canary.views("\n".join(dict.fromkeys(contents)), layers=layers):
        plain = unicodedata.normalize("NFKC", view).casefold()
        bare_view = _SIGNS.sub("", unicodedata.normalize("NFD", plain))
        for word, bare in sought.items():
            pattern = short.get(word)
            if bare in bare_view and (pattern is None or pattern.search(plain)):
                hits[f"{word} ({way or 'plain'})"] = None
        for wanted in escape.exact:
            if re.search(wanted, view):
                hits[f"{wanted} ({way or 'plain'})"] = None
    return list(hits)


def _bare(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SIGNS.sub("", unicodedata.normalize("NFD", folded))
