"""One finding of a contract check: where, what sort, which rule; never a value."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Issue:
    """A broken rule at a FHIRPath; `code` is a FHIR issue type."""

    expression: str
    code: str
    rule: str

    @property
    def message(self) -> str:
        """Return the sentence for a log and an OperationOutcome; it holds no value."""
        return f"{self.rule} at {self.expression}"
