"""One picture of a case, for the specialist who may see the case."""

from consult.domain.case_view import Picture
from consult.domain.snapshot_reading import read_pictures
from consult.domain.specialist import SignedIn
from consult.errors import CaseUnknown
from consult.service import desk_access
from consult.service.services import ConsultServices
from consult.store import case_resources


def open_picture(
    services: ConsultServices, signed_in: SignedIn, task_id: str, position: int
) -> Picture:
    """Return a picture by its position on the case page.

    Raises `CaseUnknown` for any other case or picture, whether it exists or not.
    """
    with services.reading() as unit:
        _, task = desk_access.case_in_sight(unit, signed_in, task_id)
        found = read_pictures(case_resources.snapshots(unit, task.resource))
    if position >= len(found):
        raise CaseUnknown
    return found[position]
