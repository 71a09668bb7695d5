"""What one case collects while its resources are walked: counts, texts and links."""

import html
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from deid.errors import ResourceRefused
from deid.pseudonyms import CaseKey
from deid.structured.code_tables import CodeTables
from deid.structured.date_methods import DateMethod
from deid.structured.paths import Path, element, written
from deid.structured.pictures import Pictures
from deid.structured.reference_index import ReferenceIndex
from deid.text.document import ScrubbedText


class Scrub(Protocol):
    """The text engine, bound to one case: its identifiers, its people, the doctor's choices."""

    def __call__(self, text: str, *, path: str) -> ScrubbedText:
        """Return the text with every identifier replaced."""


class RoleTokens(Protocol):
    """Gives the same person the same role token as the text engine does."""

    def __call__(self, base: str, *, key: str, name: str) -> str:
        """Return a token such as `[clinician 1]`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TextRecord:
    """One text that was read, and where it came from."""

    path: str
    element: str
    entry: int | None
    """The walked resource it belongs to; None for a text of the doctor."""
    scrubbed: ScrubbedText


@dataclass(slots=True)
class Link:
    """A reference on its way out: the dict to fill in once its target has a number."""

    reference: dict[str, Any]  # FHIR JSON
    source: int
    target: int


@dataclass(kw_only=True, slots=True)
class Run:
    """The state of one case between the first resource and the last."""

    case_key: CaseKey
    question_time: datetime
    codes: CodeTables
    references: ReferenceIndex
    roles: Mapping[str, str]
    scrub: Scrub
    role_token: RoleTokens
    dates: DateMethod
    removed: Counter[str] = field(default_factory=Counter)
    general: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    texts: list[TextRecord] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    patient: Mapping[str, Any] = field(default_factory=dict)
    """Whom the case is about, as the chart says it."""
    pictures: Pictures = field(default_factory=Pictures)
    given_back: int = 0
    entry: int = 0
    """The walked resource whose turn it is."""
    contained: dict[str, str] = field(default_factory=dict)
    """Ids of the resources contained in the one at hand, with their types."""
    contained_names: dict[str, str] = field(default_factory=dict)
    """How the people and places among them are called."""
    contained_links: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    concepts: dict[tuple[object, ...], dict[str, Any]] = field(default_factory=dict)
    """Concepts that left without a loss, by what they said: a chart repeats them."""
    withheld: Mapping[int, str] = field(default_factory=dict)
    """The resources of the case that stay behind as a whole, by position, and why."""

    def drop(self, category: str, path: Path) -> None:
        """Count an element that stays behind."""
        self.removed[category] += 1
        self.dropped[(element(path), category)] += 1

    def leave(self, place: str, category: str, count: int) -> None:
        """Count an element whose place is known beforehand."""
        self.removed[category] += count
        self.dropped[(place, category)] += count

    def drop_unknown(self, category: str, parent: Path) -> None:
        """Count an element the policy does not know; its name may itself be personal."""
        self.removed[category] += 1
        self.dropped[(f"{element(parent)}.(other)", category)] += 1

    def refuse_part(self, path: Path, reason: str) -> None:
        """Note a part that cannot leave as it is; `reason` is one of ours, never a value."""
        self.refused.append(f"{element(path)}: {reason}")
        self.removed["refused"] += 1

    def refuse_resource(self, refused: ResourceRefused, parts_before: int) -> None:
        """Note a resource that cannot leave; once only, when a part of it was noted before.

        Args:
            refused: why.
            parts_before: how many notes there were before this resource was walked.
        """
        inside = f"{refused.expression}."
        if not any(note.startswith(inside) for note in self.refused[parts_before:]):
            self.refused.append(str(refused))
            self.removed["refused"] += 1

    def generalize(self, category: str) -> None:
        """Count a value that leaves coarser than it was."""
        self.general[category] += 1

    def text(self, value: str, path: Path) -> str:
        """Return the clean form of a text and remember both for the preview."""
        return self._read(value, written(path), element(path), self.entry)

    def typed_text(self, value: str, key: str) -> str:
        """Return the clean form of a text the doctor typed."""
        return self._read(value, f"texts.{key}", f"texts.{key}", None)

    def label(self, value: str, path: Path) -> str:
        """Return the clean form of a short label; the same label is read once in a case."""
        known = self.labels.get(value)
        if known is None:
            known = self._read(value, "label", element(path), self.entry)
            self.labels[value] = known
        return known

    def _read(self, value: str, path: str, place: str, entry: int | None) -> str:
        if "&" in value:
            value = html.unescape(value)
        # The text's own digest is part of its key: a word given back is lost on any edit.
        path = f"{path}~{self.case_key.digest('text', value)}"
        scrubbed = self.scrub(value, path=path)
        self.texts.append(TextRecord(path=path, element=place, entry=entry, scrubbed=scrubbed))
        for span in scrubbed.spans:
            self.rules[span.rule] += 1
            if span.kind == "given_back":
                self.given_back += 1
            elif span.kind == "general":
                self.general[span.category] += 1
            else:
                self.removed[span.category] += 1
        return scrubbed.output
