"""The chart as one hook call may see it: what was sent along, else read with the call's token.

The token goes to the registered FHIR base and nowhere else; it lives as long as the call.

Spec: CDS Hooks 2.0, FHIR Resource Access; rows H6 and H7 of our checklist
"""

from dataclasses import dataclass, field

from launch import records
from launch.cds_hooks import prefetch
from launch.cds_hooks.errors import DataMissing, ForeignServer
from launch.cds_hooks.hook_request import HookRequest, Resource
from launch.origins import origin_of, without_end_slash
from launch.ports import Site
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import Bearer, OutboundAnswer, OutboundClient

FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True, kw_only=True)
class HookChart:
    """One call's view of the chart. Reads once, tries nothing twice: an EHR waits for us."""

    site: Site
    request: HookRequest = field(repr=False)
    outbound: OutboundClient | None = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a call about another server: the same id means another patient there."""
        named = self.request.fhir_server
        if named is not None and named != without_end_slash(self.site.issuer):
            raise ForeignServer(site_id=self.site.site_id)

    def resource(self, key: str, resource_type: str, logical_id: str) -> Resource:
        """Return a resource from the prefetch, else from the EHR; raises `DataMissing`."""
        sent = prefetch.resource_of(
            self.request.prefetch, key, resource_type=resource_type, logical_id=logical_id
        )
        if sent is not None:
            return sent
        read = prefetch.checked(
            self._read(f"{resource_type}/{logical_id}"),
            resource_type=resource_type,
            logical_id=logical_id,
        )
        if read is None:
            raise DataMissing(reason=key, site_id=self.site.site_id)
        return read

    def _read(self, reference: str) -> Resource | None:
        granted = self.request.authorization
        if granted is None or self.outbound is None:
            return None
        base = without_end_slash(self.site.issuer)
        bearer = Bearer(origin=origin_of(base) or "", token=granted.access_token)
        try:
            answer: OutboundAnswer = self.outbound.request(
                "GET",
                f"{base}/{reference}",
                label="hook_read",
                headers={"Accept": FHIR_JSON},
                bearer=bearer,
            )
        except (OutboundDown, OutboundForbidden):
            return None
        return records.json_object(answer.body) if answer.status == 200 else None
