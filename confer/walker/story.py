"""The words that the demonstration walk types. Invented; clinical sense checked by hand."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Story:
    """One case as it is asked, asked back, replied to and answered."""

    specialty: str
    specialist: str
    question_type: str
    urgency: str
    question: str
    thinking: str
    asked_back: str
    reply: str
    answer: Mapping[str, str]


ADELA = Story(
    specialty="394589003",
    specialist="halvorsen",
    question_type="next-step",
    urgency="asap",
    question="Potassium 6.1 after one round of insulin and calcium, creatinine 2.9 from 1.5: "
    "keep treating medically overnight, or call for dialysis now?",
    thinking="Likely TMP-SMX on top of lisinopril and spironolactone, plus prerenal kidney injury "
    "after three days of poor intake. {patient} is stable and passes about 70 mL/h. I stopped all "
    "three and gave calcium gluconate 2 g, then insulin 5 units with dextrose 25 g.",
    asked_back="Is there a bladder scan, and what was the urine output in the last four hours?",
    reply="{patient} passed 280 mL in the last four hours; the bladder scan shows 90 mL.",
    answer={
        "bottom_line": "Keep treating medically tonight; no dialysis now.",
        "what-1": "Sodium zirconium cyclosilicate 10 g",
        "how-1": "By mouth three times daily, up to 48 h; watch for edema",
        "what-2": "Potassium, venous gas and ECG now, then every 2 h",
        "how-2": "Until two values are below 5.5; glucose hourly for 6 h after insulin",
        "rationale": "Urine flows, the causes are stopped, and there is no residual urine. "
        "Trimethoprim acts like amiloride on top of an ACE inhibitor and spironolactone.",
        "change_my_mind": "Potassium 6.5 or rising after treatment, QRS above 120 ms, urine below "
        "30 mL/h for 4 h, or pulmonary edema: call nephrology for dialysis.",
        "in_person_review": "within-12-hours",
        "outcome": "advice-only",
        "teaching_point": "Before TMP-SMX with an ACE inhibitor or spironolactone, pick another "
        "drug, or check potassium on day 3 to 5.",
        "confidence": "moderate",
    },
)
