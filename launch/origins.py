"""Which addresses a site may send us to, and how relative ones are resolved (pure).

Spec: SMART App Launch 2.2 rows D2, D4, D5, F2 of our checklist
"""

from urllib.parse import urljoin

from runtime import outbound
from runtime.errors import OutboundForbidden

MAX_URL = 2048


def origin_of(url: str) -> str | None:
    """Return `scheme://host[:port]` of a plain absolute http(s) URL, None for anything else."""
    if len(url) > MAX_URL:
        return None
    try:
        return outbound.origin_of(url)
    except OutboundForbidden:
        return None


def is_secure(url: str, *, loopback_http: bool) -> bool:
    """Tell whether the URL is https, or http to this very machine where that is allowed."""
    origin = origin_of(url)
    if origin is None:
        return False
    return origin.startswith("https://") or (loopback_http and outbound.is_loopback_origin(origin))


def is_fhir_base(url: str, *, loopback_http: bool) -> bool:
    """Tell whether the URL may be a FHIR base: secure, without query and fragment."""
    return is_secure(url, loopback_http=loopback_http) and not {"?", "#"} & set(url)


def without_end_slash(base: str) -> str:
    """Return the FHIR base without its one end slash."""
    return base.removesuffix("/")


def resolve(base: str, address: str) -> str:
    """Return an address as absolute URL; relative ones are relative to the FHIR base."""
    try:
        return urljoin(without_end_slash(base) + "/", address)
    except ValueError:
        # Not an address at all; returned as it is, it has no origin and is refused.
        return address
