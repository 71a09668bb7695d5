"""The sealed result of de-identification and its receipt: the only thing that may leave.

A leaf: it leads to nothing else of `deid`. The seal keeps anything that did not pass the
pipeline and its last check from being sent by mistake: a `DeidentifiedCase` can be read by
everybody and made by `deid.pipeline` alone, and its resources are kept as bytes, so that
what was checked is what is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal, NoReturn

import msgspec

from deid.errors import SealBroken

RiskLevel = Literal["low", "medium", "high"]
DateMethod = Literal["relative", "shifted"]

_SEAL: Final = object()
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedEntry:
    """One clinical resource as it leaves: `{Type}/{n}` of the case."""

    resource_type: str
    n: int
    body: bytes = field(repr=False)

    @property
    def resource(self) -> dict[str, Any]:  # FHIR JSON: any shape
        """A fresh copy of the resource; changing it changes nothing here."""
        resource: dict[str, Any] = _DECODER.decode(self.body)
        return resource


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedSection:
    """A section of the snapshot: IPS title and LOINC code, references to entries in order."""

    title: str
    loinc: str
    display: str
    refs: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DeidReceipt:
    """What was done to a case, in counts; holds no value of the chart."""

    policy_id: str
    policy_version: str
    rules_sha256: str
    engine_version: str
    removed: Mapping[str, int]
    general: Mapping[str, int]
    rules: Mapping[str, int]
    refused: tuple[str, ...]
    gate_searched: int
    gate_passed: bool
    gate_skipped: int
    risk_level: RiskLevel
    given_back: int
    incomplete: tuple[str, ...]
    pictures: Mapping[str, int] = field(default_factory=dict)
    """sent, not_sent, boxes: what became of the pictures of the content; empty without any."""
    risk_facts: tuple[str, ...] = ()
    """The kinds of the riskiest facts (deid.risk), never what they say."""
    sensitive: Mapping[str, int] = field(default_factory=dict)
    """`category:action` -> how often. Stays in the hospital as it is: that something of a
    category was withheld would itself tell it, so the signed receipt names fewer categories."""
    date_method: DateMethod = "relative"
    """Relative: told by the distance from the question. Shifted: moved by the days of the case."""

    @property
    def date_anchor(self) -> str:
        """What the dates that leave are counted from."""
        return {"relative": "question time", "shifted": "shift of the case"}[self.date_method]


class DeidentifiedCase:
    """A case that passed the rules and the last check; made by `deid.pipeline` only.

    `texts` holds the clean form of every text of the doctor under its own key. Resources
    refer to one another as `{B}/case/{case_id}/{Type}/{n}`.
    """

    __slots__ = (
        "case_id",
        "entries",
        "receipt",
        "sections",
        "subject_birth_year",
        "subject_gender",
        "test_data",
        "texts",
    )

    case_id: str
    subject_gender: str | None
    subject_birth_year: int | None
    entries: tuple[SealedEntry, ...]
    sections: tuple[SealedSection, ...]
    texts: Mapping[str, str]
    receipt: DeidReceipt
    test_data: bool

    def __init__(self, seal: object, content: Mapping[str, Any]) -> None:
        if seal is not _SEAL:
            raise SealBroken
        for name in self.__slots__:
            value = content[name]
            object.__setattr__(
                self, name, MappingProxyType(dict(value)) if name == "texts" else value
            )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise SealBroken

    def __delattr__(self, name: str) -> NoReturn:
        raise SealBroken

    def __repr__(self) -> str:
        return f"<DeidentifiedCase {len(self.entries)} entries, {len(self.texts)} texts>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DeidentifiedCase):
            return NotImplemented
        return _content(self) == _content(other)

    def __hash__(self) -> int:
        return hash((self.case_id, self.entries))

    def __reduce__(self) -> tuple[Any, tuple[dict[str, Any]]]:
        # The pipeline runs in a process of its own that can be killed; its result comes back
        # to the gateway through this door and no other.
        return _reopen, (_content(self),)


def _content(case: DeidentifiedCase) -> dict[str, Any]:
    content = {name: getattr(case, name) for name in case.__slots__}
    content["texts"] = dict(case.texts)
    return content


def _reopen(content: dict[str, Any]) -> DeidentifiedCase:
    return DeidentifiedCase(_SEAL, content)


def _seal_case(content: Mapping[str, Any]) -> DeidentifiedCase:
    """Seal a case that passed its last check.

    Called at one place, the end of deid.pipeline; an architecture test watches this.
    """
    if not content["receipt"].gate_passed:
        raise SealBroken
    return DeidentifiedCase(_SEAL, content)
