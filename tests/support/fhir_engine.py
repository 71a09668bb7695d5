"""An engine with everything registered, and a policy that tests can steer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask

from fhir_server.blueprint import make_blueprint
from fhir_server.engine import FhirEngine
from fhir_server.errors import Forbidden, Unauthenticated
from fhir_server.messages import FhirAnswer, FhirRequest
from fhir_server.ports import SYSTEM_INTERACTIONS, Grant, Interaction, TypeSupport, WriteHook
from fhir_server.search import parameters
from fhir_server.store.resource_rows import EngineBase
from runtime import json_text
from runtime.database import Database
from tests.support.databases import Schema

TABLES = Schema((EngineBase.metadata,))
BASE = "http://fhir.test/fhir"
_ALL = frozenset({"read", "vread", "history", "search", "create", "update", "delete"})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A tenant's program. `denied` are interactions ("create Task") its policy refuses."""

    tenant: str = "north"
    name: str = "robot"
    denied: frozenset[str] = frozenset()
    constraints: Mapping[str, tuple[tuple[str, str], ...]] | None = None


class TenantPolicy:
    """Each tenant sees its own rows; nobody is refused, a denied interaction is forbidden."""

    def authorize(self, caller: Any, interaction: Interaction) -> Grant:
        if not isinstance(caller, Caller):
            raise Unauthenticated()
        if f"{interaction.kind} {interaction.resource_type or ''}".strip() in caller.denied:
            raise Forbidden()
        constraints = (caller.constraints or {}).get(interaction.resource_type or "", ())
        return Grant(
            compartments=frozenset({caller.tenant}), constraints=constraints, binding=caller.name
        )

    def compartment_of(self, caller: Any, resource: Mapping[str, Any]) -> str:
        return str(caller.tenant)


def all_types() -> dict[str, TypeSupport]:
    """Register every type with every parameter, include and interaction it can have."""
    found = {}
    for name in parameters.known_types():
        known = parameters.parameters_of(name)
        found[name] = TypeSupport(
            interactions=_ALL | ({"everything"} if name == "Patient" else set()),
            search=tuple(item for item in known if item not in ("_id", "_lastUpdated")),
            includes=tuple(f"{name}:{p.name}" for p in known.values() if p.type == "reference"),
            revincludes=("Provenance:target",),
            allow_update_as_create=name == "Patient",
        )
    return found


def build(
    *,
    types: Mapping[str, TypeSupport] | None = None,
    hooks: Sequence[WriteHook] = (),
    system_interactions: frozenset[str] = SYSTEM_INTERACTIONS,
) -> FhirEngine:
    """Return an engine at BASE."""
    return FhirEngine(
        base_url=BASE,
        types=types if types is not None else all_types(),
        policy=TenantPolicy(),
        hooks=hooks,
        software_name="engine under test",
        software_version="0",
        system_interactions=system_interactions,
    )


def app_of(engine: FhirEngine, database: Database, *, caller: Any = None) -> Flask:
    """Return a Flask program that serves an engine to one caller."""
    app = Flask("tests", static_folder=None)
    known = caller if caller is not None else Caller()
    blueprint = make_blueprint(engine, database, caller_of=lambda: known)
    app.register_blueprint(blueprint, url_prefix="/fhir")
    return app


@dataclass(frozen=True, kw_only=True)
class Client:
    """Sends requests straight into an engine, as one caller."""

    engine: FhirEngine
    database: Database
    caller: Any = Caller()

    def send(
        self,
        method: str,
        target: str,
        resource: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> FhirAnswer:
        """Send a request; `target` is a path with query, or an absolute address of the base."""
        path, _, query = target.removeprefix(BASE + "/").partition("?")
        body = resource if isinstance(resource, bytes) else b""
        if resource is not None and not isinstance(resource, bytes):
            body = json_text.dumps(resource)
        given = {"content-type": "application/fhir+json"} if body else {}
        return self.engine.run(
            self.database,
            FhirRequest(
                method=method,
                path=path,
                query=tuple(parse_qsl(query, keep_blank_values=True)),
                headers=given | dict(headers or {}),
                body=body,
                caller=self.caller,
            ),
        )

    def get(self, target: str) -> dict[str, Any]:
        """GET that must answer 200; returns the JSON."""
        answer = self.send("GET", target)
        content = answer.content()
        assert answer.status == 200, content
        assert content is not None
        return content

    def ids(self, target: str) -> list[str]:
        """The ids of the matches of a search, in their order."""
        return [
            entry["resource"]["id"]
            for entry in self.get(target).get("entry", [])
            if entry["search"]["mode"] == "match"
        ]

    def create(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """POST that must answer 201; returns the stored resource."""
        answer = self.send("POST", str(resource["resourceType"]), resource)
        content = answer.content()
        assert answer.status == 201, content
        assert content is not None
        return content
