"""Each type of a chart, asked for exactly as Confer asks, and the search parameters declared.

Spec: FHIR R4 Search; rows of spec/smart.md section 4
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from confer.check import answers, sessions, transport
from confer.check.examination import Examination
from confer.check.findings import Finding, found
from confer.check.sessions import CheckSession
from fhir_adapters import first_reads, search, sections
from fhir_adapters.adapter import Adapter
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.replies import NOT_CONVERTED_ISSUE
from fhir_adapters.search import Query
from runtime import clock
from runtime.errors import OutboundDown

_FORM: Final = "application/x-www-form-urlencoded"
_PATIENT: Final = ("patient", "subject", "beneficiary")
# What Confer asks by, beside the patient, where the server declares it.
_USED: Final[Mapping[str, tuple[str, ...]]] = {
    "Observation": ("category",),
    "DocumentReference": ("identifier",),
}
_PARTIAL: Final = frozenset({"incomplete", "suppressed", "too-costly", "throttled"})


def check(exam: Examination) -> Iterator[Finding]:
    """Read the patient, then one page of each type."""
    adapter = exam.adapter
    if adapter is None:
        return
    yield from _parameters(adapter)
    session = sessions.for_reading(exam)
    if session is None:
        yield found("reading.no_way")
        return
    if exam.patient_id is None:
        yield found("reading.no_patient")
        return
    exam.hide(exam.patient_id)
    patient = list(_patient(exam, session))
    yield from patient
    if not any(one.level == "fail" for one in patient):
        yield from _types(exam, adapter, session)


def _patient(exam: Examination, session: CheckSession) -> Iterator[Finding]:
    address = f"Patient/{exam.patient_id}"
    try:
        reply = sessions.as_r4(exam, session).get(address)
    except OutboundDown as down:
        yield found("reading.broken_off", type="Patient", problem=transport.words_of(down))
        return
    if reply.status == 429 or reply.status >= 500:
        yield found("reading.down", type="Patient", status=reply.status)
        return
    if reply.status != 200:
        yield found("reading.patient_refused", status=reply.status, way=session.way)
        return
    patient = answers.resource(reply.body)
    if patient is None or search.key_of(patient) != address:
        yield found("reading.patient_unusable")
        return
    yield found("reading.patient_ok", way=session.way)
    flags = sorted(str(flag) for flag in first_reads.patient_flags(dict(patient)))
    if flags:
        yield found("reading.patient_flagged", flags=", ".join(flags))


def _types(exam: Examination, adapter: Adapter, session: CheckSession) -> Iterator[Finding]:
    done: set[Query] = set()
    not_granted: dict[str, None] = {}
    not_declared: dict[str, None] = {}
    for wish in (wish for wishes in sections.WISHES.values() for wish in wishes):
        queries = sections.queries(
            (wish,), adapter.capability, exam.patient_id or "", adapter.traits.search
        )
        if not queries:
            not_declared[wish.resource_type] = None
        elif not session.may(wish.resource_type, "s"):
            not_granted[wish.resource_type] = None
        else:
            for query in queries:
                if query not in done:
                    done.add(query)
                    yield from _search(exam, adapter, session, query)
    if not_granted:
        yield found("reading.not_granted", types=", ".join(not_granted), way=session.way)
    if not_declared:
        yield found("reading.not_declared", types=", ".join(not_declared))


def _search(
    exam: Examination, adapter: Adapter, session: CheckSession, query: Query
) -> Iterator[Finding]:
    began = clock.monotonic()
    name = label_of(query)
    try:
        reply = ask(sessions.as_r4(exam, session), query, by_post=adapter.traits.search.post_search)
    except OutboundDown as down:
        yield found("reading.broken_off", type=name, problem=transport.words_of(down))
        return
    took = round((clock.monotonic() - began) * 1000)
    if reply.status != 200:
        yield _refusal(reply, name)
        return
    bundle = answers.searchset(reply.body)
    if bundle is None:
        yield _no_bundle(reply, name)
        return
    exam.searches.append((query, bundle))
    yield from _contents(exam, name, bundle)
    empty = not answers.matches(bundle)
    yield found("reading.empty" if empty else "reading.ok", type=name, milliseconds=took)
    if took > exam.slow_milliseconds:
        yield found("reading.slow", type=name, milliseconds=took)


def ask(session: FhirSession, query: Query, *, by_post: bool = False) -> FhirReply:
    """Send one search, by POST where the vendor wants no identifier in an address."""
    if not by_post:
        return session.get(search.address_of(query))
    reply = session.post(
        f"{query.resource_type}/_search",
        urlencode(query.params).encode("ascii"),
        headers={"Content-Type": _FORM},
    )
    if reply.status in (404, 405, 415, 501):
        return session.get(search.address_of(query))
    return reply


def label_of(query: Query) -> str:
    """Return the type, with its category where one was asked for."""
    category = dict(query.params).get("category")
    return f"{query.resource_type} ({category})" if category else query.resource_type


def _refusal(reply: FhirReply, name: str) -> Finding:
    issue = answers.issue_of(reply.body)
    if reply.status in (401, 403):
        return found("reading.refused", type=name, status=reply.status)
    if reply.status == 429:
        wait = reply.headers.get("retry-after", "")
        return found("reading.throttled", type=name, seconds=wait if wait.isdecimal() else "none")
    if reply.status >= 500:
        return found("reading.down", type=name, status=reply.status)
    if issue.startswith("required"):
        return found("reading.parameter_required", type=name, status=reply.status, issue=issue)
    return found("reading.rejected", type=name, status=reply.status, issue=issue)


def _no_bundle(reply: FhirReply, name: str) -> Finding:
    outcome = answers.resource(reply.body)
    if outcome is not None and outcome["resourceType"] == "OperationOutcome":
        return found("reading.error_with_200", type=name, issue=answers.issue_of(reply.body))
    return found("reading.not_fhir", type=name)


def _contents(exam: Examination, name: str, bundle: Mapping[str, Any]) -> Iterator[Finding]:
    matches = answers.matches(bundle)
    foreign = answers.foreign(matches, exam.patient_id or "", base_url=exam.base)
    if foreign:
        yield found("reading.wrong_patient", type=name, count=foreign)
    keys = Counter(key for one in matches if (key := search.key_of(one)))
    repeated = sum(count - 1 for count in keys.values())
    if repeated:
        yield found("reading.repeated", type=name, count=repeated)
    for issue in _warnings(bundle):
        if issue == NOT_CONVERTED_ISSUE:
            yield found("reading.not_converted", type=name)
        else:
            yield found("reading.capped", type=name, issue=issue)


def _warnings(bundle: Mapping[str, Any]) -> Iterator[str]:
    for entry in answers.objects(bundle.get("entry")):
        outcome = entry.get("resource")
        if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
            continue
        for issue in answers.objects(outcome.get("issue")):
            if issue.get("code") == NOT_CONVERTED_ISSUE:
                yield NOT_CONVERTED_ISSUE
                return
            if issue.get("code") in _PARTIAL or issue.get("severity") in ("error", "fatal"):
                yield answers.issue_words(issue)
                return


def _parameters(adapter: Adapter) -> Iterator[Finding]:
    wanted = {wish.resource_type for wishes in sections.WISHES.values() for wish in wishes}
    offered = sorted(name for name in wanted if adapter.capability.offers(name, "search-type"))
    complete = 0
    for name in offered:
        has = adapter.capability.has_param
        missing = [used for used in _USED.get(name, ()) if not has(name, used)]
        if not any(has(name, param) for param in _PATIENT):
            missing.insert(0, "patient")
        if missing:
            yield found("search.parameter_missing", type=name, names=", ".join(missing))
        else:
            complete += 1
    if complete == len(offered) and offered:
        yield found("search.all_declared", count=complete)
