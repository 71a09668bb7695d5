"""The compiled form of a policy: a trie of elements with one action at each leaf."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

from deid.structured.paths import Path
from deid.structured.run import Run


class Nothing(Enum):
    """The one value that says: nothing of this element leaves."""

    ABSENT = "absent"


ABSENT: Final = Nothing.ABSENT

Action: TypeAlias = Callable[[Any, Path, Run], Any]  # Any: FHIR JSON, any shape


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with one element; `required` refuses the resource when nothing may stay."""

    action: Action
    required: bool = False
    leaves_why: str | None = None
    """The category, when the action only leaves the element behind: the walk counts it itself."""
    place: str = ""
    """Where the element stands when that is the same wherever its node is used."""


@dataclass(slots=True)
class Node:
    """The elements of one data type, backbone element or resource; all others are dropped."""

    children: dict[str, Rule] = field(default_factory=dict)
    look: Callable[[dict[str, Any], Path, Run], Any] | None = None
    """Looks at what was walked as a whole, last of all."""
    needed: tuple[str, ...] = ()
    """Elements without which FHIR does not know this type."""
    is_resource: bool = False
    place: str = ""
    """Where this node always stands, such as `Observation.component`; empty for a data type."""
    patient_element: str | None = None
    """The element that must name the patient of the case, for resources about a patient."""


@dataclass(frozen=True, slots=True)
class Renamed:
    """A value that leaves under another element of the same choice."""

    element: str
    value: Any  # FHIR JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A section of the snapshot and what belongs there; the first that fits takes a resource."""

    title: str
    loinc: str
    display: str
    types: frozenset[str]
    categories: frozenset[str]
