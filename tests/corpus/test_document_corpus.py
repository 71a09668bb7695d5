"""Clinical documents of many makers leave as clean text; their own headers name nobody in it."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deid import known_identity, policy
from deid.attachments.identities import identities_in
from deid.pipeline import Prepared, deidentify
from tests.support.deid_cases import case

FOLDER = Path(__file__).parents[2] / "fixtures" / "ccda"
FILES = sorted(path.name for path in FOLDER.glob("*.xml.gz"))

# Values of a header that are everyday words; each is looked at by hand in the text that leaves.
WORDS = {
    # "Henry Seven", as in "seven days"
    "hl7-ccda-examples-unstructured-document-embed.xml.gz": {"Seven"},
    "hl7-ccd-sample.xml.gz": {"Relative"},  # "Ralph Relative", as in "Relative: mother"
    "mtuitive-opnote-cataract.xml.gz": {"Surgery"},  # a department, as in "Cataract Surgery"
    "partners-healthcare-partners-ccda.xml.gz": {"TEST"},  # "Test", as in "TEST RESULTS"
}
SHORTEST = 1_000


def packed(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def prepared(name: str) -> tuple[Prepared, list[Any]]:
    """A chart whose patient is the one of the document, and what the header says."""
    body = packed(name)
    header = identities_in(body)
    document = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/pt-9c27e1"},
        "content": [{"attachment": {"data": base64.b64encode(body).decode()}}],
    }
    patient = {**header[0], "id": "pt-9c27e1"}
    return deidentify(case(document, first=patient), policy.load()), [*header]


def text_of(made: Prepared) -> str:
    (entry,) = [each for each in made.sealed.entries if each.resource_type == "DocumentReference"]
    data = entry.resource["content"][0]["attachment"]["data"]
    return base64.b64decode(data).decode()


def values(item: Any, key: str = "") -> Iterator[str]:
    if isinstance(item, dict):
        for name, each in item.items():
            yield from values(each, name)
    elif isinstance(item, list):
        for each in item:
            yield from values(each, key)
    elif isinstance(item, str) and key not in ("resourceType", "system", "gender", "state"):
        yield item


@pytest.mark.parametrize("name", FILES)
def test_a_clinical_document_leaves_as_text_without_anything_its_header_names(name: str) -> None:
    made, header = prepared(name)

    assert made.sealed.receipt.gate_passed
    text = text_of(made)
    sought = {each for each in values(header) if len(each) > 2 and each not in ("USA", "US")}
    left = {
        each
        for each in sought
        if re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text, re.IGNORECASE)
    }
    assert len(header) > 2
    assert left - WORDS.get(name, set()) == set()


@pytest.mark.parametrize("name", FILES)
def test_a_clinical_document_is_still_worth_reading(name: str) -> None:
    made, _ = prepared(name)

    text = text_of(made)

    tokens = len(re.findall(r"\[[^\]]{1,40}\]", text))
    assert len(text) > SHORTEST or "surgical-consult" in name
    assert tokens < len(text.split()) / 8
    assert re.findall(r"</?[A-Za-z]{1,20}(?:\s[^<>]{0,50})?>", text) == []


def test_the_header_of_a_document_is_known_in_every_other_text() -> None:
    header = identities_in(packed("nist-ccda-ccd-b1-ambulatory-v2.xml.gz"))

    identity = known_identity.build(header)

    found = {
        hit.category for hit in identity.find("Ms. Myra Jones, 1357 Amber Drive, (816)276-6909")
    }
    assert found == {"name", "street", "phone"}
