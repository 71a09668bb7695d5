"""What the doctor sees before anything leaves: both sides, every change, every reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from deid.review import SensitiveReport
from deid.risk.assess import RiskReport
from deid.structured.pictures import PictureRecord, PictureState
from deid.text.document import GiveBack, ScrubbedText, Span

Mark = Literal["plain", "removed", "general", "likely", "given_back", "hidden"]

_CONTEXT: Final = 80
NOT_IDENTIFIERS: Final = frozenset(
    {"demographic", "extension", "identifies", "link", "local_code", "metadata", "narrative",
     "left_out", "not_needed", "refused", "sensitive", "unknown_element", "wrong_type"}
)  # fmt: skip
"""Why a field is not sent although it is no identifier in itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of text under one mark; `number` points to its reason."""

    text: str = field(repr=False)
    mark: Mark = "plain"
    number: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why something was changed; one number for one reason on the whole page."""

    number: int
    mark: Mark
    category: str
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewPair:
    """A text as it stays and as it leaves; marks come from span offsets."""

    title: str
    path: str
    entry: str | None
    """The outgoing resource it stands in, `Type/n`; None for a text of the doctor."""
    original: tuple[Piece, ...]
    outgoing: tuple[Piece, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LikelyWord:
    """A word hidden because it looks like an identifier; the doctor may give it back."""

    key: GiveBack
    number: int
    title: str
    before: str = field(repr=False)
    word: str = field(repr=False)
    after: str = field(repr=False)
    category: str
    rule: str
    given_back: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DroppedField:
    """An element that is not sent, how often, and why."""

    element: str
    category: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewPicture:
    """A picture of the chart: what it is called there, and what becomes of it.

    `digest` names its exact bytes; it stays in the hospital as all of this does.
    """

    digest: str
    title: str = field(repr=False)
    element: str
    entry: str | None
    """The outgoing resource it leaves in, `Type/n`; None while it stays."""
    state: PictureState
    reason: str
    boxes: int
    facts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Everything the page "Check what leaves" is drawn from; stays in the hospital."""

    pairs: tuple[PreviewPair, ...]
    labels: tuple[PreviewPair, ...]
    """Short labels of codes and units that were changed; unchanged ones are not listed."""
    dropped: tuple[DroppedField, ...]
    likely: tuple[LikelyWord, ...]
    refused: tuple[str, ...]
    counts: Mapping[str, int]
    """removed (identifiers), general, likely, given_back, refused, not_sent (all other fields)."""
    searched: int
    token_words: Mapping[str, str] = field(repr=False)
    """The fullest wording behind every token that leaves, for the vault."""
    pictures: tuple[PreviewPicture, ...] = ()
    """Every picture of the content that was to be sent, in the order it was met."""
    sensitive: SensitiveReport | None = None
    risk: RiskReport | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A text to show: its title, where it stands, and what the engine did to it."""

    title: str
    path: str
    entry: str | None
    scrubbed: ScrubbedText


class Reasons:
    """Numbers reasons in the order they are met; the same reason keeps its number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], Reason] = {}

    def of(self, span: Span) -> Reason:
        """Return the numbered reason of a span; a likely word has one of its own."""
        key: tuple[str, ...] = (span.kind, span.category, span.rule)
        if span.give_back is not None:
            key = ("word", span.give_back.path, span.give_back.token, str(span.give_back.n))
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = Reason(
                number=len(self._numbers) + 1,
                mark=span.kind,
                category=span.category,
                rule=span.rule,
            )
        return known


def pair(source: Source, reasons: Reasons) -> PreviewPair:
    """Cut both sides of a text at its spans."""
    scrubbed = source.scrubbed
    met = [reasons.of(span) for span in scrubbed.spans]
    numbers = [reason.number for reason in met]
    return PreviewPair(
        title=source.title,
        path=source.path,
        entry=source.entry,
        original=_cut(
            scrubbed.original.value, scrubbed.spans, numbers, lambda span: (span.start, span.end)
        ),
        outgoing=_cut(
            scrubbed.output, scrubbed.spans, numbers, lambda span: (span.out_start, span.out_end)
        ),
        reasons=tuple(sorted({reason.number: reason for reason in met}.values(), key=_number)),
    )


def likely_words(sources: Iterable[Source], reasons: Reasons) -> tuple[LikelyWord, ...]:
    """List every likely word with a little of its text around it."""
    found = []
    for source in sources:
        text = source.scrubbed.original.value
        for span in source.scrubbed.spans:
            if span.give_back is None:
                continue
            found.append(
                LikelyWord(
                    key=span.give_back,
                    number=reasons.of(span).number,
                    title=source.title,
                    before=_before(text, span.start),
                    word=text[span.start : span.end],
                    after=_after(text, span.end),
                    category=span.category,
                    rule=span.rule,
                    given_back=span.kind == "given_back",
                )
            )
    return tuple(found)


def _before(text: str, start: int) -> str:
    """Return the words before a place, whole ones, with a sign when more stand before them."""
    low = max(0, start - _CONTEXT)
    if low == 0:
        return text[:start]
    return "… " + text[low:start].partition(" ")[2]


def _after(text: str, end: int) -> str:
    """Return the words after a place, whole ones, with a sign when more follow."""
    if end + _CONTEXT >= len(text):
        return text[end:]
    return text[end : end + _CONTEXT].rpartition(" ")[0] + " …"


def shown_pictures(
    records: Iterable[PictureRecord],
    resources: Sequence[Mapping[str, Any]],
    entries: Mapping[int, str],
) -> tuple[PreviewPicture, ...]:
    """List the pictures by what the chart calls them; `entries` names what leaves, by position."""
    return tuple(
        PreviewPicture(
            digest=one.digest,
            title=_called(resources[one.entry]),
            element=one.element,
            entry=entries.get(one.entry) if one.state == "sent" else None,
            state=one.state,
            reason=one.reason,
            boxes=one.boxes,
            facts=one.facts,
        )
        for one in records
    )


def _called(resource: Mapping[str, Any]) -> str:
    """Return the name that a document has in the chart: its type or code, or its description."""
    for concept in (resource.get("type"), resource.get("code")):
        if isinstance(concept, Mapping):
            codings = concept.get("coding")
            labels = [
                coding.get("display")
                for coding in (codings if isinstance(codings, list) else ())
                if isinstance(coding, Mapping)
            ]
            for label in (concept.get("text"), *labels):
                if isinstance(label, str) and label.strip():
                    return label.strip()
    label = resource.get("description")
    return label.strip() if isinstance(label, str) else ""


def _number(reason: Reason) -> int:
    return reason.number


def _cut(
    text: str,
    spans: tuple[Span, ...],
    numbers: list[int],
    bounds: Callable[[Span], tuple[int, int]],
) -> tuple[Piece, ...]:
    pieces = []
    at = 0
    for span, number in zip(spans, numbers, strict=True):
        start, end = bounds(span)
        if start > at:
            pieces.append(Piece(text=text[at:start]))
        pieces.append(Piece(text=text[start:end], mark=span.kind, number=number))
        at = end
    if at < len(text):
        pieces.append(Piece(text=text[at:]))
    return tuple(pieces)
