"""Launches that must not go on: each ends at a page that says why, and nothing was called."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from confer.walker.browser import Browser
from sandbox import personas
from tests.support.broken_world import BrokenWorld, broken_world, callback_address

PATIENT = personas.load("adela").patient_id
_AGAIN = "Start Confer again from the patient's chart."
_NOTHING = "Nothing was read and nothing has left."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenWorld]:
    with broken_world(tmp_path_factory.mktemp("launch") / "data") as made:
        yield made


@pytest.fixture
def doctor(world: BrokenWorld) -> Browser:
    """A browser that is signed in at the EHR."""
    walk = world.walk()
    walk.sign_in_at_ehr()
    return walk.doctor


@contextmanager
def _ear() -> Iterator[tuple[str, list[object]]]:
    """A server that answers nothing and counts who knocks."""
    knocks: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                try:
                    knock, caller = listening.accept()
                except TimeoutError:
                    continue
                knocks.append(caller)
                knock.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", knocks
        finally:
            ended.set()
            thread.join()


def test_an_unknown_issuer_is_named_as_such_and_never_called(world: BrokenWorld) -> None:
    with _ear() as (origin, knocks):
        query = urlencode({"iss": f"{origin}/fhir", "launch": "xyz"})
        page = Browser().open(f"{world.plan.gateway_url}/launch?{query}")
    assert page.status == 403
    assert page.heading == "Confer could not start"
    assert "This EHR address is not registered with Confer." in page.text
    assert _NOTHING in page.text
    assert knocks == []


@pytest.mark.parametrize(
    "query", ["", "iss=%00&launch=x", "launch=x", "iss=ftp%3A%2F%2Fx&launch=x"]
)
def test_a_launch_without_a_usable_issuer_is_a_page_not_a_fault(
    world: BrokenWorld, query: str
) -> None:
    page = Browser().open(f"{world.plan.gateway_url}/launch?{query}")
    assert page.status == 422
    assert page.heading == "Confer could not start"


def test_a_replayed_callback_opens_nothing_a_second_time(
    world: BrokenWorld, doctor: Browser
) -> None:
    address = callback_address(doctor, world, PATIENT)
    assert doctor.request("GET", address).status == 303
    page = doctor.open(address)
    assert page.status == 401
    assert _AGAIN in page.text
    assert "Marrowby" not in page.text


def test_a_callback_in_a_foreign_browser_opens_nothing_there_nor_afterwards(
    world: BrokenWorld, doctor: Browser
) -> None:
    address = callback_address(doctor, world, PATIENT)
    foreign = Browser()
    page = foreign.open(address)
    assert page.status == 401
    assert _AGAIN in page.text
    assert "Marrowby" not in page.text
    # The state was shown to a stranger: it is worth nothing any more, to nobody.
    assert doctor.open(address).status == 401
    # And the doctor simply starts again.
    assert doctor.request("GET", callback_address(doctor, world, PATIENT)).status == 303


def test_a_callback_that_carries_another_answers_state_is_refused(
    world: BrokenWorld, doctor: Browser
) -> None:
    page = doctor.open(
        f"{world.plan.gateway_url}/callback?{urlencode({'code': 'c', 'state': 's'})}"
    )
    assert page.status == 401
    assert _AGAIN in page.text


def test_a_sign_in_that_the_ehr_refused_says_so(world: BrokenWorld, doctor: Browser) -> None:
    address = callback_address(doctor, world, PATIENT)
    state = address.split("state=")[1].split("&")[0]
    query = urlencode({"error": "access_denied", "error_description": "<b>no</b>"})
    page = doctor.open(f"{world.plan.gateway_url}/callback?{query}&state={state}")
    assert page.status == 403
    assert "Consent was not given, or the app may not be used here." in page.text
    assert "<b>no</b>" not in page.text


def test_a_launch_without_a_patient_asks_to_open_a_chart(
    world: BrokenWorld, doctor: Browser
) -> None:
    world.break_ehr(effect="no_patient", place="token")
    page = doctor.open(callback_address(doctor, world, PATIENT))
    assert page.status == 422
    assert page.heading == "Confer could not start"
    assert "Open the patient's chart and start Confer from there." in page.text
    assert _NOTHING in page.text


def test_an_ehr_whose_sign_in_service_is_down_is_said_to_be_down(
    world: BrokenWorld, doctor: Browser
) -> None:
    address = callback_address(doctor, world, PATIENT)
    world.break_ehr(effect="error_500", place="token")
    page = doctor.open(address)
    assert page.status == 503
    assert "The EHR's sign-in service is down or slow." in page.text
