"""The nouns of the text engine: protected text, spans over it, and what came out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

Confidence = Literal["known", "sure", "likely"]
Kind = Literal["removed", "general", "likely", "given_back", "hidden"]
Category = Literal[
    "name", "date", "birth_date", "age", "phone", "email", "url", "ip", "username", "file",
    "national_id", "record_number", "health_plan", "account", "license", "vehicle", "device",
    "biometric", "other_id", "street", "city", "postal_code", "place", "organization", "unit",
    "employer", "school", "occupation", "hidden", "sensitive",
]  # fmt: skip
CATEGORIES: frozenset[str] = frozenset(get_args(Category))
#: Categories whose replacement is a coarser fact, not a blank: they count as "made general".
GENERALIZED: frozenset[str] = frozenset({"date", "birth_date", "age"})


@dataclass(frozen=True, slots=True)
class PhiText:
    """Text that may identify a person; never printed by accident."""

    value: str = field(repr=False)

    def __len__(self) -> int:
        return len(self.value)

    def __str__(self) -> str:
        return f"PhiText({len(self.value)} characters)"


@dataclass(frozen=True, slots=True)
class GiveBack:
    """One word the doctor gave back: the n-th (from 1) likely ``token`` of the text at ``path``."""

    path: str
    token: str = field(repr=False)
    n: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One replaced stretch: where it was, where its replacement stands, and why."""

    start: int
    end: int
    out_start: int
    out_end: int
    category: Category
    confidence: Confidence
    rule: str
    replacement: str
    kind: Kind
    #: set on likely and given-back spans: the key to give this very word back (or hide it again)
    give_back: GiveBack | None = None


@dataclass(frozen=True, slots=True)
class SpanSet:
    """Spans in text order that do not overlap."""

    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        end = 0
        for span in self.spans:
            if not end <= span.start < span.end:
                raise ValueError(f"span does not fit its text (rule {span.rule})")
            end = span.end

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    def __len__(self) -> int:
        return len(self.spans)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScrubbedText:
    """A text before and after, with every replaced span in both."""

    original: PhiText
    output: str
    spans: tuple[Span, ...]


class Finding(NamedTuple):
    """What a recognizer saw, in offsets of the folded text; not yet merged or worded.

    A tuple, because there are very many. Build it with keywords.
    """

    start: int
    end: int
    category: Category
    confidence: Confidence
    rule: str
    #: what the replacement is made from: a role or token base ("clinician", "hospital", "pager")
    base: str = ""
    #: whose name it is, when the chart knows ("patient", "clinician:3"); empty when unknown
    subject: str = ""
    #: ready wording of a generalized value ("6 days before"); empty when ``base`` says it all
    wording: str = ""
