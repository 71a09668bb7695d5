"""deidentify(): chart and question in, sealed case and preview out; nothing else leaves."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast

from deid import known_identity, review, sealed_case, subject
from deid.attachments.identities import named_in_files
from deid.attachments.picture_file import PictureConfirmation, PictureDigest
from deid.errors import CaseHeld, ContentUnusable, ResourceRefused
from deid.known_identity import KnownIdentity
from deid.people_tokens import ReferenceNames, replay, words_behind
from deid.policy import Policy
from deid.preview import Preview
from deid.pseudonyms import CaseKey
from deid.recheck import Gate, GateResult, Skips
from deid.review import Review
from deid.sealed_case import DeidentifiedCase, DeidReceipt, SealedEntry, SealedSection
from deid.sections import assign
from deid.shown import preview_of
from deid.structured.canonical import encoded
from deid.structured.date_methods import DateMethod, method_of
from deid.structured.numbering import Numbered, address, number
from deid.structured.pictures import Pictures
from deid.structured.reference_index import ReferenceIndex, key_of, kind_of
from deid.structured.resources import clean_resource
from deid.structured.run import RoleTokens, Run, Scrub
from deid.structured.version import require_r4
from deid.text.document import GiveBack, ScrubbedText
from deid.text.engine import TextEngine
from deid.text.people import PeopleTokens

ENGINE_VERSION: Final = "0.1"
NETWORK_BASE: Final = "https://confer.example/fhir"

_WRITTEN: Final = {"question": 0, "thinking": 1, "reply": 2}

Resource = Mapping[str, Any]  # FHIR JSON


@dataclass(frozen=True, kw_only=True)
class CaseInput:
    """All that goes in.

    `resources` are what the doctor ticked, the Patient first; `identity_resources` are all
    resources of the chart that name somebody, sent or not. `question_time` is aware and in the
    hospital's time zone. `texts` are the doctor's own words by key ("question", "thinking",
    "reply").
    """

    case_id: str
    case_key: bytes = field(repr=False)
    question_time: datetime
    resources: tuple[Resource, ...] = field(repr=False)
    identity_resources: tuple[Resource, ...] = field(repr=False)
    texts: Mapping[str, str] = field(repr=False)
    given_back: frozenset[GiveBack] = frozenset()
    hidden: frozenset[str] = field(default=frozenset(), repr=False)
    test_data: bool = False
    incomplete: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    """What the doctor took out or made general, by the keys that the preview gave."""
    confirmed_pictures: Mapping[PictureDigest, PictureConfirmation] = field(
        default_factory=dict, repr=False
    )
    """What the doctor looked at, by the SHA-256 of its exact bytes; no other picture leaves."""
    earlier: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Tokens that left before in this case, with the words behind them, from the vault: in a
    reply `[clinician 1]` must not become somebody else."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A case ready to be sent, what to show the doctor, and what was searched for."""

    sealed: DeidentifiedCase
    preview: Preview = field(repr=False)
    identity: KnownIdentity = field(repr=False)
    pictures: frozenset[str] = frozenset()
    """The SHA-256 of every picture that leaves."""
    sources: Mapping[int, str] = field(default_factory=dict, repr=False)
    """Where each input resource went: its position, and `Type/n` of the case."""


def deidentify(case_input: CaseInput, policy: Policy) -> Prepared:
    """Return the sealed case and its preview; the input is not changed.

    The same input and key give the same bytes. Any exception means that the case is held:
    nothing that was not finished and searched is ever returned.

    Raises:
        ContentUnusable: the input is not one patient's FHIR R4 content.
        CaseHeld: the last look found a known identifier in the outgoing content.
    """
    _check(case_input)
    try:
        return _deidentify(case_input, policy)
    except RecursionError:
        raise ContentUnusable(problem="the content is nested too deep") from None


def _deidentify(case_input: CaseInput, policy: Policy) -> Prepared:
    require_r4(case_input.resources)
    identity = known_identity.build(_naming(case_input))
    people = PeopleTokens()
    replay(people, identity, case_input.earlier)
    references = ReferenceNames(identity, people)
    dates = method_of(policy.dates, CaseKey(case_input.case_key), case_input.question_time)
    looked = review.begin(
        case_input.resources,
        policy_id=policy.id,
        case_key=CaseKey(case_input.case_key),
        question_time=case_input.question_time,
        left_out=case_input.left_out,
    )
    scrub = _scrub(case_input, identity, people, dates.shift_days, looked)
    run = _start(case_input, policy, scrub, references, dates, looked)
    texts = {key: run.typed_text(text, key) for key, text in _in_order(case_input.texts)}
    numbered = _clean(case_input, policy, run, looked)
    base = f"{NETWORK_BASE}/case/{case_input.case_id}"
    entries = _entries(numbered)
    sections = assign(numbered, policy.sections, base)
    skips = gate_skips(policy, case_input.case_id, pictures=run.pictures.made)
    gate = _last_look(entries, sections, texts, identity, skips)
    if not gate.passed:
        raise CaseHeld(hits=tuple((hit.expression, hit.category, hit.rule) for hit in gate.hits))
    sensitive, risk = looked.sensitive(run.texts), looked.risk(numbered, run.texts)
    receipt = replace(
        _receipt(case_input, policy, run, gate),
        risk_level=risk.level,
        risk_facts=tuple(dict.fromkeys(fact.kind for fact in risk.facts)),
        sensitive=sensitive.counts,
    )
    patient = numbered[0].resource
    sealed = sealed_case._seal_case(  # the one place where a case is sealed
        {
            "case_id": case_input.case_id,
            "subject_gender": patient.get("gender"),
            "subject_birth_year": _year(patient.get("birthDate")),
            "entries": entries,
            "sections": sections,
            "texts": texts,
            "receipt": receipt,
            "test_data": case_input.test_data,
        }
    )
    words = words_behind(
        (record.scrubbed for record in run.texts), {**dates.words(), **references.words}
    )
    drawn = preview_of(case_input.resources, run, numbered, gate, words)
    preview: Preview = replace(drawn, sensitive=sensitive, risk=risk)
    return Prepared(
        sealed=sealed,
        preview=preview,
        identity=identity,
        pictures=frozenset(run.pictures.made),
        sources={
            at: f"{each.resource['resourceType']}/{each.number}" for at, each in numbered.items()
        },
    )


def _in_order(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Read the texts as they were written: a reply that names somebody new counts on from there."""
    return sorted(texts.items(), key=lambda item: (_WRITTEN.get(item[0], len(_WRITTEN)), item[0]))


def _naming(case_input: CaseInput) -> list[Resource]:
    """Return the resources that may name somebody, and whom their files name in headers."""
    both = (*case_input.resources, *case_input.identity_resources)
    named = named_in_files(both, case_input.resources[0])
    return [*(each for each in both if kind_of(each) != "Binary"), *named]


def _check(case_input: CaseInput) -> None:
    if not re.fullmatch(r"[a-z0-9-]{1,40}", case_input.case_id):
        raise ContentUnusable(problem="the case id is not one of ours")
    if case_input.question_time.tzinfo is None:
        raise ContentUnusable(problem="the time of the question has no time zone")
    if not case_input.resources:
        raise ContentUnusable(problem="there is no patient")
    for position, resource in enumerate(case_input.resources):
        if type(resource) is not dict:
            raise ContentUnusable(problem="not a FHIR resource", position=position)
        if (kind_of(resource) == "Patient") != (position == 0):
            raise ContentUnusable(
                problem="exactly one Patient, and it first, is needed", position=position
            )
    if key_of(case_input.resources[0]) is None:
        raise ContentUnusable(problem="the Patient has no id", position=0)


def _start(
    case_input: CaseInput,
    policy: Policy,
    scrub: Scrub,
    role_token: RoleTokens,
    dates: DateMethod,
    looked: Review,
) -> Run:
    references = ReferenceIndex()
    references.add_known(case_input.identity_resources)
    references.add_known(case_input.resources)
    withheld: dict[int, str] = {}
    for position, resource in enumerate(case_input.resources):
        why = policy.types.why_withheld(resource) or looked.why_gone(position)
        if why is not None:
            withheld[position] = why
        elif kind_of(resource) in policy.types.nodes:
            references.add_walked(resource, position)
    return Run(
        case_key=CaseKey(case_input.case_key),
        question_time=case_input.question_time,
        codes=policy.codes,
        references=references,
        roles=policy.roles,
        scrub=scrub,
        role_token=role_token,
        pictures=Pictures(confirmed=case_input.confirmed_pictures),
        dates=dates,
        withheld=withheld,
        patient=case_input.resources[0],
    )


def _scrub(
    case_input: CaseInput,
    identity: KnownIdentity,
    people: PeopleTokens,
    shift_days: int,
    looked: Review,
) -> Scrub:
    chart, typed = (TextEngine(also=looked.also(typed=each)) for each in (False, True))

    def scrub(text: str, *, path: str) -> ScrubbedText:
        engine = typed if path.startswith("texts.") else chart
        return engine.scrub(
            text,
            identity=identity,
            people=people,
            question_time=case_input.question_time,
            given_back=case_input.given_back,
            hidden=case_input.hidden,
            path=path,
            shift_days=shift_days,
        )

    return scrub


def _clean(case_input: CaseInput, policy: Policy, run: Run, looked: Review) -> dict[int, Numbered]:
    """Walk all resources in an order that is ours, and number what may leave."""
    tie_breaks = {
        position: run.case_key.digest("resource", key_of(resource) or f"#{position}")
        for position, resource in enumerate(case_input.resources)
    }
    order = sorted(tie_breaks, key=lambda at: (at != 0, tie_breaks[at]))
    cleaned: dict[int, dict[str, Any]] = {}
    for position in order:
        kind = kind_of(case_input.resources[position])
        if position in run.withheld:
            run.drop(run.withheld[position], kind)
            continue
        resource = cast("dict[str, Any]", looked.resource(position))
        run.entry = position
        before, parts_before = len(run.texts), len(run.refused)
        try:
            root = f"{kind}/{tie_breaks[position]}"
            cleaned[position] = clean_resource(resource, root, policy.types, run)
        except ResourceRefused as refused:
            if position == 0:
                raise
            run.refuse_resource(refused, parts_before)
            run.pictures.holder_refused(position)
            del run.texts[before:]
    extra = subject.age_observation(case_input.resources[0], run, len(case_input.resources))
    looked.make_general(cleaned[0], extra)
    if extra is not None:
        cleaned[len(case_input.resources)] = extra
        tie_breaks[len(case_input.resources)] = ""
    base = f"{NETWORK_BASE}/case/{case_input.case_id}"
    return number(cleaned, run.links, tie_breaks=tie_breaks, base=base)


def _entries(numbered: Mapping[int, Numbered]) -> tuple[SealedEntry, ...]:
    made = [
        SealedEntry(
            resource_type=each.resource["resourceType"],
            n=each.number,
            body=encoded(each.resource),
        )
        for each in numbered.values()
    ]
    return tuple(sorted(made, key=lambda e: (e.resource_type != "Patient", e.resource_type, e.n)))


def _last_look(
    entries: Iterable[SealedEntry],
    sections: Iterable[SealedSection],
    texts: Mapping[str, str],
    identity: KnownIdentity,
    skips: Skips,
) -> GateResult:
    gate = Gate(identity, skips)
    for entry in entries:
        gate.search_body(entry.body, f"{entry.resource_type}/{entry.n}")
    for key, text in texts.items():
        gate.search(text, f"texts.{key}")
    for section in sections:
        gate.search(list(section.refs), f"section('{section.loinc}').entry.reference")
    return gate.result()


def gate_skips(policy: Policy, case_id: str, *, pictures: Collection[str] = ()) -> Skips:
    """Return what the gate may pass over in content made under a policy.

    `pictures` are the SHA-256 of those made of fresh pixels.
    """
    return Skips(
        constants=policy.constants | review.mask_words(policy.id),
        element_names=policy.element_names,
        names={
            (url, code): name
            for url, system in policy.codes.systems.items()
            for code, name in system.names.items()
        },
        addresses=re.compile(
            rf"{re.escape(NETWORK_BASE)}/case/{re.escape(case_id)}/[A-Za-z]+/[0-9]+"
        ),
        random=frozenset({case_id}),
        pictures=frozenset(pictures),
    )


def _receipt(
    case_input: CaseInput,
    policy: Policy,
    run: Run,
    gate: GateResult,
) -> DeidReceipt:
    return DeidReceipt(
        policy_id=policy.id,
        policy_version=policy.version,
        rules_sha256=policy.rules_sha256,
        engine_version=ENGINE_VERSION,
        removed=dict(sorted(run.removed.items())),
        general=dict(sorted(run.general.items())),
        rules=dict(sorted(run.rules.items())),
        refused=tuple(sorted(run.refused)),
        gate_searched=gate.searched,
        gate_passed=gate.passed,
        gate_skipped=gate.skipped,
        risk_level="high",  # until it is known
        given_back=run.given_back,
        incomplete=case_input.incomplete,
        pictures=run.pictures.counts() if run.pictures.records else {},
        date_method=policy.dates,
    )


def _year(value: Any) -> int | None:
    return int(value) if isinstance(value, str) else None


__all__ = ["CaseInput", "Prepared", "address", "deidentify", "gate_skips"]
