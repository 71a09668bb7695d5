"""The network on a bad day, and two people at once: nothing is lost, nothing happens twice."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyotp
import pytest

from confer.provision import SITE_ID
from confer.walker import evidence
from confer.walker.evidence import Received
from confer.walker.loop import Walk
from confer.walker.page import Page
from consult.domain.specialist import Specialist
from consult.service import sign_in
from consult.service.demo_network import DEMO_PASSWORD
from consult.store import cases, specialists
from consult.store.cases import CasePlace
from runtime import clock, json_text
from runtime.outbound import OutboundAnswer
from smartapp.gateway.egress import content_digest
from tests.support.broken_world import BrokenWorld, HttpAnswer, broken_world, http, wait_for

_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_FHIR = "application/fhir+json"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenWorld]:
    with broken_world(tmp_path_factory.mktemp("network") / "data") as made:
        _enrol_second_nephrologist(made)
        yield made


def _enrol_second_nephrologist(world: BrokenWorld) -> None:
    with world.consult.writing() as unit:
        held = specialists.credentials_of(unit, "sp-halvorsen")
        specialists.add(
            unit,
            Specialist(
                member_id="sp-osborne",
                name="Dr. Tamsin Osborne",
                specialties=("394589003",),
                active=True,
            ),
            login="osborne",
            password_hash=sign_in.hash_password(DEMO_PASSWORD),
            totp_secret=sign_in.seal_secret(world.consult, "sp-osborne", _SECRET),
            credentials=tuple(replace(one, credential_id=f"2-{one.kind}") for one in held),
            now=clock.now(),
        )


def _received(world: BrokenWorld, case_id: str = "") -> list[Received]:
    url = world.plan.environment()["CONFER_CONSULT_DATABASE_URL"]
    return [one for one in evidence.received(url) if case_id in one.key]


def _preview(world: BrokenWorld, *, account: int = 0) -> Walk:
    """A doctor who has asked and sees what would leave."""
    walk = _form(world, account=account)
    walk.ask()
    return walk


def _form(world: BrokenWorld, *, account: int = 0) -> Walk:
    walk = world.walk()
    page = walk.doctor.open(f"{world.plan.ehr_url}/sign-in")
    form = page.form("sign-in")
    walk.doctor.submit(page, form, {"account": form.choices("account")[account]})
    walk.launch()
    # The form is there before the chart is; it says so until everything has come.
    wait_for(lambda: "Reading the chart" not in _reloaded(walk).text)
    if not _now(walk).has_form("question-form"):
        # this doctor asked about this patient before: the list of questions comes first
        walk.page = walk.doctor.submit(_now(walk), _now(walk).form("new"))
    return walk


def _now(walk: Walk) -> Page:
    assert walk.page is not None
    return walk.page


def _reloaded(walk: Walk) -> Page:
    walk.page = walk.doctor.open(_now(walk).url)
    return walk.page


def _case_id(walk: Walk) -> str:
    return _now(walk).url.rsplit("/", 1)[1]


def _approve(walk: Walk) -> str:
    walk.approve()
    return _case_id(walk)


def _at_once(*works: Callable[[], Page]) -> list[Page]:
    """Run these at the same moment."""
    line = threading.Barrier(len(works))

    def run(work: Callable[[], Page]) -> Page:
        line.wait()
        return work()

    with ThreadPoolExecutor(max_workers=len(works)) as pool:
        return list(pool.map(run, works))


def test_a_question_approved_while_the_network_is_down_waits_visibly_and_is_sent_later(
    world: BrokenWorld,
) -> None:
    walk = _preview(world)
    world.kill("consult")
    case_id = _approve(walk)
    wait_for(lambda: "The network does not answer." in _reloaded(walk).text)
    assert _now(walk).heading == "Kept here, not sent yet"
    assert "Waiting for the network" in _now(walk).text
    assert "on its way" not in _now(walk).text
    assert "Your words are safe in this hospital" in _now(walk).text
    world.revive()
    wait_for(lambda: "Sent. Answer by" in _reloaded(walk).heading, seconds=60)
    assert len(_received(world, case_id)) == 1


def test_a_doctor_whom_the_network_does_not_know_yet_is_told_when_it_is_down(
    world: BrokenWorld,
) -> None:
    walk = _form(world, account=1)
    world.kill("consult")
    form = _now(walk).form("question-form")
    answers = {
        "specialty": walk.story.specialty,
        "question_type": walk.story.question_type,
        "urgency": walk.story.urgency,
        "question": walk.story.question,
        "thinking": "Kept words of mine.",
    }
    page = walk.doctor.submit(_now(walk), form, answers)
    assert page.status == 503
    assert page.heading == "The network does not answer"
    assert "Nothing was lost and nothing has left." in page.text
    world.revive()
    assert walk.doctor.follow(page, "Try again").has_form("send")


def test_a_question_that_is_approved_twice_is_sent_once(world: BrokenWorld) -> None:
    walk = _preview(world)
    page = _now(walk)
    form = page.form("send")
    before = len(_received(world))

    def approve() -> Page:
        return walk.doctor.submit(page, form, {"looked": "yes"})

    first, second = _at_once(approve, approve)
    assert (first.status, second.status) == (200, 200)
    assert first.url == second.url
    wait_for(lambda: len(_received(world)) == before + 1)
    clock.sleep(2)
    assert len(_received(world)) == before + 1


def _desk(world: BrokenWorld, user_name: str) -> Walk:
    """A specialist who is signed in."""
    walk = world.walk()
    page = walk.specialist.open(f"{world.plan.consult_url}/desk/sign-in")
    if page.has_form(f"sign-in-{user_name}"):
        walk.desk = walk.specialist.submit(page, page.form(f"sign-in-{user_name}"))
    else:
        fields = {
            "user_name": user_name,
            "password": DEMO_PASSWORD,
            "code": pyotp.TOTP(_SECRET).now(),
        }
        walk.desk = walk.specialist.submit(page, page.form("sign-in"), fields)
    assert walk.desk.status == 200
    return walk


def _case_page(world: BrokenWorld, case_id: str) -> str:
    """The address of a case at the desk, once it has arrived."""
    tenant = "plainview-general"

    def place() -> CasePlace | None:
        with world.consult.reading() as unit:
            return cases.by_case(unit, tenant_id=tenant, case_id=case_id)

    wait_for(lambda: place() is not None)
    found = place()
    assert found is not None
    return f"{world.plan.consult_url}/desk/cases/{found.task_id}"


def test_of_two_specialists_who_claim_at_once_one_gets_the_case_and_one_a_kind_word(
    world: BrokenWorld,
) -> None:
    url = _case_page(world, _approve(_preview(world)))
    desks = [_desk(world, name) for name in ("halvorsen", "osborne")]
    wait_for(lambda: all(desk.specialist.open(url).has_form("claim") for desk in desks))
    offered = [desk.specialist.open(url) for desk in desks]

    def claim(n: int) -> Callable[[], Page]:
        return lambda: desks[n].specialist.submit(offered[n], offered[n].form("claim"))

    pages = _at_once(claim(0), claim(1))
    assert sorted(page.status for page in pages) == [200, 409]
    winner = next(page for page in pages if page.status == 200)
    loser = next(page for page in pages if page.status == 409)
    assert winner.has_form("answer")
    assert loser.heading == "A colleague was faster"
    assert "Nothing is expected of you." in loser.text
    assert loser.has_link("/desk/inbox")


def test_an_answer_that_is_signed_twice_is_in_the_chart_once(world: BrokenWorld) -> None:
    doctor = _preview(world)
    url = _case_page(world, _approve(doctor))
    desk = _desk(world, "halvorsen")
    wait_for(lambda: desk.specialist.open(url).has_form("claim"))
    desk.desk = desk.specialist.submit(
        desk.specialist.open(url), desk.specialist.open(url).form("claim")
    )
    tab = desk.desk
    desk.answer()
    form = tab.form("answer")
    late = {**desk.story.answer, "bottom_line": "Changed my mind.", "accept": "1"}
    second = desk.specialist.submit(tab, form, {**late, "accept": form.choices("accept")[0]})
    assert second.status == 409
    assert second.heading == "This case has its answer"
    assert "What you typed after signing was not kept." in second.text
    doctor.read_answer()
    assert "Changed my mind." not in _now(doctor).text
    notes = _notes(world, doctor)
    assert notes == 1


def _notes(world: BrokenWorld, walk: Walk) -> int:
    """How many notes with this case's number the chart holds."""
    site = world.gateway.sites.by_id(SITE_ID)
    assert site is not None
    chart = world.gateway.charts.of_gateway(site)
    answer = chart.get("DocumentReference", [("patient", walk.persona.patient_id)])
    found = [entry["resource"] for entry in json_text.loads(answer.body).get("entry", [])]
    case_id = _now(walk).url.split("/case/")[1].split("/")[0]
    return sum(case_id in str(note.get("identifier")) for note in found)


@pytest.fixture(scope="module")
def sent(world: BrokenWorld) -> Received:
    """A case that has arrived."""
    case_id = _approve(_preview(world))
    wait_for(lambda: bool(_received(world, case_id)))
    return _received(world, case_id)[0]


def _submit(world: BrokenWorld, body: bytes) -> OutboundAnswer:
    """Submit with the hospital's own key."""
    return world.gateway.consult.exchange(
        "POST",
        "/fhir",
        label="consult:submit",
        headers={"Content-Type": _FHIR, "Accept": _FHIR, "Content-Digest": content_digest(body)},
        body=body,
    )


def _issue(answer: OutboundAnswer | HttpAnswer) -> dict[str, Any]:
    outcome = json_text.loads(answer.body)
    assert outcome["resourceType"] == "OperationOutcome"
    issue: dict[str, Any] = outcome["issue"][0]
    assert issue["severity"] == "error"
    return issue


def test_the_same_submission_again_gets_the_same_answer_and_makes_no_second_case(
    world: BrokenWorld, sent: Received
) -> None:
    before = len(_received(world))
    first, second = (_submit(world, sent.body) for _ in range(2))
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert len(_received(world)) == before


def test_another_body_under_the_same_number_is_a_conflict(
    world: BrokenWorld, sent: Received
) -> None:
    changed = sent.body.replace(b"dialysis", b"Dialysis", 1)
    assert changed != sent.body
    answer = _submit(world, changed)
    assert answer.status == 409
    assert _issue(answer)["code"] in ("conflict", "duplicate")


def test_a_body_that_no_receipt_covers_is_refused_and_the_rule_is_named(
    world: BrokenWorld, sent: Received
) -> None:
    case_id = evidence.case_of(sent.key)
    other = case_id[::-1].replace("0", "a")
    answer = _submit(world, sent.body.replace(case_id.encode(), other.encode()))
    assert answer.status == 422
    issue = _issue(answer)
    assert issue["diagnostics"]
    assert issue["expression"]
    assert not _received(world, other)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "structure"),
        (b"\xff\xfe", 400, "structure"),
        (b"[" * 100_000, 400, "structure"),
        (b'{"resourceType":"Bundle","resourceType":"Bundle"}', 400, "structure"),
        (b'{"resourceType":"Patient"}', 422, "invariant"),
        (b'{"resourceType":"Bundle","type":"transaction","entry":[]}', 422, "invariant"),
    ],
    ids=["cut", "bytes", "too-deep", "twice", "no-bundle", "empty"],
)
def test_a_malformed_submission_gets_an_outcome_that_says_what_is_wrong(
    world: BrokenWorld, body: bytes, status: int, code: str
) -> None:
    answer = _submit(world, body)
    assert (answer.status, _issue(answer)["code"]) == (status, code)


def test_an_oversized_submission_is_refused_before_it_is_read(world: BrokenWorld) -> None:
    answer = _submit(world, b'{"resourceType":"Bundle","id":"' + b"a" * 20_000_001 + b'"}')
    assert answer.status == 413
    assert _issue(answer)["code"] == "too-long"


def test_without_a_token_nothing_is_accepted(world: BrokenWorld, sent: Received) -> None:
    headers: Mapping[str, str] = {"Content-Type": _FHIR, "Authorization": "Bearer nonsense"}
    url = f"{world.plan.consult_url}/fhir"
    answer = http("POST", url, body=sent.body, headers=headers)
    assert (answer.status, answer.content_type) == (401, _FHIR)
    assert _issue(answer)["code"] in ("login", "security")


def test_a_text_far_too_long_is_named_beside_its_field_and_kept(world: BrokenWorld) -> None:
    walk = _form(world)
    form = _now(walk).form("question-form")
    page = walk.doctor.submit(_now(walk), form, {"thinking": "word " * 200_000})
    assert page.status == 422
    assert page.has_link("#thinking")
    assert "word word word" in dict(page.form("question-form").fields())["thinking"]
