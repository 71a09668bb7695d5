"""Rows 20 to 22 of spec deid.md 5: DICOM, web pages, clinical documents in XML."""

import io
from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.support.escapes import Escape, attached, check, document, listed, note

_UID = "1.2.840.99999.77.20261120.94107"


def _dicom(change: Callable[[Dataset], None]) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.2")
    meta.MediaStorageSOPInstanceUID = UID(_UID)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID = meta.MediaStorageSOPClassUID
    data.SOPInstanceUID = _UID
    data.StudyInstanceUID = data.SeriesInstanceUID = _UID + ".1"
    data.PatientName = "Okonkwo-Hale^Rosalind"
    data.PatientID = "CV-0093187"
    data.Modality = "CT"
    data.BurnedInAnnotation = "NO"
    data.Rows = data.Columns = 8
    data.SamplesPerPixel = 1
    data.PhotometricInterpretation = "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 8
    data.HighBit, data.PixelRepresentation = 7, 0
    data.PixelData = bytes(range(64))
    change(data)
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _private(data: Dataset) -> None:
    block = data.private_block(0x0011, "Peregrine Lab", create=True)
    block.add_new(1, "LO", "Peregrine Applethwaite")


def _nested(data: Dataset) -> None:
    inner, deeper = Dataset(), Dataset()
    deeper.PersonName = "Peregrine^Applethwaite"
    inner.PersonIdentificationCodeSequence = Sequence([deeper])
    inner.RequestedProcedureDescription = "for Peregrine Applethwaite"
    data.RequestAttributesSequence = Sequence([inner])


def _free_text(data: Dataset) -> None:
    data.StudyDescription = "CT for Peregrine Applethwaite"
    data.ImageComments = data.InstitutionName = "Peregrine Applethwaite"
    data.StationName, data.AccessionNumber = "CVCT2", "A-77120-3"


def _overlay(data: Dataset) -> None:
    data.add_new(0x60000022, "LO", "Peregrine Applethwaite")
    data.add_new(0x60003000, "OW", b"Peregrine Applethwaite  ")


def _burned(data: Dataset) -> None:
    data.BurnedInAnnotation = "YES"
    data.PixelData = b"Peregrine Applethwaite".ljust(64, b" ")


ROW_20 = listed(
    *(
        Escape(
            row=20,
            words=words,
            planted=("Peregrine Applethwaite", _UID, "A-77120-3", "CVCT2"),
            resources=(document(attached("CT as described."), attached(_dicom(change), declared)),),
            kept=("CT as described",),
            outcome="either",
        )
        for words, change, declared in (
            ("a private tag", _private, "application/dicom"),
            ("sequences inside sequences", _nested, "application/dicom"),
            ("descriptions, comments and station", _free_text, "text/plain"),
            ("an overlay", _overlay, "image/png"),
            ("burned-in text", _burned, "application/dicom"),
        )
    )
)

ROW_21 = listed(
    *(
        Escape(
            row=21,
            words=words,
            planted=("Sebastian Hollyoak", "Okonkwo"),
            resources=(document(attached(f"<html><body>{page}</body></html>", declared)),),
            kept=("Pulses present",),
        )
        for words, page, declared in (
            (
                "attributes, a comment, a script",
                "<p title='Sebastian Hollyoak' data-mrn='CV-0093187'>Pulses present.</p>"
                "<!-- Okonkwo --><script>var p='Sebastian Hollyoak'</script>",
                "application/xhtml+xml",
            ),
            (
                "entities",
                "<p>Mrs &#79;k&#x6f;nkwo&#8209;Hale with husband Seb&#97;stian&nbsp;Hollyoak. "
                "Pulses present.</p>",
                "text/html",
            ),
            (
                "a name over tags",
                "<p>Mrs Ok<span>onk</span>wo-H<b>ale</b>, son <i>Seb</i>astian <b>Holly</b>oak. "
                "Pulses present.</p>",
                "text/html",
            ),
            (
                "soft hyphens and zero width joiners",
                "<p>Mrs Okon&shy;kwo-Hale, son Seba&zwj;stian Holly&#8203;oak. Pulses present.</p>",
                "text/plain",
            ),
            (
                "a hidden block, a form and a link",
                "<p>Pulses present.</p><div style='display: none'>Sebastian Hollyoak</div>"
                "<input value='Okonkwo'><a href='mailto:sebastian.hollyoak@x.example'>mail</a>",
                "text/html",
            ),
            (
                "a table whose heads say what stands below",
                "<table><tr><th>Next of kin</th><th>Pulses</th></tr>"
                "<tr><td>Sebastian Hollyoak</td><td>Pulses present</td></tr></table>",
                "text/html",
            ),
        )
    )
)

_CDA = (
    '<?xml version="1.0"?>{dtd}<ClinicalDocument xmlns="urn:hl7-org:v3">'
    '<id root="2.16.840.1.113883.3.99.7" extension="77120-CV"/>'
    '<code code="34133-9" codeSystem="2.16.840.1.113883.6.1"/><title>{title}</title>'
    '<effectiveTime value="20261120094107-0500"/><recordTarget><patientRole>'
    '<id extension="CV-0093187" root="2.16.840.1.113883.3.99.7"/><patient><name>'
    "<given>Rosalind</given><family>Okonkwo-Hale</family></name></patient></patientRole>"
    "</recordTarget><author><time value='20261120'/><assignedAuthor><id extension='8812-77'/>"
    "<assignedPerson><name><given>Evangeline</given><family>Marchbanks</family></name>"
    "</assignedPerson></assignedAuthor></author>{header}<component><structuredBody><component>"
    "<section><code code='10164-2' codeSystem='2.16.840.1.113883.6.1'/><title>History</title>"
    "<text>{text}</text>{entry}</section></component></structuredBody></component>"
    "</ClinicalDocument>"
)


def _cda(**parts: str) -> bytes:
    filled = {"dtd": "", "title": "Summary", "header": "", "text": "", "entry": "", **parts}
    return _CDA.format(**filled).encode()


ROW_22 = listed(
    *(
        Escape(
            row=22,
            words=words,
            planted=("Evangeline Marchbanks", "Marchbanks", "8812-77", "77120-CV", "Okonkwo"),
            resources=(document(attached(body, declared)),),
            kept=("Ankle swollen",),
            outcome="either",
        )
        for words, body, declared in (
            (
                "the author of the head returns in the text",
                _cda(text="Ankle swollen, says Marchbanks. Okonkwo-Hale agrees."),
                "application/hl7-v3+xml",
            ),
            (
                "an entity of its own document type",
                _cda(
                    dtd='<!DOCTYPE d [<!ENTITY who "Evangeline Marchbanks">]>',
                    text="Ankle swollen, &who;.",
                ),
                "text/xml",
            ),
            (
                "a text linked from an entry",
                _cda(
                    text='Ankle swollen. <content ID="p1">Seen by Evangeline Marchbanks</content>',
                    entry="<entry><observation classCode='OBS' moodCode='EVN'><code "
                    "code='29308-4'><originalText>Okonkwo <reference value='#p1'/>"
                    "</originalText></code></observation></entry>",
                ),
                "text/plain",
            ),
            (
                "participants, custodian and title",
                _cda(
                    title="Letter about Rosalind Okonkwo-Hale",
                    header="<participant typeCode='IND'><associatedEntity><associatedPerson><name>"
                    "Evangeline Marchbanks</name></associatedPerson></associatedEntity>"
                    "</participant>",
                    text="Ankle swollen.",
                ),
                "application/xml",
            ),
            (
                "a section that is base64 and comments",
                _cda(text="Ankle swollen.<!-- Evangeline Marchbanks --><?who Okonkwo?>"),
                "text/plain",
            ),
        )
    )
)


@pytest.mark.parametrize("escape", [*ROW_20, *ROW_21, *ROW_22])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)


def test_row_21_a_page_of_a_note_reads_as_its_lines() -> None:
    check(
        Escape(
            row=21,
            words="markup in a plain note",
            planted=("Sebastian Hollyoak",),
            resources=(note("<br/>Seen by Sebastian Hollyoak, RN.<br/>BP 130/80"),),
            kept=("130/80",),
        )
    )
