"""The ladder of forms: decided from statement, grant, site and vendor, one table for all."""

from collections.abc import Collection

import pytest

from fhir_adapters.capability import Capability
from fhir_adapters.traits import Rung, WriteTraits
from fhir_adapters.write_back.ladder import Ground, Step, Why, best, ladder, next_after
from tests.support.memory_fhir import statement

NOTE, MESSAGE, FORM = "DocumentReference", "Communication", "QuestionnaireResponse"
ALL = frozenset({NOTE, MESSAGE, FORM, "DiagnosticReport"})


def _steps(
    *,
    offers: Collection[str] = ALL,
    granted: Collection[str] = ALL,
    allowed: tuple[str, ...] = (),
    window: bool = False,
    never: bool = False,
) -> tuple[Step, ...]:
    ground = Ground(
        capability=Capability.from_statement(statement(create=offers)),
        granted=lambda kind, right: right == "c" and kind in granted,
        writes=WriteTraits(),
        allowed=allowed,
        window=window,
        never=never,
    )
    return ladder(ground)


@pytest.mark.parametrize(
    ("case", "rung"),
    [
        ({}, Rung.DOCUMENT_REFERENCE),
        ({"window": True}, Rung.SCRATCHPAD),
        ({"offers": {MESSAGE}}, Rung.COMMUNICATION),
        ({"granted": {MESSAGE}}, Rung.COMMUNICATION),
        ({"offers": {FORM}}, Rung.COPY),
        ({"offers": {FORM}, "allowed": ("questionnaire_response",)}, Rung.QUESTIONNAIRE_RESPONSE),
        ({"allowed": ("communication", "document_reference")}, Rung.COMMUNICATION),
        ({"allowed": ("copy",)}, Rung.COPY),
        ({"allowed": ("scratchpad",)}, Rung.COPY),
        ({"allowed": ("scratchpad",), "window": True}, Rung.SCRATCHPAD),
        ({"allowed": ("no_such_form",)}, Rung.COPY),
        ({"offers": (), "granted": ALL}, Rung.COPY),
        ({"granted": ()}, Rung.COPY),
        ({"never": True, "window": True}, Rung.COPY),
        ({"offers": {"DiagnosticReport"}}, Rung.COPY),
    ],
)
def test_the_first_form_that_everybody_allows_is_taken(case: dict[str, object], rung: Rung) -> None:
    steps = _steps(**case)  # type: ignore[arg-type]  # a table of keyword arguments
    assert best(steps) is rung
    assert steps[-1] == Step(rung=Rung.COPY)
    assert sorted(step.rung for step in steps) == sorted(Rung)


@pytest.mark.parametrize(
    ("case", "rung", "why"),
    [
        ({"offers": {MESSAGE}}, Rung.DOCUMENT_REFERENCE, Why.NOT_OFFERED),
        ({"granted": {MESSAGE}}, Rung.DOCUMENT_REFERENCE, Why.NOT_GRANTED),
        ({"allowed": ("copy",)}, Rung.DOCUMENT_REFERENCE, Why.SITE),
        ({"never": True}, Rung.DOCUMENT_REFERENCE, Why.SITE),
        ({}, Rung.QUESTIONNAIRE_RESPONSE, Why.SITE),
        ({}, Rung.SCRATCHPAD, Why.NO_WINDOW),
        ({}, Rung.DIAGNOSTIC_REPORT, Why.NO_ORDER),
    ],
)
def test_every_form_that_is_not_taken_says_why(
    case: dict[str, object], rung: Rung, why: Why
) -> None:
    steps = _steps(**case)  # type: ignore[arg-type]  # a table of keyword arguments
    assert {step.rung: step.why for step in steps}[rung] is why


def test_a_vendor_whose_chart_takes_no_messages_is_never_asked_to() -> None:
    ground = Ground(
        capability=Capability.from_statement(statement(create=ALL)),
        granted=lambda _kind, _right: True,
        writes=WriteTraits(ladder=(Rung.DOCUMENT_REFERENCE, Rung.COPY)),
    )
    whys = {step.rung: step.why for step in ladder(ground)}
    assert whys[Rung.COMMUNICATION] is Why.VENDOR


def test_after_a_refusal_comes_the_next_form_and_at_last_the_copy() -> None:
    steps = _steps()
    assert next_after(steps, Rung.DOCUMENT_REFERENCE) is Rung.COMMUNICATION
    assert next_after(steps, Rung.COMMUNICATION) is Rung.COPY
    assert next_after(steps[:2], Rung.COPY) is Rung.COPY
