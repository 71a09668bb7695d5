"""The tables of the hooks on both databases: feedback once per card, cases by patient, used ids."""

from datetime import timedelta

import pytest

from runtime import clock
from runtime.errors import Replayed
from smartapp.store import cases, hook_feedback
from smartapp.store.hook_feedback import CardOutcome
from smartapp.store.replays import Replays
from tests.support.gateway import Hospital
from tests.support.hook_ehr import question


def test_feedback_cases_and_token_ids_on_this_database(here: Hospital) -> None:
    now = clock.now()
    said = CardOutcome(
        site_id="north", service="s", card="c", outcome="overridden", reason="later", at=now
    )
    with here.database.transaction() as session:
        assert hook_feedback.record(session, said, now=now) is True
        assert hook_feedback.record(session, said, now=now) is False
    with here.database.transaction() as session:
        (counted,) = hook_feedback.counts(session, site_id="north")
        assert (counted.outcome, counted.reason, counted.count) == ("overridden", "later", 1)
        assert hook_feedback.purge(session, now=now + timedelta(days=89)) == 0
        assert hook_feedback.purge(session, now=now + timedelta(days=91)) == 1
    mine, others = question(here), question(here, doctor_key="colleague")
    key = here.launch(wait=False)[1].patient_key
    with here.database.read() as session:
        found = cases.at_patient(session, site_id="north", patient_key=key)
        assert {case.case_id for case in found} == {mine, others}
        assert cases.at_patient(session, site_id="south", patient_key=key) == []
    used = Replays(here.database)
    used.remember(issuer="cds-hooks:a", jti="1", expires_at=now)
    used.remember(issuer="cds-hooks:b", jti="1", expires_at=now)
    with pytest.raises(Replayed):
        used.remember(issuer="cds-hooks:a", jti="1", expires_at=now)
