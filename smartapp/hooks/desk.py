"""Answer one hook call: look up what waits by a keyed digest, check the chart, write the cards.

The patient's id is digested at once and appears nowhere else; without a case or a drafted
referral nothing of the chart is read.

Spec: rows H3-H7 of our checklist
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from launch.cds_hooks.cards import Card, ServiceDescription, SmartLink
from launch.cds_hooks.errors import DataMissing
from launch.cds_hooks.hook_chart import HookChart
from launch.cds_hooks.hook_request import HookRequest, Resource
from launch.cds_hooks.request_schema import local_reference
from launch.ports import Site
from runtime import clock, logs
from runtime.log_events import Event
from runtime.outbound import OutboundClient
from smartapp.gateway.park_news import UNREADABLE, UNVERIFIED
from smartapp.gateway.services import GatewayServices
from smartapp.gateway.site_roster import doctor_key
from smartapp.hooks import chart_check, waiting
from smartapp.hooks.app_context import seal_destination
from smartapp.hooks.card_words import OVERRIDE_REASONS, CardWords, offer_words, words_of
from smartapp.hooks.drafted_referral import DraftedReferral, drafted_referral
from smartapp.hooks.offered import DOCTOR, PATIENT
from smartapp.store import cases, parked, vault
from smartapp.store.cases import Case
from smartapp.store.sealed import keyed_hash

MAX_CARDS = 3
_STAFF = ("Practitioner/", "PractitionerRole/")
_DOUBTFUL = frozenset({UNVERIFIED, UNREADABLE})


@dataclass(frozen=True, kw_only=True)
class HookDesk:
    """What hooks are answered with. `launch_url` is the address registered at the EHRs."""

    services: GatewayServices
    outbound: OutboundClient | None
    launch_url: str

    def cards(
        self, site: Site, service: ServiceDescription, request: HookRequest
    ) -> tuple[Card, ...]:
        """Return the cards of one call, the most urgent first, three at most.

        Raises `DataMissing` when there would be something to say but the chart's patient is
        not known for sure, and `ForeignServer`.
        """
        if not (request.context.user or "").startswith(_STAFF):
            return ()  # a patient's or a relative's screen, or nobody's: cards are for staff
        call = _Call(
            desk=self,
            site=site,
            request=request,
            chart=HookChart(site=site, request=request, outbound=self.outbound),
        )
        referral = None
        if service.hook != "patient-view":
            referral = drafted_referral(request.context)
            if referral is None:
                return ()
        return call.answer(referral)


@dataclass(frozen=True, kw_only=True)
class _Call:
    desk: HookDesk
    site: Site
    request: HookRequest = field(repr=False)
    chart: HookChart = field(repr=False)

    def answer(self, referral: DraftedReferral | None) -> tuple[Card, ...]:
        known, doubtful = self._known()
        if not known and referral is None:
            return ()
        patient = self.chart.resource(PATIENT, "Patient", self.request.context.patient_id)
        if chart_check.is_merged(patient):
            return ()
        sure = self._of_this_patient(known, patient)
        found = waiting.sort(sure, doctor_keys=self._doctor_keys(sure), doubtful=doubtful)
        now = clock.now()
        said = [words_of(one, now=now) for one in found]
        if referral is not None and not any(one.mine for one in found):
            offer = [] if chart_check.is_deceased(patient) else [offer_words(referral)]
            said = [*offer, *said]
        return tuple(self._card(words) for words in said[:MAX_CARDS])

    @property
    def _patient_key(self) -> str:
        return keyed_hash(
            self.desk.services.index_key,
            "patient",
            self.site.site_id,
            self.request.context.patient_id,
        )

    def _known(self) -> tuple[list[Case], frozenset[str]]:
        """What waits about this patient, and where news could not be verified or read."""
        with self.desk.services.database.read() as session:
            found = cases.at_patient(
                session, site_id=self.site.site_id, patient_key=self._patient_key
            )
            doubtful = frozenset(
                case.case_id
                for case in found
                if case.unread
                and any(one.reason in _DOUBTFUL for one in parked.waiting(session, case.case_id))
            )
        known = [case for case in found if waiting.kind_of(case, doubtful=case.case_id in doubtful)]
        return known, doubtful

    def _of_this_patient(self, known: Sequence[Case], patient: Resource) -> list[Case]:
        """Leave out cases whose two demographics are not those of the chart that is open."""
        services = self.desk.services
        with services.database.read() as session:
            links = [vault.find(session, services.keyring, case.case_id) for case in known]
        sure = [
            case
            for case, link in zip(known, links, strict=True)
            if chart_check.is_same_patient(patient, link)
        ]
        if len(sure) < len(known):
            logs.emit(
                Event.HOOK_PATIENT_DIFFERS, site=self.site.site_id, count=len(known) - len(sure)
            )
        return sure

    def _doctor_keys(self, known: Sequence[Case]) -> frozenset[str]:
        """The doctor at the screen, who may be named by a role; nobody when that is unclear."""
        user = self.request.context.user
        if user is None or not known:
            return frozenset()
        keys = {doctor_key(self.desk.services, self.site.site_id, user)}
        if user.startswith("PractitionerRole/") and not any(c.doctor_key in keys for c in known):
            person = self._person_of(user)
            if person:
                keys.add(doctor_key(self.desk.services, self.site.site_id, person))
        return frozenset(keys)

    def _person_of(self, role: str) -> str | None:
        sent = self.request.prefetch.get(DOCTOR)
        if isinstance(sent, dict) and sent.get("resourceType") == "Practitioner":
            return f"Practitioner/{sent.get('id')}"
        try:
            found = self.chart.resource("role", "PractitionerRole", role.partition("/")[2])
        except DataMissing:
            return None  # then the doctor is told what any colleague is told
        person = found.get("practitioner")
        named = person.get("reference") if isinstance(person, dict) else None
        return local_reference(named, self.site.issuer)

    def _card(self, words: CardWords) -> Card:
        links: tuple[SmartLink, ...] = ()
        if words.link and words.leads_to is not None:
            sealed = seal_destination(
                self.desk.services.keyring,
                words.leads_to,
                site_id=self.site.site_id,
                patient_key=self._patient_key,
            )
            links = (SmartLink(label=words.link, url=self.desk.launch_url, app_context=sealed),)
        return Card(
            summary=words.summary,
            indicator=words.indicator,
            detail=words.detail,
            links=links,
            override_reasons=OVERRIDE_REASONS,
        )
