"""A clinical document leaves as sections of text; whom its header names is only known."""

import base64
from typing import Any

import pytest

from deid import policy
from deid.attachments.admission import Admitted, NotAdmitted, admit
from deid.attachments.identities import identities_in
from deid.markup.narrative import html_to_text
from deid.pipeline import Prepared, deidentify
from tests.support.deid_cases import case, patient
from tests.support.hostile_files import pdf, shown

HEADER = """
<id root="2.16.840.1.1" extension="DOC-771204"/><code displayName="Progress note"/>
<title>Progress note</title>
<recordTarget><patientRole>
 <id root="2.16.840.1.2" extension="40417731"/>
 <addr><streetAddressLine>18 Tidewater Lane</streetAddressLine><city>Gullhaven</city>
  <state>OR</state><postalCode>97196</postalCode></addr>
 <telecom value="tel:(555)010-0142"/>
 <patient><name><given>Adela</given><family>Marrowby</family></name>
  <administrativeGenderCode code="F"/><birthTime value="19590304"/>
  <guardian><guardianPerson><name>Corwin Thistlewood</name></guardianPerson></guardian></patient>
 <providerOrganization><name>Snarvelik Infirmary</name></providerOrganization>
</patientRole></recordTarget>
<author><assignedAuthor><id root="2.16.840.1.3" extension="NPI2000771"/>
 <telecom value="mailto:quill@snarvelik.example"/>
 <assignedPerson><name><given>Ottoline</given><family>Quillfeather</family></name></assignedPerson>
</assignedAuthor></author>
<informant><relatedEntity classCode="PRS"><relatedPerson><name><given>Isolde</given>
 <family>Vantongeren</family></name></relatedPerson></relatedEntity></informant>
<participant typeCode="IND"><associatedEntity classCode="NOK"><associatedPerson><name>
 <given>Barnaby</given><family>Wexcombe</family></name></associatedPerson></associatedEntity>
</participant>
<componentOf><encompassingEncounter><id root="1" extension="ENC-90017"/><location>
 <healthCareFacility><location><name>Fernshaw Ward</name></location></healthCareFacility>
</location></encompassingEncounter></componentOf>
"""
NAMED = ("Thistlewood", "Quillfeather", "Vantongeren", "Wexcombe", "Snarvelik Infirmary",
         "40417731", "NPI2000771", "ENC-90017", "DOC-771204", "quill@snarvelik.example",
         "18 Tidewater Lane", "Fernshaw Ward")  # fmt: skip


def cda(body: str, header: str = "<title>T</title>", prolog: str = "") -> bytes:
    return (
        f'{prolog}<ClinicalDocument xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{header}'
        f"<component>{body}</component></ClinicalDocument>"
    ).encode()


def section(text: str, entries: str = "", title: str = "<title>S</title>") -> str:
    return f"<component><section>{title}<text>{text}</text>{entries}</section></component>"


def structured(*sections: str) -> str:
    return f"<structuredBody>{''.join(sections)}</structuredBody>"


def words(body: bytes) -> str:
    outcome = admit(body)
    assert isinstance(outcome, Admitted), outcome
    return outcome.words


@pytest.mark.parametrize(
    ("narrative", "text"),
    [
        ("<paragraph>a</paragraph><paragraph>b</paragraph>", "a\nb"),
        ("<list><item>a</item><item><caption>b</caption>c</item></list>", "- a\n- b\nc"),
        ("Mar<content styleCode='Bold'>row</content><sub>by</sub>", "Marrowby"),
        ("Mar<!-- x -->row<?pi x?>by &amp; <![CDATA[<b>]]>", "Marrowby & <b>"),
        ("a<br/>b<footnote>c</footnote>", "a\nb\nc"),
        ("<content revised='insert'>a</content><content revised='delete'>gone</content>", "a"),
        ("<linkHtml href='http://x.example/marrowby'>link</linkHtml>", "link"),
        ("a <renderMultiMedia referencedObject='M1'/> b", "a (picture left out) b"),
        ("<table><thead><tr><th>Drug</th><th>Dose</th></tr></thead><tbody><tr><td>Zocor</td>"
         "<td>20 mg</td></tr><tr><td>Cipro</td><td/></tr></tbody></table>",
         "Drug: Zocor; Dose: 20 mg\nDrug: Cipro"),
        ("<table><tr><th>K</th><td>6.1</td></tr><tr><th>Na:</th><td>138</td></tr></table>",
         "K: 6.1\nNa: 138"),
        ("<table><tr><td>a</td><td>b</td><td>c</td></tr></table>", "a | b | c"),
        ("<table><caption>Labs</caption><tbody><tr><td colspan='3'>none</td></tr></tbody></table>",
         "Labs\nnone"),
        ("<table><thead><tr><th colspan='2'>BP</th><th>HR</th></tr></thead><tbody><tr><td>120</td>"
         "<td>80</td><td><list><item>70</item><item>72</item></list></td></tr></tbody></table>",
         "BP: 120; BP: 80; HR: 70, 72"),
    ],
)  # fmt: skip
def test_the_narrative_reads_as_its_clinician_wrote_it(narrative: str, text: str) -> None:
    assert words(cda(structured(section(narrative)))) == f"T\n\nS\n{text}"


def test_sections_keep_their_order_parts_follow_their_whole_and_empty_ones_go() -> None:
    inner = section("b", title="<title>Inner</title>")
    outer = f"<component><section><title>Outer</title><text>a</text>{inner}</section></component>"
    named = section("c", title="<code displayName='By its code'/>")
    masked = (
        "<component><section nullFlavor='MSK'><title>M</title><text>x</text></section></component>"
    )
    body = cda(structured(outer, section(""), masked, named))
    assert words(body) == "T\n\nOuter\na\n\nInner\nb\n\nBy its code\nc"


def entry(content: str, kind: str = "observation", **attributes: str) -> str:
    written = "".join(f" {name}='{value}'" for name, value in attributes.items())
    return f"<entry><{kind}{written}>{content}</{kind}></entry>"


PROBLEM = "<code displayName='Problem'/><value xsi:type='CD' displayName='{}'/>"
PARTICIPANT = (
    "<performer><assignedEntity><code displayName='Marrowby'/></assignedEntity></performer>"
    "<author><assignedAuthor><code displayName='Marrowby'/></assignedAuthor></author>"
)


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        (entry(PROBLEM.format("Asthma")), "S\na\nCoded: Asthma"),
        (entry(PROBLEM.format("Asthma"), negationInd="true"), "S\na\nCoded: not: Asthma"),
        (entry(PROBLEM.format("Asthma"), moodCode="INT"), "S\na\nCoded: planned: Asthma"),
        (entry(PROBLEM.format("a")), "S\na"),
        (entry(PROBLEM.format("Asthma") + "<statusCode code='nullified'/>"), "S\na"),
        (entry(PROBLEM.format("Asthma"), nullFlavor="UNK"), "S\na"),
        (entry("<code displayName='Hemoglobin'/><value xsi:type='PQ' value='13.2' unit='g/dL'/>"),
         "S\na\nCoded: Hemoglobin: 13.2 g/dL"),
        (entry("<code displayName='Phone'/><value xsi:type='PQ' value='555-010-0142'/>"),
         "S\na\nCoded: Phone"),
        (entry("<consumable><manufacturedProduct><manufacturedMaterial><code displayName='Zocor'/>"
               "</manufacturedMaterial></manufacturedProduct></consumable>",
               "substanceAdministration"), "S\na\nCoded: Zocor"),
        (entry(PARTICIPANT), "S\na"),
        (entry("<code><originalText>Own words</originalText></code>"), "S\na\nCoded: Own words"),
        (entry("<code><originalText><reference value='#p1'/></originalText></code>"), "S\na"),
        (entry("<code><originalText><reference value='file:///etc/passwd'/></originalText></code>"),
         "S\na"),
        (entry("<code><originalText><reference value='http://x.example/#p1'/></originalText>"
               "</code>"), "S\na"),
    ],
)  # fmt: skip
def test_codes_are_added_where_the_narrative_does_not_name_them(entries: str, text: str) -> None:
    made = cda(structured(section("<content ID='p1'>a</content>", entries)))
    assert words(made) == f"T\n\n{text}"


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (cda(structured(section("&b;")), prolog=LAUGHS), "XML with a document type"),
        (cda(structured(section("a")), prolog='<!DOCTYPE ClinicalDocument SYSTEM "http://x/d">'),
         "XML with a document type"),
        (cda(structured(section("&nobody;"))), "damaged XML"),
        (cda(structured(section("a")))[:-9], "damaged XML"),
        (cda(structured(section("<content>" * 300 + "a" + "</content>" * 300))), "damaged XML"),
        (cda(structured(section("<br/>" * 251_000))), "too large"),
        (cda(structured(section("a")), prolog='<?xml version="1.0" encoding="klingon"?>'),
         "damaged XML"),
        (cda("<nonXMLBody/>"), "no content in the document"),
        (cda("<nonXMLBody><text><reference value='letter.pdf'/></text></nonXMLBody>"),
         "no content in the document"),
        (cda("<nonXMLBody><text representation='B64'>!!</text></nonXMLBody>"),
         "no content in the document"),
        (b'<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"/>', "XML"),
    ],
)  # fmt: skip
def test_a_document_that_is_broken_or_reaches_outside_stays(body: bytes, reason: str) -> None:
    assert admit(body) == NotAdmitted(reason)
    assert identities_in(body) == [] or reason.startswith("no content")


def unstructured(body: bytes, media: str = "text/plain") -> bytes:
    data = base64.b64encode(body).decode()
    text = f"<text mediaType='{media}' representation='B64'>{data}</text>"
    return cda(f"<nonXMLBody>{text}</nonXMLBody>")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (unstructured(b"K 6.1"), "T\n\nK 6.1"),
        (unstructured(pdf([shown("K 6.1")])), "T\n\nK 6.1"),
        (unstructured(rb"{\rtf1 K 6.1}", "application/pdf"), "T\n\nK 6.1"),
        (cda("<nonXMLBody><text>K 6.1</text></nonXMLBody>"), "T\n\nK 6.1"),
    ],
)
def test_the_file_in_an_unstructured_document_is_looked_at_again(body: bytes, text: str) -> None:
    assert words(body) == text


@pytest.mark.parametrize(
    ("inside", "reason"),
    [(b"\x89PNG\r\n\x00", "picture"), (cda(structured(section("a"))), "packed too often"),
     (b"abc\x00", "binary"), (b"%PDF-1.7", "damaged PDF")],
)  # fmt: skip
def test_a_document_leaves_with_its_file_or_not_at_all(inside: bytes, reason: str) -> None:
    assert admit(unstructured(inside)) == NotAdmitted(reason)


def test_the_header_is_handed_over_as_fhir_like_resources() -> None:
    found = identities_in(cda(structured(section("a")), HEADER))

    about = found[0]
    assert about["resourceType"] == "Patient"
    assert about["name"] == [{"given": ["Adela"], "family": "Marrowby"}]
    assert (about["birthDate"], about["gender"]) == ("1959-03-04", "female")
    assert about["telecom"] == [{"system": "phone", "value": "(555)010-0142"}]
    kinds = [each["resourceType"] for each in found]
    assert sorted(kinds) == ["Encounter", "Location", "Organization", "Patient", "Practitioner",
                             "RelatedPerson", "RelatedPerson", "RelatedPerson"]  # fmt: skip
    assert all(value in repr(found) for value in NAMED)


def test_an_author_who_is_the_patient_stays_the_patient() -> None:
    own = HEADER.replace("<given>Ottoline</given><family>Quillfeather</family>",
                         "<given>Adela</given><family>Marrowby</family>")  # fmt: skip
    found = identities_in(cda(structured(section("a")), own))
    assert "Practitioner" not in [each["resourceType"] for each in found]


def sent(attachment: dict[str, Any], **changes: Any) -> Prepared:
    return deidentify(
        case(
            {
                "resourceType": "DiagnosticReport",
                "id": "r",
                "status": "final",
                "code": {"text": "CT"},
                "subject": {"reference": "Patient/pt-9c27e1"},
                "presentedForm": [attachment],
            },
            first=patient(),
            **changes,
        ),
        policy.load(),
    )


BODY = cda(structured(section("Seen by Dr Quillfeather at Snarvelik Infirmary with Mrs Wexcombe. "
                              "Record DOC-771204, ENC-90017. K 6.1.")), HEADER)  # fmt: skip


@pytest.mark.parametrize("where", ["inline", "binary"])
def test_nobody_of_the_header_leaves_in_any_text_of_the_case(where: str) -> None:
    data = base64.b64encode(BODY).decode()
    binary = {"resourceType": "Binary", "id": "b", "data": data}
    attachment = {"data": data} if where == "inline" else {"url": "Binary/b"}

    made = sent(attachment, identity_resources=(binary,), texts={"question": "Ask Quillfeather?"})

    (report,) = [e.resource for e in made.sealed.entries if e.resource_type == "DiagnosticReport"]
    text = base64.b64decode(report["presentedForm"][0]["data"]).decode()
    assert text.startswith("Progress note\n\nS\nSeen by ")
    assert "K 6.1" in text
    assert [value for value in NAMED if value in text + made.sealed.texts["question"]] == []


@pytest.mark.parametrize(
    ("family", "born", "leaves"),
    [
        ("Marrowby", "19590304", True),
        ("Marrowby", "19880101", True),  # a mistyped date
        ("Featherstone", "19590304", True),  # a name before marriage
        ("Featherstone", "", True),
        ("Featherstone", "19880101", False),
    ],
)
def test_a_document_about_another_patient_stays(family: str, born: str, leaves: bool) -> None:
    header = HEADER.replace("<given>Adela</given><family>Marrowby</family>",
                            f"<given>Ysolde</given><family>{family}</family>")  # fmt: skip
    body = cda(structured(section("K 6.1")), header.replace("19590304", born))

    made = sent({"data": base64.b64encode(body).decode()}, texts={"question": f"Ms {family}?"})

    refused = ("DiagnosticReport.presentedForm: about another patient",)
    assert made.sealed.receipt.refused == (() if leaves else refused)
    assert family not in made.sealed.texts["question"]


def test_the_preview_shows_the_text_as_a_doctor_reads_it() -> None:
    made = sent({"data": base64.b64encode(BODY).decode()})

    (shown_pair,) = [each for each in made.preview.pairs if "presentedForm" in each.path]
    original = "".join(piece.text for piece in shown_pair.original)
    assert original.startswith("Progress note\n\nS\nSeen by Dr Quillfeather at Snarvelik")


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a<span style='opacity:0'>x</span><span style='font-size:0px'>x</span>b</p>", "ab"),
        ("<p>a<span style='opacity:0.5'>b</span></p>", "ab"),
        ("<p>Adela\n Marrowby</p><pre>a\n  b</pre>", "Adela Marrowby\na\nb"),
        ("<table><tr><th>Drug</th><th>Dose</th></tr><tr><td>Zocor</td><td>20</td></tr></table>",
         "Drug: Zocor; Dose: 20"),
        ("<ul><li>a</li><li>b</li></ul><img alt='Marrowby' src='x'>",
         "- a\n- b\n(picture left out)"),
        ("<table><tr><td>a<table><tr><td>b</td><td>c</td></tr></table></td><td>d</td></tr></table>",
         "a, b c: d"),
    ],
)  # fmt: skip
def test_a_web_page_keeps_its_lines_lists_and_tables(page: str, text: str) -> None:
    assert html_to_text(page) == text


@pytest.mark.parametrize("rule", ["display: none", "visibility :hidden", "font-size:0"])
@pytest.mark.parametrize("selector", [".x", "i", "#n", "b, .x"])
def test_what_a_style_sheet_hides_by_name_stays(rule: str, selector: str) -> None:
    sheet = f"<style>/* x */ p {{ color: red }} {selector} {{ {rule} }}</style>"
    assert html_to_text(f"{sheet}<p>Mar<i class='y x' id='n'>zz</i>rowby</p>") == "Marrowby"


@pytest.mark.parametrize(
    "sheet",
    [
        "p > .x { display: none }",
        "@media print { .x { display: none } }",
        "[data-a] { display: none }",
        ".x { display: none",
        ".x:hover { opacity: 0 }",
    ],
)
def test_a_style_sheet_that_hides_in_other_ways_keeps_the_page_back(sheet: str) -> None:
    assert html_to_text(f"<style>{sheet}</style><p>Mar<i class='x'>y</i>rowby</p>") is None
