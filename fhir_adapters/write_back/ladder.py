"""Which forms an answer may take in this chart, best first, and why the others may not (pure).

Decided from what the server declares, what was granted, what the site allows and what the
vendor is known for; never from a vendor's name.

Spec: spec/wire.md 2.8; spec/smart.md section 4, write plan
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from fhir_adapters.capability import Capability
from fhir_adapters.traits import Rung, WriteTraits

Granted = Callable[[str, str], bool]

TYPE_OF = {
    Rung.DOCUMENT_REFERENCE: "DocumentReference",
    Rung.COMMUNICATION: "Communication",
    Rung.DIAGNOSTIC_REPORT: "DiagnosticReport",
    Rung.QUESTIONNAIRE_RESPONSE: "QuestionnaireResponse",
}


class Why(StrEnum):
    """Why a form is not taken."""

    SITE = "site"  # the site's policy does not list it
    VENDOR = "vendor"  # this vendor's chart does not take it
    NOT_OFFERED = "not_offered"  # the CapabilityStatement does not declare create
    NOT_GRANTED = "not_granted"  # the granted scopes do not allow it
    NO_WINDOW = "no_window"  # no chart window is open that takes drafts
    NO_ORDER = "no_order"  # the EHR holds no order of ours that a report could answer


@dataclass(frozen=True, kw_only=True)
class Step:
    """One form; `why` is None when it may be taken."""

    rung: Rung
    why: Why | None = None


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the decision rests on.

    `granted` tells whether the account that writes has a right (a letter of `cruds`) on a
    type. `allowed` is the site's own order, empty for the vendor's. `window` is true while a
    doctor's chart window offers an unsigned draft.
    """

    capability: Capability
    granted: Granted
    writes: WriteTraits = field(default_factory=WriteTraits)
    allowed: tuple[str, ...] = ()
    window: bool = False
    never: bool = False


def ladder(ground: Ground) -> tuple[Step, ...]:
    """Return every form in the order to try, the copy in the app always last."""
    order = _order(ground)
    return tuple(Step(rung=rung, why=_why(rung, ground)) for rung in order)


def best(steps: tuple[Step, ...]) -> Rung:
    """Return the first form that may be taken; the copy in the app is always there."""
    return next((step.rung for step in steps if step.why is None), Rung.COPY)


def next_after(steps: tuple[Step, ...], refused: Rung) -> Rung:
    """Return the next form to try after the EHR refused one."""
    rungs = [step.rung for step in steps]
    rest = steps[rungs.index(refused) + 1 :] if refused in rungs else ()
    return best(rest)


def _order(ground: Ground) -> tuple[Rung, ...]:
    known = {str(rung): rung for rung in Rung}
    named = tuple(known[name] for name in ground.allowed if name in known)
    first = [rung for rung in (named or ground.writes.ladder) if rung is not Rung.COPY]
    others = [rung for rung in Rung if rung not in first and rung is not Rung.COPY]
    return (*first, *others, Rung.COPY)


def _why(rung: Rung, ground: Ground) -> Why | None:
    if rung is Rung.COPY:
        return None
    listed = str(rung) in ground.allowed
    unlisted = (ground.allowed or rung in ground.writes.by_agreement) and not listed
    if ground.never or unlisted:
        return Why.SITE
    if not listed and rung not in ground.writes.ladder:
        return Why.VENDOR
    return _missing(rung, ground)


def _missing(rung: Rung, ground: Ground) -> Why | None:
    """What of the outside world is not there."""
    if rung is Rung.SCRATCHPAD:
        return None if ground.window else Why.NO_WINDOW
    if not ground.capability.offers(TYPE_OF[rung], "create"):
        return Why.NOT_OFFERED
    if not ground.granted(TYPE_OF[rung], "c"):
        return Why.NOT_GRANTED
    return Why.NO_ORDER if rung is Rung.DIAGNOSTIC_REPORT else None
