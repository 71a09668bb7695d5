"""One case as a specialist sees it: frozen values, ready for a page (pure)."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from consult.domain.relative_time import When
from exchange.opinion import Opinion


@dataclass(frozen=True, kw_only=True)
class CaseHead:
    """What is asked of whom, by when, and where the case stands."""

    task_id: str
    case_id: str
    short_id: str
    specialty: str
    question_type: str
    urgency: str
    status: str
    business: str
    asked_at: datetime
    due_at: datetime
    expires_at: datetime
    paused_since: datetime | None
    asker_title: str
    asker_region: str
    is_mine: bool
    version: int


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a list; `ended` says in a word why it no longer holds (stopped, resolved),
    `done` what else there is to know of it (given once, on hold, status not known)."""

    text: str = field(repr=False)
    when: When
    ended: str = ""
    done: str = ""

    @property
    def struck(self) -> bool:
        """Whether it no longer holds."""
        return bool(self.ended)


@dataclass(frozen=True, kw_only=True)
class Point:
    """One measured value; `text` is the number as the laboratory wrote it."""

    value: Decimal
    text: str
    when: When


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values of one measurement in one unit, oldest first."""

    name: str
    unit: str
    low: Decimal | None
    high: Decimal | None
    points: tuple[Point, ...] = field(repr=False)
    flag: str = ""

    @property
    def latest(self) -> Point:
        """The newest value."""
        return self.points[-1]

    @property
    def reference(self) -> str:
        """The reference range in words, or nothing."""
        if self.low is not None and self.high is not None:
            return f"{self.low}\N{EN DASH}{self.high}"
        if self.low is not None:
            return f"from {self.low}"
        return f"to {self.high}" if self.high is not None else ""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A note or report with its clean text; `key` is stable inside the case."""

    key: str
    title: str = field(repr=False)
    when: When
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of pixels only; `facts` is what the hospital says of it in words of lists."""

    title: str = field(repr=False)
    when: When
    facts: str = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of the thread."""

    kind: str
    from_me: bool
    sent: datetime
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One line of the list of what was removed, hidden or is missing."""

    text: str
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Clinical:
    """The content of the snapshot, grouped for reading."""

    subject: str = field(repr=False)
    problems: tuple[Line, ...] = field(repr=False)
    medications: tuple[Line, ...] = field(repr=False)
    allergies: tuple[Line, ...] = field(repr=False)
    background: tuple[Line, ...] = field(repr=False)
    results: tuple[Series, ...] = field(repr=False)
    other_results: tuple[Line, ...] = field(repr=False)
    vitals: tuple[Series, ...] = field(repr=False)
    timeline: tuple[Line, ...] = field(repr=False)
    documents: tuple[Document, ...] = field(repr=False)
    pictures: tuple[Picture, ...] = field(repr=False)
    result_count: int
    note_count: int
    document_count: int
    newest_result: str


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """Everything that the case page shows."""

    head: CaseHead
    question: str = field(repr=False)
    thinking: str = field(repr=False)
    clinical: Clinical = field(repr=False)
    thread: tuple[Message, ...] = field(repr=False)
    removed: tuple[Removal, ...]
    draft: Opinion | None = field(repr=False)
    draft_saved_at: datetime | None
    answer_text: str | None = field(repr=False)
