"""Errors of the deid room: why a case or a part of it did not leave."""

from typing import ClassVar, Literal

Kind = Literal["invalid", "refused", "misconfigured", "bug"]


class DeidError(Exception):
    """De-identification stopped; nothing has left the hospital."""

    code: ClassVar[str] = "deid.error"
    kind: ClassVar[Kind] = "bug"


class PolicyUnusable(DeidError):
    """A rule file of the policy cannot be compiled; no case can be prepared until it is mended."""

    code: ClassVar[str] = "deid.policy_unusable"
    kind: ClassVar[Kind] = "misconfigured"

    def __init__(self, *, policy: str, rule: str, problem: str) -> None:
        super().__init__(f"policy {policy}: {problem} at {rule}")
        self.policy = policy
        self.rule = rule
        self.problem = problem


class ContentUnusable(DeidError):
    """The case input is not FHIR R4 content of one patient, so the rules cannot be applied."""

    code: ClassVar[str] = "deid.content_unusable"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, *, problem: str, position: int | None = None) -> None:
        where = "" if position is None else f" (input resource {position})"
        super().__init__(f"{problem}{where}")
        self.problem = problem
        self.position = position


class CaseHeld(DeidError):
    """The last check found a known identifier in the outgoing content; the case was held back.

    `hits` lists where, as (FHIRPath in the outgoing content, category, rule); never the value.
    """

    code: ClassVar[str] = "deid.case_held"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, hits: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__(f"held: {len(hits)} known identifier(s) left in the outgoing content")
        self.hits = hits


class SealBroken(DeidError):
    """Code outside the pipeline tried to make a de-identified case; only the pipeline may."""

    code: ClassVar[str] = "deid.seal_broken"
    kind: ClassVar[Kind] = "bug"

    def __init__(self) -> None:
        super().__init__("a de-identified case is made by deid.pipeline only")


class ResourceRefused(DeidError):
    """One resource cannot leave without being misread or without naming somebody else.

    The pipeline leaves it out and lists it in the receipt.
    """

    code: ClassVar[str] = "deid.resource_refused"
    kind: ClassVar[Kind] = "refused"

    def __init__(self, *, expression: str, reason: str) -> None:
        super().__init__(f"{expression}: {reason}")
        self.expression = expression
        self.reason = reason
