"""Whole charts go through: nothing known leaves, nothing absurd is held, labels stay whole.

Set CONFER_TEST_CHARTS to a folder of FHIR bundles to run over more charts than ship.
"""

import base64
import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deid import known_identity, policy
from deid.pipeline import CaseInput, Prepared, deidentify
from deid.recheck import views
from sandbox import personas
from tests.conftest import TEST_OPTIONS
from tests.support import deid_cases

Chart = tuple[str, list[dict[str, Any]]]


def _charts() -> Iterator[Chart]:
    yield from deid_cases.charts()
    more = TEST_OPTIONS.get("CONFER_TEST_CHARTS")
    if more:
        yield from deid_cases.bundles(Path(more))


CHARTS = dict(_charts())


def _case(name: str, types: frozenset[str] | None = None) -> CaseInput:
    return _case_once(name, types)


def _prepared(name: str, types: frozenset[str] | None = None) -> Prepared:
    """What leaves of a chart, prepared once for all the tests that look at it."""
    return _prepared_once(name, types)


@cache
def _case_once(name: str, types: frozenset[str] | None) -> CaseInput:
    return deid_cases.of_chart(CHARTS[name], types=types)


@cache
def _prepared_once(name: str, types: frozenset[str] | None) -> Prepared:
    return deidentify(_case(name, types), policy.load())


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("types", [None, deid_cases.DEFAULT_TYPES], ids=["all", "default"])
def test_a_chart_is_prepared_and_not_held(name: str, types: frozenset[str] | None) -> None:
    prepared = _prepared(name, types)

    assert prepared.sealed.receipt.gate_passed
    assert prepared.sealed.receipt.gate_searched > 5
    assert len(prepared.sealed.entries) + len(prepared.sealed.receipt.refused) >= 2


@pytest.mark.parametrize("name", CHARTS)
def test_no_true_identifier_of_the_patient_is_anywhere_in_the_bytes(name: str) -> None:
    # Independent of the gate: plain search for the longest, least ambiguous true values.
    sealed = _prepared(name).sealed
    patient = _case(name).resources[0]
    own = {str(each.get("value", "")) for each in _dicts(patient.get("identifier"))}
    own |= {str(each.get("value", "")) for each in _dicts(patient.get("telecom"))}
    own |= {line for each in _dicts(patient.get("address")) for line in each.get("line", [])}
    own |= {str(patient["id"]), str(patient.get("birthDate", ""))}
    sought = {value for value in own if len(value) >= 7}
    outgoing = [
        text
        for entry in sealed.entries
        for string in deid_cases.strings(entry.resource)
        for text in views(string)
    ]

    found = [value for value in sought if any(value in text for text in outgoing)]

    assert not found


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value or [] if isinstance(each, dict)]


def test_less_than_one_in_a_hundred_code_labels_is_damaged() -> None:
    damaged = total = 0
    for name in CHARTS:
        labels = {
            (each["system"], each["code"]): each["display"]
            for resource in _case(name).resources
            for each in _codings(resource)
        }
        for entry in _prepared(name).sealed.entries:
            for coding in _codings(entry.resource):
                if (coding["system"], coding["code"]) in labels:
                    total += 1
                    damaged += (
                        "[" in coding["display"]
                        and "[" not in labels[(coding["system"], coding["code"])]
                        and coding["display"] not in _our_names()
                    )
    assert total > 1000
    assert damaged / total < 0.01


def _our_names() -> frozenset[str]:
    systems = policy.load().codes.systems.values()
    return frozenset(name for system in systems for name in system.names.values())


def _codings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if {"system", "code", "display"} <= value.keys():
            yield value
        for each in value.values():
            yield from _codings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _codings(each)


def test_no_canary_word_leaves() -> None:
    persona = personas.load("canary")
    words = persona.canary_words

    sealed = _prepared("canary").sealed

    bodies = [entry.body.decode() for entry in sealed.entries]
    for entry in sealed.entries:
        for string in deid_cases.strings(entry.resource):
            bodies.extend(views(string))
    # A short word may stand in base64 by chance, so it counts as a word of its own only.
    sought = [rf"\b{re.escape(w)}\b" if len(w) < 6 else re.escape(w) for w in words]
    assert len(words) > 20
    found = [w for w in sought if any(re.search(w, body, re.IGNORECASE) for body in bodies)]
    assert found == []


def test_the_documents_of_a_chart_leave_as_clean_text() -> None:
    sealed = _prepared("adela").sealed

    notes = [
        base64.b64decode(content["attachment"]["data"]).decode()
        for entry in sealed.entries
        if entry.resource_type == "DocumentReference"
        for content in entry.resource["content"]
    ]
    assert len(notes) == 4
    assert any("[relative 1]" in note for note in notes)
    assert known_identity.build(_case("adela").resources[:1]).count > 3


@pytest.mark.parametrize("family", ["White", "Price", "Code", "Li", "Final", "Active", "Brown"])
def test_a_whole_chart_of_a_hostile_surname_is_neither_held_nor_leaked(family: str) -> None:
    # Everything in a teaching chart stays as it is, only the family is called otherwise.
    chart = json.loads(json.dumps(CHARTS["adela"], default=str).replace("Marrowby", family))
    case = deid_cases.of_chart(_with_notes_renamed(chart, family))

    sealed = deidentify(
        replace(case, texts={"question": f"Mrs. {family} has potassium 6.1. White cells 9."}),
        policy.load(),
    ).sealed

    titled = re.compile(rf"\b(?:Mrs?|Ms|Dr)\.? {family}\b|\b(?:Adela|Corwin|Isolde) {family}\b")
    outgoing = [
        view
        for entry in sealed.entries
        for string in deid_cases.strings(entry.resource)
        for view in views(string)
    ]
    assert [text for text in [*outgoing, *sealed.texts.values()] if titled.search(text)] == []
    assert "White cells 9" in sealed.texts["question"]


def test_a_record_number_of_one_digit_holds_nothing() -> None:
    chart = json.loads(json.dumps(CHARTS["adela"], default=str))
    for resource in chart:
        if resource["resourceType"] == "Patient":
            resource["identifier"] = [{"system": "https://hospital.example/mrn", "value": "7"}]
    sealed = deidentify(deid_cases.of_chart(chart), policy.load()).sealed
    assert sealed.receipt.gate_passed


def _with_notes_renamed(chart: list[dict[str, Any]], family: str) -> list[dict[str, Any]]:
    for resource in chart:
        for content in resource.get("content", ()):
            if not str(content["attachment"].get("contentType")).startswith("text/"):
                continue
            words = base64.b64decode(content["attachment"]["data"]).decode()
            renamed = words.replace("Marrowby", family).encode()
            content["attachment"]["data"] = base64.b64encode(renamed).decode()
    return chart


@pytest.mark.parametrize("name", ["adela", "ivo", "canary", "denis"])
def test_what_leaves_is_still_fhir_r4(name: str) -> None:
    sealed = _prepared(name).sealed
    for entry in sealed.entries:
        module = importlib.import_module(f"fhir.resources.R4B.{entry.resource_type.lower()}")
        getattr(module, entry.resource_type).model_validate(json.loads(entry.body))
