"""What may differ from one EHR vendor to the next, as one frozen record.

Code that reads or writes asks these traits and never a vendor's name. Every default is the
behavior towards a plain FHIR R4 server; a vendor's file states only what differs.

Spec: spec/smart.md section 4
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypeVar

from fhir_adapters.capability import WriteClass

ScopeDialect = Literal["v2", "v1", "dots"]
_Value = TypeVar("_Value")

LAUNCH_SCOPES = (
    "launch",
    "openid",
    "fhirUser",
    "online_access",
    "patient/*.rs",
    "user/Practitioner.rs",
    "user/Organization.rs",
    "user/Location.rs",
)
BACKEND_SCOPES = (
    "system/Patient.rs",
    "system/Encounter.rs",
    "system/DocumentReference.crs",
    "system/Communication.crs",
)


class Rung(StrEnum):
    """One way to bring an answer to the doctor; the order of a ladder is the order tried."""

    SCRATCHPAD = "scratchpad"  # unsigned draft through SMART Web Messaging
    DOCUMENT_REFERENCE = "document_reference"
    COMMUNICATION = "communication"
    DIAGNOSTIC_REPORT = "diagnostic_report"
    QUESTIONNAIRE_RESPONSE = "questionnaire_response"
    COPY = "copy"  # text and PDF in the app, marked as not filed


def by_type(values: Mapping[str, _Value]) -> Mapping[str, _Value]:
    """Return the mapping, keyed by resource type, so that nobody can change it."""
    return MappingProxyType(dict(values))


@dataclass(frozen=True, kw_only=True)
class SearchTraits:
    """How charts are searched.

    `required` names, per type, groups of parameters of which a search must hold one each.
    `page_sizes` are the largest pages served per type, `page_size` is for all others.
    `result_cap` is the number of matches after which a server stops without a `next` link:
    a search that returns so many or more is not known to be complete. `id_alone` is true
    where a search by `_id` takes no other parameter.
    """

    required: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=lambda: by_type({}))
    page_size: int = 100
    page_sizes: Mapping[str, int] = field(default_factory=lambda: by_type({}))
    ids_per_search: int = 50
    id_alone: bool = False
    post_search: bool = False
    result_cap: int | None = None

    def page_size_of(self, resource_type: str) -> int:
        """Return how many entries a page of this type is asked for."""
        return self.page_sizes.get(resource_type, self.page_size)


@dataclass(frozen=True, kw_only=True)
class AnswerTraits:
    """How answers are to be understood.

    Codes are those of `OperationOutcome.issue.details.coding`, without their system.
    `partial_codes` say that something is missing from an answer that looks complete, and
    `capped_codes` that it is so because there was too much; `refused_codes` that asking
    again is useless; `expired_codes` and `expired_statuses` that the pages of a search are
    gone and it must begin anew; `merged_codes` that the patient's record was joined to
    another. An OperationOutcome in a 200 is judged like one that came with an error status.
    """

    partial_codes: frozenset[str] = frozenset()
    capped_codes: frozenset[str] = frozenset()
    refused_codes: frozenset[str] = frozenset()
    expired_codes: frozenset[str] = frozenset()
    expired_statuses: frozenset[int] = frozenset()
    merged_codes: frozenset[str] = frozenset()
    restarts: int = 1


@dataclass(frozen=True, kw_only=True)
class PaceTraits:
    """How fast a server may be called when its site has no rate of its own.

    `slow_down_statuses` are answers that mean "too fast"; Retry-After is then obeyed up to
    `retry_after_cap` seconds.
    """

    requests_per_second: float = 20.0
    burst: int = 40
    parallel: int = 20
    slow_down_statuses: frozenset[int] = frozenset({429})
    retry_after_cap: float = 10.0


@dataclass(frozen=True, kw_only=True)
class WriteTraits:
    """How an answer is brought into the chart.

    `ladder` is the order to try, of which the CapabilityStatement, the granted scopes and
    the site's policy strike out what is not there. Rungs in `by_agreement` are used only
    where the site's own registration names them. `classes` says how a repeated write is
    kept single at best; the CapabilityStatement may say less, never more.
    `formats` are the media types of a note in the order of preference. `single_author` and
    `final_only` are rules of the server about DocumentReference, which every note meets:
    they are told on pages. So is `body_in_answer`, false where a create is answered by
    Location alone: every answer is understood. `keeps_content` is false
    where the server converts what it is given (XHTML into RTF), so that reading back cannot
    prove the bytes.
    """

    ladder: tuple[Rung, ...] = (
        Rung.SCRATCHPAD,
        Rung.DOCUMENT_REFERENCE,
        Rung.COMMUNICATION,
        Rung.DIAGNOSTIC_REPORT,
        Rung.COPY,
    )
    by_agreement: frozenset[Rung] = frozenset({Rung.QUESTIONNAIRE_RESPONSE})
    classes: Mapping[str, WriteClass] = field(default_factory=lambda: by_type({}))
    formats: tuple[str, ...] = ("text/plain",)
    single_author: bool = False
    final_only: bool = False
    keeps_content: bool = True
    body_in_answer: bool = True


@dataclass(frozen=True, kw_only=True)
class SignInTraits:
    """What is asked for when signing in, in the words of SMART version 2.

    `dialect` is how the scopes are written. `types_by_name` is true where `patient/*.rs`
    is not understood and each type must be named. `launch_scopes` and `backend_scopes` are
    a site's scopes when it is registered without its own.
    """

    dialect: ScopeDialect = "v2"
    launch_scopes: tuple[str, ...] = LAUNCH_SCOPES
    backend_scopes: tuple[str, ...] = BACKEND_SCOPES
    types_by_name: bool = False


@dataclass(frozen=True, kw_only=True)
class VendorTraits:
    """One EHR product: how to know it, and in what it differs from a plain R4 server.

    `software` are words, lower case, one of which is in the CapabilityStatement's
    `software.name` or `publisher`. `built_on` are keys of engines whose name such a server
    may also bear. `id_length` is told on pages: ids of up to 255 characters are read from
    any server. `missing` and `to_do` are sentences for the integration pages.
    """

    key: str
    title: str
    software: tuple[str, ...] = ()
    built_on: tuple[str, ...] = ()
    id_length: int = 64
    search: SearchTraits = SearchTraits()
    answers: AnswerTraits = AnswerTraits()
    pace: PaceTraits = PaceTraits()
    writes: WriteTraits = WriteTraits()
    sign_in: SignInTraits = SignInTraits()
    missing: tuple[str, ...] = ()
    to_do: tuple[str, ...] = ()
