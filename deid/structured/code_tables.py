"""Which codes may leave, and the names we give them ourselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deid.structured.limits import Limits


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSystem:
    """A public code system: the form of its codes and the names we hold for some of them."""

    pattern: re.Pattern[str] | None
    closed: bool
    names: Mapping[str, str]
    replace: bool = True
    """Whether our name stands in for any other; else it only confirms the chart's own."""

    def name_for(self, code: str, label: object) -> str | None:
        """Return our own name for a code the chart labels so, if it may leave unread."""
        ours = self.names.get(code)
        if ours is None or self.replace:
            return ours
        return ours if isinstance(label, str) and label.casefold() == ours.casefold() else None

    def admits(self, code: str) -> bool:
        """Tell whether a code can be one of this system's."""
        if code in self.names:
            return True
        return self.pattern is not None and self.pattern.fullmatch(code) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeTables:
    """All public code systems of the policy."""

    systems: Mapping[str, CodeSystem]
    ucum_systems: frozenset[str]
    ucum_system: str
    ucum_pattern: re.Pattern[str]
    unit_words: frozenset[str]
    states: frozenset[str]
    limits: Limits
    uk_regions: Mapping[str, str]
    """The letters that begin a postcode, with the region of England or the nation."""
