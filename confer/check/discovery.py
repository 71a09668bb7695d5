"""Where to sign in, what the server can do, and whether it hands out data without a token.

Spec: SMART App Launch 2.2, Conformance; rows D1-D5 of our checklist
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from confer.check import answers, sessions, transport
from confer.check.examination import Examination
from confer.check.findings import Finding, found
from fhir_adapters import choose_vendor
from fhir_adapters.capability import Capability
from fhir_adapters.errors import AdapterError
from launch import discovery, origins, records
from launch.errors import LaunchError
from runtime.errors import OutboundDown, OutboundForbidden
from runtime.outbound import OutboundAnswer

WELL_KNOWN: Final = ".well-known/smart-configuration"
_ADDRESSES: Final = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "introspection_endpoint",
)
_WANTED: Final = ("authorization_endpoint", "capabilities", "grant_types_supported")
# Nobody's id: the answer tells whether a token is wanted, and never holds a patient.
_NOBODY: Final = "Patient?_id=confer-check-nobody"
_STATEMENTS: Final = ("CapabilityStatement", "Conformance")
_R4: Final = "4."


def check(exam: Examination) -> Iterator[Finding]:
    """Look for sign-in addresses, the CapabilityStatement, and data without a token."""
    try:
        well_known = exam.get(WELL_KNOWN, accept="application/json")
        metadata = exam.metadata or exam.get("metadata", accept=transport.STATEMENT)
        needs_token = _needs_token(exam)
    except OutboundDown as down:
        exam.reachable = False
        host = urlsplit(exam.base).netloc
        yield found("transport.unreachable", host=host, problem=transport.words_of(down))
        return
    statement = _statement(metadata)
    if well_known.status >= 500 or well_known.status == 429:
        exam.reachable = False
        yield found("discovery.down", status=well_known.status)
        return
    yield from _sign_in(exam, well_known, statement, needs_token=needs_token)
    yield from _capabilities(exam, metadata, statement)


def _needs_token(exam: Examination) -> bool:
    answer = exam.get(_NOBODY)
    bundle = answers.resource(answer.body) if answer.status == 200 else None
    return bundle is None or bundle["resourceType"] != "Bundle"


def _statement(answer: OutboundAnswer) -> Mapping[str, Any] | None:
    statement = answers.resource(answer.body) if answer.status == 200 else None
    if statement is None or statement["resourceType"] not in _STATEMENTS:
        return None
    return statement


def _sign_in(
    exam: Examination,
    well_known: OutboundAnswer,
    statement: Mapping[str, Any] | None,
    *,
    needs_token: bool,
) -> Iterator[Finding]:
    announced = records.json_object(well_known.body) if well_known.status == 200 else None
    if announced is None or not records.text(announced.get("token_endpoint")):
        fallback = discovery.oauth_uris(statement or {})
        if fallback is None:
            exam.open_server = not needs_token
            yield found("discovery.open_server" if exam.open_server else "discovery.no_sign_in")
            return
        if well_known.status == 200:
            yield found("discovery.well_known_unreadable", path=WELL_KNOWN)
        else:
            yield found("discovery.no_well_known", status=well_known.status)
        if _has_foreign_block(statement or {}):
            yield found("discovery.foreign_block")
        announced = fallback
    else:
        missing = [name for name in _WANTED if not announced.get(name)]
        if missing:
            yield found("discovery.fields_missing", names=", ".join(missing))
        else:
            count = len(records.texts(announced.get("capabilities")))
            yield found("discovery.ok", count=count)
    exam.announced = announced
    yield from _addresses(exam, announced)
    yield found("discovery.data_needs_token" if needs_token else "discovery.data_without_token")


def _addresses(exam: Examination, announced: Mapping[str, Any]) -> Iterator[Finding]:
    named = {name: records.text(announced.get(name)) for name in _ADDRESSES}
    relative = [name for name, address in named.items() if address and "://" not in address]
    if relative:
        yield found("discovery.relative_endpoints", names=", ".join(relative))
    for name, address in named.items():
        url = origins.resolve(exam.site.issuer, address) if address else None
        if url is None or discovery.may_call(exam.site, url, loopback_http=exam.loopback_http):
            continue
        if not origins.is_secure(url, loopback_http=exam.loopback_http):
            yield found("discovery.insecure_endpoint", name=name)
        else:
            origin = origins.origin_of(url) or ""
            yield found("discovery.foreign_endpoint", name=name, origin=origin)
    try:
        exam.configuration = exam.client.discovery.configuration(exam.site, exam.site.issuer)
    except (LaunchError, OutboundDown, OutboundForbidden):
        # Whatever stops a launch here has its finding above.
        exam.configuration = None


def _has_foreign_block(statement: Mapping[str, Any]) -> bool:
    """Tell whether sign-in addresses are also announced under another extension URL."""
    for rest in answers.objects(statement.get("rest")):
        security = rest.get("security")
        for extension in (
            answers.objects(security.get("extension")) if isinstance(security, dict) else []
        ):
            names = {part.get("url") for part in answers.objects(extension.get("extension"))}
            if "token" in names and extension.get("url") != discovery.OAUTH_URIS:
                return True
    return False


def _capabilities(
    exam: Examination, metadata: OutboundAnswer, statement: Mapping[str, Any] | None
) -> Iterator[Finding]:
    if statement is None:
        if metadata.status == 200:
            yield found("discovery.statement_unreadable")
        else:
            yield found("discovery.statement_missing", status=metadata.status)
        return
    exam.statement = statement
    capability = sessions.capability(exam, Capability.from_statement(statement))
    version = capability.fhir_version or "not told"
    registered = exam.site.fhir_version
    if capability.fhir_version and registered[:1] != capability.fhir_version[:1]:
        yield found("discovery.other_version_registered", version=version, registered=registered)
    try:
        adapter = choose_vendor.adapter_for(capability, registered=exam.site.vendor)
    except AdapterError as refused:
        if refused.code == "adapter.release_unsupported":
            yield found("discovery.unknown_fhir", version=version)
        else:
            yield found("discovery.vendor_unusable", registered=exam.site.vendor, code=refused.code)
        return
    exam.adapter = adapter
    yield found(
        "discovery.statement_ok",
        version=version,
        count=len(capability.types),
        vendor=adapter.traits.title,
    )
    if capability.fhir_version and not capability.fhir_version.startswith(_R4):
        yield found("discovery.older_or_newer_fhir", version=version)
