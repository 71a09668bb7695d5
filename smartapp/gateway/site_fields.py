"""The facts of a site as an operator writes them: names, help, shapes and what is refused.

One list serves flags, files, pages and the reference; the checks that need more than one
fact are in `read_site`. Reasons never repeat a value.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from fhir_adapters.choose_vendor import VENDORS
from fhir_adapters.traits import Rung
from launch import open_hours, origins
from launch.ports import ClientAuth, ScopeDialect, WriteBack, WritePolicy

Shape = Literal["text", "list", "flag", "number", "count", "keys"]
Check = Callable[[str], str]  # a value as text -> why it is refused, or ""

ID_FORM = "must be 2 to 40 lower-case letters, digits and hyphens, beginning with a letter or digit"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # RFC 6749, 3.3
_VERSION = re.compile(r"(?P<major>[1-5])\.\d{1,2}\.\d{1,3}")
_RELEASES = {"1": "DSTU2", "3": "STU3", "4": "R4", "5": "R5"}
_MAX_TEXT = 255


@dataclass(frozen=True, kw_only=True)
class SiteField:
    """One fact that an operator may write. A `list` is checked item by item."""

    name: str
    help: str
    shape: Shape = "text"
    check: Check = lambda _text: ""
    words: tuple[str, ...] = ()
    required: bool = False

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        singular = {
            "scopes": "scope",
            "backend_scopes": "backend_scope",
            "allowed_origins": "allowed_origin",
            "frame_origins": "frame_origin",
            "cds_origins": "cds_origin",
        }
        return "--" + singular.get(self.name, self.name).replace("_", "-")


def plain_text(text: str) -> str:
    """Refuse texts that are empty, long, or hold control characters."""
    if not text or len(text) > _MAX_TEXT or not text.isprintable():
        return f"must be 1 to {_MAX_TEXT} printable characters"
    return ""


def site_id(text: str) -> str:
    """Refuse ids that would not be safe in a path, a file name or a log."""
    return "" if _ID.fullmatch(text) else ID_FORM


def web_address(text: str) -> str:
    """Refuse what is no plain address; whether http is allowed is decided with the settings."""
    if origins.origin_of(text) is None:
        return "must be an address such as https://host/path, without a user name"
    return "" if not {"?", "#"} & set(text) else "must have no ? and no #"


def origin(text: str) -> str:
    """Refuse anything but scheme, host and port."""
    if origins.origin_of(text) != text:
        return "must be an origin such as https://host or https://host:8443, without a path"
    return ""


def scope(text: str) -> str:
    """Refuse what cannot stand in a scope parameter."""
    return "" if _SCOPE.fullmatch(text) else "must be one scope without spaces, quotes, backslashes"


def fhir_version(text: str) -> str:
    """Refuse releases that cannot be read."""
    found = _VERSION.fullmatch(text)
    if found is None or found["major"] not in _RELEASES:
        return "must be a FHIR version such as 4.0.1, 3.0.2, 1.0.2 or 5.0.0"
    return ""


def window(text: str) -> str:
    """Refuse hours that cannot be read."""
    try:
        open_hours.parse(text)
    except ValueError as rule:
        return str(rule)
    return ""


def time_zone(text: str) -> str:
    """Refuse time zones that this machine does not know."""
    try:
        open_hours.zone(text)
    except ValueError as rule:
        return str(rule)
    return ""


def between(low: float, high: float) -> Check:
    """Refuse numbers outside of limits."""

    def check(text: str) -> str:
        return "" if low <= float(text) <= high else f"must be from {low:g} to {high:g}"

    return check


def _choice(name: str, help_text: str, words: Sequence[str]) -> SiteField:
    def check(text: str) -> str:
        return "" if text in words else f"must be one of: {', '.join(words)}"

    return SiteField(name=name, help=help_text, check=check, words=tuple(words))


def _one_of(words: Sequence[str]) -> Check:
    return lambda text: "" if text in words else f"must be one of: {', '.join(words)}"


RUNGS = tuple(str(rung) for rung in Rung)
FIELDS: tuple[SiteField, ...] = (
    SiteField(
        name="site_id",
        help="Short id of this EHR; in logs, audit and pages.",
        check=site_id,
        required=True,
    ),
    SiteField(name="name", help="The hospital as people call it.", check=plain_text, required=True),
    SiteField(
        name="issuer",
        help="The FHIR base, as the EHR sends it in `iss`.",
        check=web_address,
        required=True,
    ),
    _choice("vendor", "What kind of server it is.", tuple(VENDORS)),
    SiteField(name="fhir_version", help="The FHIR version it speaks.", check=fhir_version),
    SiteField(
        name="client_id",
        help="The client that doctors launch, as the EHR named it.",
        check=plain_text,
        required=True,
    ),
    _choice("client_auth", "How that client proves itself.", get_args(ClientAuth)),
    SiteField(
        name="redirect_uri",
        help="Where sign-in comes back to; the gateway's own unless given.",
        check=web_address,
    ),
    SiteField(
        name="own_redirect",
        help="Use a callback address that no other site shares.",
        shape="flag",
    ),
    SiteField(name="scopes", help="A scope to ask for at launch.", shape="list", check=scope),
    _choice("scope_dialect", "How this EHR writes scopes.", get_args(ScopeDialect)),
    SiteField(name="standalone", help="Allow launches that begin at Confer.", shape="flag"),
    SiteField(
        name="allowed_origins",
        help="An origin of sign-in addresses other than the issuer's.",
        shape="list",
        check=origin,
    ),
    SiteField(
        name="frame_origins",
        help="An origin whose pages may frame the app; the issuer's unless given.",
        shape="list",
        check=origin,
    ),
    SiteField(
        name="backend_client_id",
        help="The client with which answers are written when nobody is signed in.",
        check=plain_text,
    ),
    SiteField(
        name="backend_scopes",
        help="A system scope of the backend client.",
        shape="list",
        check=scope,
    ),
    _choice("write_back", "Whose rights answers are written with.", get_args(WriteBack)),
    _choice("write_policy", "When answers are written.", get_args(WritePolicy)),
    SiteField(
        name="write_as",
        help="A form in which answers may be written, the preferred one first.",
        shape="list",
        check=_one_of(RUNGS),
        words=RUNGS,
    ),
    SiteField(
        name="requests_per_second",
        help="Calls per second on average; the vendor's unless given.",
        shape="number",
        check=between(0.1, 1000),
    ),
    SiteField(
        name="burst",
        help="Calls at once; the vendor's unless given.",
        shape="count",
        check=between(1, 1000),
    ),
    SiteField(
        name="open_hours",
        help='When Confer may be used, such as "Mon-Fri 07:00-19:00"; always unless given.',
        shape="list",
        check=window,
    ),
    SiteField(name="time_zone", help="The time zone of these hours.", check=time_zone),
    SiteField(
        name="tenant",
        help="The tenant that the EHR's sign-in must name, where it names one.",
        check=plain_text,
    ),
    SiteField(name="cds_issuer", help="The `iss` of its CDS Hooks client.", check=plain_text),
    SiteField(
        name="cds_jwks_url", help="Where that client's keys are published.", check=web_address
    ),
    SiteField(name="cds_tenant", help="The tenant that its tokens must name.", check=plain_text),
    SiteField(
        name="cds_origins",
        help="An origin whose pages may ask for cards.",
        shape="list",
        check=origin,
    ),
    SiteField(
        name="cds_keys",
        help="Pinned public keys of that client, as JWKs; with them nothing is fetched.",
        shape="keys",
    ),
)
BY_NAME = {one.name: one for one in FIELDS}
# Facts that name what a site is: another EHR is another site, not a change of this one.
FIXED = frozenset({"site_id", "issuer"})
REQUIRED = frozenset(one.name for one in FIELDS if one.required)
