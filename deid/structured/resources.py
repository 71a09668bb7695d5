"""Takes one resource through the allow list, with what it contains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deid.errors import ResourceRefused
from deid.structured.canonical import encoded
from deid.structured.paths import Path
from deid.structured.reference_index import kind_of
from deid.structured.references import OF_THE_CASE, is_patient, name_of
from deid.structured.rules import Node
from deid.structured.run import Run
from deid.structured.walker import walk

Resource = dict[str, Any]  # FHIR JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeRules:
    """What the policy says about resource types."""

    nodes: Mapping[str, Node]
    withheld: Mapping[str, str]
    withheld_codes: Mapping[tuple[str, str], str]
    """(system, code) -> why a resource about it stays behind whatever its type."""

    def why_withheld(self, resource: Mapping[str, Any]) -> str | None:
        """Return why a resource stays behind as a whole; None when it is walked."""
        why = self.withheld.get(kind_of(resource))
        if why is not None:
            return why
        code = resource.get("code")
        codings = code.get("coding") if type(code) is dict else None
        for each in codings if type(codings) is list else ():
            if type(each) is dict:
                why = self.withheld_codes.get((str(each.get("system")), str(each.get("code"))))
                if why is not None:
                    return why
        return None


def clean_resource(resource: Resource, root: str, rules: TypeRules, run: Run) -> Resource:
    """Return what may leave of a resource.

    Raises:
        ResourceRefused: its type is not known, it is not about the patient of the case, it was
            entered in error, or something in it must stay and cannot.
    """
    kind = kind_of(resource)
    node = rules.nodes.get(kind)
    if node is None:
        raise ResourceRefused(expression="resourceType", reason="unknown resource type")
    if resource.get("status") == "entered-in-error" or _in_error(resource):
        raise ResourceRefused(expression=kind, reason="entered in error")
    if node.patient_element is not None and node.patient_element not in resource:
        raise ResourceRefused(
            expression=f"{kind}.{node.patient_element}", reason="does not name the patient"
        )
    run.contained, run.contained_names, run.contained_links = {}, {}, []
    if "contained" not in resource:
        plain: Resource = walk(node, resource, root, run)
        return plain
    kept = _clean_contained(resource, root, rules, run)
    out: Resource = walk(node, resource, root, run)
    _attach_contained(out, kept, run)
    return out


def _in_error(resource: Resource) -> bool:
    status = resource.get("verificationStatus")
    codings = status.get("coding") if type(status) is dict else None
    return type(codings) is list and any(
        type(each) is dict and each.get("code") == "entered-in-error" for each in codings
    )


def _clean_contained(
    resource: Resource, root: str, rules: TypeRules, run: Run
) -> dict[str, Resource]:
    """Clean every contained resource by the rules of its own type.

    People and places become roles at the links to them. One that names another patient, or
    that holds resources of its own, stays behind; one that names no patient belongs to the
    resource around it, and FHIR gives it the patient of the case.
    """
    contained = resource["contained"]
    if type(contained) is not list:
        run.drop("wrong_type", (root, "contained"))
        return {}
    admitted: list[tuple[str, Node, Resource, Path]] = []
    for position, each in enumerate(contained):
        here: Path = ((root, "contained"), position)
        kind = each.get("resourceType") if type(each) is dict else None
        own_id = each.get("id") if type(each) is dict else None
        if not isinstance(kind, str) or not isinstance(own_id, str):
            run.drop("wrong_type", here)
        elif (why := _why_left(each, rules, run)) is not None:
            run.drop(why, here)
            if kind in run.roles:
                run.contained[own_id] = kind
                run.contained_names[own_id] = name_of(each)
        else:
            run.contained[own_id] = kind
            admitted.append((own_id, rules.nodes[kind], _about_patient(each, rules), here))
    return {own_id: walk(node, each, here, run) for own_id, node, each, here in admitted}


def _why_left(each: Resource, rules: TypeRules, run: Run) -> str | None:
    """Return why a contained resource stays behind; None when it is walked."""
    node = rules.nodes.get(each["resourceType"])
    if node is None or each["resourceType"] == "Patient":
        return rules.why_withheld(each) or "not_needed"
    if "contained" in each:
        return "wrong_type"  # FHIR knows no such thing
    if node.patient_element in each and not is_patient(each[node.patient_element], run):
        return "link"
    return rules.why_withheld(each)


def _about_patient(each: Resource, rules: TypeRules) -> Resource:
    """Return the contained resource with the patient of the case where it names none."""
    named = rules.nodes[each["resourceType"]].patient_element
    return each if named is None or named in each else {**each, named: OF_THE_CASE}


def _attach_contained(out: Resource, kept: dict[str, Resource], run: Run) -> None:
    """Keep what is linked to, under new ids that follow the outgoing content."""
    wanted = {own_id for _, own_id in run.contained_links}
    ordered = sorted(wanted, key=lambda own_id: encoded(kept[own_id]))
    names = {own_id: f"part{number}" for number, own_id in enumerate(ordered, start=1)}
    for link, own_id in run.contained_links:
        link["reference"] = f"#{names[own_id]}"
    if ordered:
        out["contained"] = [{**kept[own_id], "id": names[own_id]} for own_id in ordered]
