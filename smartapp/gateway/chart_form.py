"""One answer in one form in one chart: send it, look for it, prove that it is there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fhir_adapters import read_back, writing
from fhir_adapters.errors import ChartUnreachable, NoteDuplicated, WriteParked, WriteRefused
from fhir_adapters.note import NoteToWrite
from fhir_adapters.outcomes import OutcomeUnknown
from fhir_adapters.ports import FhirSession
from fhir_adapters.traits import Rung
from fhir_adapters.write_back import forms
from smartapp.gateway.write_plan import WritePlan


@dataclass(frozen=True, kw_only=True)
class Filed:
    """What was written and proven, and in which form."""

    reference: str = field(repr=False)
    rung: Rung
    note: NoteToWrite = field(repr=False)
    plan: WritePlan = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Form:
    """The form that an answer takes in a chart."""

    plan: WritePlan = field(repr=False)
    note: NoteToWrite = field(repr=False)
    rung: Rung
    chart: FhirSession = field(repr=False)
    failpoint: Callable[[str], None] = field(repr=False)

    @property
    def _resource(self) -> dict[str, Any]:
        return forms.build(self.rung, self.note, self.plan.writes)

    def send(self, *, tried_before: bool) -> str:
        """Write it at most once and return where it stands.

        Only `WriteRefused` and `WriteNotOffered` say that nothing was written.
        """
        outcome = writing.write(
            self.chart,
            self._resource,
            capability=self.plan.capability,
            writes=self.plan.writes,
            tried_before=tried_before,
        )
        self.failpoint("after_write_before_acknowledge")
        if isinstance(outcome, OutcomeUnknown):
            if outcome.may_retry:
                raise ChartUnreachable
            raise WriteParked
        return outcome.reference

    def look(self) -> str | None:
        """Return where an earlier try stands, None when it is not there.

        Raises `WriteParked` where the chart cannot be asked, `NoteDuplicated` for two.
        """
        resource = self._resource
        kind = resource["resourceType"]
        if not self.plan.capability.can_find(kind):
            raise WriteParked
        try:
            found = writing.find(self.chart, kind, forms.identifier_of(resource))
        except WriteRefused:
            raise WriteParked from None
        if len(found) > 1:
            raise NoteDuplicated
        return found[0].reference if found else None

    def read_back(self, reference: str) -> Filed:
        """Prove that it is in the right chart with the very content."""
        try:
            verified = read_back.verify(
                self.chart,
                self._resource,
                capability=self.plan.capability,
                reference=reference,
                writes=self.plan.writes,
            )
        except WriteRefused:
            # It is written and may not be looked at: never a reason for another form.
            raise WriteParked from None
        return Filed(reference=verified.reference, rung=self.rung, note=self.note, plan=self.plan)
