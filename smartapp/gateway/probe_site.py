"""Ask a FHIR server, without signing in, what it is and what would have to be registered.

Two questions: its SMART configuration and its CapabilityStatement. Nothing is sent but
these, to the issuer's own origin alone; what it announces elsewhere is named, not called.

Spec: SMART App Launch 2.2, Conformance; spec/smart.md D1-D5
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from fhir_adapters import choose_vendor, release
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.errors import AdapterError
from fhir_adapters.sections import WISHES
from fhir_adapters.traits import VendorTraits
from launch import discovery, origins, records
from launch.ports import ScopeDialect, Site
from runtime import json_text
from runtime.errors import JsonTextError, OutboundDown, OutboundForbidden
from runtime.outbound import OutboundAnswer, OutboundClient
from runtime.settings_schema import Settings
from smartapp.gateway.read_site import SiteRules
from smartapp.gateway.site_paper import Paper, paper_of

Level = Literal["pass", "warn", "fail"]
Json = Mapping[str, Any]  # Any: members of foreign JSON

_ADDRESSES = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "introspection_endpoint",
)
_SECONDS = 20.0
_STATEMENTS = ("CapabilityStatement", "Conformance")
_WRITE_WORDS = {
    WriteClass.CONDITIONAL: "written once for sure: the server takes conditional create",
    WriteClass.SEARCHABLE: "written once: we look for it by identifier first",
    WriteClass.BLIND: "written, but an answer that gets lost on the way is parked for a person",
}
_DOWN = {
    "timeout": "did not answer in time",
    "connect": "cannot be reached",
    "tls": "has no certificate that this machine trusts",
    "oversize": "answered with more than we read",
}


@dataclass(frozen=True, kw_only=True)
class ProbeFinding:
    """One thing that was looked at: how it stands, and what to do when it is not well."""

    level: Level
    name: str
    says: str
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What a server says about itself, the facts to register, and the paper for its form."""

    issuer: str
    software: str
    fhir_version: str
    vendor: str
    vendor_title: str
    addresses: Mapping[str, str]
    capabilities: tuple[str, ...]
    facts: Mapping[str, Any]  # Any: facts of smartapp.gateway.site_fields that differ
    findings: tuple[ProbeFinding, ...]
    paper: Paper

    @property
    def level(self) -> Level:
        """The worst of all findings."""
        levels = {one.level for one in self.findings}
        return "fail" if "fail" in levels else "warn" if "warn" in levels else "pass"

    def as_json(self) -> dict[str, Any]:
        """The result for machines; addresses and codes only, no secret is known here."""
        return {**asdict(self), "level": self.level}


@dataclass(kw_only=True)
class _Probe:
    """One probe under way."""

    outbound: OutboundClient
    issuer: str
    rules: SiteRules
    site: Site | None
    findings: list[ProbeFinding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def found(self, level: Level, name: str, says: str, fix: str = "") -> None:
        self.findings.append(ProbeFinding(level=level, name=name, says=says, fix=fix))


def probe_site(
    outbound: OutboundClient, issuer: str, *, rules: SiteRules, site: Site | None = None
) -> ProbeResult:
    """Ask the server at a FHIR base; `site` is its registration, when there is one.

    `outbound` must allow the issuer's origin; nothing else is called. Never raises for what
    the server does: that is what the findings are for.
    """
    probe = _Probe(outbound=outbound, issuer=issuer, rules=rules, site=site)
    statement = _statement(probe)
    announced, addresses = _announced(probe, statement)
    capability = Capability.from_statement(statement or {})
    traits = _vendor(probe, capability, known=statement is not None)
    if statement is not None:
        _release(probe, capability)
        _reading(probe, capability)
        _writing(probe, capability)
    if announced is not None:
        _signing(probe, announced)
    dialect = _dialect(probe, announced or {}, traits.sign_in.dialect)
    return ProbeResult(
        issuer=issuer,
        software=_printable(capability.software, 80),
        fhir_version=_printable(capability.fhir_version, 20),
        vendor=traits.key,
        vendor_title=traits.title,
        addresses=addresses,
        capabilities=records.texts((announced or {}).get("capabilities")),
        facts=probe.facts,
        findings=tuple(probe.findings),
        paper=paper_of(gateway_url=rules.gateway_url, traits=traits, dialect=dialect, site=site),
    )


def way_out(issuer: str, settings: Settings) -> OutboundClient:
    """The way out of one probe: to the issuer's own origin, and not for long."""
    origin = origins.origin_of(issuer)
    return OutboundClient(
        allowed_origins={origin} if origin else (),
        allow_loopback_http=settings.is_sandbox,
        connect_seconds=settings.outbound_connect_seconds,
        read_seconds=settings.outbound_read_seconds,
        total_seconds=_SECONDS,
        max_bytes=settings.max_body_bytes,
    )


def _ask(probe: _Probe, path: str, accept: str) -> OutboundAnswer | str:
    """The answer, or in words why there is none."""
    try:
        return probe.outbound.request(
            "GET", f"{probe.issuer}{path}", label="site_probe", headers={"Accept": accept}
        )
    except OutboundDown as down:
        return _DOWN.get(down.reason, "closed the connection")
    except OutboundForbidden:
        return "is not an address that may be called"


def _printable(text: str, most: int) -> str:
    """A server's own words, short and without what could steer an operator's terminal."""
    return "".join(letter for letter in text if letter.isprintable())[:most]


def _json(answer: OutboundAnswer) -> Json | None:
    try:
        value = json_text.loads(answer.body)
    except JsonTextError:
        return None
    return value if isinstance(value, dict) else None


def _statement(probe: _Probe) -> Json | None:
    answer = _ask(probe, "/metadata", "application/fhir+json")
    if isinstance(answer, str):
        probe.found("fail", "metadata", f"The server {answer}.", "Check the FHIR base.")
        return None
    found = _json(answer) if answer.status == 200 else None
    if found is None or found.get("resourceType") not in _STATEMENTS:
        said = f"HTTP {answer.status}" if answer.status != 200 else "no CapabilityStatement"
        probe.found(
            "fail",
            "metadata",
            f"GET {{issuer}}/metadata answered {said}.",
            "The issuer must be the FHIR base itself, with its version path, "
            "and metadata must be open.",
        )
        return None
    probe.found("pass", "metadata", "The CapabilityStatement can be read.")
    return found


def _announced(probe: _Probe, statement: Json | None) -> tuple[Json | None, dict[str, str]]:
    """The sign-in announcement of either place, and its addresses made absolute."""
    answer = _ask(probe, "/.well-known/smart-configuration", "application/json")
    found = _json(answer) if not isinstance(answer, str) and answer.status == 200 else None
    if found is not None and records.text(found.get("token_endpoint")):
        probe.found("pass", "discovery", "It announces SMART at .well-known/smart-configuration.")
    else:
        found = discovery.oauth_uris(statement or {})
        if found is None and isinstance(answer, str):
            if statement is not None:
                probe.found("fail", "discovery", f"Its SMART configuration {answer}.")
            return None, {}
        if found is None:
            probe.found(
                "fail",
                "discovery",
                "It announces no sign-in, in neither of the two places.",
                "Ask the EHR team to switch SMART on. An open test server can be read by "
                "confer check, but doctors cannot launch from it.",
            )
            return None, {}
        probe.found(
            "warn",
            "discovery",
            "It announces sign-in in its CapabilityStatement only (an older server).",
            "Works; PKCE and nonce are sent all the same.",
        )
    addresses = {
        name: origins.resolve(probe.issuer, text)
        for name in _ADDRESSES
        if (text := records.text(found.get(name)))
    }
    _addresses(probe, addresses)
    return found, addresses


def _addresses(probe: _Probe, addresses: Mapping[str, str]) -> None:
    loopback = probe.rules.loopback_http
    unsafe = [
        name
        for name, url in addresses.items()
        if not origins.is_secure(url, loopback_http=loopback)
    ]
    if unsafe:
        probe.found(
            "fail",
            "addresses",
            f"Not https: {', '.join(unsafe)}.",
            "Sign-in addresses must be https; ask the EHR team.",
        )
    if "authorization_endpoint" not in addresses:
        probe.found("fail", "addresses", "No authorization_endpoint.", "Doctors cannot launch.")
    elsewhere = {
        found
        for url in addresses.values()
        if (found := origins.origin_of(url)) and found != origins.origin_of(probe.issuer)
    }
    allowed = set(probe.site.allowed_origins) if probe.site else set()
    if elsewhere - allowed:
        probe.facts["allowed_origins"] = sorted(allowed | elsewhere)
        probe.found(
            "fail" if probe.site else "warn",
            "addresses",
            "Sign-in lies on other origins than the FHIR base.",
            "Register them, after the EHR team has confirmed them: "
            + " ".join(f"--allowed-origin {one}" for one in sorted(elsewhere)),
        )
    elif not unsafe:
        probe.found("pass", "addresses", "All sign-in addresses are safe and registered.")


def _vendor(probe: _Probe, capability: Capability, *, known: bool) -> VendorTraits:
    registered = probe.site.vendor if probe.site else None
    try:
        traits = choose_vendor.traits_for(capability, registered=registered)
    except AdapterError as problem:
        stated = choose_vendor.stated_vendor(capability) or choose_vendor.GENERIC
        probe.facts["vendor"] = stated.key
        probe.found(
            "fail",
            "vendor",
            f"Registered as {registered}, but the statement names {stated.title} [{problem.code}].",
            f"confer site change ... --vendor {stated.key}",
        )
        return stated
    if known and traits is choose_vendor.GENERIC:
        probe.found("pass", "vendor", "Names no product we know: read as any FHIR server.")
    elif known:
        probe.found("pass", "vendor", f"{traits.title}, by its own statement or registration.")
    if probe.site is None and traits is not choose_vendor.GENERIC:
        probe.facts["vendor"] = traits.key
    return traits


def _release(probe: _Probe, capability: Capability) -> None:
    stated = capability.fhir_version
    if not stated:
        probe.found("warn", "release", "It does not say which FHIR version it speaks.")
        return
    try:
        spoken = release.release_of(stated)
    except AdapterError:
        probe.found(
            "fail", "release", "It speaks a FHIR version that cannot be read.", "Ask for R4."
        )
        return
    wanted = probe.site.fhir_version if probe.site else "4.0.1"
    if spoken is not release.release_of(wanted):
        probe.facts["fhir_version"] = stated
        probe.found(
            "fail" if probe.site else "warn",
            "release",
            f"It speaks {spoken}, registered is {release.release_of(wanted)}.",
            f"Use the R4 base if there is one, else --fhir-version {stated}",
        )
        return
    level: Level = "pass" if spoken is release.Release.R4 else "warn"
    says = "" if level == "pass" else "; charts are converted to R4, answers are not written"
    probe.found(level, "release", f"It speaks FHIR {spoken}{says}.")


def _reading(probe: _Probe, capability: Capability) -> None:
    if not capability.offers("Patient", "read"):
        probe.found(
            "fail", "reading", "It does not offer to read Patient.", "Nothing works without it."
        )
        return
    # A section is there when one of its types is: pictures come as ImagingStudy or Media.
    lacking = [
        " or ".join(wish.resource_type for wish in wishes)
        for wishes in WISHES.values()
        if not any(capability.offers(wish.resource_type, "search-type") for wish in wishes)
    ]
    if lacking:
        probe.found(
            "warn",
            "reading",
            "Not offered, and shown so to doctor and specialist: "
            f"{', '.join(dict.fromkeys(lacking))}.",
            "Ask the EHR team to open them for this client, if the hospital has them.",
        )
    else:
        probe.found("pass", "reading", "Every part of a chart can be searched.")


def _writing(probe: _Probe, capability: Capability) -> None:
    for type_name in ("DocumentReference", "Communication"):
        write_class = capability.write_class(type_name)
        if write_class is None:
            continue
        level: Level = "warn" if write_class is WriteClass.BLIND else "pass"
        probe.found(level, "writing", f"Answers as {type_name}: {_WRITE_WORDS[write_class]}.")
        return
    probe.found(
        "warn",
        "writing",
        "It takes neither DocumentReference nor Communication.",
        "Answers are read in Confer and copied; they are marked as not in the chart.",
    )


def _signing(probe: _Probe, announced: Json) -> None:
    methods = records.texts(announced.get("code_challenge_methods_supported"))
    if "S256" in methods:
        probe.found("pass", "pkce", "PKCE with S256 is announced.")
    else:
        probe.found("warn", "pkce", "PKCE is not announced; it is sent all the same.")
    capabilities = records.texts(announced.get("capabilities"))
    if capabilities and "launch-ehr" not in capabilities:
        probe.found(
            "warn", "launch", "launch-ehr is not announced.", "Start at Confer (standalone)."
        )
    offered = set(records.texts(announced.get("token_endpoint_auth_signing_alg_values_supported")))
    if offered and not offered & {"RS384", "ES384"}:
        probe.found(
            "warn",
            "keys",
            "It announces neither RS384 nor ES384 for signed assertions.",
            "Register with a client secret, or ask the EHR team.",
        )
    grants = records.texts(announced.get("grant_types_supported"))
    if grants and "client_credentials" not in grants:
        probe.found(
            "warn",
            "backend",
            "Backend Services (client_credentials) are not announced.",
            "Without them answers are written only while the doctor is signed in.",
        )


def _dialect(probe: _Probe, announced: Json, default: ScopeDialect) -> ScopeDialect:
    """v1 where only v1 is announced; the vendor's own otherwise."""
    capabilities = records.texts(announced.get("capabilities"))
    registered = probe.site.scope_dialect if probe.site else None
    if "permission-v1" in capabilities and "permission-v2" not in capabilities:
        if registered not in (None, "v1"):
            probe.facts["scope_dialect"] = "v1"
            probe.found(
                "warn", "scopes", "It announces version 1 scopes only.", "--scope-dialect v1"
            )
        elif registered is None:
            probe.facts["scope_dialect"] = "v1"
        return "v1"
    return registered or default
