"""What an EHR with its own ways makes of a FHIR answer before it goes out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fhir_server.messages import FhirAnswer, FhirRequest
from runtime import clock, json_text
from sandbox import fhir_outcomes, fhir_requests, long_ids
from sandbox.fhir_outcomes import issue
from sandbox.fhir_requests import SEEN
from sandbox.manners import Manners
from sandbox.places import Places

Json = dict[str, Any]  # Any: FHIR JSON
STRANGER = "somebody-else"
"""Logical id of the patient that a wrong answer belongs to; nobody here has it."""


def dressed(
    asked: FhirRequest, answered: FhirAnswer, manners: Manners, places: Places
) -> FhirAnswer:
    """Return the answer as this EHR would give it; errors go out as they are."""
    if answered.status >= 400:
        return answered
    if answered.status == 201 and asked.method == "POST":
        answered = _created(answered, manners, places)
    elif fhir_requests.searched_type(asked):
        answered = _searched(asked, answered, manners, places)
    elif asked.path.startswith("Patient/") and asked.path.count("/") == 1:
        answered = _changed(answered, lambda content: _patient(content, manners))
    return long_ids.outward(answered, manners.long_ids) if manners.long_ids else answered


def _changed(answered: FhirAnswer, change: Callable[[Json], Json]) -> FhirAnswer:
    content = answered.content()
    if content is None:
        return answered
    made = change(content)
    return replace(answered, resource=made, body=json_text.dumps(made))


def _created(answered: FhirAnswer, manners: Manners, places: Places) -> FhirAnswer:
    if manners.create_answer == "full":
        return answered
    headers = {
        name: text for name, text in answered.headers.items() if name.lower() != "content-type"
    }
    if manners.create_answer == "empty":
        headers = {name: text for name, text in headers.items() if name.lower() != "location"}
    if manners.create_answer == "foreign_location":
        headers["location"] = headers["location"].replace(places.fhir_base, places.trap)
    return FhirAnswer(status=201, headers=headers)


# --- searches -----------------------------------------------------------------------------


def _searched(
    asked: FhirRequest, answered: FhirAnswer, manners: Manners, places: Places
) -> FhirAnswer:
    def change(bundle: Json) -> Json:
        bundle = _capped(asked, bundle, manners)
        bundle = _linked(asked, bundle, manners, places)
        bundle = _mixed_up(bundle, manners)
        bundle = _warned(bundle, manners)
        if fhir_requests.searched_type(asked) == "Patient":
            for entry in _entries(bundle):
                if entry["resource"]["resourceType"] == "Patient":
                    entry["resource"] = _patient(entry["resource"], manners)
        return bundle

    return _changed(answered, change)


def _entries(bundle: Json) -> list[Json]:
    found: list[Json] = bundle.get("entry", [])
    return found


def _capped(asked: FhirRequest, bundle: Json, manners: Manners) -> Json:
    """End a search after so many matches, and say so, as a match of mode outcome."""
    if not manners.result_cap:
        return bundle
    seen = fhir_requests.seen_before(asked)
    room = max(0, manners.result_cap - seen)
    entries = _entries(bundle)
    links = bundle.get("link", [])
    goes_on = any(link["relation"] == "next" for link in links)
    if len(entries) < room or (len(entries) == room and not goes_on):
        for link in links:
            if link["relation"] == "next":
                link["url"] += f"&{SEEN}={seen + len(entries)}"
        return bundle
    warning = issue(
        "incomplete",
        "More results exist than are returned.",
        severity="warning",
        vendor_code="4127",
    )
    bundle["entry"] = [*entries[:room], _as_entry(warning)]
    bundle["link"] = [link for link in links if link["relation"] != "next"]
    return bundle


def _warned(bundle: Json, manners: Manners) -> Json:
    if manners.search_warning:
        warning = issue(
            "incomplete",
            "Some data may not be shown.",
            severity="warning",
            vendor_code=manners.search_warning,
        )
        bundle["entry"] = [*_entries(bundle), _as_entry(warning)]
    return bundle


def _as_entry(warning: Json) -> Json:
    return {"resource": fhir_outcomes.outcome(warning), "search": {"mode": "outcome"}}


def _linked(asked: FhirRequest, bundle: Json, manners: Manners, places: Places) -> Json:
    links = bundle.get("link", [])
    for link in links:
        if link["relation"] == "next" and manners.pages == "foreign":
            link["url"] = f"{places.trap}/page"
    if manners.pages == "loop" and fhir_requests.follows_page(asked):
        itself = "&".join(f"{name}={text}" for name, text in asked.query)
        others = [link for link in links if link["relation"] != "next"]
        here = f"{places.fhir_base}/{asked.path}?{itself}"
        bundle["link"] = [*others, {"relation": "next", "url": here}]
    return bundle


def _mixed_up(bundle: Json, manners: Manners) -> Json:
    entries = _entries(bundle)
    if not entries or manners.entries == "right":
        return bundle
    extra = entries[0] if manners.entries == "twice" else _of_stranger(entries[0])
    bundle["entry"] = [*entries, extra]
    return bundle


def _of_stranger(entry: Json) -> Json:
    """Return an entry as it would be in the chart of somebody else."""
    resource = dict(entry["resource"])
    resource["id"] = STRANGER if resource["resourceType"] == "Patient" else f"{STRANGER}-1"
    for name in ("subject", "patient", "beneficiary"):
        if name in resource:
            resource[name] = {"reference": f"Patient/{STRANGER}"}
    made = {**entry, "resource": resource}
    if "fullUrl" in entry:
        base = entry["fullUrl"].rsplit("/", 1)[0]
        made["fullUrl"] = f"{base}/{resource['id']}"
    return made


def _patient(resource: Json, manners: Manners) -> Json:
    match manners.patient:
        case "merged":
            other = {"reference": f"Patient/{STRANGER}"}
            link = {"other": other, "type": "replaced-by"}
            return {**resource, "active": False, "link": [link]}
        case "deceased":
            return {**resource, "deceasedDateTime": clock.now().isoformat(timespec="seconds")}
        case "other":
            return {**resource, "id": STRANGER}
        case _:
            return resource
