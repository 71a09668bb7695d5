"""The vendors that this EHR can pretend to be: one frozen table each, facts and no code.

The facts are those of the vendors' public CapabilityStatements, SMART configurations and
documents of 2024 to 2026, and of public issue threads. A hospital enables its own subset, so
these tables exercise a client; they prove nothing about a site. The names are the keys under
which a gateway registers a vendor.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fhir_server.ports import TypeSupport
from sandbox import discovery, fhir_types
from sandbox.dialect import GENERIC, Dialect
from sandbox.manners import Manners

_LETTERS = {"c": "create", "r": "read", "u": "update", "s": "search"}
_TASK = TypeSupport(interactions=frozenset(), search=("patient", "status", "code"))
_FORM = TypeSupport(interactions=frozenset(), search=("patient", "status", "authored"))
_EXTRA: Mapping[str, TypeSupport] = {"Task": _TASK, "QuestionnaireResponse": _FORM}


def table(
    rights: Mapping[str, str],
    *,
    search: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
    keep_all: bool = False,
) -> Mapping[str, TypeSupport]:
    """Return a table of types: what is read and searched in the plain one, changed by `rights`.

    `rights` are letters of create, read, update, search per type; an empty text takes the
    type away. `search` replaces the search parameters of a type. No version history and no
    If-Match at vendors, unless `keep_all`.
    """
    made: dict[str, TypeSupport] = {}
    for name, plain in {**fhir_types.TYPES, **_EXTRA}.items():
        kept = plain.interactions if keep_all else plain.interactions & {"read", "search"}
        if name in rights:
            kept = frozenset(_LETTERS[letter] for letter in rights[name])
        if not kept:
            continue
        made[name] = TypeSupport(
            interactions=kept,
            search=search.get(name, plain.search),
            includes=plain.includes,
            revincludes=plain.revincludes,
            allow_update_as_create=keep_all,
        )
    return MappingProxyType(made)


def _without(*missing: str) -> tuple[str, ...]:
    return tuple(one for one in discovery.CAPABILITIES if one not in missing)


_DOCUMENT_SEARCH = ("patient", "status", "category", "type", "date", "period")

EPIC = Dialect(
    name="epic",
    title="Epic",
    software="Epic (simulated by Plainview Chart)",
    types=table(
        {
            "Communication": "crs",
            "DocumentReference": "curs",
            "DiagnosticReport": "urs",
            "ServiceRequest": "curs",
            "Observation": "curs",
            "Condition": "crs",
            "QuestionnaireResponse": "crs",
            "Task": "rsu",
            "MedicationStatement": "",
        }
    ),
    capabilities=_without("context-standalone-encounter", "permission-online"),
    manners=Manners(
        result_cap=100,
        expired_status=400,
        expired_code="4113",
        required_search=("Observation:category,code,_id",),
        required_code="59108",
        forbidden_code="4118",
        long_ids=("Observation", "DocumentReference"),
        conditional_create=False,
        scope_echo="without_longevity",
    ),
    source="CapabilityStatement and SMART configuration of the public sandbox, May and July 2026",
    differs=(
        "Observation is searched by category or code, else 400 with code 59108",
        "ids of Observation and DocumentReference are longer than 64 letters",
        "a search ends after 100 matches with a warning",
        "expired pages answer 400 with code 4113 (switch pages on: expire)",
        "online_access and offline_access are granted but not named in the scope",
    ),
)

ORACLE = Dialect(
    name="oracle",
    title="Oracle Health (Millennium, Cerner)",
    software="Oracle Health Millennium (simulated by Plainview Chart)",
    types=table(
        {
            "Communication": "crs",
            "DocumentReference": "curs",
            "MedicationStatement": "",
            "ImagingStudy": "",
            "CarePlan": "rs",
        },
        search={"DocumentReference": _DOCUMENT_SEARCH},
    ),
    manners=Manners(
        scopes_dropped=("*/*.read", "*/*.write", "*/*.[*]", "*/[*].*"),
        refresh="keeps_old",
        page_size=50,
        page_most=200,
        create_answer="location_only",
        conditional_create=False,
        strict_documents=True,
    ),
    source="the vendor's documentation up to May 2024; public issue threads",
    differs=(
        "scopes of version 1 and scopes for all types (patient/*.rs) vanish without an error",
        "no new refresh token: the first one stays good",
        "a create answers 201 with Location and an empty body",
        "DocumentReference: docStatus final, one author who is the signed-in doctor, "
        "context.period.end, a time in every date, type in LOINC",
        "no conditional create, and no search by identifier",
    ),
)

ATHENAHEALTH = Dialect(
    name="athenahealth",
    title="athenahealth (athenaOne)",
    software="athenahealth FHIR Server (simulated by Plainview Chart)",
    types=table(
        {
            "Communication": "",
            "DocumentReference": "rs",
            "QuestionnaireResponse": "crs",
            "MedicationStatement": "",
            "ImagingStudy": "",
        },
        search={"DocumentReference": ("patient", "category", "type", "date", "encounter")},
    ),
    capabilities=_without("context-standalone-encounter", "permission-online"),
    manners=Manners(
        oauth_uris="bogus_first",
        issuer="other_host",
        conditional_create=False,
    ),
    source="CapabilityStatement and SMART configuration of the test system, August 2026",
    differs=(
        "two oauth-uris blocks, the first under a wrong URL",
        "id_tokens are issued under another host's name",
        "neither DocumentReference nor Communication can be written",
    ),
)

MEDITECH = Dialect(
    name="meditech",
    title="MEDITECH (Greenfield)",
    software="Interoperability Services: US Core STU6 FHIR R4 (MEDITECH, simulated)",
    types=table(
        {
            "Communication": "crs",
            "DocumentReference": "rs",
            "QuestionnaireResponse": "curs",
            "Task": "r",
            "MedicationStatement": "",
        },
        search={
            "Communication": ("patient", "subject", "recipient", "sender", "sent", "part-of"),
            "DocumentReference": _DOCUMENT_SEARCH,
        },
    ),
    capabilities=_without("permission-online"),
    manners=Manners(backend="unauthorized_client", conditional_create=False),
    source="CapabilityStatement and SMART configuration of the test system, August 2026",
    differs=(
        "Backend Services are announced and answer unauthorized_client",
        "Communication can be created, DocumentReference cannot",
        "nothing written can be found again by identifier",
    ),
)

VERADIGM = Dialect(
    name="veradigm",
    title="Veradigm",
    software="Veradigm FHIR (simulated by Plainview Chart)",
    types=table(
        {"Communication": "", "DocumentReference": "curs", "ServiceRequest": "curs"},
        search={"DocumentReference": _DOCUMENT_SEARCH},
    ),
    manners=Manners(
        issuer="other_host",
        auth_methods="misnamed",
        conditional_create=False,
    ),
    source="CapabilityStatement and SMART configuration of the public sandbox, 2026",
    differs=(
        "token_endpoint_auth_methods instead of ..._supported, without private_key_jwt",
        "issuer and keys are on another host than the FHIR base",
        "DocumentReference can be created, but not found by identifier",
    ),
)

HAPI = Dialect(
    name="hapi",
    title="HAPI FHIR server, open",
    software="HAPI FHIR Server (simulated by Plainview Chart)",
    types=table({"DocumentReference": "curs", "Communication": "curs"}, keep_all=True),
    manners=Manners(authorization="open", page_size=20, expired_status=410),
    source="the project's public test server; public issue threads",
    differs=(
        "no sign-in at all: no SMART configuration, no security, every chart readable",
        "20 matches on a page; expired pages answer 410 (switch pages on: expire)",
    ),
)

SMART_SANDBOX = Dialect(
    name="smart_sandbox",
    title="SMART Health IT sandbox",
    software="HAPI FHIR Server (SMART Health IT, simulated by Plainview Chart)",
    types=table({"DocumentReference": "curs", "Communication": "curs"}, keep_all=True),
    manners=Manners(pkce="if_sent", page_size=20, expired_status=410),
    source="the public launcher, 2026",
    differs=("a code challenge is checked only when one was sent", "paging as at HAPI"),
)

AZURE = Dialect(
    name="azure",
    title="Azure Health Data Services",
    software="Microsoft FHIR Server (simulated by Plainview Chart)",
    types=table({"DocumentReference": "curs", "Communication": "curs"}, keep_all=True),
    manners=Manners(scope_style="dots", scope_levels="one", page_size=10),
    source="public issue threads of the server and its SMART sample, up to August 2026",
    differs=(
        "scopes are written with dots (launch.patient, patient.all.rs)",
        "scopes of patient, user and system in one request are refused",
    ),
)

GOOGLE = Dialect(
    name="google",
    title="Google Cloud Healthcare API",
    software="Google Cloud Healthcare API (simulated by Plainview Chart)",
    types=table({"DocumentReference": "curs", "Communication": "curs"}, keep_all=True),
    capabilities=_without("launch-ehr", "permission-v2", "context-ehr-encounter"),
    manners=Manners(scope_style="v1", launch_context="no_encounter"),
    source="the service's documentation, 2026",
    differs=(
        "scopes of version 1 only; others vanish without an error",
        "no encounter in the launch context",
    ),
)

MEDPLUM = Dialect(
    name="medplum",
    title="Medplum",
    software="Medplum (simulated by Plainview Chart)",
    types=table({"DocumentReference": "curs", "Communication": "curs"}, keep_all=True),
    manners=Manners(pkce="if_sent", page_size=20),
    source="the project's documentation and CapabilityStatement, 2026",
    differs=("20 matches on a page", "a code challenge is checked only when one was sent"),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        one.name: one
        for one in (
            GENERIC,
            EPIC,
            ORACLE,
            ATHENAHEALTH,
            MEDITECH,
            VERADIGM,
            HAPI,
            SMART_SANDBOX,
            AZURE,
            GOOGLE,
            MEDPLUM,
        )
    }
)
