"""The right side of the preview: every leaf of the bytes is on the page or in the envelope."""

from decimal import Decimal
from typing import Any

from exchange import case_bundle
from runtime import json_text
from smartapp.web.outgoing import read_outgoing
from smartapp.web.preview_view import patient_words
from tests.support import wire


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [str(value)] if isinstance(value, str | Decimal) else []


def test_every_leaf_of_the_bytes_is_shown_or_listed_as_envelope() -> None:
    built = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    outgoing = read_outgoing(built.body)
    shown = {word for section in outgoing.sections for line in section.lines for word in line.words}
    shown |= {*outgoing.patient, *outgoing.texts, *outgoing.envelope}
    missing = [leaf for leaf in _leaves(json_text.loads(built.body)) if leaf not in shown]
    assert missing == []


def test_a_time_is_said_in_words_beside_its_value() -> None:
    built = case_bundle.build_case(wire.sealed(), wire.order(), wire.PlainSigner())
    words = [w for s in read_outgoing(built.body).sections for line in s.lines for w in line.words]
    assert "85 minute before" in words


def test_the_patient_box_says_what_each_word_stands_for() -> None:
    said = patient_words(["female", "1959", "OR", "US", "en", "F", "White"])
    assert said == "Female. Born 1959. Language en. Sex at birth F. OR, US, White."
