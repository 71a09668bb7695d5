"""How an EHR behaves, as one frozen record: every switch of the test bench is a field of it.

A field's default is the right behavior. Its metadata say where the switch stands on the
page and what it does, so that the page, the API and its checks all come from here.
A vendor's dialect is a `Manners` with other values (`sandbox/dialects.py`); a switch that is
turned on lays its value over the dialect's (`sandbox/bench.py`).
Spec: SMART App Launch 2.2; FHIR R4 http.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from sandbox.errors import SwitchUnknown

Value = bool | int | str | tuple[str, ...]
Group = Literal["Discovery", "Sign-in", "Token", "Launch context", "Reading", "Writing"]
GROUPS: tuple[Group, ...] = get_args(Group)
_WORD = re.compile(r"[ -~]{0,300}")
_PATTERNS = 20


def _switch(group: Group, says: str, default: Any, most: int = 0) -> Any:  # Any: as `field`
    return field(default=default, metadata={"group": group, "says": says, "most": most})


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How this EHR behaves; the defaults are those of a server that does everything right."""

    # --- discovery ------------------------------------------------------------------------
    down: bool = _switch("Discovery", "The EHR answers 503 to every call of an app", False)
    authorization: Literal["smart", "open"] = _switch(
        "Discovery", "open: no sign-in exists and every chart is readable without a token", "smart"
    )
    well_known: Literal["served", "missing", "not_json"] = _switch(
        "Discovery", "The SMART configuration is there, is 404, or is a page of HTML", "served"
    )
    openid_configuration: Literal["served", "missing"] = _switch(
        "Discovery", "The OpenID configuration of the issuer is there or is 404", "served"
    )
    metadata: Literal["served", "missing", "not_a_statement"] = _switch(
        "Discovery", "The CapabilityStatement is there, is 404, or is something else", "served"
    )
    oauth_uris: Literal["one", "bogus_second", "bogus_first", "relative", "none"] = _switch(
        "Discovery",
        "oauth-uris in the CapabilityStatement; bogus: a second block to mislead",
        "one",
    )
    relative_endpoints: bool = _switch(
        "Discovery", "Endpoint addresses in the SMART configuration are relative", False
    )
    endpoints: Literal["own", "other_host", "unreachable"] = _switch(
        "Discovery",
        "Authorization endpoints are on the FHIR host, on another, or on a dead one",
        "own",
    )
    issuer: Literal["own", "other_host"] = _switch(
        "Discovery", "id_tokens are issued under the FHIR host's name or another host's", "own"
    )
    auth_methods: Literal["listed", "misnamed", "no_private_key_jwt"] = _switch(
        "Discovery", "How token_endpoint_auth_methods_supported is announced", "listed"
    )
    pkce_advertised: bool = _switch(
        "Discovery", "code_challenge_methods_supported is announced", True
    )
    capabilities_missing: tuple[str, ...] = _switch(
        "Discovery", "SMART capabilities not announced, as patterns", ()
    )
    fhir_version: Literal["4.0.1", "4.3.0", "5.0.0", "3.0.2", "1.0.2"] = _switch(
        "Discovery", "fhirVersion that the CapabilityStatement claims", "4.0.1"
    )
    clock_shift_seconds: int = _switch(
        "Discovery", "The EHR's clock is wrong by so many seconds (Date, id_token)", 0, 86_400
    )

    # --- sign-in --------------------------------------------------------------------------
    pkce: Literal["always", "if_sent", "ignored"] = _switch(
        "Sign-in", "Whether a code challenge is demanded, checked if sent, or ignored", "always"
    )
    authorize_error: str = _switch(
        "Sign-in", "Every authorization ends with this error word instead of a code", ""
    )
    state: Literal["echoed", "changed", "missing", "lost_in_post_errors"] = _switch(
        "Sign-in", "What happens to the state parameter on the way back", "echoed"
    )
    iss_parameter: Literal["absent", "right", "wrong"] = _switch(
        "Sign-in", "RFC 9207: iss beside the code (announced unless absent)", "absent"
    )

    # --- token ----------------------------------------------------------------------------
    client_login: Literal["accepted", "invalid_client"] = _switch(
        "Token", "The token endpoint knows the client, or refuses every one", "accepted"
    )
    token_type: Literal["bearer", "Bearer", "BEARER"] = _switch(
        "Token", "How token_type is written", "bearer"
    )
    expires_in: Literal["number", "text", "missing"] = _switch(
        "Token", "expires_in is a number, a text, or left out", "number"
    )
    access_seconds: int = _switch(
        "Token", "Life of every access token in seconds (0: as the client is registered)", 0, 86_400
    )
    scopes_dropped: tuple[str, ...] = _switch(
        "Token", "Scopes granted to nobody, as patterns (*/DocumentReference.*)", ()
    )
    scopes_unregistered: Literal["vanish", "refused"] = _switch(
        "Token", "Scopes beyond the registration fall away, or end it with invalid_scope", "vanish"
    )
    scope_style: Literal["any", "v1", "v2", "dots"] = _switch(
        "Token", "Which way of writing scopes is understood; others fall away silently", "any"
    )
    scope_levels: Literal["mixed", "one"] = _switch(
        "Token", "one: patient/, user/ and system/ scopes together are refused", "mixed"
    )
    scope_echo: Literal["granted", "asked", "empty", "missing", "without_longevity"] = _switch(
        "Token", "What the token answer says about the granted scopes", "granted"
    )
    refresh: Literal["rotates", "keeps_old", "withheld", "refused", "refused_403"] = _switch(
        "Token", "Refresh tokens: new each time, kept, never given, or never taken", "rotates"
    )
    backend: Literal["offered", "unauthorized_client"] = _switch(
        "Token", "Backend Services work, or are announced and then refused", "offered"
    )
    id_token: Literal[
        "right", "missing", "alg_none", "wrong_aud", "wrong_iss", "unknown_key", "no_kid",
        "expired", "wrong_nonce", "refresh_without_aud",
    ] = _switch("Token", "One thing about the id_token is odd or wrong", "right")  # fmt: skip
    fhir_user: Literal["absolute", "relative", "profile", "missing", "foreign", "patient"] = (
        _switch("Token", "How the id_token names the user; foreign: on another origin", "absolute")
    )

    # --- launch context -------------------------------------------------------------------
    launch_context: Literal["full", "no_encounter", "no_patient"] = _switch(
        "Launch context", "What the token answer says about the open chart", "full"
    )
    fhir_context: Literal["none", "objects", "texts"] = _switch(
        "Launch context",
        "fhirContext names a request and a report (texts: as in SMART 2.0)",
        "none",
    )
    intent: str = _switch("Launch context", "The intent of the launch", "")
    tenant: str = _switch("Launch context", "The tenant of the launch", "")
    app_context: str = _switch("Launch context", "appContext, as a CDS Hooks card sends it", "")
    need_patient_banner: Literal["registered", "true", "false", "missing"] = _switch(
        "Launch context", "Whether the app must show the patient", "registered"
    )
    smart_style: Literal["served", "hostile", "missing"] = _switch(
        "Launch context", "smart_style_url: right, with CSS injection in it, or left out", "served"
    )
    web_messaging: bool = _switch(
        "Launch context",
        "SMART Web Messaging: the chart takes drafts from the app",
        False,
    )

    # --- reading --------------------------------------------------------------------------
    page_size: int = _switch("Reading", "Matches on a page when _count is not sent", 100, 1_000)
    page_most: int = _switch(
        "Reading", "Most matches on a page, whatever _count says", 1_000, 1_000
    )
    result_cap: int = _switch(
        "Reading", "Most matches of a search, then a warning and no next link (0: no cap)", 0, 1_000
    )
    pages: Literal["right", "expire", "foreign", "loop"] = _switch(
        "Reading",
        "next links: right, expired when followed, on another origin, or circular",
        "right",
    )
    expired_status: int = _switch("Reading", "HTTP status of an expired page", 410, 599)
    expired_code: str = _switch("Reading", "Vendor's code of an expired page", "")
    required_search: tuple[str, ...] = _switch(
        "Reading", "Searches that need a parameter (Observation:category,code,_id)", ()
    )
    required_code: str = _switch("Reading", "Vendor's code for such a refusal", "")
    search_warning: str = _switch(
        "Reading", "Every search also warns with this vendor's code (Epic: 4119 partial data)", ""
    )
    calls_per_second: int = _switch(
        "Reading",
        "FHIR calls per client and second, then 429 and Retry-After (0: any)",
        0,
        1_000,
    )
    forbidden_types: tuple[str, ...] = _switch("Reading", "Types that answer 403 to everybody", ())
    forbidden_code: str = _switch("Reading", "Vendor's code for such a 403", "")
    post_search: Literal["served", "refused"] = _switch(
        "Reading", "POST _search is served or answers 405", "served"
    )
    long_ids: tuple[str, ...] = _switch("Reading", "Types whose ids are longer than 64 letters", ())
    entries: Literal["right", "wrong_patient", "twice"] = _switch(
        "Reading", "A search also holds an entry of another patient, or one entry twice", "right"
    )
    patient: Literal["right", "merged", "deceased", "other"] = _switch(
        "Reading",
        "The patient was merged into another, has died, or is answered as another",
        "right",
    )

    # --- writing --------------------------------------------------------------------------
    create_answer: Literal["full", "location_only", "empty", "foreign_location"] = _switch(
        "Writing", "What a create answers beside 201", "full"
    )
    conditional_create: bool = _switch(
        "Writing", "If-None-Exist is obeyed (off: ignored, and not announced)", True
    )
    strict_documents: bool = _switch(
        "Writing", "DocumentReference is held to Oracle Health's published rules", False
    )


PLAIN = Manners()


@dataclass(frozen=True, kw_only=True)
class Switch:
    """One field of `Manners` as a person or an API sees it. `choices` is empty for free values."""

    name: str
    group: Group
    says: str
    kind: Literal["bool", "int", "text", "texts", "choice"]
    choices: tuple[str, ...]
    most: int
    default: Value


@cache
def switches() -> tuple[Switch, ...]:
    """List every switch in the order of the record."""
    hints = get_type_hints(Manners)
    return tuple(_described(one.name, hints[one.name], one.metadata) for one in fields(Manners))


def _described(name: str, hint: Any, metadata: Mapping[str, Any]) -> Switch:
    kind: Literal["bool", "int", "text", "texts", "choice"]
    if get_origin(hint) is Literal:
        kind = "choice"
    elif hint is bool:
        kind = "bool"
    elif hint is int:
        kind = "int"
    else:
        kind = "text" if hint is str else "texts"
    return Switch(
        name=name,
        group=metadata["group"],
        says=metadata["says"],
        kind=kind,
        choices=get_args(hint) if kind == "choice" else (),
        most=metadata["most"],
        default=getattr(PLAIN, name),
    )


def apply(base: Manners, wanted: Mapping[str, object]) -> Manners:
    """Lay switches over a record; raises `SwitchUnknown` naming the field, never the value."""
    known = {switch.name: switch for switch in switches()}
    changed: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in known:
            raise SwitchUnknown(field="name")
        changed[name] = _checked(known[name], value)
    return replace(base, **changed)


def still_known(stored: Mapping[str, object]) -> dict[str, Value]:
    """Keep of stored switches those that exist and take their value (an older version wrote)."""
    known = {switch.name: switch for switch in switches()}
    kept: dict[str, Value] = {}
    for name, value in stored.items():
        try:
            kept[name] = _checked(known[name], value)
        except (KeyError, SwitchUnknown):
            continue
    return kept


def _checked(switch: Switch, value: object) -> Value:
    """Return the value in its own type; a list becomes a tuple."""
    if isinstance(value, list | tuple):
        if switch.kind == "texts" and len(value) <= _PATTERNS and all(map(_is_word, value)):
            return tuple(value)
    elif isinstance(value, bool | int | str) and _FITS[switch.kind](switch, value):
        return value
    raise SwitchUnknown(field=switch.name)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _is_number(switch: Switch, value: object) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return _least(switch) <= value <= switch.most


_FITS: Mapping[str, Callable[[Switch, object], bool]] = {
    "bool": lambda _, value: isinstance(value, bool),
    "int": _is_number,
    "choice": lambda switch, value: value in switch.choices,
    "text": lambda _, value: _is_word(value),
    "texts": lambda *_: False,
}


def _least(switch: Switch) -> int:
    least = {"clock_shift_seconds": -switch.most, "expired_status": 400}
    return least.get(switch.name, 1 if switch.name.startswith("page_") else 0)


def changed(manners: Manners, base: Manners = PLAIN) -> dict[str, Value]:
    """Return what of a record differs from another, by name."""
    return {
        one.name: getattr(manners, one.name)
        for one in fields(Manners)
        if getattr(manners, one.name) != getattr(base, one.name)
    }
