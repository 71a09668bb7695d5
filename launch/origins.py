"""Origins of addresses, and which addresses a site may send us to (pure).

Spec: SMART App Launch 2.2 rows D4, D5, F2 of our checklist
"""

from urllib.parse import urljoin, urlsplit

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_URL = 2048
_DEFAULT_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> str | None:
    """Return `scheme://host:port` in lower case with the port written out, or None.

    None for anything that is not a plain absolute http(s) URL: other schemes, user info,
    white space, back slashes, bad ports.
    """
    if len(url) > MAX_URL or "\\" in url or any(c.isspace() or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or _DEFAULT_PORTS[parts.scheme]}"


def is_secure(url: str, *, loopback_http: bool) -> bool:
    """Tell whether the URL is https, or http to this very machine where that is allowed."""
    if origin_of(url) is None:
        return False
    parts = urlsplit(url)
    return parts.scheme == "https" or (loopback_http and parts.hostname in LOOPBACK_HOSTS)


def is_fhir_base(url: str, *, loopback_http: bool) -> bool:
    """Tell whether the URL may be a FHIR base: secure, without query and fragment."""
    return is_secure(url, loopback_http=loopback_http) and not {"?", "#"} & set(url)


def without_end_slash(base: str) -> str:
    """Return the FHIR base without its one end slash."""
    return base.removesuffix("/")


def resolve(base: str, address: str) -> str:
    """Return an address as absolute URL; relative ones are relative to the FHIR base."""
    return urljoin(without_end_slash(base) + "/", address)
