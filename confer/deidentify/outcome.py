"""What became of one chart: counts and places, never a value, and what leaves of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from confer.deidentify.keys import RunKey
from confer.deidentify.rule_places import Place
from runtime.errors import Kind

ReportFormat = Literal["", "html", "json"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user asked for, the same for every chart of a run."""

    policy_id: str
    question_time: datetime
    key: RunKey = field(repr=False)
    report: ReportFormat = ""
    explain: bool = False
    show_phi: bool = False
    outgoing: bool = True
    """Whether what leaves is wanted, or only what is said about it."""
    consent: frozenset[str] = frozenset()
    """Categories of sensitive content for which the user says that consent exists."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """Where the gate found a known identifier in what would leave; never the value."""

    expression: str
    category: str
    rule: str


@dataclass(frozen=True, kw_only=True)
class Removal:
    """One change in a text, or one element that is not sent: where, how often, by which rule."""

    where: str
    change: str
    category: str
    rule: Place
    count: int = 1
    line: int = 0
    """The line inside the text; 0 for an element."""
    columns: tuple[int, int] = (0, 0)

    def as_json(self) -> dict[str, Any]:
        """The removal as JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Change:
    """The words of one change in a text. PHI: for a terminal only."""

    where: str
    before: str = field(repr=False)
    after: str = field(repr=False)
    rule: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything that is said about one chart; PHI only in the fields that repr leaves out."""

    file: str
    policy: str
    line: int = 0
    state: Literal["passed", "held", "failed"] = "passed"
    problem: str = ""
    code: str = ""
    kind: Kind | None = None
    rules_sha256: str = ""
    resources_read: int = 0
    resources_sent: int = 0
    left_out: int = 0
    removed: Mapping[str, int] = field(default_factory=dict)
    not_sent: Mapping[str, int] = field(default_factory=dict)
    general: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, int] = field(default_factory=dict)
    likely: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    risk: str = ""
    people: int = 0
    """About how many people share what is left of the patient; an estimate."""
    no_consent: tuple[str, ...] = ()
    """Categories of sensitive content that were left out, because nobody said consent exists."""
    searched: int = 0
    skipped: int = 0
    hits: tuple[Hit, ...] = ()
    receipt: Mapping[str, Any] | None = None  # JSON
    removals: tuple[Removal, ...] = ()
    outgoing: bytes = field(default=b"", repr=False)
    changes: tuple[Change, ...] = field(default=(), repr=False)
    report: bytes = field(default=b"", repr=False)

    @property
    def held(self) -> bool:
        """Whether the last check found a known identifier in what would leave."""
        return self.state == "held"

    @property
    def place(self) -> str:
        """The file as the user named it, and the line when it has several charts."""
        return f"{self.file}:{self.line}" if self.line else self.file

    def as_json(self) -> dict[str, Any]:
        """The outcome as JSON values, without what leaves and without PHI."""
        hidden = {"outgoing", "changes", "report", "hits", "removals", "kind"}
        facts = {
            name: getattr(self, name) for name in self.__dataclass_fields__ if name not in hidden
        }
        told = {**facts, "held": self.held, "hits": [asdict(hit) for hit in self.hits]}
        if self.removals:
            told["explain"] = [each.as_json() for each in self.removals]
        return told
