"""Looks at a case twice: before the walk for sensitive content, after it for the residual risk."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from deid import dates
from deid.pseudonyms import CaseKey
from deid.risk import age_words
from deid.risk.assess import Outgoing, RiskReport, assess, person_of
from deid.sensitive import policy as sensitive_policy
from deid.sensitive import texts as sensitive_texts
from deid.sensitive.policy import KEEPS_BACK
from deid.sensitive.screening import Item, Screened, Screening, counted
from deid.structured.numbering import Numbered
from deid.structured.reference_index import key_of
from deid.structured.run import TextRecord
from deid.text.document import Finding
from deid.text.tokens import TextView

Resource = Mapping[str, Any]  # FHIR JSON
Recognizer = Callable[[TextView], Iterator[Finding]]

AGE: Final = "fact:age"
STATE: Final = "fact:state"
_DECADE: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class SensitiveReport:
    """What sensitive content a case holds or held, and what the doctor has to say to it."""

    items: tuple[Item, ...] = field(repr=False)
    left_out: tuple[Item, ...] = field(repr=False)
    consent: tuple[str, ...]
    """Categories that leave only when the doctor says that consent exists."""
    titles: Mapping[str, str]

    @property
    def counts(self) -> dict[str, int]:
        """Return how often each action was taken: `hiv:consent`."""
        return counted((*self.items, *self.left_out))


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """One case under review; `keys` name its resources for the doctor's choices."""

    screening: Screening
    screened: Screened = field(repr=False)

    @property
    def keys(self) -> Mapping[int, str]:
        """Return the key by which each resource of the input can be left out."""
        return self.screening.keys

    def resource(self, position: int) -> Resource:
        """Return what of a resource goes on to the walk."""
        return self.screened.resources[position]

    def why_gone(self, position: int) -> str | None:
        """Return why a resource stays in the hospital; None when it goes on."""
        if position in self.screened.resources:
            return None
        gone = {item.position for item in self.screened.left_out}
        return "left_out" if position in gone else "sensitive"

    def also(self, *, typed: bool) -> tuple[Recognizer, ...]:
        """Return what the text engine must find beside identifiers."""
        found: tuple[Recognizer, ...] = (sensitive_texts.blotter(self.screening, typed=typed),)
        return (*found, age_words.find) if AGE in self.screening.left_out else found

    def make_general(self, patient: dict[str, Any], age: dict[str, Any] | None) -> None:
        """Coarsen what leaves about the person where the doctor wants it so."""
        if STATE in self.screening.left_out:
            countries = [
                each["country"] for each in patient.pop("address", ()) if "country" in each
            ]
            if countries:
                patient["address"] = [{"country": countries[0]}]
        if AGE in self.screening.left_out:
            patient.pop("birthDate", None)
            if age is not None and "comparator" not in age["valueQuantity"]:
                quantity = age.pop("valueQuantity")
                years = int(quantity["value"]) if quantity["code"] == "a" else 0
                low = years // _DECADE * _DECADE
                age["valueRange"] = {
                    name: {**quantity, "value": value, "unit": "years", "code": "a"}
                    for name, value in (("low", low), ("high", low + _DECADE - 1))
                }

    def sensitive(self, records: Iterable[TextRecord]) -> SensitiveReport:
        """Return what is sensitive in the chart and in the texts that leave."""
        items, hints = list(self.screened.items), list(self.screened.hints)
        for record in records:
            if record.path.startswith("label~"):
                continue  # the labels of the chart were looked through with their resources
            for item in sensitive_texts.items_in(
                self.screening,
                record.scrubbed.output,
                position=record.entry,
                element=record.element,
                key="" if record.entry is None else self.keys.get(record.entry, ""),
            ):
                (hints if item.reveals else items).append(item)
        back = {item.category for item in items if item.action in KEEPS_BACK}
        back |= {item.category for item in self.screened.left_out}
        back |= {k.partition(":")[2] for k in self.screening.left_out if k.startswith("sensitive:")}
        items = [
            replace(item, reveals=True)
            if item.category in back and item.action not in KEEPS_BACK
            else item
            for item in items
        ]
        items.extend(sensitive_texts.revealing(back, hints))
        return SensitiveReport(
            items=tuple(items),
            left_out=tuple(self.screened.left_out),
            consent=tuple(sorted({i.category for i in items if i.action == "consent"})),
            titles={n: c.title for n, c in self.screening.policy.values.categories.items()},
        )

    def risk(self, numbered: Mapping[int, Numbered], records: Iterable[TextRecord]) -> RiskReport:
        """Return the residual risk of what leaves."""
        entries = {at: f"{e.resource['resourceType']}/{e.number}" for at, e in numbered.items()}
        resources = [
            (entries[at], self.keys.get(at, ""), each.resource) for at, each in numbered.items()
        ]
        texts = [
            Outgoing(
                entry=record.element if record.entry is None else entries.get(record.entry, ""),
                key="" if record.entry is None else self.keys.get(record.entry, ""),
                text=record.scrubbed.output,
                typed=record.entry is None,
            )
            for record in records
            if not record.path.startswith("label~")
        ]
        person = person_of(numbered[0].resource, [resource for _, _, resource in resources])
        return assess(person, resources, texts)


def begin(
    resources: Sequence[Resource],
    *,
    policy_id: str,
    case_key: CaseKey,
    question_time: datetime,
    left_out: frozenset[str],
) -> Review:
    """Look through the chart before it is walked; the first resource is the patient."""
    screening = Screening(
        policy=sensitive_policy.load(policy_id),
        age_years=_age(resources[0], question_time),
        keys={
            at: f"resource:{case_key.digest('resource', key_of(each) or f'#{at}')}"
            for at, each in enumerate(resources)
        },
        left_out=left_out,
    )
    return Review(screening=screening, screened=screening.chart(resources))


def mask_words(policy_id: str) -> frozenset[tuple[str, str]]:
    """Return the words of ours that stand in place of what a policy masks."""
    loaded = sensitive_policy.load(policy_id)
    return frozenset(("text", each.parent) for each in loaded.values.categories.values())


def _age(patient: Resource, question_time: datetime) -> int | None:
    text = patient.get("birthDate")
    born = dates.parse(text, question_time=question_time) if isinstance(text, str) else None
    if born is None or born.at > question_time:
        return None
    return dates.age_years(born, at=question_time)
