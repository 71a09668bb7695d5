"""Codes become the words of the pages; times become clock times of the hospital. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from exchange import names

SECTION_TITLES: Mapping[str, str] = {
    **names.CHART_SECTIONS,
    "relatives": "Relatives, for hiding their names",
    "coverage": "Insurance, for hiding its numbers",
    "care_team": "Staff, for hiding their names",
}

LAUNCH_STEPS: Mapping[str, str] = {
    "start": "Opening Confer from the EHR",
    "discovery": "Asking the EHR where to sign in",
    "authorize": "Signing in at the EHR",
    "callback": "Coming back from the EHR",
    "token": "Getting the EHR's permission",
    "identity": "Checking who signed in",
    "context": "Finding out whose chart is open",
    "refresh": "Keeping the EHR's permission",
    "backend": "Signing the gateway in at the EHR",
    "fhir": "Reading the chart",
    "revoke": "Leaving the EHR",
}

SECTION_REASONS: Mapping[str, str] = {
    "not_offered": "The EHR does not offer it.",
    "forbidden": "The EHR does not allow it.",
    "unreachable": "The EHR did not answer.",
    "rejected": "The EHR rejected the request.",
    "not_fhir": "The EHR's answer could not be read.",
    "foreign_page": "The EHR pointed to another server; we did not follow.",
    "page_loop": "The EHR repeated a page.",
    "too_many_pages": "There was more than we read.",
    "too_large": "There was more than we read.",
    "out_of_time": "The EHR took too long.",
    "throttled": "The EHR asked us to wait.",
    "capped": "The EHR lists only so many; there may be more.",
    "expired_page": "The EHR's list ran out while we read it.",
    "not_converted": "The EHR keeps parts of it in another version of FHIR that we cannot read.",
    "partial": "The EHR says that it left something out.",
    "wrong_patient": "Entries of another patient were dropped.",
    "unreadable_entry": "Some entries could not be read.",
    "attachment": "A text could not be fetched.",
    "reference": "Somebody named there could not be read.",
}

STAGES: Mapping[str, tuple[str, str, str]] = {
    # stage -> (words, tone, icon)
    "approved": ("Approved, on its way", "blue", "sync"),
    "sent": ("With the network", "blue", "clock"),
    "question": ("Question for you", "yellow", "alert"),
    "answered": ("Answered, delivering to the chart", "blue", "sync"),
    "filed": ("Answer in chart", "green", "check"),
    "closed": ("Closed", "green", "check"),
    "taken_back": ("Taken back", "", "back"),
    "parked": ("Needs a person", "red", "alert"),
    "withdrawn": ("Withdrawn", "", "dash"),
    "expired": ("No answer in time", "red", "alert"),
}

# Approved, but the network does not answer: the same stage, told as it is.
STUCK = ("Waiting for the network", "yellow", "clock")
# The operator closed the site: nothing moves until it opens, and the pages say so.
CLOSED_TAG = ("Waiting: Confer is switched off here", "yellow", "clock")
CLOSED: Mapping[str, str] = {
    "disabled": "Confer is switched off for this EHR at the moment.",
    "out_of_hours": "Confer is not open for this EHR at this hour.",
    "removed": "This EHR is no longer registered with Confer.",
}

BUSINESS: Mapping[str, str] = {
    "submitted": "It has arrived.",
    "screening": "It is being checked by the network.",
    "routing": "A specialist is being found.",
    "offered": "It is offered to specialists.",
    "claimed": "A specialist has taken it.",
    "reviewing": "A specialist is working on it.",
    "awaiting-information": "The specialist waits for your reply. The clock is paused.",
    "redirected": "It goes to another specialty.",
    "answered": "It is answered.",
    "escalated": "It is answered: act now.",
    "closed": "It is answered and in the chart.",
}

PARKED: Mapping[str, tuple[str, str]] = {
    # reason -> (what happened, what to do)
    "unsent_at_due": (
        "The network could not be reached before the promised time, so the question was not sent.",
        "Call the on-call specialist. If the question still stands, ask it again.",
    ),
    "site_closed_at_due": (
        "Confer was switched off for this EHR until the promised time had passed, so the question "
        "was not sent.",
        "Call the on-call specialist. If the question still stands, ask it again.",
    ),
    "receipt_missing": (
        "The question left, but the network gave no receipt for it. It may not have arrived.",
        "Call the on-call specialist. If the question still stands, ask it again.",
    ),
    "no_news": (
        "The promised time is long past and the network has said nothing.",
        "Do not wait for it. Call the on-call specialist.",
    ),
    "bytes_altered": (
        "The stored question no longer matches what you approved. It was not sent.",
        "Ask it again, and tell the Confer administrator.",
    ),
    "answer_unverified": (
        "An answer arrived whose signature does not hold. It is not shown and not filed.",
        "Do not wait for it. Call the on-call specialist.",
    ),
    "news_unreadable": (
        "Something about this case arrived that Confer cannot read. It is not shown.",
        "Do not wait for it. Call the on-call specialist.",
    ),
    "outcome_unknown": (
        "The EHR did not say whether it kept the note. To avoid a second copy we stopped.",
        "Look in Notes, then choose.",
    ),
    "not_offered": (
        "This EHR does not take notes from outside.",
        "Copy the text into the chart yourself, then say so here.",
    ),
    "copy_only": (
        "This hospital has answers copied into the chart by hand.",
        "Copy the text, or take the PDF, then say so here.",
    ),
    "draft_waits": (
        "This EHR takes the answer as a draft that you sign yourself.",
        "Open this page from the patient's chart and put the draft into the EHR, or copy the text.",
    ),
    "ehr_refused": (
        "The EHR refused the note.",
        "Copy the text into the chart yourself, or try again.",
    ),
    "ehr_access": (
        "The EHR does not let Confer write into the chart.",
        "Copy the text into the chart yourself, or try again.",
    ),
    "two_copies": (
        "The chart holds more than one copy of this note.",
        "Look in Notes and remove the extra copy.",
    ),
    "wrong_patient": (
        "A note with this answer's number stands in another patient's chart.",
        "Tell the Confer administrator now.",
    ),
    "note_changed": (
        "The note in the chart does not hold the text that was written.",
        "Compare it with the answer here.",
    ),
    "patient_changed": (
        "The patient's birth date, family name or record changed since you asked.",
        "Check whose chart it is, then copy the answer there yourself.",
    ),
    "patient_not_readable": (
        "The EHR no longer shows this patient to Confer.",
        "Copy the text into the right chart yourself, or try again.",
    ),
    "gave_up_send": (
        "The network could not be reached for a long time, so we stopped trying.",
        "Call the on-call specialist. If the question still stands, ask it again.",
    ),
    "gave_up_file": (
        "The EHR could not be reached for a long time, so we stopped trying.",
        "Copy the text into the chart yourself, or try again.",
    ),
    "gave_up_acknowledge": (
        "The answer is in the chart, but the network could not be told.",
        "Tell it again, or leave it to the Confer administrator.",
    ),
    "gave_up_decide": (
        "Your decision is kept here, but the network could not be told.",
        "Tell it again, or leave it to the Confer administrator.",
    ),
    "site_gone": (
        "This EHR is no longer registered with Confer.",
        "Copy the text into the chart yourself.",
    ),
}
PARKED_OTHER = (
    "The network refused what was sent.",
    "Ask again; if it happens twice, tell the Confer administrator.",
)


_NOT_SENT = frozenset({"unsent_at_due", "site_closed_at_due", "bytes_altered", "gave_up_send"})
# What stopped is done here; only the network does not know it yet.
NOT_TOLD = frozenset({"gave_up_acknowledge", "gave_up_decide"})


def parked_head(reason: str, *, is_answer: bool) -> str:
    """The first words about what waits for a person."""
    if reason in NOT_TOLD:
        return "The network does not know yet."
    if is_answer or reason == "answer_unverified":
        return "Not in the chart."
    if reason in _NOT_SENT or reason.startswith("refused_"):
        return "Not sent."
    if reason == "news_unreadable":
        return "Not shown."
    return "No word from the network."


# Sections that only tell whose names to look for; the staff's line says it when one is missing.
_NOT_A_GROUP = frozenset({"patient", "encounter", "relatives", "coverage", "care_team"})


def not_granted_words(sections: Sequence[str], *, may_file: bool) -> str:
    """One calm line about what this EHR does not let Confer do, or an empty text."""
    titles = [SECTION_TITLES[name] for name in sections if name not in _NOT_A_GROUP]
    words = []
    if titles:
        listed = ", ".join(titles[:-1]) + f" and {titles[-1]}" if len(titles) > 1 else titles[0]
        words.append(f"This EHR does not let Confer read {listed}; the specialist is told.")
    if not may_file:
        words.append("The answer cannot be filed by itself here: read it in Confer and copy it.")
    return " ".join(words)


def clock_time(moment: datetime, now: datetime) -> str:
    """A time as the hospital reads it: with the day only when it is not today."""
    local, today = moment.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.date() == today.date() + timedelta(days=1):
        return f"{local:%H:%M} tomorrow"
    if local.date() == today.date() - timedelta(days=1):
        return f"{local:%H:%M} yesterday"
    return f"{local:%b} {local.day}, {local:%H:%M}"


def newest_words(fhir_time: str, now: datetime) -> str:
    """When the newest entry is from: `today 02:00`, `yesterday 23:25`, `Oct 3, 2026`."""
    try:
        moment = datetime.fromisoformat(fhir_time)
    except ValueError:
        return _day_words(fhir_time)
    if moment.tzinfo is None:
        return _day_words(fhir_time)
    days = (now.astimezone().date() - moment.astimezone().date()).days
    if days in (0, 1):
        return f"{'yesterday' if days else 'today'} {moment.astimezone():%H:%M}"
    return _day_words(moment.astimezone().isoformat())


def _day_words(fhir_time: str) -> str:
    """The day of a FHIR date in words, as precise as it was written."""
    parts = fhir_time[:10].split("-")
    try:
        if len(parts) == 3:
            day = datetime(int(parts[0]), int(parts[1]), int(parts[2]))  # noqa: DTZ001 - a date
            return f"{day:%b} {day.day}, {day.year}"
    except ValueError:
        return ""
    return fhir_time[:10]


def fingerprint(sha256: str) -> str:
    """A hash short enough to compare by eye."""
    return f"{sha256[:4]} {sha256[4:8]} … {sha256[-8:-4]} {sha256[-4:]}"
