"""The CDS Hooks service over HTTP: feedback, browsers, and what is kept of a call."""

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
import time_machine
from werkzeug.test import TestResponse

from runtime import clock, json_text, logs
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.sweep import sweep
from smartapp.store import hook_feedback
from tests.support import cds_caller
from tests.support.cds_caller import DISCOVERY, GATEWAY, bearer, hook_call
from tests.support.gateway import Hospital
from tests.support.hook_ehr import VIEW, Ehr, context, hooks_called, question
from tests.support.launch_stores import ISSUER

CANARY = "Quibblethorn-4711"


@pytest.fixture
def ehr(tmp_path: Path, deid_workers: DeidWorkers) -> Iterator[Ehr]:
    """An EHR that calls the hooks of a gateway around Adela's chart."""
    with hooks_called(tmp_path, deid_workers) as made:
        yield made


# ---------------------------------------------------------------- feedback


def _said(**changes: Any) -> dict[str, Any]:
    verdict = {
        "card": "4e0a3a1e-3ebd-4575-ae68-028d2d84d505",
        "outcome": "overridden",
        "overrideReason": {"reason": {"code": "later"}, "userComment": CANARY},
        "outcomeTimestamp": "2026-11-24T10:00:00Z",
        **changes,
    }
    return {"feedback": [verdict]}


def _counted(here: Hospital) -> list[tuple[str, str, int]]:
    with here.database.read() as session:
        return [
            (one.outcome, one.reason, one.count)
            for one in hook_feedback.counts(session, site_id="north")
        ]


def test_feedback_counts_once_and_the_last_word_stays(ehr: Ehr) -> None:
    url = f"{VIEW}/feedback"
    for _ in range(3):
        assert ehr.post(url, _said()).status_code == 200
    assert _counted(ehr.here) == [("overridden", "later", 1)]
    earlier = _said(outcome="accepted", outcomeTimestamp="2026-11-24T09:00:00Z")
    ehr.post(url, earlier)
    assert _counted(ehr.here) == [("overridden", "later", 1)]
    later = {"outcomeTimestamp": "2026-11-24T11:00:00Z", "overrideReason": None}
    ehr.post(url, _said(outcome="accepted", **later))
    assert _counted(ehr.here) == [("accepted", "", 1)]
    foreign = {"overrideReason": {"reason": {"code": CANARY}}}
    ehr.post(url, _said(card="5e0a3a1e-3ebd-4575-ae68-028d2d84d505", **foreign))
    assert _counted(ehr.here) == [("accepted", "", 1), ("overridden", "other", 1)]
    assert ehr.post(url, {"feedback": "x"}).status_code == 400
    with time_machine.travel(clock.now() + timedelta(days=91)):
        sweep(ehr.here.services)
    assert _counted(ehr.here) == []


# ---------------------------------------------------------------- browsers


def test_only_pages_of_registered_origins_may_call_from_a_browser(ehr: Ehr) -> None:
    ehr.here.services.sites.put(
        cds_caller.site_with_hooks(
            cds_caller.pinned_client(browser_origins=("https://chart.example",))
        )
    )

    def asked(origin: str, *, method: str = "OPTIONS") -> TestResponse:
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        if method == "GET":
            headers["Authorization"] = bearer(DISCOVERY)
        return ehr.client.open("/cds-services", method=method, base_url=GATEWAY, headers=headers)

    for method in ("OPTIONS", "GET"):
        allowed = asked("https://chart.example", method=method)
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://chart.example"
        assert "Authorization" in allowed.headers["Access-Control-Allow-Headers"]
        assert "Access-Control-Allow-Credentials" not in allowed.headers
        assert (
            "Access-Control-Allow-Origin"
            not in asked("https://evil.example", method=method).headers
        )
    ehr.here.services.sites.put(
        cds_caller.site_with_hooks(
            cds_caller.pinned_client(browser_origins=("https://chart.example",)), enabled=False
        )
    )
    assert "Access-Control-Allow-Origin" not in asked("https://chart.example").headers


# ---------------------------------------------------------------- what is kept


def test_no_token_patient_or_comment_stays_in_logs_or_database(ehr: Ehr, tmp_path: Path) -> None:
    question(ehr.here)
    written = io.StringIO()
    logs.configure(program="gateway", mode="production", stream=written, level="debug")
    token = bearer(VIEW)
    try:
        granted = {"access_token": CANARY, "subject": CANARY, "scope": CANARY}
        call = hook_call(ehr.patient, fhirAuthorization=granted, hookInstance=None)
        ehr.post(VIEW, call, token=token)
        call = hook_call(None, context=context(ehr.here), fhirAuthorization=granted)
        with responses.RequestsMock() as world:
            url = f"{ISSUER}/Patient/{ehr.here.patient_id}"
            world.add("GET", url, body=json_text.dumps(ehr.patient))
            assert "cards" in ehr.post(VIEW, call).text
        ehr.post(VIEW, call, token=f"{token}x")
        ehr.post(f"{VIEW}/feedback", _said())
    finally:
        logs.reset()
    lines = written.getvalue()
    assert "hooks.answered" in lines
    assert "hooks.refused" in lines
    kept = lines.encode()
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as connection:
        kept += "\n".join(connection.iterdump()).encode()
    for word in (CANARY, token.removeprefix("Bearer "), token.rpartition(".")[2]):
        assert word.encode() not in kept
    for word in (ehr.here.patient_id, ehr.patient["name"][0]["family"]):
        assert word not in lines
