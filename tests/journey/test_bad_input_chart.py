"""An EHR on a bad day: what could not be read is named, and the doctor can go on."""

from collections.abc import Iterator

import pytest

from confer.walker.loop import Walk
from confer.walker.page import Page
from sandbox.faults import FOREVER
from tests.support.broken_world import BrokenWorld, broken_world, wait_for


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenWorld]:
    with broken_world(tmp_path_factory.mktemp("chart") / "data") as made:
        yield made


@pytest.fixture
def world(started: BrokenWorld) -> Iterator[BrokenWorld]:
    yield started
    started.mend_ehr()


def _read(world: BrokenWorld) -> tuple[Walk, Page]:
    """Launch and wait until the chart is read, however that goes."""
    walk = world.walk()
    walk.sign_in_at_ehr()
    chart = walk.doctor.open(f"{world.plan.ehr_url}/chart/{walk.persona.patient_id}?app=open")
    walk.page = walk.doctor.frame(chart)
    return walk, _until_read(walk)


def _until_read(walk: Walk) -> Page:
    def done() -> bool:
        assert walk.page is not None
        walk.page = walk.doctor.open(walk.page.url)
        # The form is there before the chart is; it says so until everything has come.
        return "Reading the chart" not in walk.page.text

    wait_for(done)
    assert walk.page is not None
    return walk.page


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"effect": "error_500"}, "The EHR did not answer."),
        ({"effect": "timeout", "milliseconds": 2600}, "The EHR did not answer."),
        ({"effect": "broken_json"}, "The EHR's answer could not be read."),
    ],
    ids=["answers-500", "times-out", "breaks-off"],
)
def test_a_section_that_fails_is_shown_incomplete_and_the_rest_can_be_asked_about(
    world: BrokenWorld, fault: dict[str, object], reason: str
) -> None:
    world.break_ehr(resource_type="DiagnosticReport", times=FOREVER, **fault)
    walk, form = _read(world)
    assert form.has_form("question-form")
    assert "Reports could not be read Incomplete" in form.text
    assert f"Reports {reason}" in form.text
    assert form.text.count("Incomplete") == 1
    assert "The specialist is told." in form.text
    walk.ask()
    assert walk.page is not None
    assert walk.page.has_form("send")


def _read_again(walk: Walk, page: Page) -> Page:
    walk.page = walk.doctor.submit(page, page.form("read-again"))
    return _until_read(walk)


def test_without_the_patient_there_is_no_form_but_a_way_to_read_again(world: BrokenWorld) -> None:
    world.break_ehr(effect="error_500", resource_type="Patient", times=FOREVER)
    walk, page = _read(world)
    assert page.status == 503
    assert page.heading == "The chart could not be read"
    assert "Nothing was sent." in page.text
    assert "waiting" not in page.text
    world.mend_ehr()
    assert _read_again(walk, page).has_form("question-form")


def test_a_token_that_expires_while_the_chart_is_read_is_renewed_unseen(
    world: BrokenWorld,
) -> None:
    world.break_ehr(effect="expire_token", resource_type="Observation")
    _, form = _read(world)
    assert form.has_form("question-form")
    assert "Incomplete" not in form.text
    assert "Refused" not in form.text


def test_an_expired_token_that_cannot_be_renewed_stops_the_reading_and_keeps_the_launch(
    world: BrokenWorld,
) -> None:
    world.break_ehr(effect="error_500", resource_type="Patient", times=FOREVER)
    walk, page = _read(world)
    world.mend_ehr()
    world.break_ehr(effect="expire_token", times=FOREVER)
    world.break_ehr(effect="error_500", place="token", times=FOREVER)
    page = _read_again(walk, page)
    assert (page.status, page.heading) == (503, "The chart could not be read")
    world.mend_ehr()
    assert _read_again(walk, page).has_form("question-form")
