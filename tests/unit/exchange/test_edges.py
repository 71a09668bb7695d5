"""The corners of the contract: half-filled, contradictory and foreign content."""

import base64
import copy
from datetime import timedelta
from typing import Any

import pytest

from exchange import (
    cancel,
    canonical,
    case_bundle,
    checks,
    clarification,
    names,
    offer,
    opinion,
    opinion_bundle,
    opinion_render,
    parts,
    sealing,
    shapes,
    task_states,
    versions,
)
from exchange.errors import (
    ExchangeError,
    GateNotPassed,
    MessageUnreadable,
    NotSealed,
    OrderInvalid,
    UnresolvedReference,
)
from exchange.opinion import Recommendation
from tests.support import wire

Json = dict[str, Any]
MEMBER = {"system": names.SID_MEMBER, "value": "cr-1"}


def built() -> Json:
    return case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner()).bundle


def test_a_resolver_leaves_out_what_has_no_identity() -> None:
    bundle = {
        "entry": [
            {"fullUrl": "urn:uuid:1"},
            {"fullUrl": "urn:uuid:2", "resource": {"resourceType": "Provenance"}},
            {"resource": {"resourceType": "Task", "identifier": [{"value": "half"}, "odd"]}},
            {"resource": {"resourceType": "Task", "id": "7", "identifier": MEMBER}},
        ]
    }
    assert canonical.resolver_of(bundle) == {"Task/7": (names.SID_MEMBER, "cr-1")}
    assert canonical.resolver_of({}) == {}


def test_an_element_called_reference_may_hold_one() -> None:
    consent = {"resourceType": "Consent", "data": [{"reference": {"reference": "Bundle/1"}}]}
    made = canonical.canonical_bytes(consent, resolve={"Bundle/1": ("s", "v")})
    assert b'"reference":{"reference":"s|v"}' in made


def test_a_reference_that_contradicts_its_identifier_cannot_be_hashed() -> None:
    resource = {
        "resourceType": "Basic",
        "author": {"reference": "PractitionerRole/other", "identifier": MEMBER},
    }
    resolve = {"PractitionerRole/other": (names.SID_MEMBER, "other")}
    with pytest.raises(UnresolvedReference):
        canonical.canonical_bytes(resource, resolve=resolve)
    assert canonical.canonical_bytes(resource)


def test_a_reference_that_leads_nowhere_is_never_signed() -> None:
    resource = {"resourceType": "Basic", "author": {"reference": "Practitioner/unknown"}}
    with pytest.raises(UnresolvedReference) as refused:
        canonical.canonical_bytes(resource)
    assert "author.reference" in str(refused.value)
    assert "unknown" not in str(refused.value)


def test_references_inside_the_case_and_inside_the_resource_stay() -> None:
    for reference in ("#contained", wire.url("Patient", 1)):
        resource = {"resourceType": "Basic", "subject": {"reference": reference}}
        assert reference.encode() in canonical.canonical_bytes(resource)


def test_a_member_is_named_by_its_own_reference_or_by_none() -> None:
    own = {"identifier": MEMBER, "reference": "PractitionerRole/cr-1"}
    assert shapes.member(own, "")
    assert not shapes.member({**own, "reference": "Patient/1"}, "")
    assert not shapes.member({**own, "display": "Dr. Canary"}, "")
    assert not shapes.member({"identifier": "cr-1"}, "")
    assert not shapes.member("cr-1", "")


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"coding": []},
        {"coding": ["x"]},
        {"coding": [{"system": "s", "code": "c", "display": "Canary"}]},
        {"coding": [{"system": "s", "code": "c"}], "text": "Canary"},
        {"coding": [{"system": "s", "code": "d"}]},
        {"coding": [{"system": "s", "code": "c", "version": "1"}]},
        {"coding": [{"system": "s", "code": "c"}], "id": "x"},
    ],
)
def test_a_concept_has_no_room_for_words(value: object) -> None:
    assert not shapes.concept("s", {"c": "C"})(value, "")
    assert shapes.concept("s", {"c": "C"})({"coding": [{"system": "s", "code": "c"}]}, "")


def test_true_is_not_one() -> None:
    assert shapes.const(1)(1, "")
    assert not shapes.const(1)(True, "")
    assert not shapes.key("s", "task")("x", "")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("text",), {"div": "Canary"}),
        (("type",), "collection"),
        (("identifier",), {"system": names.SID_SNAPSHOT, "value": "x"}),
        (("entry",), []),
        (("entry",), [{"resource": {}}]),
        (("entry", 1, "fullUrl"), "https://elsewhere.example/Patient/1"),
        (("entry", 1, "resource", "address"), ["Canary"]),
        (("entry", 2, "resource", "contained"), [{"id": "a", "name": [{"text": "Canary"}]}]),
    ],
)
def test_a_snapshot_that_breaks_the_contract_is_found(path: tuple[Any, ...], value: object) -> None:
    bundle = built()
    holder: Any = parts.the_only(bundle, "Bundle")
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    issues = checks.check_case(bundle)
    assert issues
    assert all("Canary" not in issue.message for issue in issues)


def test_a_contained_resource_may_be_pointed_at() -> None:
    bundle = built()
    condition = parts.the_only(bundle, "Bundle")["entry"][2]["resource"]
    condition["contained"] = [{"resourceType": "Medication", "id": "m"}]
    condition["evidence"] = [{"detail": [{"reference": "#m"}]}]
    rules = {issue.rule for issue in checks.check_case(bundle)}
    assert rules == {"parts-disagree"}  # only the hash that the Task names is another now


@pytest.mark.parametrize("bundle", [{}, {"identifier": 1}, {"identifier": {"system": "x"}}])
def test_a_bundle_without_a_key_is_no_submission(bundle: Json) -> None:
    assert checks.case_of(bundle, "submit") is None
    key = {"system": names.SID_SUBMISSION, "value": f"{wire.CASE}.submit.x"}
    assert checks.case_of({"identifier": key}, "submit") is None


def test_other_types_of_bundle_are_refused() -> None:
    for change in ({"type": "batch"}, {"total": 1}):
        assert checks.check_case({**built(), **change})
    assert checks.check_reply({**built()}, {})[0].rule == "submission-key"


def test_a_reply_without_its_parts_is_refused() -> None:
    task = wire.stored_task(built())
    key = {"system": names.SID_SUBMISSION, "value": f"{wire.CASE}.reply.1"}
    assert checks.check_reply({**built(), "identifier": key}, task)[0].rule == "reply-entries"
    assert checks.check_reply({"identifier": key, "entry": None}, task)


def test_reading_says_which_part_is_missing() -> None:
    bundle = built()
    del parts.the_only(bundle, "ServiceRequest")["performerType"]
    with pytest.raises(MessageUnreadable, match=r"ServiceRequest\.performerType"):
        case_bundle.read_case(bundle)
    with pytest.raises(MessageUnreadable, match="ofType"):
        case_bundle.read_case({"entry": []})


def test_what_did_not_pass_the_gate_is_not_built() -> None:
    failed = wire.sealed(gate_passed=False)
    place = wire.place(wire.stored_task(built()))
    with pytest.raises(GateNotPassed):
        case_bundle.build_case(failed, wire.order(), wire.PlainSigner())
    with pytest.raises(GateNotPassed):
        clarification.build_reply(failed, place, wire.reply_order(), wire.PlainSigner())
    look_alike: Any = object()
    with pytest.raises(NotSealed):
        clarification.build_reply(look_alike, place, wire.reply_order(), wire.PlainSigner())


@pytest.mark.parametrize(
    ("task", "expression"),
    [
        ({"groupIdentifier": {"value": "x"}}, "groupIdentifier"),
        ({"meta": {}}, "versionId"),
        ({"focus": {}}, "focus"),
        ({"for": None}, "for"),
    ],
)
def test_a_thread_needs_a_stored_task(task: Json, expression: str) -> None:
    place = wire.place({**wire.stored_task(built()), **task})
    with pytest.raises(MessageUnreadable, match=expression):
        _ = (
            place.case_id,
            place.version,
            place.request_reference,
            place.subject_reference,
        )


def test_a_message_of_no_kind_or_without_words_is_not_built() -> None:
    place = wire.place(wire.stored_task(built()))
    with pytest.raises(OrderInvalid):
        clarification.build_request(place, sender="a", text=" ", now=wire.ASKED)
    with pytest.raises(OrderInvalid):
        clarification.thread_message(
            place, kind="gossip", sender="a", recipient="b", now=wire.ASKED, payload=[]
        )
    with pytest.raises(OrderInvalid):
        clarification.build_reply(
            wire.sealed(texts={"reply": " "}), place, wire.reply_order(), wire.PlainSigner()
        )


def test_a_reply_with_two_snapshots_or_no_version_is_unreadable() -> None:
    held = wire.stored_task(built())
    for n, event in enumerate(("screen", "route", "offer", "claim", "ask")):
        held = task_states.apply(held, task_states.Event(event), wire.ASKED + timedelta(minutes=n))
    reply = clarification.build_reply(
        wire.sealed(texts={"reply": "Yes."}),
        wire.place(held),
        wire.reply_order(),
        wire.PlainSigner(),
    ).bundle
    doubled = copy.deepcopy(reply)
    doubled["entry"].append(copy.deepcopy(doubled["entry"][1]))
    with pytest.raises(MessageUnreadable):
        clarification.read_reply(doubled)
    for entry in reply["entry"]:
        entry["request"].pop("ifMatch", None)
    with pytest.raises(MessageUnreadable, match="ifMatch"):
        clarification.read_reply(reply)


def test_an_abort_needs_a_stored_task_of_a_case() -> None:
    for task in ({}, {"groupIdentifier": {"value": "x"}}):
        with pytest.raises(MessageUnreadable):
            cancel.build_abort(task, requester="a", reason="patient-moved", now=wire.ASKED)
    owned = {**wire.stored_task(built()), "owner": parts.member("sp-1")}
    abort = cancel.build_abort(owned, requester="a", reason="leak", now=wire.ASKED)
    assert abort["owner"] == parts.member("sp-1")


def test_an_offer_is_settled_with_a_code() -> None:
    made = offer.build_offer(
        wire.stored_task(built()),
        case_id=wire.CASE,
        owner="sp-1",
        offer_n=1,
        now=wire.ASKED,
        until=wire.ASKED,
    )
    settled = offer.settled(made, "rejected", wire.ASKED, reason="no-capacity")
    assert (settled["status"], offer.is_offer(settled)) == ("rejected", True)
    with pytest.raises(OrderInvalid):
        offer.settled(made, "rejected", wire.ASKED, reason="I am tired")


def test_a_time_without_a_zone_is_not_written() -> None:
    with pytest.raises(MessageUnreadable):
        task_states.instant(wire.ASKED.replace(tzinfo=None))


def test_a_running_clock_was_not_paused_and_a_foreign_priority_has_no_window() -> None:
    task = wire.stored_task(built())
    assert task_states.paused_since(task) is None
    with pytest.raises(MessageUnreadable):
        task_states.window_of({**task, "priority": "stat"})


def test_the_state_is_read_from_our_code_system_alone() -> None:
    task = wire.stored_task(built())
    other = {"system": "https://elsewhere.example", "code": "answered"}
    task["businessStatus"]["coding"].insert(0, other)
    assert task_states.state_of(task) == task_states.SUBMITTED
    task["businessStatus"]["coding"] = [other]
    with pytest.raises(MessageUnreadable):
        task_states.state_of(task)


def test_a_signature_that_cannot_be_read_is_none() -> None:
    good = {"sigFormat": names.SIGNATURE_FORMAT, "data": base64.b64encode(b"a.b.c").decode()}
    assert sealing.token_of({"signature": ["x", {"sigFormat": "image/png"}, good]}) == "a.b.c"
    assert sealing.token_of({"signature": [{**good, "data": "***"}]}) is None
    assert sealing.token_of({"signature": [{**good, "data": "w6k="}]}) is None
    assert sealing.token_of({}) is None


def opinion_document() -> Json:
    task = wire.stored_task(built())
    for n, event in enumerate(("screen", "route", "offer", "claim", "start")):
        task = task_states.apply(task, task_states.Event(event), wire.ASKED + timedelta(minutes=n))
    order = opinion_bundle.OpinionOrder(
        signature_id="s",
        issuer="i",
        snapshot_sha256="c" * 64,
        authentication="password+totp",
        signed_at=wire.ASKED,
    )
    place = wire.place(task, 4)
    with pytest.raises(OrderInvalid):
        opinion_bundle.build_opinion(
            wire.record(wire.ASKED + timedelta(hours=1)), place, order, wire.PlainSigner()
        )
    bundle = opinion_bundle.build_opinion(wire.record(wire.ASKED), place, order, wire.PlainSigner())
    return parts.the_only(bundle, "DocumentReference")


@pytest.mark.parametrize("broken", ["draft", "no-json", "not-base64", "two-of-a-kind"])
def test_an_opinion_document_has_exactly_its_three_readable_parts(broken: str) -> None:
    document = opinion_document()
    if broken == "draft":
        document["docStatus"] = "preliminary"
    elif broken == "no-json":
        document["content"].pop()
    elif broken == "not-base64":
        document["content"][0]["attachment"]["data"] = "***"
    else:
        document["content"][2] = document["content"][1]
    with pytest.raises(MessageUnreadable):
        opinion_bundle.read_opinion(
            document, resolve=wire.place(wire.stored_task(built())).resolver()
        )


def test_a_record_of_another_shape_is_refused() -> None:
    for body in (b"[]", b"{}", b'{"schema":1}'):
        with pytest.raises(MessageUnreadable):
            opinion.from_json(body)


def test_what_is_left_empty_is_not_printed() -> None:
    content = wire.advice(
        teaching_point=" ",
        recommendations=(Recommendation(what="Wait"), Recommendation(what=" ", how="x")),
    )
    text = opinion_render.to_text(wire.record(wire.ASKED, content))
    assert "TEACHING POINT" not in text
    assert "1. Wait\n" in text
    assert "2." not in text


def test_one_version_of_the_wire_is_spoken() -> None:
    assert versions.is_spoken(None)
    assert versions.is_spoken("1")
    assert not versions.is_spoken("2")


def test_parts_are_found_or_none() -> None:
    assert parts.member_of("x") is None
    assert parts.member_of({"identifier": {"system": "x", "value": "y"}}) is None
    assert parts.code_of(None, "s") is None
    assert issubclass(UnresolvedReference, ExchangeError)


def test_a_subject_without_gender_or_year_says_nothing() -> None:
    from deid import sealed_case  # noqa: PLC0415

    content = {
        name: getattr(wire.sealed(), name) for name in sealed_case.DeidentifiedCase.__slots__
    }
    content |= {"subject_gender": None, "subject_birth_year": None, "texts": {"question": "Why?"}}
    bundle = case_bundle.build_case(
        sealed_case._reopen(content), wire.order(), wire.PlainSigner()
    ).bundle
    patient = parts.the_only(bundle, "Patient")
    assert "gender" not in patient
    assert "birthDate" not in patient
    assert len(parts.the_only(bundle, "Communication")["payload"]) == 1
    assert checks.check_case(bundle) == ()
