"""The engine as its hosts see it: requests in, answers out; and the same from Python.

A host registers types, a policy and hooks. `run` owns a database transaction per request;
all other methods work inside the caller's session, which must roll back when they raise.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from fhir_server import answers, bundles, entries, negotiate, outcomes, registration, router
from fhir_server.context import Call, EngineContext
from fhir_server.errors import (
    InteractionUnsupported,
    Issue,
    RequestInvalid,
    TooManyMatches,
    UnknownAddress,
)
from fhir_server.interactions import bulk, capability, dispatch, read, search, transaction, write
from fhir_server.interactions.capability import Software
from fhir_server.messages import FhirAnswer, FhirRequest
from fhir_server.paging import PageLinks
from fhir_server.ports import (
    SYSTEM_INTERACTIONS,
    AccessPolicy,
    Found,
    Interaction,
    Stored,
    TypeSupport,
    WriteHook,
)
from fhir_server.search import parse
from fhir_server.store import engine_keys, resources
from runtime import clock, json_text
from runtime.database import Database
from runtime.errors import kind_of

Resource = Mapping[str, Any]
_READING = frozenset({"GET", "HEAD"})
# What a program may load at once by a search without `_count`.
MAX_MATCHES = 10_000


class FhirEngine:
    """A FHIR R4 server without a web framework. Build one per FHIR base; it holds no data."""

    def __init__(  # noqa: PLR0913 - built once per host, every part by its name
        self,
        *,
        base_url: str,
        types: Mapping[str, TypeSupport],
        policy: AccessPolicy,
        hooks: Sequence[WriteHook] = (),
        software_name: str,
        software_version: str,
        security: Mapping[str, Any] | None = None,
        documentation: str = "",
        system_interactions: frozenset[str] = SYSTEM_INTERACTIONS,
    ) -> None:
        """Keep the set-up; raises `EngineMisconfigured` for a type or parameter unknown here.

        `system_interactions` says which of batch and transaction the base address takes.
        """
        self.base_url = base_url.rstrip("/")
        self._context = EngineContext(
            base_url=self.base_url,
            types=registration.checked(types, system_interactions),
            policy=policy,
            hooks=tuple(hooks),
        )
        self._software = Software(
            name=software_name,
            version=software_version,
            since=clock.now(),
            documentation=documentation,
            security=security,
            system=tuple(sorted(system_interactions)),
        )
        self._inside = replace(self._context, types=registration.opened(self._context.types))
        self._keys: dict[str, bytes] = {}

    # --- requests -----------------------------------------------------------------------

    def prepare(self, database: Database) -> None:
        """Make this database's key for page links, unless it is there; `run` does it as needed.

        Call it at start when you use `handle` with sessions that only read.
        """
        url = str(database.engine.url)
        if url in self._keys:
            return
        with database.read() as session:
            known = engine_keys.load(session)
        if known is None:
            with database.transaction() as session:
                known = engine_keys.load_or_create(session)
        self._keys[url] = known

    def run(self, database: Database, request: FhirRequest) -> FhirAnswer:
        """Answer a request in a transaction of its own; an error rolls it back.

        Coded errors become answers; anything else is raised, for the host to log.
        """
        try:
            if _only_reads(request):
                self.prepare(database)
                with database.read() as session:
                    return self._answer(session, request)
            with database.transaction() as session:
                return self._answer(session, request)
        except Exception as error:
            if kind_of(error) == "bug":
                raise
            return outcomes.answer_of(error)

    def handle(self, session: Session, request: FhirRequest) -> FhirAnswer:
        """Answer a request inside the caller's session; roll back when the status is >= 400."""
        try:
            return self._answer(session, request)
        except Exception as error:
            if kind_of(error) == "bug":
                raise
            return outcomes.answer_of(error)

    def capability_statement(self) -> dict[str, Any]:
        """Return the CapabilityStatement, generated from what is registered."""
        return capability.capability_statement(self.base_url, self._context.types, self._software)

    # --- from Python, inside the caller's session -----------------------------------------

    def read(
        self, session: Session, resource_type: str, resource_id: str, *, caller: Any
    ) -> Stored:
        """Return the current version; raises `UnknownResource` or `ResourceGone`."""
        self._known(resource_type)
        return read.read(self._call(session, caller), resource_type, resource_id)

    def create(
        self,
        session: Session,
        resource: Resource,
        *,
        caller: Any,
        if_none_exist: str | None = None,
    ) -> Stored:
        """Store a new resource, or return the one that `if_none_exist` already matches."""
        self._known(write.type_of(resource))
        call = self._call(session, caller)
        return write.create(call, resource, if_none_exist=if_none_exist).stored

    def update(
        self, session: Session, resource: Resource, *, caller: Any, if_match: int | None = None
    ) -> Stored:
        """Store the next version; raises `VersionConflict` unless `if_match` is current."""
        self._known(write.type_of(resource))
        return write.update(self._call(session, caller), resource, if_match=if_match).stored

    def delete(
        self,
        session: Session,
        resource_type: str,
        resource_id: str,
        *,
        caller: Any,
        if_match: int | None = None,
    ) -> Stored:
        """Mark a resource as deleted and return the version that says so."""
        self._known(resource_type)
        call = self._call(session, caller)
        return write.delete(call, resource_type, resource_id, if_match=if_match)

    def purge(
        self, session: Session, resource_type: str, resource_id: str, *, caller: Any
    ) -> Stored:
        """Erase all content of a resource, every version of it; it then reads as deleted."""
        self._known(resource_type)
        call = self._call(session, caller)
        return write.purge(call, resource_type, resource_id)

    def search(
        self,
        session: Session,
        resource_type: str,
        params: Sequence[tuple[str, str]],
        *,
        caller: Any,
    ) -> Found:
        """Return all matches, or the first `_count` of them when that is given.

        Raises `SearchInvalid`, or `TooManyMatches` beyond 10,000 rows without `_count`.
        """
        self._known(resource_type)
        call = self._call(session, caller)
        query = parse.parse(self._context.scope, resource_type, params)
        grant = search.authorize(call, resource_type)
        limit = MAX_MATCHES if query.count is None else query.count
        page = search.search(call, query, grant, limit=limit)
        if query.count is None and page.after is not None:
            raise TooManyMatches()
        return Found(
            total=page.total,
            matches=tuple(record.stored for record in page.matches),
            includes=page.includes,
        )

    def transaction(self, session: Session, bundle: Resource, *, caller: Any) -> dict[str, Any]:
        """Carry out a transaction Bundle and return the response Bundle; all or nothing.

        Raises `EntryFailed` naming the entry; the caller's session must then roll back.
        """
        call = Call(context=self._inside, session=session, caller=caller)
        body = self._transaction(call, bundle, self._links(session))
        answered: dict[str, Any] = json_text.loads(body)
        return answered

    def seed(
        self,
        session: Session,
        items: Iterable[Resource],
        compartment_of: Callable[[Resource], str],
    ) -> int:
        """Store many trusted resources fast, with the ids they have; returns how many.

        Nothing is checked or authorized: for data that ships with the program. The
        planner's statistics are refreshed with it, in the same transaction.
        """
        count = bulk.seed(session, items, compartment_of, self.base_url)
        resources.refresh_statistics(session)
        return count

    def reindex(self, session: Session) -> int:
        """Write all index rows anew (after a change of definitions); returns how many resources."""
        return bulk.reindex(session, self.base_url)

    # --- inside ---------------------------------------------------------------------------

    def _call(self, session: Session, caller: Any) -> Call:
        return Call(context=self._context, session=session, caller=caller)

    def _known(self, resource_type: str) -> None:
        if resource_type not in self._context.types:
            raise UnknownAddress()

    def _links(self, session: Session) -> PageLinks:
        return PageLinks(base_url=self.base_url, key=lambda: self._key(session))

    def _key(self, session: Session) -> bytes:
        url = str(session.get_bind().engine.url)
        known = self._keys.get(url)
        # Not kept when made here: the caller may yet roll back.
        return known if known is not None else engine_keys.load_or_create(session)

    def _answer(self, session: Session, request: FhirRequest) -> FhirAnswer:
        negotiate.check_answer_format(request.headers, request.query)
        route = router.route(
            request.method, request.path, self._context.types, system=bool(self._software.system)
        )
        call = self._call(session, request.caller)
        if route.action == "capabilities":
            call.authorize(Interaction(kind="capabilities"))
            return answers.resource_answer(200, self.capability_statement())
        links = self._links(session)
        if route.action == "transaction":
            return answers.json_answer(200, self._bundle(call, request, links))
        work = dispatch.Work(call=call, request=request, route=route, links=links)
        return dispatch.answer(work)

    def _bundle(self, call: Call, request: FhirRequest, links: PageLinks) -> bytes:
        bundle = dispatch.body_of(request)
        kind = bundle.get("type")
        if kind in SYSTEM_INTERACTIONS and kind not in self._software.system:
            raise InteractionUnsupported()
        if kind == "batch":
            found = entries.read_entries(bundle, self.base_url)
            call.authorize(Interaction(kind="batch", proposed=bundle))
            return bundles.bundle("batch-response", transaction.run_batch(call, found, links))
        return self._transaction(call, bundle, links)

    def _transaction(self, call: Call, bundle: Resource, links: PageLinks) -> bytes:
        if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction":
            raise RequestInvalid(
                issues=[Issue(code="value", expression="Bundle.type", rule="batch or transaction")]
            )
        found = entries.read_entries(bundle, self.base_url)
        call.authorize(Interaction(kind="transaction", proposed=bundle))
        done = transaction.run_transaction(call, found, links)
        return bundles.bundle("transaction-response", done)


def _only_reads(request: FhirRequest) -> bool:
    last = request.path.rpartition("/")[2]
    return request.method in _READING or last in ("_search", "$everything")
