"""The CDS services that this gateway offers, as discovery lists them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from launch.cds_hooks.cards import ServiceDescription

PATIENT: Final = "patient"
DOCTOR: Final = "doctor"

# Two resources at most: an EHR prepares them for every call.
_PREFETCH = (
    (PATIENT, "Patient/{{context.patientId}}"),
    (DOCTOR, "Practitioner/{{userPractitionerId}}"),
)
_USAGE = (
    "The site is registered with the gateway, and so are the issuer and the keys of the EHR's "
    "CDS client. Links open as SMART launches; appContext must be passed on."
)

SERVICES: Final[Mapping[str, ServiceDescription]] = MappingProxyType(
    {
        service.service_id: service
        for service in (
            ServiceDescription(
                service_id="confer-patient-view",
                hook="patient-view",
                title="Second opinions on this patient",
                description=(
                    "Says when a second opinion has come, when the specialist has a question, "
                    "and when a question is still open."
                ),
                prefetch=_PREFETCH,
                usage_requirements=_USAGE,
            ),
            ServiceDescription(
                service_id="confer-order-select",
                hook="order-select",
                title="A second opinion beside a referral",
                description="Offers a second opinion when a referral is being drafted.",
                prefetch=_PREFETCH,
                usage_requirements=_USAGE,
            ),
            ServiceDescription(
                service_id="confer-order-sign",
                hook="order-sign",
                title="A second opinion beside a referral",
                description="Offers a second opinion before a drafted referral is signed.",
                prefetch=_PREFETCH,
                usage_requirements=_USAGE,
            ),
        )
    }
)
