"""confer check names each fault that is seeded in the sandbox EHR, and nothing else as failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from confer.check import report
from confer.check.report import Report
from confer.check.run import examine
from confer.wiring.check_site import checker
from runtime import settings
from sandbox.faults import FOREVER, Fault
from tests.support.check_world import COOKIE, CheckWorld
from tests.support.launch_stores import MemorySecrets
from tests.support.sandbox_ehr import ADELA

TOKEN_DOWN = Fault(effect="error_500", place="token", times=FOREVER)


def _fhir(effect: Any, resource_type: str, **more: Any) -> Fault:
    return Fault(effect=effect, resource_type=resource_type, times=FOREVER, **more)


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """A fault, the groups that meet it, and the finding that names it."""

    name: str
    expected: str
    groups: tuple[str, ...] = ()
    switches: Mapping[str, object] = field(default_factory=dict)
    armed: tuple[Fault, ...] = ()
    sign_in: bool = False
    dialect: str = "generic"
    also: tuple[str, ...] = ()


def _switch(expected: str, *groups: str, sign_in: bool = False, **switches: object) -> Seeded:
    name = ",".join(f"{key}={value}" for key, value in switches.items())
    return Seeded(name=name, expected=expected, groups=groups, switches=switches, sign_in=sign_in)


def _doctor(expected: str, **switches: object) -> Seeded:
    return _switch(expected, "sign_in", "refresh", sign_in=True, **switches)


SEEDED = (
    # discovery, network
    _switch("discovery.down", down=True),
    _switch("discovery.no_well_known", well_known="missing"),
    _switch("discovery.well_known_unreadable", well_known="not_json"),
    _switch("discovery.foreign_block", well_known="missing", oauth_uris="bogus_first"),
    _switch("discovery.relative_endpoints", relative_endpoints=True),
    _switch("discovery.foreign_endpoint", endpoints="other_host"),
    _switch("discovery.no_sign_in", well_known="missing", oauth_uris="none"),
    _switch("discovery.open_server", authorization="open"),
    _switch("discovery.statement_missing", metadata="missing"),
    _switch("discovery.statement_unreadable", metadata="not_a_statement"),
    _switch("discovery.other_version_registered", fhir_version="3.0.2"),
    _switch("transport.clock_drifts", clock_shift_seconds=60),
    _switch("transport.clock_off", clock_shift_seconds=-600),
    # registration, PKCE, Backend Services
    _switch("pkce.not_announced", "registration", pkce_advertised=False),
    _switch("registration.client_refused", "registration", authorize_error="unauthorized_client"),
    _switch("registration.scopes_refused", "registration", authorize_error="invalid_scope"),
    _switch("registration.request_refused", "registration", authorize_error="invalid_request"),
    _switch("registration.method_not_announced", "registration", auth_methods="no_private_key_jwt"),
    Seeded(
        name="oracle", expected="registration.types_not_named", groups=("registration",),
        dialect="oracle",
    ),
    Seeded(
        name="azure", expected="registration.other_dialect", groups=("registration",),
        dialect="azure", also=("registration.scopes_refused",),
    ),
    _switch("backend.client_refused", "backend", client_login="invalid_client"),
    _switch("backend.client_refused", "backend", backend="unauthorized_client"),
    _switch("backend.narrowed", "backend", scopes_dropped=("system/DocumentReference.*",)),
    _switch("backend.no_end", "backend", expires_in="missing"),
    Seeded(name="token_500", expected="backend.down", groups=("backend",), armed=(TOKEN_DOWN,)),
    # a doctor's sign-in
    _doctor("sign_in.no_patient", launch_context="no_patient"),
    _doctor("sign_in.no_encounter", launch_context="no_encounter"),
    _doctor("sign_in.refused", authorize_error="access_denied"),
    _doctor("sign_in.issuer_mixed_up", iss_parameter="wrong"),
    _doctor("sign_in.identity_refused", id_token="unknown_key"),
    _doctor("sign_in.user_unknown", fhir_user="missing"),
    _doctor("sign_in.not_clinician", fhir_user="patient"),
    _doctor("sign_in.token_refused", client_login="invalid_client"),
    _doctor("sign_in.address_unusable", state="missing"),
    _doctor("scopes.narrowed", scopes_dropped=("user/*",)),
    _doctor("scopes.nothing_readable", scopes_dropped=("user/*", "patient/*")),
    _doctor("refresh.not_offered", refresh="withheld"),
    _doctor("refresh.refused", refresh="refused"),
    Seeded(
        name="token_500_at_sign_in", expected="sign_in.token_down", groups=("sign_in",),
        armed=(TOKEN_DOWN,), sign_in=True,
    ),
    # paging
    _switch("paging.expired", "backend", "reading", "paging", authorization="open", pages="expire"),
    _switch("paging.foreign_link", "reading", "paging", authorization="open", pages="foreign"),
    _switch("paging.loop", "reading", "paging", authorization="open", pages="loop"),
)  # fmt: skip


def _codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda one: one.name)
def test_a_seeded_fault_is_named(at: CheckWorld, seeded: Seeded) -> None:
    at.fresh(seeded.switches, seeded.armed, dialect=seeded.dialect)
    made = at.report(*(seeded.groups or ("discovery",)), sign_in=seeded.sign_in, patient_id=ADELA)
    assert seeded.expected in _codes(made)
    # one cause, one failure: nothing is reported as failed beside it
    assert {one.code for one in made.of_level("fail")} <= {seeded.expected, *seeded.also}


def test_an_ehr_without_faults_passes_and_the_report_holds_no_secret_and_no_patient(
    at: CheckWorld,
) -> None:
    exam = at.examination(
        launch=at.ehr.launch_value(ADELA), ask_person=at.visit, patient_id=ADELA, write=True
    )
    made = examine(exam)
    assert [finding.code for finding in made.of_level("fail")] == []
    assert [finding.code for finding in made.of_level("warn")] == ["reading.not_declared"]
    assert made.exit_code == 1
    codes = _codes(made)
    for code in (
        "discovery.ok", "discovery.data_needs_token", "registration.accepted", "pkce.enforced",
        "registration.keys_published", "backend.ok", "sign_in.ok", "scopes.all_granted",
        "refresh.ok", "reading.patient_ok", "paging.ok", "writing.safe",
        "writing.created_and_withdrawn", "writing.repeat_is_safe", "frame.allowed",
        "frame.cookie_ok",
    ):  # fmt: skip
        assert code in codes
    everything = report.html(made).decode() + str(made.as_json()) + "".join(report.lines(made))
    assert exam.signed_in is not None
    assert exam.backend_token is not None
    tokens = exam.signed_in.tokens
    for secret in (
        ADELA, "Marrowby", exam.backend_token, tokens.access_token, tokens.refresh_token or "-",
        exam.signed_in.user.reference, exam.signed_in.context.encounter or "-",
    ):  # fmt: skip
        assert secret not in everything


def test_faults_of_single_types_are_told_apart_in_one_reading(at: CheckWorld) -> None:
    at.fresh(
        {
            "authorization": "open",
            "forbidden_types": ("Condition",),
            "required_search": ("Procedure:category",),
            "entries": "twice",
        },
        (
            _fhir("broken_json", "Immunization"),
            _fhir("throttle", "Coverage", milliseconds=7000),
            _fhir("error_500", "RelatedPerson"),
            _fhir("drop_before", "FamilyMemberHistory"),
            _fhir("latency", "AllergyIntolerance", milliseconds=160),
        ),
    )
    found = {
        (finding.code, str(finding.facts.get("type", "")))
        for finding in at.report("reading", patient_id=ADELA).findings
        if finding.known.group == "reading" and finding.level in ("warn", "fail")
    }
    assert {
        ("reading.refused", "Condition"),
        ("reading.parameter_required", "Procedure"),
        ("reading.not_fhir", "Immunization"),
        ("reading.throttled", "Coverage"),
        ("reading.down", "RelatedPerson"),
        ("reading.broken_off", "FamilyMemberHistory"),
        ("reading.slow", "AllergyIntolerance"),
        ("reading.repeated", "DiagnosticReport"),
    } <= found
    assert not {code for code, kind in found if kind == "MedicationRequest"} - {"reading.repeated"}


def test_odd_content_of_a_chart_is_named(at: CheckWorld) -> None:
    at.fresh({"authorization": "open", "entries": "wrong_patient", "result_cap": 2})
    codes = _codes(at.report("reading", patient_id=ADELA))
    assert "reading.wrong_patient" in codes
    assert "reading.capped" in codes


@pytest.mark.parametrize(
    ("patient", "expected"),
    [("other", "reading.patient_unusable"), ("merged", "reading.patient_flagged")],
)
def test_an_odd_patient_is_named(at: CheckWorld, patient: str, expected: str) -> None:
    at.fresh({"authorization": "open", "patient": patient})
    assert expected in _codes(at.report("reading", patient_id=ADELA))


@pytest.mark.parametrize(
    ("switches", "armed", "expected"),
    [
        ({"create_answer": "empty"}, (), "writing.answer_empty"),
        ({"conditional_create": False}, (), "writing.repeat_is_safe"),
        ({"create_answer": "foreign_location"}, (), "writing.foreign_location"),
        (
            {},
            (_fhir("commit_then_500", "DocumentReference", method="POST"),),
            "writing.answer_lost",
        ),
        ({}, (_fhir("drop_after", "DocumentReference", method="POST"),), "writing.answer_lost"),
        ({"forbidden_types": ("DocumentReference",)}, (), "writing.refused"),
        ({"scopes_dropped": ("system/DocumentReference.*",)}, (), "writing.not_granted"),
    ],
    ids=[
        "empty",
        "not_conditional",
        "foreign_location",
        "commit_then_500",
        "drop_after",
        "forbidden",
        "no_scope",
    ],
)
def test_a_fault_of_filing_is_named_and_no_test_note_stays(
    at: CheckWorld, switches: dict[str, object], armed: tuple[Fault, ...], expected: str
) -> None:
    at.fresh(switches, armed)
    made = at.report("backend", "writing", patient_id=ADELA, write=True)
    assert expected in _codes(made)
    at.fresh({"authorization": "open"})
    session = at.ehr.browser()
    left = session.get(
        "/fhir/DocumentReference", query_string={"patient": ADELA, "status": "current"}
    )
    assert "TEST NOTE" not in left.text
    assert "confer-check" not in left.text


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("Content-Security-Policy", "frame-ancestors 'none'", "frame.not_allowed"),
        ("X-Frame-Options", "SAMEORIGIN", "frame.x_frame_options"),
        ("Set-Cookie", COOKIE.replace("; Partitioned", ""), "frame.cookie_spoiled"),
        ("Set-Cookie", "other=1", "frame.cookie_unseen"),
    ],
)
def test_a_proxy_that_spoils_the_frame_is_named(
    at: CheckWorld, header: str, value: str, expected: str
) -> None:
    at.front.headers[header] = value
    assert expected in _codes(at.report("frame"))


def test_published_keys_of_another_gateway_are_noticed(at: CheckWorld) -> None:
    at.front.keys = at.front.keys[:1]
    assert "registration.keys_other" in _codes(at.report("registration"))


def test_the_operators_page_gets_the_same_findings_in_words(at: CheckWorld) -> None:
    at.fresh({"authorization": "open", "forbidden_types": ("Condition",)})
    chosen = settings.load(
        overrides={"data_dir": str(at.folder), "gateway_url": at.front.url, "ehr_url": at.ehr.url}
    )
    lines = checker(chosen, MemorySecrets())(at.site(), ADELA)
    assert ("fail", "reading.refused") in {(line.level, line.code) for line in lines}
    assert not any("{" in line.says for line in lines)
