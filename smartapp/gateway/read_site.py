"""Turn what an operator wrote into a registration, or name every fact that is wrong.

A fact that is not given takes the vendor's default; an empty one is cleared. Reasons say
what is wanted and never repeat a value, since a value may be a secret in the wrong place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_adapters.choose_vendor import VENDORS
from launch import origins
from launch.ports import CdsClient, Site
from runtime import jose, json_text, jwks_cache
from runtime.errors import JwksRefused
from smartapp.errors import SiteInvalid
from smartapp.gateway.site_fields import BY_NAME, FIELDS, FIXED, REQUIRED, SiteField

Given = Mapping[str, object]
Problem = tuple[str, str]
Facts = dict[str, Any]  # Any: texts, lists, flags and numbers by the name of the fact

_CDS = {
    "cds_issuer": "issuer",
    "cds_jwks_url": "jwks_url",
    "cds_tenant": "tenant",
    "cds_origins": "browser_origins",
    "cds_keys": "keys",
}
_LISTS = frozenset(one.name for one in FIELDS if one.shape in ("list", "keys"))
_NEEDED_SCOPES = ("openid", "fhirUser")
_SECRETS = frozenset({"client_secret", "secret", "password"})


@dataclass(frozen=True, kw_only=True)
class SiteRules:
    """What the gateway itself decides: its public address, and whether loopback may be http."""

    gateway_url: str
    loopback_http: bool


def read_site(given: Given, *, rules: SiteRules, base: Site | None = None) -> Site:
    """Return the site that the facts describe; with `base`, that site changed by them.

    Raises `SiteInvalid` with every problem at once.
    """
    facts, problems = _read(given)
    if base is not None:
        problems += [
            (name, "cannot be changed: register another site")
            for name in sorted(FIXED & set(facts))
            if facts[name] != getattr(base, name)
        ]
    known = _facts_of(base) if base is not None else {}
    facts = {**known, **facts}
    problems += [
        (name, "is required")
        for name in sorted(REQUIRED)
        if not facts.get(name) and name not in {wrong for wrong, _ in problems}
    ]
    if not problems:
        facts = _with_defaults(facts, rules)
        problems = _together(facts, rules)
    if problems:
        raise SiteInvalid(problems=tuple(sorted(set(problems))))
    return _site(facts, base)


def facts_of(site: Site) -> Facts:
    """The facts of a site under the names by which an operator writes them; no empty ones."""
    return {name: value for name, value in _facts_of(site).items() if value not in (None, (), "")}


def _facts_of(site: Site) -> Facts:
    facts: Facts = {one.name: getattr(site, one.name) for one in FIELDS if one.name not in _CDS}
    facts["frame_origins"] = site.framing_origins
    client = site.cds_client
    facts |= {
        name: getattr(client, attribute) if client else (() if name in _LISTS else None)
        for name, attribute in _CDS.items()
    }
    return facts


def _read(given: Given) -> tuple[Facts, list[Problem]]:
    facts: Facts = {}
    problems: list[Problem] = []
    for name, value in given.items():
        if name in _SECRETS:
            problems.append((name, "does not belong here: use `confer site secret`"))
            continue
        one = BY_NAME.get(name)
        if one is None:
            problems.append((name, "is not a fact of a site"))
            continue
        try:
            facts[name] = _shaped(one, value)
        except ValueError as reason:
            problems.append((name, str(reason)))
    if facts.get("issuer"):
        facts["issuer"] = origins.without_end_slash(facts["issuer"])
    return facts, problems


def _shaped(one: SiteField, value: object) -> Any:
    """The value in its shape; raises `ValueError` with a reason."""
    if one.shape == "keys":
        return _keys(value)
    if one.shape == "list":
        return _listed(one, value)
    if one.shape == "flag":
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value
    if value in ("", None):
        return None
    if one.shape in ("number", "count"):
        return _number(one, value)
    if isinstance(value, str):
        return _checked(one, value.strip())
    raise ValueError("must be a text")


def _listed(one: SiteField, value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(item, str) for item in items):
        raise ValueError("must be a list of texts")
    if one.name in ("scopes", "backend_scopes"):
        items = [word for item in items for word in str(item).split()]
    kept = [str(item).strip() for item in items if str(item).strip()]
    return tuple(dict.fromkeys(_checked(one, item) for item in kept))


def _checked(one: SiteField, text: str) -> str:
    if reason := one.check(text):
        raise ValueError(reason)
    return text


def _number(one: SiteField, value: object) -> float | int:
    try:
        number = float(str(value)) if not isinstance(value, bool) else None
    except ValueError:
        number = None
    if number is None or number != number:  # noqa: PLR0124 - NaN is the one that differs
        raise ValueError("must be a number")
    if one.shape == "count" and not number.is_integer():
        raise ValueError("must be a whole number")
    _checked(one, repr(number))
    return int(number) if one.shape == "count" else number


def _keys(value: object) -> tuple[Mapping[str, Any], ...]:
    keys = value.get("keys") if isinstance(value, dict) else value
    if not isinstance(keys, list | tuple) or not all(isinstance(key, dict) for key in keys):
        raise ValueError("must be a list of public keys (JWK)")
    if any(jose.has_private_members(key) for key in keys):
        raise ValueError("holds a private key: give the public part only")
    try:
        found = jwks_cache.parse(json_text.dumps({"keys": list(keys)}))
    except JwksRefused:
        raise ValueError("must be a list of public keys (JWK)") from None
    if len(found) != len(keys):
        raise ValueError("holds a key that cannot be used: RSA or EC, for signatures")
    return found


def _with_defaults(facts: Facts, rules: SiteRules) -> Facts:
    vendor = facts.get("vendor") or "generic"
    sign_in = VENDORS[vendor].sign_in
    backend = sign_in.backend_scopes if facts.get("backend_client_id") else ()
    filled = {
        **facts,
        "vendor": vendor,
        "fhir_version": facts.get("fhir_version") or "4.0.1",
        "client_auth": facts.get("client_auth") or "private_key_jwt",
        "scopes": facts.get("scopes") or sign_in.launch_scopes,
        "scope_dialect": facts.get("scope_dialect") or sign_in.dialect,
        "standalone": facts.get("standalone", True),
        "own_redirect": facts.get("own_redirect", False),
        "backend_scopes": facts.get("backend_scopes") or backend,
        "write_back": facts.get("write_back") or "backend_services",
        "write_policy": facts.get("write_policy") or "on_arrival",
        "time_zone": facts.get("time_zone") or "UTC",
    }
    own = f"/{facts['site_id']}" if filled["own_redirect"] else ""
    shared = f"{rules.gateway_url}/callback"
    if facts.get("redirect_uri") in (None, shared, f"{shared}/{facts['site_id']}"):
        filled["redirect_uri"] = shared + own
    return filled


def _together(facts: Facts, rules: SiteRules) -> list[Problem]:
    """What only several facts, or a fact and the gateway, can tell."""
    problems = [
        (name, "must be https")
        for name in ("issuer", "allowed_origins", "frame_origins", "cds_jwks_url", "cds_origins")
        for address in _each(facts.get(name))
        if not origins.is_secure(address, loopback_http=rules.loopback_http)
    ]
    if not str(facts["redirect_uri"]).startswith(f"{rules.gateway_url}/callback"):
        problems.append(("redirect_uri", f"must be {rules.gateway_url}/callback"))
    problems += [
        ("scopes", f"must have {needed}: Confer has to know which doctor asks")
        for needed in _NEEDED_SCOPES
        if needed not in facts["scopes"]
    ]
    if facts["backend_scopes"] and not facts.get("backend_client_id"):
        problems.append(("backend_client_id", "is needed by backend_scopes"))
    if not all(one.startswith(("system/", "system.")) for one in facts["backend_scopes"]):
        problems.append(("backend_scopes", "must all begin with system/"))
    return problems + _of_cds(facts)


def _of_cds(facts: Facts) -> list[Problem]:
    given = [name for name in _CDS if facts.get(name)]
    if not given:
        return []
    if "cds_issuer" not in given:
        return [("cds_issuer", f"is needed by {given[0]}")]
    if not {"cds_jwks_url", "cds_keys"} & set(given):
        return [("cds_jwks_url", "is needed by cds_issuer, or cds_keys")]
    return []


def _each(value: object) -> Iterable[str]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]


def _site(facts: Facts, base: Site | None) -> Site:
    client = None
    if facts.get("cds_issuer"):
        members: Facts = {
            attribute: facts.get(name) or (() if name in _LISTS else None)
            for name, attribute in _CDS.items()
        }
        client = CdsClient(**members)
    plain: Facts = {
        name: value if value is not None or name not in _LISTS else ()
        for name, value in facts.items()
        if name not in _CDS
    }
    plain |= {"frame_origin": None, "cds_client": client}
    return replace(base, **plain) if base is not None else Site(**plain)
