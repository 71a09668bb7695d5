"""The inbox of a specialist: every open case in its place, the most urgent first (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from exchange import names

# How long a specialist reads, measured in things to read.
_BASE_MINUTES = 3
_RESULTS_PER_MINUTE = 20
_DUE_SOON_PART = 4  # less than a quarter of the promised time is left


@dataclass(frozen=True, kw_only=True)
class InboxCase:
    """One line of the inbox."""

    task_id: str
    question: str = field(repr=False)
    specialty: str
    question_type: str
    urgency: str
    status: str
    business: str
    due_at: datetime
    paused_since: datetime | None
    asker_title: str
    asker_region: str
    results: int
    notes: int
    documents: int
    is_mine: bool
    is_new: bool
    changed_at: datetime

    @property
    def reading_minutes(self) -> int:
        """About how long reading and answering takes."""
        return (
            _BASE_MINUTES + round(self.results / _RESULTS_PER_MINUTE) + self.notes + self.documents
        )

    def is_due_soon(self, now: datetime) -> bool:
        """Tell whether less than a quarter of the promised time is left, or none."""
        window = names.URGENCIES.get(self.urgency, timedelta(hours=24))
        return self.paused_since is None and (self.due_at - now) * _DUE_SOON_PART <= window

    def time_left(self, now: datetime) -> timedelta:
        """Return what is left of the promised time; while the clock stands it does not shrink."""
        return self.due_at - (self.paused_since or now)


@dataclass(frozen=True, kw_only=True)
class Inbox:
    """The groups of the inbox page.

    `mine`: claimed by me, my turn. `pool`: offered to me. `waiting`: at the asker.
    `answered`: my answers, newest first.
    """

    mine: tuple[InboxCase, ...]
    pool: tuple[InboxCase, ...]
    waiting: tuple[InboxCase, ...]
    answered: tuple[InboxCase, ...]

    @property
    def open_count(self) -> int:
        """How many cases are open."""
        return len(self.mine) + len(self.pool) + len(self.waiting)

    def due_soon(self, now: datetime) -> int:
        """How many of them are due soon."""
        return sum(case.is_due_soon(now) for case in (*self.mine, *self.pool))


def arrange(cases: Iterable[InboxCase]) -> Inbox:
    """Put each case into its group and order the groups."""
    groups: dict[str, list[InboxCase]] = {"mine": [], "pool": [], "waiting": [], "answered": []}
    for case in cases:
        if case.status in ("completed",):
            groups["answered"].append(case)
        elif case.paused_since is not None:
            groups["waiting"].append(case)
        else:
            groups["mine" if case.is_mine else "pool"].append(case)
    for name in ("mine", "pool", "waiting"):
        groups[name].sort(key=lambda case: (case.due_at, case.task_id))
    groups["answered"].sort(key=lambda case: case.changed_at, reverse=True)
    return Inbox(**{name: tuple(items) for name, items in groups.items()})
