"""What the EHR granted, in the app's terms: which sections can be read, may the answer be filed.

Spec: SMART App Launch 2.2, Scopes (a server may grant less than was asked); spec/smart.md T6
"""

from collections.abc import Sequence

from fhir_adapters.choose_vendor import GENERIC, VENDORS
from fhir_adapters.sections import WISHES
from fhir_adapters.traits import Rung
from fhir_adapters.write_back.ladder import TYPE_OF
from launch import scopes
from launch.errors import LaunchError
from launch.ports import Site
from runtime import logs
from runtime.errors import RuntimeFault, code_of, kind_of
from runtime.log_events import Event
from smartapp.gateway.services import ChartAccess

_PASSING = ("upstream_down", "throttled")
_NEVER = (Rung.DIAGNOSTIC_REPORT,)  # it would answer an order that the EHR does not hold


def sections_not_granted(granted: Sequence[str]) -> tuple[str, ...]:
    """The sections of which nothing may be searched with these scopes."""
    return tuple(
        str(name)
        for name, wishes in WISHES.items()
        if not any(scopes.may(granted, wish.resource_type, "s") for wish in wishes)
    )


def may_file(charts: ChartAccess, site: Site) -> bool:
    """Tell whether the EHR lets the gateway write an answer, as far as can be known now.

    An EHR that only does not answer is given the benefit of the doubt: filing is tried for
    days. What was refused is told to the doctor before asking. Whether the EHR takes such a
    form at all is seen when it is written; then it is parked, visibly.
    """
    if site.write_back == "none" or site.write_policy == "never":
        return False
    try:
        granted = charts.granted_to_gateway(site)
    except (LaunchError, RuntimeFault) as problem:
        logs.emit(Event.FILING_NOT_GRANTED, site=site.site_id, code=code_of(problem))
        return kind_of(problem) in _PASSING
    allowed = site.write_as or VENDORS.get(site.vendor, GENERIC).writes.ladder
    kinds = [TYPE_OF[rung] for rung in TYPE_OF if str(rung) in allowed and rung not in _NEVER]
    if any(scopes.may(granted, kind, "c", level="system") for kind in kinds):
        return True
    logs.emit(Event.FILING_NOT_GRANTED, site=site.site_id, code="scope")
    return False
