"""Which codes may leave, and the names we give them ourselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSystem:
    """A public code system: the form of its codes and the names we hold for some of them."""

    pattern: re.Pattern[str] | None
    closed: bool
    names: Mapping[str, str]

    def admits(self, code: str) -> bool:
        """Tell whether a code can be one of this system's."""
        if code in self.names:
            return True
        if self.closed or self.pattern is None:
            return False
        return self.pattern.fullmatch(code) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeTables:
    """All public code systems of the policy."""

    systems: Mapping[str, CodeSystem]
    ucum_systems: frozenset[str]
    ucum_system: str
    ucum_pattern: re.Pattern[str]
    states: frozenset[str]

    def name(self, system: str, code: str) -> str | None:
        """Return our own name for a code, if we hold one."""
        known = self.systems.get(system)
        return None if known is None else known.names.get(code)
