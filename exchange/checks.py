"""Contract checks of whole messages: every finding with its FHIRPath, never with a value.

The tables of `shapes` say what one resource may hold; here the parts are held against one
another: each reference points into the message, the Task says what the request says, the
snapshot is self-contained and its hash is the one that the Task names.
"""

from collections import Counter
from collections.abc import Iterator

from exchange import names, parts, shapes, snapshot_check, task_states
from exchange.canonical import canonical_sha256
from exchange.case_bundle import ENTRY_TYPES
from exchange.issues import Issue
from exchange.names import Resource
from exchange.shapes import Shape

MAX_ENTRIES = 8
_CASE_SHAPES: dict[str, Shape] = {
    "Patient": shapes.PATIENT,
    "ServiceRequest": shapes.SERVICE_REQUEST,
    "Task": shapes.TASK,
    "Communication": shapes.QUESTION,
    "Provenance": shapes.PROVENANCE,
    "Consent": shapes.CONSENT,
}
_REPLY_SHAPES: dict[str, Shape] = {
    "Communication": shapes.REPLY,
    "Provenance": shapes.PROVENANCE,
}
_KEYED = frozenset({"Patient", "Bundle", "ServiceRequest", "Task", "Communication", "Consent"})


def check_case(bundle: Resource) -> tuple[Issue, ...]:
    """Return every way in which a case bundle breaks the contract; empty when it holds."""
    case_id = case_of(bundle, "submit")
    if case_id is None:
        return (Issue(expression="Bundle.identifier", code="value", rule="submission-key"),)
    issues = list(_envelope(bundle))
    if issues:
        return tuple(issues)
    types = Counter(_type(entry) for entry in bundle["entry"])
    if types != Counter(ENTRY_TYPES):
        return (Issue(expression="Bundle.entry", code="structure", rule="seven-entries"),)
    issues += _entries(bundle, _CASE_SHAPES, case_id)
    if not issues:
        issues += _case_agrees(bundle)
    return tuple(issues)


def check_reply(bundle: Resource, stored_task: Resource) -> tuple[Issue, ...]:
    """Return every way in which a reply breaks the contract, given the Task it answers."""
    case_id = case_of(bundle, "reply")
    group = stored_task.get("groupIdentifier", {}).get("value")
    if case_id is None or case_id != group:
        return (Issue(expression="Bundle.identifier", code="value", rule="submission-key"),)
    issues = list(_envelope(bundle))
    if issues:
        return tuple(issues)
    types = Counter(_type(entry) for entry in bundle["entry"])
    expected = Counter(("Communication", "Provenance", "Task"))
    if types not in (expected, expected + Counter(("Bundle",))):
        return (Issue(expression="Bundle.entry", code="structure", rule="reply-entries"),)
    issues += _entries(bundle, _REPLY_SHAPES, case_id)
    if not issues:
        issues += _reply_agrees(bundle, stored_task)
    return tuple(issues)


def case_of(bundle: Resource, kind: str) -> str | None:
    """Return the case id in a submission key of this kind, or None."""
    identifier = bundle.get("identifier")
    if not isinstance(identifier, dict) or identifier.get("system") != names.SID_SUBMISSION:
        return None
    pieces = str(identifier.get("value")).split(".")
    if len(pieces) != 3 or pieces[1] != kind or not pieces[2].isdecimal():
        return None
    return pieces[0] if names.CASE_ID.fullmatch(pieces[0]) else None


def _type(entry: Resource) -> str:
    return str(entry["resource"].get("resourceType"))


def _envelope(bundle: Resource) -> Iterator[Issue]:
    allowed = {"resourceType", "identifier", "type", "timestamp", "entry"}
    for name in bundle:
        if name not in allowed:
            yield Issue(
                expression=f"Bundle.{name}", code="structure", rule="element-not-in-contract"
            )
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
        yield Issue(expression="Bundle.type", code="value", rule="transaction")
    entries = bundle.get("entry")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_ENTRIES:
        yield Issue(expression="Bundle.entry", code="structure", rule="entry-count")
        return
    for n, entry in enumerate(entries):
        at = f"Bundle.entry[{n}]"
        whole = isinstance(entry, dict) and set(entry) == {"fullUrl", "resource", "request"}
        if not whole or not all(isinstance(entry[name], dict) for name in ("resource", "request")):
            yield Issue(expression=at, code="structure", rule="entry-parts")


def _entries(bundle: Resource, tables: dict[str, Shape], case_id: str) -> Iterator[Issue]:
    for n, entry in enumerate(bundle["entry"]):
        at = f"Bundle.entry[{n}].resource"
        kind = _type(entry)
        if kind == "Bundle":
            yield from snapshot_check.check(entry["resource"], case_id=case_id, at=at)
        elif kind in tables:
            yield from shapes.check(entry["resource"], tables[kind], case_id=case_id, at=at)
        if kind != "Task" or tables is _CASE_SHAPES:
            yield from _creates_once(entry, kind, f"Bundle.entry[{n}].request")


def _creates_once(entry: Resource, kind: str, at: str) -> Iterator[Issue]:
    request = entry["request"]
    expected = {"method": "POST", "url": kind}
    if kind in _KEYED:
        identifier = entry["resource"].get("identifier")
        first = identifier[0] if isinstance(identifier, list) and identifier else identifier
        if isinstance(first, dict):
            expected["ifNoneExist"] = f"identifier={first.get('system')}|{first.get('value')}"
    if request != expected:
        yield Issue(expression=at, code="value", rule="conditional-create")


def _case_agrees(bundle: Resource) -> Iterator[Issue]:
    urls = {_type(entry): entry["fullUrl"] for entry in bundle["entry"]}
    found = {_type(entry): entry["resource"] for entry in bundle["entry"]}
    task, request, message = found["Task"], found["ServiceRequest"], found["Communication"]
    provenance, consent = found["Provenance"], found["Consent"]
    targets = {parts.reference_of(target) for target in provenance["target"]}
    inputs = {
        code: parts.task_entry(task, kind=kind, code=code, place="input")
        for code, kind in (
            ("question", "valueReference"),
            ("snapshot", "valueReference"),
            ("snapshot-sha256", "valueString"),
        )
    }
    members = {
        parts.member_of(task["requester"]),
        parts.member_of(request["requester"]),
        parts.member_of(message["sender"]),
    }
    promise = task_states.read_instant(request["occurrencePeriod"]["end"])
    asked = task_states.read_instant(request["authoredOn"])
    agreements = {
        "Task.focus": parts.reference_of(task["focus"]) == urls["ServiceRequest"],
        "Task.for": parts.reference_of(task["for"]) == urls["Patient"],
        "Task.input.question": inputs["question"] == urls["Communication"],
        "Task.input.snapshot": inputs["snapshot"] == urls["Bundle"],
        "Task.input.snapshot-sha256": inputs["snapshot-sha256"]
        == canonical_sha256(found["Bundle"]),
        "Task.priority": task["priority"] == request["priority"],
        "Task.performerType": task["performerType"] == [request["performerType"]],
        "Task.requester": len(members) == 1,
        "Task.restriction.period.end": task_states.due_at(task) == promise,
        "ServiceRequest.occurrencePeriod.end": asked
        < promise
        <= asked + names.URGENCIES[request["priority"]],
        "ServiceRequest.subject": parts.reference_of(request["subject"]) == urls["Patient"],
        "ServiceRequest.supportingInfo": _only(request["supportingInfo"], urls["Bundle"]),
        "Communication.basedOn": _only(message["basedOn"], urls["ServiceRequest"]),
        "Communication.partOf": _only(message["partOf"], urls["Task"]),
        "Communication.subject": parts.reference_of(message["subject"]) == urls["Patient"],
        "Provenance.target": targets == {urls["Patient"], urls["Bundle"]},
        "Consent.patient": parts.reference_of(consent["patient"]) == urls["Patient"],
    }
    for expression, holds in agreements.items():
        if not holds:
            yield Issue(expression=expression, code="invariant", rule="parts-disagree")


def _only(references: object, url: str) -> bool:
    return (
        isinstance(references, list)
        and len(references) == 1
        and parts.reference_of(references[0]) == url
    )


def _reply_agrees(bundle: Resource, stored: Resource) -> Iterator[Issue]:
    urls = {_type(entry): entry["fullUrl"] for entry in bundle["entry"]}
    found = {_type(entry): entry["resource"] for entry in bundle["entry"]}
    message, task = found["Communication"], found["Task"]
    place = f"Task/{stored['id']}"
    put = next(entry["request"] for entry in bundle["entry"] if _type(entry) == "Task")
    new_targets = {urls[kind] for kind in ("Communication", "Bundle") if kind in urls}
    targets = {parts.reference_of(target) for target in found["Provenance"]["target"]}
    agreements = {
        "Task.request": put.get("method") == "PUT"
        and put.get("url") == place
        and isinstance(put.get("ifMatch"), str),
        "Task": _unchanged(task, stored, urls.get("Bundle")),
        "Communication.partOf": _only(message["partOf"], place),
        "Communication.basedOn": message["basedOn"] == [stored["focus"]],
        "Communication.subject": message["subject"] == stored["for"],
        "Provenance.target": targets == new_targets,
    }
    for expression, holds in agreements.items():
        if not holds:
            yield Issue(expression=expression, code="invariant", rule="parts-disagree")


# What the table and the clock change; the network computes these itself.
_MOVING = (
    "id",
    "meta",
    "text",
    "status",
    "businessStatus",
    "statusReason",
    "lastModified",
    "restriction",
)


def _unchanged(task: Resource, stored: Resource, addendum: str | None) -> bool:
    """Tell whether a Task differs from the stored one only where an event moves it."""
    mine = {name: value for name, value in task.items() if name not in _MOVING}
    theirs = {name: value for name, value in stored.items() if name not in _MOVING}
    if addendum is not None:
        added = {
            "type": parts.concept(names.CS_TASK_INPUT, "snapshot"),
            "valueReference": {"reference": addendum},
        }
        theirs["input"] = [*theirs.get("input", []), added]
    return mine == theirs


def unchanged_but_state(task: Resource, stored: Resource, *, but: tuple[str, ...] = ()) -> bool:
    """Tell whether a Task differs from the stored one only in state, time and `but`."""
    mine = {name: value for name, value in task.items() if name not in but}
    theirs = {name: value for name, value in stored.items() if name not in but}
    return _unchanged(mine, theirs, None)
