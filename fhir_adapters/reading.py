"""Reads one patient's chart, many searches at once, at most three calls one after another.

First the CapabilityStatement, the patient and the encounter; then all searches; then texts
and people that those refer to. The patient is told as soon as it is there, so that a page
need not wait for the rest. fhirclient builds the search addresses; answers stay raw JSON.

Spec: DESIGN section 4 step 2; spec/reliability.md P8
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import NoReturn

from fhirclient.models.fhirsearch import FHIRSearch  # type: ignore[import-untyped]

from fhir_adapters import attachments, first_reads, paging, references, replies, search, sections
from fhir_adapters.attachments import RemoteText
from fhir_adapters.capability import Capability
from fhir_adapters.chart import (
    ChartSnapshot,
    PatientFlag,
    Reason,
    Resource,
    SectionName,
)
from fhir_adapters.collecting import SectionContent, collect
from fhir_adapters.converters import r4_view
from fhir_adapters.paging import Limits, Manner, Pages
from fhir_adapters.ports import FhirSession, OnSection
from fhir_adapters.references import Chunk, Referenced
from fhir_adapters.search import Query
from fhir_adapters.traits import VendorTraits
from runtime import clock

_R4 = "4.0.1"  # what a statement that names no release is taken for
OnPatient = Callable[[Resource, frozenset[PatientFlag]], None]

_WITH_TEXTS = (
    SectionName.NOTES,
    SectionName.DOCUMENTS,
    SectionName.REPORTS,
    SectionName.IMAGING,
)


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What a caller may know or want beyond the patient.

    `capability` saves a call. `also_named` are local references of people who belong to the
    case though the chart may not name them, such as the doctor who asks: de-identification
    must know them all; `named_later` gives more of them when they are needed. `traits` is
    what is special about the vendor; `choose_traits` decides it from what the server
    declares. `on_patient` is called once, from any thread, when the patient was read and is
    the one that was asked for.
    """

    capability: Capability | None = None
    limits: Limits = field(default_factory=Limits)
    also_named: tuple[str, ...] = field(default=(), repr=False)
    named_later: Callable[[], tuple[str, ...]] | None = None
    traits: VendorTraits = paging.PLAIN
    choose_traits: Callable[[Capability], VendorTraits] | None = None
    on_patient: OnPatient | None = None

    @property
    def parallel(self) -> int:
        """How many calls may be under way at once."""
        return self.limits.parallel or self.traits.pace.parallel


@dataclass(frozen=True, kw_only=True)
class _TypeName:
    """All that fhirclient needs to know of a resource type to build an address."""

    resource_type: str


class GuardedSearch(FHIRSearch):  # type: ignore[misc]
    """fhirclient's search builder without its network and strict models."""

    def __init__(self, query: Query) -> None:
        """Take over the parameters; values are escaped already."""
        super().__init__(_TypeName(resource_type=query.resource_type), dict(query.params))

    @property
    def address(self) -> str:
        """The address of the search below the FHIR base."""
        return str(self.construct())

    def _refuse(self, *_args: object, **_options: object) -> NoReturn:
        raise NotImplementedError

    perform = _refuse
    perform_iter = _refuse
    perform_resources = _refuse
    perform_resources_iter = _refuse
    _read_bundle = _refuse


def read_capability(session: FhirSession) -> Capability:
    """Return what the server declares; `StatementUnusable` or `ChartUnreachable` otherwise."""
    return first_reads.capability(r4_view.view(session), Limits())


def read_chart(
    session: FhirSession,
    *,
    patient_id: str,
    encounter_id: str | None,
    on_section: OnSection | None = None,
    options: ReadOptions | None = None,
) -> ChartSnapshot:
    """Return the chart of one patient with the state of every section.

    `on_section` is called in this thread as soon as a section is final. A faulty section is
    reported, never fatal; without the patient there is no chart: `ChartUnreachable`,
    `ChartForbidden`, `PatientUnreadable`, `PatientMismatch`, `PatientMerged`,
    `StatementUnusable`.
    """
    used = options or ReadOptions()
    release = (used.capability.fhir_version or _R4) if used.capability else ""
    session = r4_view.view(session, fhir_version=release)
    with ThreadPoolExecutor(max_workers=used.parallel, thread_name_prefix="chart") as pool:
        reading = _Reading(
            session=session,
            patient_id=patient_id,
            encounter_id=encounter_id,
            on_section=on_section or _ignore,
            options=used,
            limits=used.limits,
            manner=Manner.of(used.limits, used.traits),
            pool=pool,
        )
        return reading.run()


def _ignore(_section: object) -> None:
    """Do nothing with a section's state."""


@dataclass(kw_only=True)
class _Reading:
    """The state of one read; lives for one call."""

    session: FhirSession
    patient_id: str
    encounter_id: str | None
    on_section: OnSection
    options: ReadOptions
    limits: Limits
    manner: Manner
    pool: ThreadPoolExecutor
    done: dict[SectionName, SectionContent] = field(default_factory=dict)
    texts: dict[Future[bytes | Reason], tuple[SectionName, int, int]] = field(default_factory=dict)
    flags: set[PatientFlag] = field(default_factory=set)

    def run(self) -> ChartSnapshot:
        patient = self.pool.submit(self._patient)
        encounter = self.pool.submit(
            first_reads.encounter, self.session, self.encounter_id, self.patient_id, self.limits
        )
        capability = self.options.capability
        if capability is None:
            capability = first_reads.capability(self.session, self.limits)
        if self.options.choose_traits is not None:
            self.manner = self.manner.for_vendor(self.options.choose_traits(capability))
        searches = self._start_searches(capability)
        self._take_first(patient.result(), encounter.result())
        for name in self._as_found(searches):
            self._start_texts(name)
            if name not in _WITH_TEXTS and name is not SectionName.MEDICATIONS:
                self._report(name)
        self._read_referenced(capability)
        self._take_texts()
        for name in (SectionName.MEDICATIONS, *_WITH_TEXTS, SectionName.CARE_TEAM):
            self._report(name)
        return ChartSnapshot(
            patient_id=self.patient_id,
            encounter_id=self.encounter_id,
            taken_at=clock.now(),
            sections=tuple(self.done[name].section for name in SectionName),
            by_section={name: tuple(self.done[name].resources) for name in SectionName},
            flags=frozenset(self.flags),
        )

    def _patient(self) -> Resource:
        answers = self.options.traits.answers
        found = first_reads.patient(self.session, self.patient_id, self.limits, answers)
        if self.options.on_patient is not None:
            self.options.on_patient(found, frozenset(first_reads.patient_flags(found)))
        return found

    def _take_first(self, patient: Resource, encounter: SectionContent) -> None:
        self.flags |= first_reads.patient_flags(patient)
        if Reason.WRONG_PATIENT in encounter.reasons:
            self.flags.add(PatientFlag.ENCOUNTER_MISMATCH)
        found = SectionContent(name=SectionName.PATIENT, resources=[patient])
        if replies.is_cut(patient):
            found.note(Reason.NOT_CONVERTED)
        self.done[SectionName.PATIENT] = found
        self.done[SectionName.ENCOUNTER] = encounter
        self._report(SectionName.PATIENT)
        self._report(SectionName.ENCOUNTER)

    def _start_searches(
        self, capability: Capability
    ) -> dict[SectionName, tuple[Future[Pages], ...]]:
        started: dict[Query, Future[Pages]] = {}
        planned: dict[SectionName, tuple[Future[Pages], ...]] = {}
        for name, wishes in sections.WISHES.items():
            wanted = sections.queries(
                wishes, capability, self.patient_id, self.manner.traits.search
            )
            for query in wanted:
                if query not in started:
                    started[query] = self._search(query)
            planned[name] = tuple(started[query] for query in wanted)
        return planned

    def _search(self, query: Query) -> Future[Pages]:
        return self.pool.submit(
            paging.read_pages,
            self.session,
            query,
            self.manner,
            address=GuardedSearch(query).address,
        )

    def _as_found(
        self, searches: dict[SectionName, tuple[Future[Pages], ...]]
    ) -> Iterator[SectionName]:
        waiting = dict(searches)
        for name in [name for name, futures in waiting.items() if not futures]:
            del waiting[name]
            self.done[name] = SectionContent(name=name, reasons=[Reason.NOT_OFFERED])
            yield name
        every = {future for futures in waiting.values() for future in futures}
        for _future in as_completed(every):
            ready = [n for n, futures in waiting.items() if all(f.done() for f in futures)]
            for name in ready:
                pages = [future.result() for future in waiting.pop(name)]
                self.done[name] = collect(
                    name, pages, patient_id=self.patient_id, base_url=self.session.base_url
                )
                yield name

    def _start_texts(self, name: SectionName) -> None:
        content = self.done[name]
        for position, resource in enumerate(content.resources):
            wanted, foreign = attachments.remote_texts(resource, base_url=self.session.base_url)
            if foreign:
                content.note(Reason.ATTACHMENT)
            for one in wanted:
                if len(self.texts) >= self.limits.attachments:
                    content.note(Reason.ATTACHMENT)
                    return
                future = self.pool.submit(self._text, one)
                self.texts[future] = (name, position, one.index)

    def _text(self, wanted: RemoteText) -> bytes | Reason:
        if self.manner.deadline.is_over:
            return Reason.OUT_OF_TIME
        if self.manner.budget.is_spent:
            return Reason.TOO_LARGE
        limits = self.limits
        most = limits.picture_bytes if wanted.is_picture else limits.attachment_bytes
        content = attachments.fetch_text(self.session, wanted, max_bytes=most)
        if isinstance(content, bytes):
            self.manner.budget.spend(len(content))
        return content

    def _take_texts(self) -> None:
        found: dict[tuple[SectionName, int], dict[int, bytes]] = {}
        for future, (name, position, index) in self.texts.items():
            content = future.result()
            if isinstance(content, Reason):
                self.done[name].note(content)
            else:
                found.setdefault((name, position), {})[index] = content
        for (name, position), texts in found.items():
            resources = self.done[name].resources
            resources[position] = attachments.with_texts(resources[position], texts)

    def _read_referenced(self, capability: Capability) -> None:
        at_hand = [r for content in self.done.values() for r in content.resources]
        at_hand += [r for content in self.done.values() for r in content.included]
        later = self.options.named_later
        also = (*self.options.also_named, *(later() if later is not None else ()))
        named = [{"reference": one} for one in also]
        wanted = references.missing([*at_hand, *named], base_url=self.session.base_url)
        people = SectionContent(name=SectionName.CARE_TEAM)
        self.done[SectionName.CARE_TEAM] = people
        if len(wanted) > self.limits.references:
            people.note(Reason.REFERENCE)
        most = self.manner.traits.search.ids_per_search
        groups = references.chunks(wanted[: self.limits.references], capability, most=most)
        jobs = [(chunk, self._referenced(chunk, capability)) for chunk in groups]
        for content in self.done.values():
            for resource in content.included:
                self._place(resource)
        for chunk, job in jobs:
            self._take_referenced(chunk, job)

    def _referenced(
        self, chunk: Chunk, capability: Capability
    ) -> Future[Pages] | Future[Referenced]:
        if len(chunk.ids) > 1:
            alone = self.manner.traits.search.id_alone
            return self._search(references.query_for(chunk, capability, id_alone=alone))
        return self.pool.submit(references.read_one, self.session, chunk, self.manner)

    def _take_referenced(self, chunk: Chunk, job: Future[Pages] | Future[Referenced]) -> None:
        result = job.result()
        found = references.from_pages(chunk, result) if isinstance(result, Pages) else result
        for resource in found.resources:
            self._place(resource)
        for reason in found.reasons:
            self.done[_home(chunk.resource_type)].note(reason)

    def _place(self, resource: Resource) -> None:
        # Two searches may bring the same person along.
        content = self.done[_home(str(resource.get("resourceType")))]
        if search.key_of(resource) not in map(search.key_of, content.resources):
            content.resources.append(resource)

    def _report(self, name: SectionName) -> None:
        self.on_section(self.done[name].section)


def _home(resource_type: str) -> SectionName:
    if resource_type in references.DRUG_TYPES:
        return SectionName.MEDICATIONS
    return SectionName.CARE_TEAM
