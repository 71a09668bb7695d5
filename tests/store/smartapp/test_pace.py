"""Calls to one EHR at its site's pace: one bucket and one circuit for every process."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from fhir_adapters.pacing import FAILURES_TO_OPEN, Pace
from runtime import clock
from runtime.database import Database
from runtime.errors import OutboundDown
from runtime.outbound import OutboundAnswer, OutboundClient
from smartapp.gateway.paced_calls import PacedClient, Turns, lease_of, pace_of
from smartapp.store.pace import Paces
from tests.support.gateway import Hospital
from tests.support.launch_stores import make_site

URL = "https://ehr.example/fhir/Patient/1"
BUSY = frozenset({429})


class Ehr(OutboundClient):
    """Answers as it is told and remembers when it was called."""

    def __init__(self) -> None:
        super().__init__(allowed_origins=(), allow_loopback_http=False)
        self.called: list[float] = []
        self.next: list[OutboundAnswer | OutboundDown] = []
        self._lock = threading.Lock()

    def request(self, method: str, url: str, **more: Any) -> OutboundAnswer:
        """Count the call."""
        with self._lock:
            self.called.append(clock.monotonic())
            answer = (
                self.next.pop(0) if self.next else OutboundAnswer(status=200, headers={}, body=b"")
            )
        if isinstance(answer, OutboundDown):
            raise answer
        return answer


def _says(status: int, **headers: str) -> OutboundAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return OutboundAnswer(status=status, headers=named, body=b"")


@pytest.fixture
def database(here: Hospital) -> Database:
    return here.database


def _client(
    database: Database, ehr: Ehr, pace: Pace, waits: list[float] | None = None
) -> PacedClient:
    pause = clock.sleep if waits is None else waits.append
    turns = Turns(Paces(database), site_id="north", pace=pace, pause=pause)
    return PacedClient(ehr, turns, slow_down=BUSY)


def _call(client: PacedClient) -> int:
    return client.request("GET", URL, label="test").status


def test_two_processes_together_never_exceed_the_rate(database: Database) -> None:
    pace, ehr = Pace(per_second=40.0, burst=8), Ehr()
    workers = [_client(database, ehr, pace) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda one=one: [_call(one) for _ in range(8)])
        for one in workers
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ehr.called) == 32
    held = len(workers) * lease_of(pace)  # what each process may have leased and not used yet
    for i, first in enumerate(ehr.called):
        for n, last in enumerate(ehr.called[i:], start=1):
            assert n <= pace.burst + held + (last - first) * pace.per_second + 1


def test_retry_after_of_one_process_holds_the_other_back(database: Database) -> None:
    pace, ehr = Pace(per_second=100.0, burst=100), Ehr()
    waits: list[float] = []
    first, other = _client(database, ehr, pace), _client(database, ehr, pace, waits)
    ehr.next = [_says(429, retry_after="3")]
    assert _call(first) == 429
    with pytest.raises(OutboundDown) as paused:  # its patience ends: nothing really waits here
        _call(other)
    assert paused.value.reason == "paused"
    assert 2.0 < waits[0] <= 3.0
    assert len(ehr.called) == 1


def test_an_ehr_that_keeps_failing_is_left_alone_until_it_answers(database: Database) -> None:
    pace, ehr = Pace(per_second=1000.0, burst=1000), Ehr()
    waits: list[float] = []
    client = _client(database, ehr, pace, waits)
    ehr.next = [_says(503) for _ in range(FAILURES_TO_OPEN - 1)]
    ehr.next.append(OutboundDown(reason="timeout", label="test"))
    for _n in range(FAILURES_TO_OPEN - 1):
        assert _call(client) == 503
    with pytest.raises(OutboundDown):
        _call(client)
    with pytest.raises(OutboundDown) as held:
        _call(_client(database, ehr, pace, waits))
    assert held.value.reason == "paused"
    assert len(ehr.called) == FAILURES_TO_OPEN
    _end_pause(database, pace)
    assert _call(client) == 200
    state = Paces(database).state("north")
    assert state is not None
    assert state.failures == 0


def _end_pause(database: Database, pace: Pace) -> None:
    def over(state: Any) -> Any:
        return type(state)(
            tokens=state.tokens,
            at=state.at,
            paused_until=clock.now() - timedelta(seconds=1),
            failures=state.failures,
        )

    Paces(database).change("north", pace, now=clock.now(), change=over)


def test_an_answer_that_is_too_large_is_no_failure(database: Database) -> None:
    pace, ehr = Pace(per_second=100.0, burst=100), Ehr()
    client = _client(database, ehr, pace)
    ehr.next = [OutboundDown(reason="oversize", label="test")]
    with pytest.raises(OutboundDown):
        _call(client)
    state = Paces(database).state("north")
    assert state is not None
    assert state.failures == 0


def test_a_site_s_pace_is_its_own_or_its_vendor_s() -> None:
    assert pace_of(make_site())[0] == Pace(per_second=20.0, burst=40)
    slow = pace_of(make_site(requests_per_second=2.0, burst=3))[0]
    assert slow == Pace(per_second=2.0, burst=3)
