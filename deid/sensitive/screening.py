"""Looks through a chart for sensitive content before anything of it is walked.

What is withheld is gone before the walk, what is masked is replaced by its coarser group, and
all the rest is listed for the doctor. The input is never changed: copies are.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from deid.sensitive.content import (
    FREE_TEXT,
    Memo,
    Met,
    Resource,
    Why,
    is_concept,
    linked,
    met_in,
    name_of,
    of_concept,
)
from deid.sensitive.policy import KEEPS_BACK, Action, SensitivePolicy, strongest
from deid.structured.reference_index import key_of, kind_of

#: what stays of a masked resource beside its group: who, whether, and when
_KEPT: Final = frozenset(
    {"resourceType", "id", "status", "intent", "subject", "patient", "encounter", "context",
     "clinicalStatus", "verificationStatus", "onsetDateTime", "effectiveDateTime", "authoredOn",
     "performedDateTime", "occurrenceDateTime", "recordedDate", "issued", "relationship"}
)  # fmt: skip
_MASKED_ELEMENT: Final = {
    "Condition": "code", "Observation": "code", "Procedure": "code", "AllergyIntolerance": "code",
    "MedicationRequest": "medicationCodeableConcept",
    "MedicationStatement": "medicationCodeableConcept",
    "MedicationAdministration": "medicationCodeableConcept",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One piece of sensitive content and what became of it; stays in the hospital."""

    category: str
    action: Action
    why: Why
    position: int | None
    """The resource of the input; None for a text of the doctor."""
    element: str
    key: str
    """What to leave out to be rid of it; empty when only the doctor's own words can change."""
    shown: str = field(repr=False)
    reveals: bool = False
    """It leaves, and gives away something of the same category that was kept back."""


@dataclass(kw_only=True, slots=True)
class Screened:
    """The chart after the look, by position in the input."""

    resources: dict[int, Resource] = field(default_factory=dict, repr=False)
    """What goes on to the walk, as it was or as a masked copy."""
    items: list[Item] = field(default_factory=list)
    hints: list[Item] = field(default_factory=list)
    left_out: list[Item] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Screening:
    """One look: the policy, how old the patient is, and what the doctor took out."""

    policy: SensitivePolicy
    age_years: int | None
    keys: Mapping[int, str]
    """The key by which the doctor can leave a resource out, by position."""
    left_out: frozenset[str]

    def action(self, category: str) -> Action:
        """Return what is done with a category in this case."""
        if f"sensitive:{category}" in self.left_out:
            return "withhold"
        young = self.age_years is not None and self.age_years < self.policy.minor_age
        own = self.policy.action(category)
        if young and category in self.policy.minor_categories:
            return strongest((own, self.policy.action("minor_confidential")))
        return own

    def kept_back(self) -> frozenset[str]:
        """Return the categories whose words are blotted out in the chart's texts."""
        return frozenset(c for c in self.policy.actions if self.action(c) in KEEPS_BACK)

    def chart(self, resources: Sequence[Resource]) -> Screened:
        """Look through all resources; the first is the patient."""
        screened = Screened()
        memo: Memo = {}
        met = {at: met_in(each, self.policy.values, memo) for at, each in enumerate(resources)}
        self._spread(resources, met)
        for at, resource in enumerate(resources):
            self._treat(at, resource, met[at], screened)
        return screened

    def _spread(self, resources: Sequence[Resource], met: Mapping[int, Met]) -> None:
        """Let hints that together say it say it, and a visit speak for what belongs to it."""
        by_key = {key_of(each): at for at, each in enumerate(resources)}
        hints: dict[str, set[str]] = defaultdict(set)
        for found in met.values():
            for category, word in found.hints:
                hints[category].add(word)
        together = {
            category
            for category, words in hints.items()
            if 0 < self.policy.values.categories[category].hints_need <= len(words)
        }
        own = {at: tuple(found.main) for at, found in met.items()}
        for at, found in met.items():
            for category, _ in found.hints:
                if category in together:
                    found.main.setdefault(category, "combination")
            for target in linked(resources[at]):
                for category in own.get(by_key.get(target, at), ()):
                    found.main.setdefault(category, "visit")

    def _treat(self, at: int, resource: Resource, found: Met, screened: Screened) -> None:
        kind, shown, key = kind_of(resource), name_of(resource), self.keys.get(at, "")
        common: dict[str, Any] = {"position": at, "element": kind, "key": key, "shown": shown}
        if at != 0 and not self.left_out.isdisjoint({key, f"type:{kind}"}):
            screened.left_out.extend(
                Item(category=c, action="withhold", why="left_out", **common)
                for c in found.main or {"": "left_out"}
            )
            return
        actions = {c: self._of_main(c, why, at) for c, why in found.main.items()}
        hardest = strongest(actions.values()) if actions else "warn"
        if hardest == "mask" and kind not in _MASKED_ELEMENT:
            hardest = "withhold"
        for category, action in actions.items():
            done = hardest if action in KEEPS_BACK else action
            screened.items.append(
                Item(category=category, action=done, why=found.main[category], **common)
            )
        if hardest == "withhold":
            return
        if hardest == "mask":
            worst = next(c for c, action in actions.items() if action == "mask")
            screened.resources[at] = self._masked(resource, kind, worst)
            return
        screened.hints.extend(
            Item(category=c, action="warn", why="word", **{**common, "shown": shown or word})
            for c, word in found.hints
        )
        screened.resources[at] = self._parts(resource, at, found, screened)

    def _of_main(self, category: str, why: Why, at: int) -> Action:
        action = self.action(category)
        if why == "label":
            action = strongest((action, "consent"))
        # Without the patient there is no case.
        return "consent" if at == 0 and action in KEEPS_BACK else action

    def _masked(self, resource: Resource, kind: str, category: str) -> Resource:
        kept = {name: value for name, value in resource.items() if name in _KEPT}
        parent = self.policy.values.categories[category].parent
        return {**kept, _MASKED_ELEMENT[kind]: {"text": parent}}

    def _parts(self, resource: Resource, at: int, found: Met, screened: Screened) -> Resource:
        """List what stands in a part, and take out or mask a part that must not leave."""
        keep_back = set()
        for category in found.parts:
            if category in found.main:
                continue
            action = self.action(category)
            if at == 0 and action == "withhold":
                action = "consent"
            screened.items.append(
                Item(
                    category=category,
                    action=action,
                    why="code",
                    position=at,
                    element=kind_of(resource),
                    key=self.keys.get(at, ""),
                    shown=name_of(resource),
                )
            )
            if action in KEEPS_BACK:
                keep_back.add(category)
        if not keep_back:
            return resource
        changed = self._without(resource, keep_back)
        return changed if isinstance(changed, dict) else {}

    def _without(self, value: Any, categories: set[str]) -> Any:
        if isinstance(value, list):
            items = [self._without(each, categories) for each in value]
            return [each for each in items if each is not None]
        if not isinstance(value, dict):
            return value
        if is_concept(value):
            met = [c for c, _ in of_concept(value, self.policy.values) if c in categories]
            if met:
                masked = [c for c in met if self.action(c) == "mask"]
                parent = self.policy.values.categories[met[0]].parent
                return {"text": parent} if len(masked) == len(met) else None
        out = {
            name: each if name in FREE_TEXT else self._without(each, categories)
            for name, each in value.items()
        }
        return {name: each for name, each in out.items() if each is not None}


def counted(items: Iterable[Item]) -> dict[str, int]:
    """Count items by category and action: `hiv:consent`."""
    counts: dict[str, int] = defaultdict(int)
    for item in items:
        if item.category:
            counts[f"{item.category}:{item.action}"] += 1
    return dict(sorted(counts.items()))
