"""Seeding is done once, and adds what is missing."""

from pathlib import Path

from sandbox import services
from sandbox.access import STAFF
from tests.support import sandbox_ehr
from tests.support.sandbox_ehr import ADELA, WRITE, call, ids, note


def test_a_second_seed_changes_nothing_and_keeps_what_was_written(tmp_path: Path) -> None:
    ehr = sandbox_ehr.build(tmp_path, names=["adela"])
    call(ehr, ehr.token(WRITE), "DocumentReference", "POST", note())
    before = ids(call(ehr, ehr.token(WRITE), "DocumentReference"))

    assert services.seed_charts(ehr.services, ["adela"]) == 0
    assert ids(call(ehr, ehr.token(WRITE), "DocumentReference")) == before


def test_a_missing_persona_is_added_later(tmp_path: Path) -> None:
    ehr = sandbox_ehr.build(tmp_path, names=["adela"])

    assert services.seed_charts(ehr.services, ["adela", "denis"]) == 1
    with ehr.services.database.read() as session:
        found = ehr.services.engine.search(session, "Patient", [], caller=STAFF)
    assert len(found.matches) == 2


def test_the_services_start_again_on_the_same_data_with_the_same_key(tmp_path: Path) -> None:
    first = sandbox_ehr.build(tmp_path, names=["adela"])
    second = services.build_services(first.settings, first.services.database)

    with first.services.database.transaction() as session:
        assert second.signing_key(session).kid == first.services.signing_key(session).kid
    with second.database.read() as session:
        stored = second.engine.read(session, "Patient", ADELA, caller=STAFF)
    assert stored.resource["name"][0]["family"] == "Marrowby"
