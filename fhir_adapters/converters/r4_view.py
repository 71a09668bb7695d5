"""A FHIR session seen through R4: whatever release the server speaks, its answers are R4.

The release comes from `metadata`, which is asked for once and shared by all threads. What
could not be converted is told in the answer itself: by an OperationOutcome entry in a page
of results, by a tag in a single resource.

Spec: FHIR R4 Bundle (search outcomes); CapabilityStatement.fhirVersion
"""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_adapters.converters import statements
from fhir_adapters.converters.releases import CONVERTERS, Conversion, Converter
from fhir_adapters.ports import FhirReply, FhirSession
from fhir_adapters.release import Release, release_of
from fhir_adapters.replies import CONVERSION_SYSTEM, NOT_CONVERTED_ISSUE
from runtime import json_text
from runtime.errors import JsonTextError

FHIR_JSON = "application/fhir+json"
# DSTU2 has another name for the same.
_OLD_JSON = "application/json+fhir"
_LARGEST = 50_000_000
_TYPE = re.compile(r"(?P<type>[A-Z][A-Za-z]+)(?P<rest>[/?].*)?", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What the server's statement says about itself."""

    reply: FhirReply
    release: Release
    native_types: frozenset[str]


def view(session: FhirSession, *, fhir_version: str = "") -> FhirSession:
    """Return the session seen through R4.

    `fhir_version` saves asking where the server's statement is known already. Calls raise
    `ReleaseUnsupported` when the server speaks a release that cannot be read.
    """
    release = release_of(fhir_version) if fhir_version else None
    return session if release is Release.R4 else R4View(session=session, release=release)


@dataclass(kw_only=True)
class R4View:
    """Fits `ports.FhirSession`; an R4 server's answers pass through untouched."""

    session: FhirSession
    release: Release | None = None
    _known: _Known | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def base_url(self) -> str:
        """The FHIR base without end slash."""
        return self.session.base_url

    def get(
        self, address: str, params: Sequence[tuple[str, str]] = (), *, accept: str = FHIR_JSON
    ) -> FhirReply:
        """Read an address; types are named as in R4."""
        if address == "metadata":
            return self._statement()
        if self.release is None and not _may_be_renamed(address):
            # Asked for in the same breath as the statement; only its answer needs the release.
            reply = self.session.get(address, params, accept=accept)
            again = accept == FHIR_JSON and self._release() is Release.DSTU2 and _unread(reply)
            if not again:
                return self._converted(reply)
        native = self._native(address)
        if self._release() is Release.DSTU2 and accept == FHIR_JSON:
            accept = _OLD_JSON
        return self._converted(self.session.get(native, params, accept=accept))

    def post(
        self, address: str, body: bytes, *, headers: Mapping[str, str] | None = None
    ) -> FhirReply:
        """Search by POST; anything that is written passes as it is."""
        if not address.endswith("/_search"):
            return self.session.post(address, body, headers=headers)
        return self._converted(self.session.post(self._native(address), body, headers=headers))

    def _statement(self) -> FhirReply:
        known = self._learn()
        converter = CONVERTERS.get(known.release)
        statement = _json(known.reply)
        if converter is None or statement is None:
            return known.reply
        return _with_body(known.reply, statements.as_r4(statement, converter))

    def _release(self) -> Release:
        if self.release is None:
            self.release = self._learn().release
        return self.release

    def _learn(self) -> _Known:
        with self._lock:
            if self._known is None:
                self._known = self._ask()
            return self._known

    def _ask(self) -> _Known:
        reply = self.session.get("metadata", accept=FHIR_JSON)
        if _unread(reply):
            reply = self.session.get("metadata", accept=_OLD_JSON)
        statement = _json(reply) if reply.status == 200 else None
        if statement is None or statement.get("resourceType") not in statements.STATEMENTS:
            # Whoever needs the statement will find it unusable and read nothing.
            return _Known(reply=reply, release=Release.R4, native_types=frozenset())
        version = statement.get("fhirVersion")
        release = release_of(version) if isinstance(version, str) and version else Release.R4
        return _Known(reply=reply, release=release, native_types=statements.native_types(statement))

    def _native(self, address: str) -> str:
        converter = CONVERTERS.get(self._release())
        match = _TYPE.fullmatch(address)
        if converter is None or match is None:
            return address
        names = converter.native_types(match["type"])
        declared = self._known.native_types if self._known is not None else frozenset(names)
        offered = [name for name in names if name in declared]
        name = (offered or list(names) or [match["type"]])[0]
        return f"{name}{match['rest'] or ''}"

    def _converted(self, reply: FhirReply) -> FhirReply:
        converter = CONVERTERS.get(self._release())
        if converter is None or reply.status != 200:
            return reply
        resource = _json(reply)
        if resource is None:
            return reply
        if resource.get("resourceType") == "Bundle":
            return _with_body(reply, _bundle(resource, converter))
        conversion = converter.to_r4(resource)
        if conversion.resource is None:
            return replace(_with_body(reply, _outcome(conversion)), status=422)
        return _with_body(reply, _tagged(conversion))


def _may_be_renamed(address: str) -> bool:
    match = _TYPE.fullmatch(address)
    return match is not None and any(match["type"] in one.names for one in CONVERTERS.values())


def _unread(reply: FhirReply) -> bool:
    """Tell whether a server of old did not know the media type, or answered in another one."""
    is_json = "json" in reply.headers.get("content-type", "")
    return reply.status == 406 or (reply.status == 200 and not is_json)


def _json(reply: FhirReply) -> dict[str, Any] | None:
    if "json" not in reply.headers.get("content-type", ""):
        return None
    try:
        value = json_text.loads(reply.body, max_bytes=_LARGEST)
    except JsonTextError:
        return None
    return value if isinstance(value, dict) else None


def _with_body(reply: FhirReply, resource: Mapping[str, Any]) -> FhirReply:
    headers = {**reply.headers, "content-type": FHIR_JSON}
    return replace(reply, body=json_text.dumps(resource), headers=headers)


def _bundle(bundle: Mapping[str, Any], converter: Converter) -> dict[str, Any]:
    made: list[Any] = []
    lost: dict[str, None] = {}
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            made.append(entry)
            continue
        conversion = converter.to_r4(resource)
        lost.update(dict.fromkeys(conversion.lost))
        if conversion.resource is not None:
            made.append({**entry, "resource": _tagged(conversion)})
    if lost:
        outcome = _outcome(Conversion(resource=None, lost=tuple(lost)))
        made.append({"resource": outcome, "search": {"mode": "outcome"}})
    return {**bundle, "entry": made}


def _tagged(conversion: Conversion) -> dict[str, Any]:
    resource = dict(conversion.resource or {})
    if conversion.lost:
        meta = dict(resource.get("meta") or {})
        tags = meta.get("tag")
        listed = tags if isinstance(tags, list) else []
        meta["tag"] = [*listed, {"system": CONVERSION_SYSTEM, "code": "incomplete"}]
        resource["meta"] = meta
    return resource


def _outcome(conversion: Conversion) -> dict[str, Any]:
    """Names of elements only: nothing of the patient is in it."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "warning",
                "code": NOT_CONVERTED_ISSUE,
                "details": {"coding": [{"system": CONVERSION_SYSTEM, "code": "not-converted"}]},
                "expression": list(conversion.lost),
            }
        ],
    }
