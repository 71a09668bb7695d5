"""Errors of the smartapp room.

Each class docstring is the explanation for operators. Constructors take ids, enum values and
counts only, so that every text is fit for a log.
"""

from typing import ClassVar


class SmartAppError(Exception):
    """Something in the hospital-side app stopped; the subclass says what."""

    code: ClassVar[str] = "smartapp.error"
    kind: ClassVar[str] = "bug"

    def __init__(self, **facts: str | int) -> None:
        self.facts = facts
        listed = " ".join(f"{name}={value}" for name, value in sorted(facts.items()))
        super().__init__(f"{self.code} {listed}".strip())


class SessionMissing(SmartAppError):
    """The page was asked for without the browser that launched it: launch again from the EHR."""

    code = "smartapp.session_missing"
    kind = "unauthenticated"


class SessionExpired(SmartAppError):
    """The launch was idle or open too long; drafts are kept, launch again from the EHR."""

    code = "smartapp.session_expired"
    kind = "unauthenticated"


class HandoffRefused(SmartAppError):
    """A code to open the app in another window was used twice, too late, or never issued."""

    code = "smartapp.handoff_refused"
    kind = "unauthenticated"


class SiteUnknown(SmartAppError):
    """No EHR is registered under this site id."""

    code = "smartapp.site_unknown"
    kind = "not_found"


class SiteInvalid(SmartAppError):
    """A registration is not complete or not safe; each fact is named with what is wrong."""

    code = "smartapp.site_invalid"
    kind = "invalid"

    def __init__(self, *, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__(facts=len(problems))


class SiteExists(SmartAppError):
    """Another site is registered under this id or this issuer: change it, or remove it first."""

    code = "smartapp.site_exists"
    kind = "conflict"


class SiteInUse(SmartAppError):
    """The site is still switched on, or questions of it are open: nothing was removed."""

    code = "smartapp.site_in_use"
    kind = "conflict"


class SiteUnreadable(SmartAppError):
    """A stored registration holds a fact that this release does not know or cannot read; the site
    is not used. It was written by a newer release, or changed by hand: register it again.
    """

    code = "smartapp.site_unreadable"
    kind = "misconfigured"


class OperatorLinkRefused(SmartAppError):
    """The operator's link was used already, is older than a minute, or was never made."""

    code = "smartapp.operator_link_refused"
    kind = "unauthenticated"


class OperatorSessionMissing(SmartAppError):
    """The operator's session has ended, or this browser has none: print a new link."""

    code = "smartapp.operator_session_missing"
    kind = "unauthenticated"


class DraftMissing(SmartAppError):
    """The draft is gone: twelve hours passed, or it was sent already."""

    code = "smartapp.draft_missing"
    kind = "not_found"


class PatientStopped(SmartAppError):
    """The chart's record was joined to another one, belongs to another patient than the launch,
    or says that the patient died: a person looks first, nothing is prepared or sent.
    """

    code = "smartapp.patient_stopped"
    kind = "refused"


class ContextChanged(SmartAppError):
    """Patient or visit of the launch are no longer those that were read; nothing was sent."""

    code = "smartapp.context_changed"
    kind = "refused"


class ContextUnknown(SmartAppError):
    """The EHR did not show patient and visit again before sending; nothing was sent."""

    code = "smartapp.context_unknown"
    kind = "upstream_down"


class FormInvalid(SmartAppError):
    """The question form is incomplete; the page names each field."""

    code = "smartapp.form_invalid"
    kind = "invalid"

    def __init__(self, *, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__(fields=len(problems))


class CaseHeld(SmartAppError):
    """De-identification found something left, timed out or crashed; nothing leaves."""

    code = "smartapp.case_held"
    kind = "refused"

    def __init__(self, *, reason: str, hits: tuple[tuple[str, str, str], ...] = ()) -> None:
        self.reason = reason
        self.hits = hits
        super().__init__(reason=reason, hits=len(hits))


class PictureUnknown(SmartAppError):
    """No picture of this draft has such a name; the chart was read again or the page is old."""

    code = "smartapp.picture_unknown"
    kind = "not_found"


class RevisionStale(SmartAppError):
    """The previewed revision is too old or its draft changed; it is rebuilt and shown again."""

    code = "smartapp.revision_stale"
    kind = "conflict"


class BytesAltered(SmartAppError):
    """Stored outgoing bytes no longer match the SHA-256 that was approved; nothing is sent."""

    code = "smartapp.bytes_altered"
    kind = "bug"


class TakeBackTooLate(SmartAppError):
    """The case had left already when it was taken back."""

    code = "smartapp.take_back_too_late"
    kind = "conflict"


class CaseUnknown(SmartAppError):
    """No such case for this doctor at this hospital."""

    code = "smartapp.case_unknown"
    kind = "not_found"


class CaseMoved(SmartAppError):
    """The case is in a state that does not allow this step; reload shows the present state."""

    code = "smartapp.case_moved"
    kind = "conflict"


class DecisionMissing(SmartAppError):
    """Consent was not stated for content that needs it, or a high residual risk was not seen."""

    code = "smartapp.decision_missing"
    kind = "conflict"


class ChoicesFull(SmartAppError):
    """No more can be hidden or left out of this case; nothing was changed."""

    code = "smartapp.choices_full"
    kind = "invalid"


class ConsultUnreachable(SmartAppError):
    """The consult server does not answer; what was approved is kept and tried again."""

    code = "smartapp.consult_unreachable"
    kind = "upstream_down"


class ConsultRefused(SmartAppError):
    """The consult server refused what the gateway sent; a person must look."""

    code = "smartapp.consult_refused"
    kind = "upstream_refused"


class AnswerUnverified(SmartAppError):
    """An opinion's signature or its link to the case does not hold; it is not shown or filed."""

    code = "smartapp.answer_unverified"
    kind = "refused"


class PatientMismatch(SmartAppError):
    """The chart's patient no longer matches the two demographics stored at approval."""

    code = "smartapp.patient_mismatch"
    kind = "refused"


class ChartWriteUnclear(SmartAppError):
    """The EHR did not say whether it kept the note, and it cannot be looked up; parked."""

    code = "smartapp.chart_write_unclear"
    kind = "upstream_down"


class ChartRefused(SmartAppError):
    """The EHR refused to read or write what the answer needs; parked for a person."""

    code = "smartapp.chart_refused"
    kind = "upstream_refused"


class TryLater(SmartAppError):
    """The other side does not answer now; the job is run again with growing pauses."""

    code = "smartapp.try_later"
    kind = "upstream_down"
