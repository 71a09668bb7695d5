"""Free text in, free text without identifiers out: the order of all recognizers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from deid import known_identity
from deid.errors import ContentUnusable
from deid.text import overlap, redactor, tokens, wording
from deid.text.document import GENERALIZED, Finding, GiveBack, Kind, ScrubbedText
from deid.text.known_names import known_findings
from deid.text.people import PeopleTokens
from deid.text.propagation import propagate
from deid.text.recognizers import (
    addresses,
    ages,
    bare_years,
    capital_words,
    contact,
    dates,
    exact_places,
    flat_places,
    grouped_numbers,
    initials,
    name_lists,
    names,
    occupations,
    organizations,
    places,
    record_numbers,
    secret_words,
    signatures,
    unknown_words,
    wards,
    workplaces,
)
from deid.text.tokens import TextView

Recognizer = Callable[[TextView], Iterator[Finding]]

#: in the order of spec/deid.md 4; all of them read the same text, none sees another's findings
RECOGNIZERS: tuple[Recognizer, ...] = (
    ages.find,
    contact.find,
    record_numbers.find,
    grouped_numbers.find,
    secret_words.find,
    places.find,
    addresses.find,
    wards.find,
    exact_places.find,
    flat_places.find,
    organizations.find,
    workplaces.find,
    occupations.find,
    names.find,
    signatures.find,
    initials.find,
    name_lists.find,
    unknown_words.find,
    capital_words.find,
)


@dataclass(frozen=True, kw_only=True)
class TextEngine:
    """De-identifies free text; the same input gives the same bytes.

    Spec: deid.md 4 (engine order), DETAILS 8, 9, 12.
    """

    #: longest text accepted, in characters; longer ones are the caller's to refuse
    max_characters: int = 2_000_000
    #: what stands behind this many characters is left out unread, so that time is bounded
    most_read: int = 150_000
    #: what else this case wants found: sensitive words, ages the doctor wants told in decades
    also: tuple[Recognizer, ...] = ()

    def scrub(  # noqa: PLR0913 - the contract of this room with deid.pipeline
        self,
        text: str,
        *,
        identity: known_identity.KnownIdentity,
        people: PeopleTokens,
        question_time: datetime,
        given_back: frozenset[GiveBack] = frozenset(),
        hidden: frozenset[str] = frozenset(),
        path: str = "",
        shift_days: int = 0,
    ) -> ScrubbedText:  # fmt: skip
        """Return ``text`` without identifiers, with every change accounted for.

        Args:
            text: free text of the chart or typed by the doctor; never changed.
            identity: what this chart knows about the people in it.
            people: token registry of the case; texts must come in a fixed order.
            question_time: the anchor of relative dates, aware, in the hospital's time zone.
            given_back: likely-only words the doctor gave back, one occurrence each.
            hidden: words the doctor wants hidden wherever they stand.
            path: where the text stands in the case, part of a give-back's key.
            shift_days: 0 tells dates by their distance from the question; any other number moves
                all of them by as many days.
        """
        if len(text) > self.max_characters:
            raise ContentUnusable(problem="a text is too long")
        stop = self._stop(text)
        view = tokens.view(text[:stop])
        findings = [
            *_hidden(view, hidden),
            *known_findings(view, identity),
            *dates.find(view, question_time, shift_days),
            *bare_years.find(view, question_time, shift_days),
        ]
        for recognize in (*RECOGNIZERS, *self.also):
            findings.extend(recognize(view))
        merged = overlap.merge([*findings, *propagate(view, findings)], view.plain)
        words = _Wording(text=text, view=view, people=people, given_back=given_back, path=path)
        edits = [*words.edits(merged)]
        if stop < len(text):
            unread = Finding(
                start=stop,
                end=len(text),
                category="other_id",
                confidence="sure",
                rule="text.length",
            )
            edits.append(
                redactor.Edit(stop, len(text), unread, "removed", "[rest of a long text]", None)
            )
        return redactor.redact(text, edits)

    def _stop(self, text: str) -> int:
        """Return where reading stops: at the end, or at a space before the most that is read."""
        if len(text) <= self.most_read:
            return len(text)
        space = text.rfind(" ", self.most_read - 200, self.most_read)
        return space if space > 0 else self.most_read


def _hidden(view: TextView, hidden: Iterable[str]) -> Iterator[Finding]:
    for word in sorted(hidden):
        sought = tokens.view(word.strip()).lower
        start = view.lower.find(sought) if sought else -1
        while start >= 0:
            end = start + len(sought)
            yield Finding(
                start=start, end=end, category="hidden", confidence="known", rule="doctor.hidden"
            )
            start = view.lower.find(sought, end)


@dataclass(frozen=True, kw_only=True)
class _Wording:
    """How the findings of one text become edits."""

    text: str = field(repr=False)
    view: TextView
    people: PeopleTokens
    given_back: frozenset[GiveBack]
    path: str

    def edits(self, findings: Iterable[Finding]) -> Iterator[redactor.Edit]:
        seen: dict[str, int] = {}
        end_before = 0
        for finding in findings:
            start = max(end_before, self.view.folded.original_start(finding.start))
            end = self.view.folded.original_end(finding.end)
            if self.text[start : start + 1] == "(" and ")" not in self.text[start:end]:
                start += 1  # the closing one stays: "(541-555-0148)"
            if start >= end:
                continue
            end_before = end
            if finding.confidence == "likely":
                yield self._likely(finding, start, end, seen)
                continue
            output = wording.replacement(finding, self.text[start:end], self.people)
            yield redactor.Edit(start, end, finding, _kind(finding), output, None)

    def _likely(
        self, finding: Finding, start: int, end: int, seen: dict[str, int]
    ) -> redactor.Edit:
        word = self.text[start:end]
        seen[word] = seen.get(word, 0) + 1
        key = GiveBack(self.path, word, seen[word])
        if key in self.given_back and not any(sign.isdigit() for sign in word):
            return redactor.Edit(start, end, finding, "given_back", word, key)
        output = wording.replacement(finding, word, self.people)
        return redactor.Edit(start, end, finding, "likely", output, key)


def _kind(finding: Finding) -> Kind:
    if finding.category == "hidden":
        return "hidden"
    return "general" if finding.category in GENERALIZED else "removed"
