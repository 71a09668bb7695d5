"""Where a card's link leads, as a string that is opaque to the EHR: sealed for one patient.

The EHR hands it back beside the access token (`appContext`). It is not trusted for anything:
it opens only at the same site with the same patient, and the page it leads to asks again
whose question it is.

Spec: CDS Hooks 2.0, Link; row C7 of our checklist
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, cast

from runtime import clock, json_text
from runtime.errors import CiphertextRefused
from runtime.keyring import Keyring

Page = Literal["answer", "case", "reply", "ask", "worklist"]
LIFETIME: Final = timedelta(hours=12)
MAX_LENGTH: Final = 2048
_PLACE = "hook_link"


@dataclass(frozen=True, kw_only=True)
class Destination:
    """The page that a link opens; `case_id` for pages of a case, `specialty` for a new one."""

    page: Page
    case_id: str = ""
    specialty: str = ""


def seal_destination(
    keyring: Keyring, destination: Destination, *, site_id: str, patient_key: str
) -> str:
    """Return the `appContext` of a link."""
    plain = json_text.dumps(
        {
            "page": destination.page,
            "case": destination.case_id,
            "specialty": destination.specialty,
            "until": int((clock.now() + LIFETIME).timestamp()),
        }
    )
    sealed = keyring.encrypt(
        plain, tenant=site_id, table=_PLACE, row=patient_key, column="app_context"
    )
    return base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")


def open_destination(
    keyring: Keyring, app_context: str | None, *, site_id: str, patient_key: str
) -> Destination | None:
    """Return where an `appContext` leads, or None when it is not ours, or not for this chart."""
    if not app_context or len(app_context) > MAX_LENGTH:
        return None
    try:
        sealed = base64.b64decode(
            app_context + "=" * (-len(app_context) % 4), altchars=b"-_", validate=True
        )
        plain = keyring.decrypt(
            sealed, tenant=site_id, table=_PLACE, row=patient_key, column="app_context"
        )
    except (binascii.Error, ValueError, CiphertextRefused):
        return None
    stored = json_text.loads(plain)
    if clock.now().timestamp() > stored["until"]:
        return None
    return Destination(
        page=cast("Page", stored["page"]),
        case_id=str(stored["case"]),
        specialty=str(stored["specialty"]),
    )
