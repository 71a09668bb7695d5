"""A patient whose every identifier is a made-up word walks the loop; no word of it gets out.

Searched: the line to the network, everything at the network, all logs, job payloads, temporary
files, names of files, what the specialist's browser received, and the hospital's own database,
where the words are encrypted. The searcher is tested in `test_canary_search.py`.
"""

import json
from collections.abc import Iterator

import pytest

from runtime import clock
from sandbox import personas
from tests.support import canary_sinks
from tests.support.canary import Hit, Searcher
from tests.support.canary_walk import CanaryWalk, prepared

_PERSONA = personas.load("canary")


def _planted() -> list[str]:
    resources, _ = personas.chart(_PERSONA, now=clock.now())
    patient = next(one for one in resources if one["resourceType"] == "Patient")
    ids = [str(one["id"]) for one in resources]
    return [*_PERSONA.canary_words, *ids, patient["birthDate"]]


@pytest.fixture(scope="module")
def searcher() -> Searcher:
    return Searcher(_planted())


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryWalk]:
    """The walk, taken once; the programs still run."""
    with prepared(tmp_path_factory.mktemp("canary")) as one:
        one.take()
        yield one


def _hits(searcher: Searcher, sinks: Iterator[tuple[str, bytes]]) -> list[Hit]:
    return [
        hit for name, content in sinks for hit in searcher.find(content, name, layers=_layers(name))
    ]


def _layers(sink: str) -> int:
    """Files of databases are searched as bytes; their tables are unpacked fully elsewhere."""
    return 1 if ".db" in sink and sink.startswith("file") else 4


def test_the_walk_reaches_its_end_with_nothing_known_in_the_sent_bytes(walk: CanaryWalk) -> None:
    assert walk.summary.good, "\n".join(walk.said)
    assert walk.summary.identifiers_removed > len(_PERSONA.canary_words)


def test_the_words_are_where_they_belong(walk: CanaryWalk, searcher: Searcher) -> None:
    """The doctor sees the patient's name, the EHR knows it: the search would find it."""
    pages = b"".join(answer.body for answer in walk.doctor_saw)
    assert {"Zyxquorble", "Blorptina"} <= {hit.word for hit in searcher.find(pages, "doctor")}
    filed = next(
        content
        for name, content in canary_sinks.tables(walk.plan.folder / "ehr.db")
        if name.endswith("fhir_resource")
    )
    hers = b"\n".join(row for row in filed.splitlines() if b"cnr-" in row or b"pt-zz" in row)
    found = {hit.word for hit in searcher.find(hers, "ehr", layers=2)}
    assert found >= set(_PERSONA.canary_words)


def test_no_word_goes_over_the_line_to_the_network(walk: CanaryWalk, searcher: Searcher) -> None:
    kept = walk.tap.kept()
    sent = b"".join(kept)
    assert b"Content-Encoding" not in sent  # or the search would be blind
    assert b"POST /fhir HTTP" in sent
    assert sent.count(b"/desk/") > 0
    assert _hits(searcher, (("line", one) for one in kept)) == []


def test_no_word_is_at_the_network(walk: CanaryWalk, searcher: Searcher) -> None:
    folder = walk.plan.folder
    assert _hits(searcher, canary_sinks.tables(folder / "consult.db")) == []


def test_no_word_is_on_a_page_that_the_specialist_received(
    walk: CanaryWalk, searcher: Searcher
) -> None:
    seen = [
        (answer.url, json.dumps([answer.url, dict(answer.headers)]).encode() + answer.body)
        for answer in walk.specialist_saw
    ]
    assert any(b"INR 4.6" in content for _, content in seen)
    assert _hits(searcher, iter(seen)) == []


def test_no_word_is_in_an_address_of_the_gateway(walk: CanaryWalk, searcher: Searcher) -> None:
    addresses = [
        (answer.url + " " + answer.headers.get("Location", "")).encode()
        for answer in walk.doctor_saw
        if answer.url.startswith(walk.plan.gateway_url)
    ]
    assert addresses
    assert _hits(searcher, (("address", one) for one in addresses)) == []


def test_the_hospitals_own_database_holds_the_words_encrypted_only(
    walk: CanaryWalk, searcher: Searcher
) -> None:
    tables = list(canary_sinks.tables(walk.plan.folder / "gateway.db"))
    assert any(name.endswith("workflow_input") and content for name, content in tables)
    assert any(name.endswith("runtime_job") and content for name, content in tables)
    assert _hits(searcher, iter(tables)) == []


def test_no_word_is_in_any_file_log_or_name_while_the_programs_run_and_after(
    walk: CanaryWalk, searcher: Searcher
) -> None:
    def sinks() -> Iterator[tuple[str, bytes]]:
        yield from canary_sinks.files(walk.plan.folder, besides="ehr.db")
        yield from canary_sinks.files(walk.temporary)

    def processes() -> Iterator[tuple[str, bytes]]:
        for program in walk.supervisor.programs:
            yield from canary_sinks.deleted_but_open(walk.supervisor.process_id(program.name))

    running = dict(sinks())
    for name in ("file consult.db-wal", "file gateway.db-wal", "file logs/gateway.log"):
        assert running[name]
    assert _hits(searcher, iter(running.items())) == []
    looked_at = dict(processes())
    assert any(name.startswith("arguments") for name in looked_at)
    assert _hits(searcher, iter(looked_at.items())) == []
    walk.supervisor.stop()
    assert _hits(searcher, sinks()) == []


def test_no_word_is_in_what_the_demo_prints(walk: CanaryWalk, searcher: Searcher) -> None:
    printed = "\n".join(walk.said) + json.dumps(walk.summary.as_json())
    assert searcher.find(printed, "printed") == []
