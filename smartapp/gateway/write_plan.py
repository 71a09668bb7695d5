"""Which form this answer takes in this chart: the ladder, with what the site and the EHR allow.

Spec: spec/wire.md 2.8; spec/smart.md section 4, write plan
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fhir_adapters import reading
from fhir_adapters.capability import Capability
from fhir_adapters.choose_vendor import adapter_for
from fhir_adapters.ports import FhirSession
from fhir_adapters.traits import Rung, WriteTraits
from fhir_adapters.write_back.ladder import Ground, Step, Why, best, ladder
from launch import scopes
from launch.ports import Site
from smartapp.gateway.services import ChartAccess


@dataclass(frozen=True, kw_only=True)
class WritePlan:
    """What the server can, how it wants it, and the forms in the order to try."""

    capability: Capability = field(repr=False)
    writes: WriteTraits
    steps: tuple[Step, ...]

    @property
    def first(self) -> Rung:
        """The first form that may be taken."""
        return best(self.steps)

    def allows(self, rung: Rung) -> bool:
        """Tell whether a form may be taken at all."""
        return any(step.rung is rung and step.why is None for step in self.steps)


def write_plan(charts: ChartAccess, site: Site, chart: FhirSession) -> WritePlan:
    """Return the plan of a site as its EHR speaks and grants right now.

    Raises what reading the statement or asking for the scopes raises.
    """
    capability = reading.read_capability(chart)
    adapter = adapter_for(capability, registered=site.vendor, fhir_version=site.fhir_version)
    never = site.write_back == "none" or site.write_policy == "never"
    granted: Sequence[str] = () if never else charts.granted_to_gateway(site)
    ground = Ground(
        capability=capability,
        granted=lambda kind, right: scopes.may(granted, kind, right, level="system"),
        writes=adapter.traits.writes,
        allowed=site.write_as,
        never=never,
    )
    return WritePlan(capability=capability, writes=adapter.traits.writes, steps=ladder(ground))


def parking_reason(plan: WritePlan, site: Site) -> str:
    """Why only the copy in the app is left, in the words of parked reasons."""
    if site.write_back == "none" or site.write_policy == "never":
        return "copy_only"
    whys = {step.rung: step.why for step in plan.steps}
    if site.write_as and plan.steps[0].rung is Rung.SCRATCHPAD:
        return "draft_waits"
    return "ehr_access" if Why.NOT_GRANTED in whys.values() else "not_offered"
