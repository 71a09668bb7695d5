"""The catalogue of log events: name, level, a sentence for operators, allowed fields.

Fields are ids, enumerations, counts and durations; never text that a person typed, never
a URL with an id or a query. What is not in the list is not written.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

Level = Literal["debug", "info", "warning", "error"]

# Fields that arrive by themselves, from `logs.bind`.
CONTEXT_FIELDS = frozenset({"request_id", "case_id", "tenant", "step_id", "job_kind"})


@dataclass(frozen=True, kw_only=True)
class EventSpec:
    """One event of the catalogue."""

    name: str
    level: Level
    sentence: str
    fields: frozenset[str]


def _event(name: str, level: Level, sentence: str, *fields: str) -> EventSpec:
    return EventSpec(name=name, level=level, sentence=sentence, fields=frozenset(fields))


class Event(Enum):
    """All events, by section and then by name."""

    # program
    PROGRAM_STARTED = _event(
        "program.started", "info", "A program is up.", "program", "mode", "version"
    )
    PROGRAM_STOPPED = _event("program.stopped", "info", "A program has stopped.", "program")
    PROGRAM_REFUSED = _event(
        "program.refused", "error", "A program would not start.", "program", "code"
    )
    FOREIGN_LOG = _event(
        "program.library",
        "warning",
        "A library reported a problem; its text is withheld.",
        "library",
        "severity",
        "exception",
        "place",
    )
    LOG_FIELD_DROPPED = _event(
        "program.log_field_dropped",
        "warning",
        "A field that the catalogue does not allow was dropped.",
        "dropped_from",
        "count",
    )

    # web
    REQUEST_DONE = _event(
        "web.request",
        "info",
        "A request was answered.",
        "method",
        "route",
        "status",
        "duration_ms",
        "bytes_out",
    )
    REQUEST_FAILED = _event(
        "web.failed",
        "error",
        "A request met a bug; the place is given.",
        "route",
        "exception",
        "place",
    )
    REQUEST_REFUSED = _event(
        "web.refused", "warning", "A request was refused.", "route", "code", "kind"
    )

    # outbound
    OUTBOUND_DONE = _event(
        "outbound.done",
        "info",
        "A call to another system was answered.",
        "method",
        "label",
        "host",
        "status",
        "duration_ms",
        "bytes_in",
    )
    OUTBOUND_FAILED = _event(
        "outbound.failed",
        "warning",
        "A call to another system failed.",
        "method",
        "label",
        "host",
        "reason",
        "duration_ms",
    )
    OUTBOUND_FORBIDDEN = _event(
        "outbound.forbidden",
        "error",
        "A call to an origin that is not on the list was stopped.",
        "label",
        "rule",
    )

    # identity
    JWKS_KEPT = _event(
        "identity.jwks_kept",
        "warning",
        "A key set could not be renewed; the last good one stays in use.",
        "host",
        "code",
    )
    KEY_CREATED = _event(
        "identity.key_created", "info", "A signing key was made.", "kid", "purpose", "alg"
    )
    KEY_RETIRED = _event("identity.key_retired", "info", "A signing key was retired.", "kid")
    TOKEN_ISSUED = _event(
        "identity.token_issued", "info", "An access token was issued.", "client", "scope_count"
    )
    TOKEN_REFUSED = _event(
        "identity.token_refused",
        "warning",
        "A token request was refused; the reason is for operators only.",
        "client",
        "reason",
    )

    # launch
    LAUNCH_DONE = _event(
        "launch.done",
        "info",
        "A doctor launched the app; some wished scopes may be missing.",
        "site",
        "missing_scopes",
    )
    LAUNCH_ENDPOINT_REFUSED = _event(
        "launch.endpoint_refused",
        "error",
        "An EHR announces a sign-in address on an origin that is not registered for it.",
        "site",
    )
    LAUNCH_ENDPOINTS_CHANGED = _event(
        "launch.endpoints_changed",
        "warning",
        "An EHR announces other sign-in addresses than before; all are on registered origins.",
        "site",
    )
    LAUNCH_FAILED = _event(
        "launch.failed",
        "warning",
        "A launch could not go on; the page shows the same reference.",
        "site",
        "code",
        "step",
        "reason",
        "ehr_code",
        "http_status",
        "reference",
    )

    CHECK_BROKE = _event(
        "check.broke",
        "error",
        "A group of the connection check broke off; the report names the group.",
        "group",
        "code",
        "exception",
        "place",
    )
    SIGN_IN_ENDED = _event(
        "launch.sign_in_ended",
        "info",
        "A sign-in at an EHR was ended and its tokens wiped; outcome says whether the EHR "
        "revoked them too.",
        "site",
        "outcome",
    )

    # decision support hooks
    HOOK_ANSWERED = _event(
        "hooks.answered", "info", "A hook was answered with this many cards.",
        "site", "service", "cards",
    )  # fmt: skip
    HOOK_FEEDBACK = _event(
        "hooks.feedback", "info", "An EHR said what became of cards; comments are not read.",
        "site", "service", "count", "repeated",
    )  # fmt: skip
    HOOK_PATIENT_DIFFERS = _event(
        "hooks.patient_differs",
        "warning",
        "A chart has the record id of a question but other demographics; no card was shown.",
        "site",
        "count",
    )
    HOOK_REFUSED = _event(
        "hooks.refused",
        "warning",
        "A hook call was refused; the reason is for operators only.",
        "site",
        "code",
        "reason",
    )

    # hospital gateway
    ANSWER_FILING_STOPPED = _event(
        "gateway.answer_filing_stopped",
        "warning",
        "An answer could not be filed in the chart; it is tried again, or parked for a person.",
        "code",
        "again",
    )
    CASE_HELD = _event(
        "gateway.case_held",
        "warning",
        "De-identification held a case back; nothing left the hospital.",
        "reason",
        "hits",
    )
    CASE_PARKED = _event(
        "gateway.case_parked", "error", "A case waits for a person; it was not sent.", "reason"
    )
    CASE_SEND_DELAYED = _event(
        "gateway.case_send_delayed",
        "warning",
        "The consult server does not answer; an approved case is kept and tried again.",
        "code",
    )
    CHART_READ_FAILED = _event(
        "gateway.chart_read_failed", "warning", "A chart could not be read.", "code"
    )
    CONTEXT_CHANGED = _event(
        "gateway.context_changed",
        "warning",
        "Right before sending, patient or visit were no longer those of the launch; refused.",
        "what",
    )
    EHR_CIRCUIT = _event(
        "gateway.ehr_circuit",
        "warning",
        "An EHR failed so often that calls to it are held back, or it answers again.",
        "site",
        "state",
        "count",
    )
    INBOX_NOT_TOLD = _event(
        "gateway.inbox_not_told",
        "info",
        "The note is in the chart, but the doctor's EHR inbox could not be told.",
        "code",
    )
    FILING_NOT_GRANTED = _event(
        "gateway.filing_not_granted",
        "warning",
        "The EHR did not grant the gateway the right to file answers; the doctor is told.",
        "site",
        "code",
    )
    NEWS_HELD = _event(
        "gateway.news_held",
        "warning",
        "News of a case cannot be fetched or verified yet; asked again at the next time.",
        "code",
    )
    NEWS_UNREADABLE = _event(
        "gateway.news_unreadable",
        "error",
        "News of a case cannot be read; the case waits for a person, the others go on.",
        "code",
    )
    TIMER_ITEM_FAILED = _event(
        "gateway.timer_item_failed",
        "error",
        "A timer could not settle one item; it goes on with the others and tries again.",
        "code",
    )
    CONSULT_POLL_FAILED = _event(
        "gateway.consult_poll_failed",
        "warning",
        "The consult server could not be asked for news; asked again at the next time.",
        "code",
    )
    DEID_BROKEN = _event(
        "gateway.deid_broken",
        "error",
        "De-identification met a bug; the case was held, and the place is given.",
        "exception",
        "place",
    )
    DRAFTS_EXPIRED = _event(
        "gateway.drafts_expired", "info", "Drafts past their time were deleted.", "count"
    )

    # network
    CASE_NOT_EXPIRED = _event(
        "network.case_not_expired",
        "error",
        "A case could not be checked or expired; the others go on and it is tried again.",
        "code",
    )
    CASES_EXPIRED = _event(
        "network.cases_expired", "warning", "Nobody answered these cases in time.", "count"
    )
    CASE_UNOFFERED = _event(
        "network.case_unoffered",
        "warning",
        "No specialist with valid credentials can be offered a case; it waits in routing.",
        "specialty",
    )
    SUBMISSION_ACCEPTED = _event(
        "network.submission_accepted",
        "info",
        "A hospital's transaction was accepted, or given the same answer again.",
        "client",
        "kind",
        "replay",
    )
    SUBMISSION_REFUSED = _event(
        "network.submission_refused",
        "warning",
        "A hospital's transaction was refused; the broken rule is given.",
        "client",
        "code",
        "rule",
    )

    # durable work
    JOB_DEAD = _event(
        "work.dead", "error", "A job was given up; a person has to look.", "kind", "code", "attempt"
    )
    JOB_DONE = _event("work.done", "info", "A job has finished.", "kind", "attempt", "duration_ms")
    JOB_FAILED = _event(
        "work.failed",
        "error",
        "A job met a bug; the place is given.",
        "kind",
        "step",
        "exception",
        "place",
    )
    JOB_RETRY = _event(
        "work.retry",
        "warning",
        "A job will be tried again.",
        "kind",
        "code",
        "attempt",
        "delay_seconds",
    )
    SCHEDULE_FAILED = _event(
        "work.schedule_failed",
        "error",
        "A periodic task failed; it runs again at its next time.",
        "schedule",
        "code",
        "exception",
        "place",
    )
    WORK_PURGED = _event("work.purged", "info", "Old finished jobs were deleted.", "count")
    WORK_RESUMED = _event(
        "work.resumed",
        "warning",
        "The work of a dead worker was taken over.",
        "executor",
        "count",
    )
    WORKER_FENCED = _event(
        "work.worker_fenced",
        "error",
        "A worker was declared dead while it lived; it leaves at once.",
        "executor",
    )
    WORKER_STARTED = _event("work.worker_started", "info", "A worker is up.", "executor")
    WORKER_STOPPED = _event("work.worker_stopped", "info", "A worker has stopped.", "executor")
