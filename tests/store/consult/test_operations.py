"""What operators rely on: timers, health, the wire version, a case after its answer."""

import time_machine

from consult.domain import governance
from consult.jobs import steps
from consult.service import answer_case, claim_case, decline_case, open_case
from exchange import parts, task_states
from runtime import json_text
from tests.support import wire
from tests.support.consult_world import World, call


def test_the_timers_expire_and_offer(world: World) -> None:
    task_id = world.a.send_case(urgency="urgent")
    timers = steps.schedules(world.services)
    assert set(timers) == {"consult.expire", "consult.offer"}
    assert dict(steps.workflows(world.services)) == {}
    for _, run in timers.values():
        run()
    assert task_states.state_of(world.a.task(task_id)) == task_states.OFFERED
    later = task_states.expires_at(world.a.task(task_id))
    with time_machine.travel(later, tick=False):
        timers["consult.expire"][1]()
        world.a.sign_in()
        assert task_states.state_of(world.a.task(task_id)) == task_states.EXPIRED


def test_health_and_readiness_answer_without_a_token(world: World) -> None:
    assert call(world.base_url, "GET", "/health").json == {"status": "up"}
    assert call(world.base_url, "GET", "/ready").json == {"status": "ready"}
    smart = call(world.base_url, "GET", "/fhir/.well-known/smart-configuration").json
    assert smart["token_endpoint"] == f"{world.base_url}/auth/token"
    assert call(world.base_url, "GET", "/nowhere").status == 404
    assert call(world.base_url, "GET", "/keys/nobody").status == 404
    assert call(world.base_url, "GET", "/.well-known/jwks.json").json == {"keys": []}


def test_a_gateway_of_another_wire_version_is_told_so(world: World) -> None:
    body = world.a.build().body
    answer = world.a.ask("POST", "/fhir", body=body, Confer_Wire="9")
    assert answer.status == 422
    code = answer.json["issue"][0]["details"]["coding"][0]["code"]
    assert code == "consult.wire_version_unknown"


def test_an_answered_case_can_be_read_again_by_who_answered_it(world: World) -> None:
    me, task_id = world.specialist(), world.a.send_case()
    claim_case.claim_case(world.services, me, task_id)
    answer_case.sign_opinion(
        world.services,
        me,
        task_id,
        wire.advice(outcome="escalate-now"),
        statement_version=governance.STATEMENT_VERSION,
    )
    view = open_case.open_case(world.services, me, task_id)
    assert (view.head.business, view.draft) == ("escalated", None)
    assert view.answer_text is not None
    assert view.answer_text.startswith("BOTTOM LINE\n")
    assert "may be incomplete" in view.answer_text


def test_a_reply_by_a_doctor_nobody_attested_is_refused(world: World) -> None:
    from consult.service import ask_back  # noqa: PLC0415

    me, task_id = world.specialist(), world.a.send_case()
    claim_case.claim_case(world.services, me, task_id)
    ask_back.ask_back(world.services, me, task_id, text="What is the eGFR?")
    bundle = json_text.loads(world.a.reply(task_id))
    sender = parts.the_only(bundle, "Communication")["sender"]
    sender["identifier"]["value"] = "nobody"
    answer = world.a.submit(json_text.dumps(bundle))
    assert (answer.status, answer.rules) == (422, ["member-not-attested"])


def test_a_reply_that_was_changed_after_the_gate_is_refused(world: World) -> None:
    from consult.service import ask_back  # noqa: PLC0415

    me, task_id = world.specialist(), world.a.send_case()
    claim_case.claim_case(world.services, me, task_id)
    ask_back.ask_back(world.services, me, task_id, text="What is the eGFR?")
    body = world.a.reply(task_id, text="eGFR 41, stable.")
    changed = body.replace(b"eGFR 41, stable.", b"Mrs. Vale: eGFR 41.")
    answer = world.a.submit(changed)
    assert (answer.status, answer.rules) == (422, ["receipt-content"])
    assert world.a.submit(body).status == 200


def test_a_reply_after_the_case_was_given_back_is_stale(world: World) -> None:
    from consult.service import ask_back  # noqa: PLC0415

    me, task_id = world.specialist(), world.a.send_case()
    claim_case.claim_case(world.services, me, task_id)
    ask_back.ask_back(world.services, me, task_id, text="What is the eGFR?")
    reply = world.a.reply(task_id)
    decline_case.decline_case(world.services, me, task_id, reason="no-capacity")
    assert world.a.submit(reply).status in (409, 412, 422)
    assert task_states.state_of(world.a.task(task_id)) == task_states.ROUTING
