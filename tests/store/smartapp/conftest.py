"""A hospital gateway on either database, and the steps of a case that tests begin with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartapp.gateway.approve_case import approve_case
from smartapp.gateway.collect_answers import collect_answers
from smartapp.gateway.deid_process import DeidWorkers
from smartapp.gateway.prepare_case import prepare_case, save_question
from smartapp.gateway.question_form import read_form
from smartapp.gateway.send_case import send_case
from smartapp.store import answers, cases
from smartapp.store.answers import Answer
from smartapp.store.cases import Case
from smartapp.store.launches import Launch
from smartapp.store.revisions import Revision
from tests.support.databases import Schema
from tests.support.fake_network import opinion
from tests.support.gateway import INCLUDE, QUESTION, TABLES, Hospital, hospital


@pytest.fixture(scope="session")
def deid_workers() -> Iterator[DeidWorkers]:
    """Real de-identification processes, shared by the tests of this session."""
    workers = DeidWorkers(timeout_seconds=60, memory_megabytes=2048, keep_warm=1)
    yield workers
    workers.close()


@pytest.fixture
def schema() -> Schema:
    return TABLES


@pytest.fixture
def here(tmp_path: Path, database_url: str, deid_workers: DeidWorkers) -> Iterator[Hospital]:
    """A gateway around Adela's chart."""
    with hospital(tmp_path, url=database_url, workers=deid_workers) as made:
        yield made


@dataclass
class Walk:
    """A case walked as far as a test wants it."""

    here: Hospital
    launch: Launch
    handle: str

    def prepare(self) -> Revision:
        """Ask and prepare."""
        services = self.here.services
        save_question(services, self.launch, read_form(QUESTION, INCLUDE))
        return prepare_case(services, self.launch)

    def approve(self) -> Case:
        """Ask, prepare and approve."""
        revision = self.prepare()
        return approve_case(
            self.here.services,
            self.launch,
            revision_id=revision.revision_id,
            sha256=revision.sha256,
        )

    def send(self) -> Case:
        """Up to a case that a specialist works on."""
        case = self.approve()
        assert send_case(self.here.services, f"{case.case_id}.submit.1") == "sent"
        self.here.network.claim()
        collect_answers(self.here.services)
        return self.case(case.case_id)

    def answered(self) -> Answer:
        """Up to a stored answer."""
        case = self.send()
        self.here.network.answer(opinion())
        assert collect_answers(self.here.services) == 1
        return self.answer(case.case_id)

    def case(self, case_id: str) -> Case:
        """The case as it is now."""
        with self.here.database.read() as session:
            return cases.find(session, case_id)

    def answer(self, case_id: str) -> Answer:
        """The newest answer as it is now."""
        with self.here.database.read() as session:
            return answers.of_case(
                session, self.here.services.keyring, case_id=case_id, site_id="north"
            )[0]


@pytest.fixture
def walk(here: Hospital) -> Walk:
    """A doctor who has launched the app."""
    handle, launch = here.launch()
    return Walk(here=here, launch=launch, handle=handle)


@pytest.fixture
def notes_in(here: Hospital) -> Callable[[], list[dict[str, object]]]:
    """The notes that we wrote into the chart."""

    def found() -> list[dict[str, object]]:
        return [r for r in here.chart.resources if str(r["id"]).startswith("new-")]

    return found
