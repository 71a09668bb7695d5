"""From what the services return to what the desk's templates draw (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from consult.domain.case_view import CaseHead, CaseView, Document, Line, Message, Picture, Series
from consult.domain.inbox import Inbox, InboxCase
from consult.web.desk_clock import Clock, ago, by, clock_of
from exchange import names
from exchange.opinion import Opinion
from runtime.web_assets.charts import TrendChart, TrendPoint, draw_trend

_POINTS_IN_CHART = 5
_CHARTS = 9
_SHOWN_LINES = 9
_MORE_ROWS = 3
_RECENT_MINUTES = 90 * 24 * 60  # what is older is background, one click away
_SYSTOLIC, _DIASTOLIC = "Systolic blood pressure", "Diastolic blood pressure"
_TONES = {
    "Critical high": "red",
    "Critical low": "red",
    "Critical": "red",
    "High": "yellow",
    "Low": "yellow",
    "Abnormal": "yellow",
}


@dataclass(frozen=True, kw_only=True)
class DeskFrame:
    """What every desk page shows around its content."""

    name: str
    specialties: str
    at: str
    csrf: str = field(repr=False)
    lapsed: bool = False


@dataclass(frozen=True, kw_only=True)
class InboxRow:
    """One row of the inbox."""

    url: str
    urgency: str
    clock: Clock
    question: str = field(repr=False)
    about: str
    asker: str
    region: str
    reading: str
    material: str
    is_new: bool
    new_words: str

    @property
    def is_low(self) -> bool:
        """Whether less than a quarter of the promised time is left."""
        return self.clock.low


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group of rows with its heading."""

    heading: str
    rows: tuple[InboxRow, ...]


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One filter of the inbox."""

    words: str
    count: int
    url: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a list on the case page."""

    text: str = field(repr=False)
    note: str = ""
    struck: bool = False


@dataclass(frozen=True, kw_only=True)
class ChartFigure:
    """One small multiple."""

    chart: TrendChart = field(repr=False)
    name: str
    unit: str
    reference: str
    newest: str
    flag: str
    tone: str


def case_url(task_id: str) -> str:
    """The address of a case page; it holds an opaque id only."""
    return f"/desk/cases/{task_id}"


def inbox_row(case: InboxCase, now: datetime) -> InboxRow:
    """One case as an inbox row."""
    clock = clock_of(
        due=case.due_at,
        urgency=case.urgency,
        now=now,
        paused_since=case.paused_since,
        finished=case.status == "completed",
    )
    about = [names.SPECIALTIES.get(case.specialty, "Specialist")]
    about.append(names.QUESTION_TYPES.get(case.question_type, case.question_type))
    if not case.is_mine and case.status != "completed":
        about.append("offered to you")
    return InboxRow(
        url=case_url(case.task_id),
        urgency=case.urgency,
        clock=clock,
        question=case.question,
        about=" · ".join(part for part in about if part),
        asker=case.asker_title or "Doctor",
        region=case.asker_region,
        reading=f"about {case.reading_minutes} min",
        material=_material(case.results, case.notes, case.documents),
        is_new=case.is_new,
        new_words="New reply" if case.is_mine else "New",
    )


def _material(results: int, notes: int, documents: int) -> str:
    parts = [
        f"{count} {word if count == 1 else word + 's'}"
        for count, word in ((results, "result"), (notes, "note"), (documents, "report"))
        if count
    ]
    return ", ".join(parts) or "the question alone"


def groups_of(inbox: Inbox, show: str, now: datetime) -> tuple[Group, ...]:
    """The groups that a filter leaves, empty ones left out."""
    wanted: Mapping[str, Sequence[tuple[str, tuple[InboxCase, ...]]]] = {
        "all": (
            ("For you", inbox.mine),
            ("Offered to you", inbox.pool),
            ("Waiting for the asker", inbox.waiting),
        ),
        "mine": (("For you", inbox.mine),),
        "offered": (("Offered to you", inbox.pool),),
        "waiting": (("Waiting for the asker", inbox.waiting),),
    }
    return tuple(
        Group(heading=heading, rows=tuple(inbox_row(case, now) for case in cases))
        for heading, cases in wanted[show]
        if cases
    )


def chips_of(inbox: Inbox, show: str) -> tuple[Chip, ...]:
    """The filters with their counts."""
    counts = (
        ("all", "All open", inbox.open_count),
        ("mine", "For you", len(inbox.mine)),
        ("offered", "Offered to you", len(inbox.pool)),
        ("waiting", "Waiting for the asker", len(inbox.waiting)),
    )
    return tuple(
        Chip(words=words, count=count, url=f"/desk/inbox?show={name}", current=name == show)
        for name, words, count in counts
    )


def heading_of(inbox: Inbox, now: datetime) -> str:
    """The heading of the inbox: how many, how many due soon."""
    count, soon = inbox.open_count, inbox.due_soon(now)
    if count == 0:
        return "No open case"
    cases = "1 case" if count == 1 else f"{count} cases"
    return f"{cases}, {soon} due soon" if soon else cases


def answered_groups(inbox: Inbox, now: datetime) -> tuple[Group, ...]:
    """The answered cases as one group."""
    if not inbox.answered:
        return ()
    rows = tuple(inbox_row(case, now) for case in inbox.answered)
    return (Group(heading="Newest first", rows=rows),)


@dataclass(frozen=True, kw_only=True)
class Empty:
    """What stands where there is no case: why, what will come, one thing to do."""

    heading: str
    sentence: str
    url: str
    words: str


NO_ANSWERS = Empty(
    heading="You have not signed an answer yet",
    sentence="What you sign appears here, with what became of it.",
    url="/desk/inbox",
    words="To the inbox",
)


def nothing_waiting(show: str) -> Empty:
    """The empty inbox, or an empty filter."""
    if show != "all":
        return Empty(
            heading="Nothing here",
            sentence="No open case is in this group right now.",
            url="/desk/inbox",
            words="Show all open cases",
        )
    return Empty(
        heading="Nothing is waiting for you",
        sentence="A question in one of your specialties appears here as soon as it is asked. "
        "Reload, or come back when you are told that a case waits.",
        url="/desk/answers",
        words="See my answers",
    )


def row_of(line: Line) -> Row:
    """A line with its age and what became of it."""
    age = line.when.short if line.when.is_known else ""
    note = ", ".join(part for part in (line.ended or line.done, age) if part)
    return Row(text=line.text, note=note, struck=line.struck)


def rows_of(lines: Sequence[Line]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The first lines, and the rest; a rest of a few lines is not worth hiding."""
    rows = tuple(row_of(line) for line in lines)
    if len(rows) <= _SHOWN_LINES + _MORE_ROWS:
        return rows, ()
    return rows[:_SHOWN_LINES], rows[_SHOWN_LINES:]


def figure_of(series: Series) -> ChartFigure:
    """A series as a small multiple of its newest points."""
    points = [
        TrendPoint(value=point.value, age=point.when.short)
        for point in series.points[-_POINTS_IN_CHART:]
    ]
    return ChartFigure(
        chart=draw_trend(
            points, name=series.name, unit=series.unit, low=series.low, high=series.high
        ),
        name=series.name,
        unit=series.unit,
        reference=series.reference,
        newest=series.latest.text,
        flag=series.flag,
        tone=_TONES.get(series.flag, ""),
    )


def figures_of(results: Sequence[Series]) -> tuple[tuple[ChartFigure, ...], tuple[Row, ...]]:
    """The series worth a chart (critical first, then out of range), and all as rows."""
    ranked = sorted(
        results,
        key=lambda one: (_rank(one.flag), len(one.points) < 2, -one.latest.when.order),
    )
    table = tuple(
        Row(
            text=f"{one.name} {point.text} {one.unit}".strip(),
            note=point.when.short,
        )
        for one in results
        for point in reversed(one.points)
    )
    return tuple(figure_of(one) for one in ranked[:_CHARTS]), table


def _rank(flag: str) -> int:
    if _TONES.get(flag) == "red":
        return 0
    return 1 if flag in _TONES else 2


def document_of(document: Document) -> Mapping[str, object]:
    """A document with its heading and its paragraphs."""
    age = f", {document.when.words}" if document.when.is_known else ""
    paragraphs = [part for part in document.text.split("\n") if part.strip()]
    return {"heading": f"{document.title}{age}", "paragraphs": paragraphs}


def picture_of(picture: Picture, task_id: str, position: int) -> Mapping[str, str]:
    """A picture with its address and what stands below it."""
    age = picture.when.words if picture.when.is_known else ""
    below = ", ".join(part for part in (picture.title, picture.facts, age) if part)
    return {"address": f"{case_url(task_id)}/pictures/{position}", "words": below}


def message_of(message: Message, now: datetime) -> Mapping[str, object]:
    """One message of the thread."""
    who = "You asked" if message.from_me else "The asker replied"
    return {"age": ago(message.sent, now), "who": who, "texts": message.texts}


def vitals_of(vitals: Sequence[Series]) -> tuple[Row, ...]:
    """The newest vital signs; the two blood pressures of one moment as one."""
    pressures = {one.name: one for one in vitals if one.name in (_SYSTOLIC, _DIASTOLIC)}
    rows = []
    for one in vitals:
        upper, lower = pressures.get(_SYSTOLIC), pressures.get(_DIASTOLIC)
        paired = upper and lower and upper.latest.when == lower.latest.when
        if paired and one is lower:
            continue
        value = f"{one.latest.text} {one.unit}".strip()
        name = one.name
        if upper and lower and paired and one is upper:
            name, value = "Blood pressure", f"{upper.latest.text}/{lower.latest.text} mmHg"
        rows.append(Row(text=f"{name} {value}", note=one.latest.when.short))
    return tuple(rows)


def parts_of(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A signed text as headings with their paragraphs."""
    parts: list[tuple[str, list[str]]] = []
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        if line.isupper():
            parts.append((line.capitalize(), []))
        elif parts:
            parts[-1][1].append(line)
        else:
            parts.append(("", [line]))
    return tuple((heading, tuple(lines)) for heading, lines in parts)


def timeline_of(lines: Sequence[Line]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """What led to the question, and what came long before it."""
    rows = [(row_of(line), line.when.order) for line in lines]
    recent = tuple(row for row, order in rows if order >= -_RECENT_MINUTES)
    earlier = tuple(row for row, order in rows if order < -_RECENT_MINUTES)
    return (recent, earlier) if recent else (earlier, ())


def side_of(head: CaseHead) -> str:
    """Which panel stands beside the case."""
    if head.status in ("completed", "failed", "cancelled", "entered-in-error"):
        return "answered"
    if not head.is_mine:
        return "claim"
    return "waiting" if head.paused_since is not None else "answer"


def blank_rows(opinion: Opinion, *, extra: int = 0) -> list[Mapping[str, str]]:
    """The recommendations, with empty rows to write in (at least three in all)."""
    rows = [{"what": item.what, "how": item.how} for item in opinion.recommendations]
    rows += [{"what": "", "how": ""}] * max(3 - len(rows), extra)
    return list(rows)


def basis_of(view: CaseView) -> str:
    """The sentence that says on what the opinion rests."""
    clinical = view.clinical
    newest = f" (newest {clinical.newest_result})" if clinical.newest_result else ""
    parts = [f"{clinical.result_count} results{newest}", f"{clinical.note_count} notes"]
    if clinical.document_count:
        parts.append(f"{clinical.document_count} reports")
    missing = [item.text for item in view.removed if item.count is None]
    return ", ".join(parts) + ". " + (" ".join(f"{text}." for text in missing))


def promise_of(head: CaseHead, now: datetime) -> str:
    """What was promised to the asker."""
    return f"An answer was promised by {by(head.due_at, now)} UTC."
