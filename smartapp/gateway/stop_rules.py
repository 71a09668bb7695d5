"""When a question must not be asked from this chart, or only after a second look (pure).

A record that was joined to another one, and a launch whose visit belongs to somebody else,
end here. A patient who has died is shown as such first: a question may still make sense, and
the EHR may be wrong, so the doctor can go on in so many words.

Spec: spec/reliability.md T34; DESIGN invariant "never another patient"
"""

from collections.abc import Mapping
from typing import Any, Literal

from fhir_adapters.chart import PatientFlag
from smartapp.errors import PatientStopped

Stop = Literal["merged", "other_patient", "deceased"]

_FAILURES: Mapping[str, Stop] = {
    "adapter.patient_merged": "merged",
    "adapter.patient_mismatch": "other_patient",
}
SEEN = "deceased_seen"
CHANGED = "context_changed"


def stop_of(patient: Mapping[str, Any], choices: Mapping[str, Any]) -> Stop | None:
    """Why this draft goes no further, None when it may.

    `patient` are the facts of the draft, `choices` what the doctor said about them.
    """
    failed = _FAILURES.get(str(patient.get("failed", "")))
    if failed is not None:
        return failed
    if choices.get(CHANGED):
        return "other_patient"
    flags = set(patient.get("flags", ()))
    if PatientFlag.MERGED in flags:
        return "merged"
    if PatientFlag.ENCOUNTER_MISMATCH in flags:
        return "other_patient"
    if PatientFlag.DECEASED in flags and not choices.get(SEEN):
        return "deceased"
    return None


def require_no_stop(patient: Mapping[str, Any], choices: Mapping[str, Any]) -> None:
    """Raise `PatientStopped` when this draft goes no further."""
    stop = stop_of(patient, choices)
    if stop is not None:
        raise PatientStopped(reason=stop)
