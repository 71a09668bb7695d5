"""A plain FHIR R4 server: the behavior that other vendors differ from."""

from fhir_adapters.traits import VendorTraits

TRAITS = VendorTraits(
    key="generic",
    title="Any FHIR R4 server",
    to_do=(
        "Register two clients at the EHR as described in the overview.",
        "Run `confer check`; it names what to change.",
    ),
    missing=("What the CapabilityStatement does not declare is not asked for.",),
)
