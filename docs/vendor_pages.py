"""The pages about connecting each vendor, from the tables that the adapters work by."""

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import markdown

from fhir_adapters import sections
from fhir_adapters.capability import Capability, WriteClass
from fhir_adapters.choose_vendor import GENERIC, VENDORS
from fhir_adapters.traits import Rung, VendorTraits
from fhir_adapters.writing import write_class
from launch.scopes import in_dialect
from sandbox.dialects import DIALECTS

_FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "smart"
_RUNGS = {
    Rung.SCRATCHPAD: ("unsigned draft in the EHR's own editor", "SMART Web Messaging"),
    Rung.DOCUMENT_REFERENCE: ("note in the chart", "DocumentReference"),
    Rung.COMMUNICATION: ("message to the doctor's inbox", "Communication"),
    Rung.DIAGNOSTIC_REPORT: ("report in the chart", "DiagnosticReport"),
    Rung.QUESTIONNAIRE_RESPONSE: ("filled-in form", "QuestionnaireResponse"),
    Rung.COPY: ("text to copy and PDF in the app, marked as not filed", "always"),
}  # fmt: skip
_CLASSES = {
    WriteClass.CONDITIONAL: "the server itself keeps it single",
    WriteClass.SEARCHABLE: "looked for by identifier before every write",
    WriteClass.BLIND: "cannot be looked for: a write whose answer was lost goes to a person",
}
_WITHOUT_SIGN_IN = frozenset({"hapi", "google"})
# Read as it stands; nobody can launch from it.
_OPEN = frozenset({"hapi"})


def render() -> dict[str, str]:
    """Every page by its path under docs/."""
    pages = {f"integrate/{key}.md": _page(traits) for key, traits in VENDORS.items()}
    return {**pages, "integrate/vendors.md": _overview()}


def _page(traits: VendorTraits) -> str:
    capability = _capability(traits.key)
    parts = [
        markdown.head(
            traits.title,
            f"For integration engineers; after this page you can connect {_whom(traits)} and know "
            "what will be missing. Facts of vendors age, and each hospital enables its own subset: "
            "[the check](check.md) tells what is true at yours.",
        ),
        "## Try it first, without the vendor",
        _rehearsal(traits),
        "## What to register at the EHR",
        *([_listed(traits.to_do)] if traits.to_do else []),
        *([] if traits.key in _OPEN else [_form(traits)]),
        "## What to paste here",
        _open(traits) if traits.key in _OPEN else _paste(traits),
        "## What works",
        _reading(capability, traits),
        _writing(capability, traits),
        "## What will be missing",
        _listed((*traits.missing, *_not_declared(capability, traits))),
        "## What Confer does otherwise here",
        _differences(traits),
        "## Where this is from",
        _sources(traits),
    ]
    return markdown.page(parts)


def _overview() -> str:
    rows = [
        (
            f"[{traits.title}]({key}.md)",
            f"`{key}`",
            "none of its own" if key in _WITHOUT_SIGN_IN else _DIALECTS[traits.sign_in.dialect],
            _best_rung(traits),
            f"{traits.pace.requests_per_second:g}/s, {traits.pace.burst} at once",
        )
        for key, traits in VENDORS.items()
    ]
    return markdown.page(
        [
            markdown.head(
                "EHR vendors",
                "For integration engineers; after this page you know which of the vendor pages to "
                "follow.",
            ),
            "A vendor is a table of differences in `fhir_adapters/vendors`, nothing else. It is "
            "chosen by what a server's CapabilityStatement says and by the site's registration, "
            "never by an address. When the two disagree nothing is read: the reading page and "
            "`confer check` say so (`adapter.vendor_mismatch`).",
            markdown.table(
                ("vendor", "`--vendor`", "sign-in", "best way to file an answer", "asked at most"),
                rows,
            ),
            "For servers that anybody may try: [public sandboxes](public-sandboxes.md).",
            "## Servers of another FHIR release",
            "Charts of DSTU2, STU3 and R5 servers are read as R4, and nothing is written there: "
            "[what arrives and what does not](other-releases.md).",
        ]
    )


_DIALECTS = {
    "v2": "SMART, scopes of version 2",
    "v1": "SMART, scopes of version 1",
    "dots": "SMART, scopes with dots",
}


def _rehearsal(traits: VendorTraits) -> str:
    spoken = DIALECTS[traits.key]
    lines = [
        "scripts/demo",
        "# in a second terminal, same folder:",
        ".venv/bin/confer site probe http://localhost:8400/fhir",
    ]
    change = [f".venv/bin/confer site change plainview --vendor {traits.key}"]
    if traits is not GENERIC:
        change.append('--scope "" --backend-scope ""')
        change.append(f"--scope-dialect {traits.sign_in.dialect}")
        if "other_host" in (spoken.manners.issuer, spoken.manners.endpoints):
            change.append("--allowed-origin http://127.0.0.1:8400")
        lines.append(" ".join(change))
    lines.append(".venv/bin/confer check plainview --patient pt-9c27e1")
    told = (
        "The sandbox EHR speaks this dialect. Start the demo, choose "
        f"**{spoken.title}** at <http://localhost:8400/bench>, and ask the check:\n\n"
        "```sh\n" + "\n".join(lines) + "\n```\n\n`scripts/demo --fresh` puts everything back."
    )
    if spoken.differs:
        told += "\n\nWhat it does differently then:\n\n" + _listed(spoken.differs)
    return told


def _form(traits: VendorTraits) -> str:
    sign_in = traits.sign_in
    launch = " ".join(in_dialect(sign_in.launch_scopes, sign_in.dialect))
    backend = " ".join(in_dialect(sign_in.backend_scopes, sign_in.dialect))
    rows = [
        ("launch URL", "`{gateway}/launch`", ""),
        ("redirect URI", "`{gateway}/callback`", ""),
        ("key set URL", "`{gateway}/.well-known/jwks.json`", "the same"),
        ("authentication", "`private_key_jwt` (RS384 or ES384)", "`private_key_jwt`"),
        ("scopes", f"`{launch}`", f"`{backend}`"),
    ]
    return markdown.table(("", "client for doctors", "client of the gateway"), rows)


def _paste(traits: VendorTraits) -> str:
    site = json.loads((_FIXTURES / traits.key / "site.json").read_text(encoding="utf-8"))
    lines = [
        'site_id = "north"',
        'name = "North Hospital"',
        f'issuer = "{site["issuer"]}"  # your FHIR base, as the EHR sends it in iss',
        'client_id = "the-launch-client"',
        f'vendor = "{traits.key}"',
    ]
    if site["allowed_origins"]:
        origins = ", ".join(f'"{one}"' for one in site["allowed_origins"])
        lines.append(f"allowed_origins = [{origins}]  # `confer site probe` names yours")
    lines.append('frame_origins = ["https://chart.north.example"]  # the page that frames the app')
    if _writes_something(traits):
        lines.append('backend_client_id = "the-backend-client"')
    if traits.sign_in.dialect != "v2":
        lines.append(f'scope_dialect = "{traits.sign_in.dialect}"')
    toml = "\n".join(lines)
    return (
        f"```toml\n# north.toml\n{toml}\n```\n\n```sh\nconfer site probe {site['issuer']}\n"
        "confer site add --file north.toml\nconfer check north --patient A-TEST-PATIENT\n```\n\n"
        "All facts of a site: [sites](../operate/sites.md)."
    )


def _open(traits: VendorTraits) -> str:
    site = json.loads((_FIXTURES / traits.key / "site.json").read_text(encoding="utf-8"))
    return (
        f"```sh\nconfer check {site['issuer']} --origin {site['issuer'].rsplit('/', 1)[0]} "
        f"--vendor {traits.key} --patient A-TEST-PATIENT\n```\n\n"
        "With a launcher in front, register that launcher's FHIR base as a site: "
        "[public sandboxes](public-sandboxes.md)."
    )


def _reading(capability: Capability, traits: VendorTraits) -> str:
    rows = []
    for name, wishes in sections.WISHES.items():
        queries = sections.queries(wishes, capability, "ID", traits.search)
        asked = ", ".join(
            f"`{query.resource_type}?"
            + "&".join(f"{param}={value}" for param, value in query.params)
            + "`"
            for query in queries
        )
        rows.append((str(name).replace("_", " "), asked or "not declared"))
    how = " by POST, so that no identifier is in an address" if traits.search.post_search else ""
    return (
        f"Searches sent{how}, by what its test system declares (yours may differ):\n\n"
        + markdown.table(("section", "search"), rows)
    )


def _writing(capability: Capability, traits: VendorTraits) -> str:
    rows = []
    for rung in traits.writes.ladder:
        what, how = _RUNGS[rung]
        found = write_class(how, capability=capability, writes=traits.writes)
        single = _CLASSES[found] if found else ("" if how not in _TYPES else "not declared")
        by_agreement = rung in traits.writes.by_agreement
        note = "only when the site names it in `write_as`" if by_agreement else single
        rows.append((what, how, note))
    return "An answer is filed in the first of these forms that is there:\n\n" + markdown.table(
        ("form", "needs", "kept single how"), rows
    )


_TYPES = frozenset(
    {"DocumentReference", "Communication", "DiagnosticReport", "QuestionnaireResponse"}
)


def _differences(traits: VendorTraits) -> str:
    rows = list(_rows(traits))
    if not rows:
        return "Nothing: this is what the others differ from."
    return markdown.table(("what", "here", "elsewhere"), rows)


def _rows(traits: VendorTraits) -> Iterator[tuple[str, str, str]]:
    for label, mine, plain in (
        ("characters in an id", traits.id_length, GENERIC.id_length),
        ("entries on a page", traits.search.page_size, GENERIC.search.page_size),
        ("the same, by type", _pairs(traits.search.page_sizes), ""),
        ("matches after which a search ends", traits.search.result_cap, None),
        ("a search must hold one of", _needed(traits), ""),
        ("`_id` alone in a search", traits.search.id_alone, False),
        ("searches by POST", traits.search.post_search, False),
        ("codes: a part is missing", _codes(traits.answers.partial_codes), ""),
        ("codes: too many results", _codes(traits.answers.capped_codes), ""),
        ("codes: refused, not asked again", _codes(traits.answers.refused_codes), ""),
        ("codes: pages are gone, begin anew", _codes(traits.answers.expired_codes), ""),
        ("codes: patient merged", _codes(traits.answers.merged_codes), ""),
        ("calls a second", f"{traits.pace.requests_per_second:g}", "20"),
        ("calls at once", traits.pace.burst, GENERIC.pace.burst),
        ("calls under way", traits.pace.parallel, GENERIC.pace.parallel),
        ("formats of a note", ", ".join(traits.writes.formats), "text/plain"),
        ("one author, final only", traits.writes.single_author, False),
        ("keeps the bytes of a note", traits.writes.keeps_content, True),
        ("answers a create with the resource", traits.writes.body_in_answer, True),
        ("scopes name each type", traits.sign_in.types_by_name, False),
    ):
        if mine != plain:
            yield label, _said(mine), _said(plain)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "no such limit" if value is None else str(value)


def _pairs(sizes: object) -> str:
    return ", ".join(f"{name} {size}" for name, size in dict(sizes).items())  # type: ignore[call-overload]


def _needed(traits: VendorTraits) -> str:
    return "; ".join(
        f"{name}: {' and '.join(' or '.join(group) for group in groups)}"
        for name, groups in traits.search.required.items()
    )


def _codes(codes: frozenset[str]) -> str:
    return ", ".join(sorted(codes, key=lambda code: (len(code), code)))


def _not_declared(capability: Capability, traits: VendorTraits) -> list[str]:
    missing = [
        str(name).replace("_", " ")
        for name, wishes in sections.WISHES.items()
        if not sections.queries(wishes, capability, "ID", traits.search)
    ]
    if not missing:
        return []
    return [f"Not declared by its test system, shown as refused: {', '.join(missing)}."]


def _sources(traits: VendorTraits) -> str:
    module = importlib.import_module(f"fhir_adapters.vendors.{traits.key}")
    told = (inspect.getdoc(module) or "").split("Spec: ", 1)[-1]
    told = told.replace("spec/smart.md section 4, ", "the vendor table of our specification, ")
    told = told[:1].upper() + told[1:]
    return (
        f"{' '.join(told.split())}\n\nEach value has its source beside it in "
        f"`fhir_adapters/vendors/{traits.key}.py`; the statement behind the tables of this page is "
        f"`fixtures/smart/{traits.key}/capability-statement.json`. What says (uncertain) there is "
        "told, not published."
    )


def _best_rung(traits: VendorTraits) -> str:
    passed = {Rung.SCRATCHPAD, *traits.writes.by_agreement}
    return _RUNGS[next(rung for rung in traits.writes.ladder if rung not in passed)][0]


def _writes_something(traits: VendorTraits) -> bool:
    filed = {Rung.DOCUMENT_REFERENCE, Rung.COMMUNICATION, Rung.DIAGNOSTIC_REPORT}
    return bool(filed & set(traits.writes.ladder))


def _whom(traits: VendorTraits) -> str:
    return "an R4 server of any make" if traits is GENERIC else traits.title


def _listed(sentences: tuple[str, ...]) -> str:
    return "\n".join(f"- {one}" for one in sentences)


def _capability(key: str) -> Capability:
    path = _FIXTURES / key / "capability-statement.json"
    return Capability.from_statement(json.loads(path.read_text(encoding="utf-8")))
