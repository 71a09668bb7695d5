# ruff: noqa: E501 - one case a line
"""Rows 39, 43, 44, 48, 49 of spec deid.md 5: rare facts, devices, pictures, odd JSON, odd fields."""

import pytest

from runtime import json_text
from runtime.errors import JsonTextError
from tests.support.escapes import (
    SUBJECT,
    Escape,
    Resource,
    attached,
    check,
    document,
    listed,
    note,
    observation,
    sent,
)


@pytest.mark.parametrize(
    "text",
    [
        "Mother of quintuplets, edema.",
        "Has Fields condition (3 known families) and edema.",
        "Survivor of the ferry disaster, edema.",
        "The former prime minister has edema.",
        "Won the national lottery, then edema.",
        "Conjoined twin, separated at age 2. edema",
    ],
)
def test_row_39_a_rare_fact_is_shown_and_raises_the_risk(text: str) -> None:
    prepared = sent(Escape(row=39, words=text, resources=(note(text),)))
    plain = sent(Escape(row=39, words="plain", resources=(note("Has edema."),)))

    hidden = "prime minister" not in str(prepared.preview.pairs[0].outgoing)
    assert hidden or len(prepared.sealed.receipt.risk_facts) > len(plain.sealed.receipt.risk_facts)
    assert prepared.sealed.receipt.risk_level in ("medium", "high") or hidden


ROW_43 = listed(
    Escape(
        row=43,
        words="a pacemaker with every number it has",
        planted=("SN-PM-88213377", "LOT77A120", "Rosalinds pacer", "pacer.cloud"),
        resources=(
            {
                "resourceType": "Device",
                "id": "dev-1",
                "status": "active",
                "patient": SUBJECT,
                "udiCarrier": [
                    {
                        "deviceIdentifier": "00844588003288",
                        "carrierHRF": "(01)00844588003288(21)SN-PM-88213377(10)LOT77A120",
                    }
                ],
                "serialNumber": "SN-PM-88213377",
                "lotNumber": "LOT77A120",
                "distinctIdentifier": "SN-PM-88213377",
                "deviceName": [{"name": "Rosalinds pacer", "type": "user-friendly-name"}],
                "url": "https://pacer.cloud.example/d/88213377",
                "type": {"text": "Dual chamber pacemaker"},
                "manufactureDate": "2019-07-04",
            },
        ),
        kept=("Dual chamber pacemaker",),
    ),
    Escape(
        row=43,
        words="serial, lot and cloud link typed in a note",
        planted=("PJN 774120 H", "77A-1203", "88213377", "carelink.example"),
        resources=(
            note(
                "Pacemaker s/n PJN 774120 H, lot 77A-1203, https://carelink.example/p/88213377. edema"
            ),
        ),
        kept=("Pacemaker", "edema"),
    ),
    Escape(
        row=43,
        words="the lot of a vaccine and the batch of a drug",
        planted=("EW0182", "BX-7719"),
        resources=(
            {
                "resourceType": "Immunization",
                "id": "i-1",
                "status": "completed",
                "patient": SUBJECT,
                "vaccineCode": {"text": "Influenza vaccine"},
                "lotNumber": "EW0182",
                "occurrenceDateTime": "2026-10-10",
                "note": [{"text": "lot EW0182"}],
            },
            {
                "resourceType": "Medication",
                "id": "med-43",
                "code": {"text": "Heparin"},
                "batch": {"lotNumber": "BX-7719"},
            },
        ),
        kept=("Influenza vaccine", "Heparin"),
    ),
    Escape(
        row=43,
        words="the meter at home and its network address",
        planted=("00:1B:44:11:3A:B7", "192.168.4.77", "IMEI 490154203237518"),
        resources=(
            observation(
                device={"display": "Glucometer 00:1B:44:11:3A:B7"},
                note=[{"text": "from 192.168.4.77, IMEI 490154203237518, edema"}],
            ),
        ),
        kept=("edema",),
    ),
)

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077 53de".replace(" ", "")
)
ROW_44 = listed(
    *(
        Escape(
            row=44,
            words=f"{words}, not confirmed by the doctor",
            planted=("wristband", "SUQzBAAA", "AAAAGGZ0eXBtcDQy", "iVBORw0KGgo"),
            resources=resources,
            kept=("wound is dry",),
            outcome="either",
        )
        for words, resources in (
            (
                "a photo of a wound with the wristband in view",
                (note("wound is dry"), document(attached(_PNG, "image/png", title="wristband"))),
            ),
            (
                "a voice message called a text",
                (
                    note("wound is dry"),
                    document(attached(b"ID3\x04\x00\x00wristband", "text/plain")),
                ),
            ),
            (
                "a video",
                (
                    note("wound is dry"),
                    document(attached(b"\x00\x00\x00\x18ftypmp42wristband", "video/mp4")),
                ),
            ),
            (
                "the photo of the patient and of a report",
                (
                    note("wound is dry"),
                    {
                        "resourceType": "Media",
                        "id": "md",
                        "status": "completed",
                        "subject": SUBJECT,
                        "content": attached(_PNG, "image/png", title="wristband"),
                    },
                ),
            ),
        )
    )
)


@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceType":"Patient","resourceType":"Observation"}',
        b'{"note":[{"text":"a","text":"Okonkwo"}]}',
        b'{"value":NaN}',
        b'{"text":"\\ud83d"}',
        b"[" * 500 + b"]" * 500,
        b'{"a":1}{"name":"Okonkwo"}',
    ],
)
def test_row_48_a_chart_that_reads_in_two_ways_is_refused_without_its_words(body: bytes) -> None:
    with pytest.raises(JsonTextError) as refused:
        json_text.loads(body)
    assert "Okonkwo" not in str(refused.value)


def _nested(depth: int) -> Resource:
    inner: Resource = {"valueString": "Lavinia Crabtree"}
    for _ in range(depth):
        inner = {"url": "https://x.example/y", "extension": [inner]}
    return inner


ROW_48 = listed(
    Escape(
        row=48,
        words="a key that is a name",
        planted=("Okonkwo", "Lavinia Crabtree"),
        resources=(observation(**{"Okonkwo-Hale": "x", "Lavinia Crabtree": {"a": 1}}),),
        kept=("718-7",),
    ),
    Escape(
        row=48,
        words="wrong types everywhere",
        planted=("Lavinia Crabtree",),
        resources=(
            observation(
                note="Lavinia Crabtree",
                bodySite=["Lavinia Crabtree"],
                valueQuantity=["Lavinia Crabtree", {"value": "Lavinia Crabtree"}],
            ),
        ),
        kept=("718-7",),
        outcome="either",
    ),
    Escape(
        row=48,
        words="sixty extensions deep",
        planted=("Lavinia Crabtree",),
        resources=(observation(extension=[_nested(60)], _status={"extension": [_nested(60)]}),),
        kept=("718-7",),
    ),
    Escape(
        row=48,
        words="lists in lists and nulls",
        planted=("Lavinia Crabtree",),
        resources=(
            observation(note=[[{"text": "Lavinia Crabtree"}], None, [[["Lavinia Crabtree"]]]]),
        ),
        kept=("718-7",),
    ),
    Escape(
        row=48,
        words="Parameters around the chart",
        planted=("Lavinia Crabtree",),
        resources=(
            {
                "resourceType": "Parameters",
                "id": "p",
                "parameter": [
                    {"name": "Lavinia Crabtree", "valueString": "Lavinia Crabtree"},
                    {"name": "r", "resource": observation(id="x")},
                ],
            },
        ),
        outcome="either",
    ),
    Escape(
        row=48,
        words="a type that is misspelled, missing or a list",
        planted=("Lavinia Crabtree",),
        resources=(
            {"resourceType": "Observaton", "id": "a", "note": [{"text": "Lavinia Crabtree"}]},
        ),
        outcome="refused",
    ),
    *(
        Escape(
            row=48,
            words=f"a resource whose type is {words}",
            planted=("Lavinia Crabtree",),
            resources=(resource,),
            outcome="refused",
        )
        for words, resource in (
            ("missing", {"id": "a", "note": [{"text": "Lavinia Crabtree"}]}),
            ("a list", {"resourceType": ["Lavinia Crabtree"], "id": "a"}),
        )
    ),
)

ROW_49 = listed(
    *(
        Escape(
            row=49,
            words=words,
            planted=("Lavinia Crabtree", "5550199", "Bluebell Hospice"),
            resources=(resource,),
            kept=kept,
            outcome="either",
        )
        for words, resource, kept in (
            (
                "CareTeam.name and its telecom",
                {
                    "resourceType": "CareTeam",
                    "id": "ct",
                    "status": "active",
                    "name": "Team Lavinia Crabtree",
                    "telecom": [{"value": "503 555 0199"}],
                    "subject": SUBJECT,
                    "note": [{"text": "led by Lavinia Crabtree, edema"}],
                },
                ("edema",),
            ),
            (
                "titles of a plan and its activities",
                {
                    "resourceType": "CarePlan",
                    "id": "cp",
                    "status": "active",
                    "intent": "plan",
                    "subject": SUBJECT,
                    "title": "Plan by Lavinia Crabtree",
                    "description": "edema care at Bluebell Hospice",
                    "activity": [
                        {
                            "detail": {
                                "status": "in-progress",
                                "description": "call Lavinia Crabtree 503 555 0199",
                                "scheduledString": "when Lavinia Crabtree is in",
                            }
                        }
                    ],
                },
                ("edema care",),
            ),
            (
                "a goal with a typed reason and a typed target",
                {
                    "resourceType": "Goal",
                    "id": "g",
                    "lifecycleStatus": "active",
                    "subject": SUBJECT,
                    "description": {"text": "less edema for Lavinia Crabtree"},
                    "statusReason": "asked by Lavinia Crabtree",
                    "expressedBy": {"display": "Lavinia Crabtree"},
                },
                ("less edema",),
            ),
            (
                "an imaging study with a description and a station",
                {
                    "resourceType": "ImagingStudy",
                    "id": "im",
                    "status": "available",
                    "subject": SUBJECT,
                    "description": "Chest, edema; for Lavinia Crabtree",
                    "series": [
                        {
                            "uid": "1.2.3.5550199",
                            "modality": {"code": "CR"},
                            "performer": [{"actor": {"display": "Lavinia Crabtree"}}],
                        }
                    ],
                },
                ("edema",),
            ),
            (
                "the dose in words and the reason of a substitution",
                {
                    "resourceType": "MedicationRequest",
                    "id": "mr",
                    "status": "active",
                    "intent": "order",
                    "subject": SUBJECT,
                    "medicationCodeableConcept": {"text": "Torasemide"},
                    "dosageInstruction": [
                        {
                            "text": "as Lavinia Crabtree says",
                            "patientInstruction": "ring 503 555 0199",
                        }
                    ],
                    "substitution": {"reason": {"text": "Lavinia Crabtree declined"}},
                    "note": [
                        {
                            "authorString": "Lavinia Crabtree",
                            "text": "from Bluebell Hospice, against edema",
                        }
                    ],
                },
                ("Torasemide", "edema"),
            ),
            (
                "a specimen with a collector and a container",
                {
                    "resourceType": "Specimen",
                    "id": "sp",
                    "subject": SUBJECT,
                    "accessionIdentifier": {"value": "5550199"},
                    "type": {"text": "Urine"},
                    "collection": {"collector": {"display": "Lavinia Crabtree"}},
                    "container": [{"description": "Lavinia Crabtree's cup"}],
                    "note": [{"text": "clear, says Lavinia Crabtree"}],
                },
                ("Urine",),
            ),
        )
    )
)


@pytest.mark.parametrize("escape", [*ROW_43, *ROW_44, *ROW_48, *ROW_49])
def test_nothing_planted_leaves(escape: Escape) -> None:
    check(escape)
