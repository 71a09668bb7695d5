"""Headers are read strictly."""

import pytest

from fhir_server import negotiate
from fhir_server.errors import BodyTypeUnsupported, FormatUnsupported, RequestInvalid


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "application/fhir+json",
        "application/json;q=0.9",
        "*/*",
        "application/fhir+xml, */*;q=0.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/fhir+xml;q=1, application/fhir+json;q=1",
    ],
)
def test_whoever_takes_json_gets_it(accept: str) -> None:
    negotiate.check_answer_format({"accept": accept}, ())


@pytest.mark.parametrize("accept", ["application/fhir+xml", "text/html", "application/json;q=0"])
def test_whoever_takes_no_json_gets_406(accept: str) -> None:
    with pytest.raises(FormatUnsupported):
        negotiate.check_answer_format({"accept": accept}, ())


def test_format_parameter_wins_over_accept() -> None:
    negotiate.check_answer_format({"accept": "text/html"}, (("_format", "json"),))
    negotiate.check_answer_format({}, (("_format", "application/fhir json"),))
    with pytest.raises(FormatUnsupported):
        negotiate.check_answer_format({"accept": "*/*"}, (("_format", "xml"),))


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/fhir+xml", "application/json; charset=latin-1"]
)
def test_only_json_bodies_are_read(kind: str) -> None:
    with pytest.raises(BodyTypeUnsupported):
        negotiate.check_body_format({"content-type": kind})


@pytest.mark.parametrize("text", ['W/"3"', '"3"', "3", ' W/"3" '])
def test_if_match_is_read_in_each_form(text: str) -> None:
    assert negotiate.if_match({"if-match": text}) == 3


@pytest.mark.parametrize("text", ["*", "W/3", '"abc"', '"1", "2"'])
def test_another_if_match_is_refused_since_it_would_match_nothing(text: str) -> None:
    with pytest.raises(RequestInvalid):
        negotiate.if_match({"if-match": text})


def test_preference_is_found_among_others() -> None:
    assert negotiate.preference({"prefer": "handling=strict; return=minimal"}) == "minimal"
    assert negotiate.preference({"prefer": "respond-async, return=representation"}) == (
        "representation"
    )
    assert negotiate.preference({}) is None
