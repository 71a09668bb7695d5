"""What waits in Confer about one patient, sorted by who has to do something. Pure.

The doctor who asked is told what to do next; a colleague with the same chart open is told
that there is an opinion, so that it does not get lost at a change of shift.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from smartapp.store.cases import Case

Kind = Literal["answer", "reply", "stopped", "unanswered", "open"]


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Cases of one kind; `mine` when the doctor at the screen asked them. Never empty."""

    kind: Kind
    mine: bool
    cases: tuple[Case, ...]


# In the order in which cards appear.
_MINE: tuple[Kind, ...] = ("answer", "reply", "stopped", "unanswered", "open")
_COLLEAGUE: tuple[Kind, ...] = ("answer", "open")


def kind_of(case: Case, *, doubtful: bool = False) -> Kind | None:
    """Return what a case waits for, or None when it waits for nobody.

    `doubtful`: something came that could not be verified or read; it is no answer.
    """
    if doubtful:
        return "stopped"
    if case.stage in ("answered", "filed"):
        return "answer" if case.unread else None
    if case.stage == "expired":
        return "unanswered" if case.unread else None
    kinds: dict[str, Kind] = {
        "question": "reply",
        "parked": "stopped",
        "approved": "open",
        "sent": "open",
    }
    return kinds.get(case.stage)


def sort(
    cases: Sequence[Case], *, doctor_keys: Collection[str], doubtful: Collection[str] = ()
) -> tuple[Waiting, ...]:
    """Group the cases of one patient by what they wait for, the doctor's own first.

    `doubtful` holds the ids of cases with news that could not be verified or read.
    """
    found: list[Waiting] = []
    for mine, kinds in ((True, _MINE), (False, _COLLEAGUE)):
        some = [case for case in cases if (case.doctor_key in doctor_keys) == mine]
        for kind in kinds:
            group = tuple(
                case for case in some if kind_of(case, doubtful=case.case_id in doubtful) == kind
            )
            if group:
                found.append(Waiting(kind=kind, mine=mine, cases=group))
    return tuple(found)
