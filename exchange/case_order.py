"""The facts around a question: what is asked of whom, by when, and who prepared it."""

from dataclasses import dataclass
from datetime import datetime

from exchange import names


@dataclass(frozen=True, kw_only=True)
class CaseOrder:
    """The facts around a question: what is asked of whom, by when, and who prepared it.

    `issuer` is the hospital's client id at the network; `receipt_id` is the receipt's jti.
    """

    case_id: str
    submission_n: int
    specialty: str
    question_type: str
    urgency: str
    authored_on: datetime
    due: datetime
    requester_member: str
    prepared_by: str
    prepared_at: datetime
    issuer: str
    receipt_id: str

    @property
    def submission(self) -> str:
        """The submission key: value of `Bundle.identifier`."""
        return names.identifier_value(self.case_id, "submit", self.submission_n)
