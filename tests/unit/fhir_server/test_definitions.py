"""The definitions speak of elements that the types really have."""

import pytest

from fhir_server.search import parameters
from fhir_server.structure import shapes

TYPES = parameters.known_types()
_KEYWORD = {"for": "for", "class": "class"}


def _exists(resource_type: str, path: str) -> bool:
    model = shapes.path_of(shapes.model_of(resource_type))
    steps = path.split(".") if "[" not in path else path.replace(".value", "|value").split("|")
    for step in steps:
        element = shapes.elements_of(model).get(step.partition("[")[0])
        if element is None:
            return False
        model = element.model or model
    return True


@pytest.mark.parametrize("resource_type", TYPES)
def test_every_path_leads_to_an_element(resource_type: str) -> None:
    wrong = [
        f"{parameter.name}: {path}"
        for parameter in parameters.parameters_of(resource_type).values()
        for path in (*parameter.paths, *parameter.exists)
        if not _exists(resource_type, path)
    ]
    assert wrong == []


@pytest.mark.parametrize("resource_type", TYPES)
def test_every_target_is_a_resource_type(resource_type: str) -> None:
    wrong = [
        target
        for parameter in parameters.parameters_of(resource_type).values()
        for target in parameter.targets
        if shapes.model_of(target) is None
    ]
    assert wrong == []


def test_the_patient_compartment_names_reference_parameters() -> None:
    for resource_type, names in parameters.patient_compartment().items():
        known = parameters.parameters_of(resource_type)
        assert {known[name].type for name in names} == {"reference"}


def test_required_codes_lead_to_elements_and_agree_with_the_models() -> None:
    codes = parameters.load_definition("required_codes")
    for path, allowed in codes.items():
        kind, _, rest = path.partition(".")
        model = shapes.model_of(kind)
        if model is None:
            continue  # a data type
        assert _exists(kind, rest), path
        if "." in rest:
            continue
        extra = model.model_fields.get(rest)
        listed = (extra.json_schema_extra or {}).get("enum_values") if extra else None
        if listed and "+" not in "".join(listed):
            assert set(listed) <= set(allowed), path


def test_our_own_parameters_are_marked() -> None:
    own = {
        parameter.key
        for name in TYPES
        for parameter in parameters.parameters_of(name).values()
        if parameter.own
    }
    assert own == {"Task.due", "Communication.in-response-to"}
