"""The consult server's durable work: timers that keep every case moving.

Offers are made in the transaction that accepts or releases a case, so there is nothing to
hand to a workflow; the timers look at the stored state and act on it, and running one twice
changes nothing.
"""

from collections.abc import Callable, Mapping
from functools import partial

from consult.service.expire_cases import expire_cases
from consult.service.offer_case import offer_waiting_cases
from consult.service.services import ConsultServices
from runtime.durable import Workflow

EXPIRE_SECONDS = 30.0
OFFER_SECONDS = 60.0


def workflows(_services: ConsultServices) -> Mapping[str, Workflow]:
    """Return the workflows by job kind; there are none so far."""
    return {}


def schedules(services: ConsultServices) -> Mapping[str, tuple[float, Callable[[], None]]]:
    """Return the timers: name to (seconds between runs, what to do)."""
    return {
        "consult.expire": (EXPIRE_SECONDS, partial(_run, expire_cases, services)),
        "consult.offer": (OFFER_SECONDS, partial(_run, offer_waiting_cases, services)),
    }


def _run(task: Callable[[ConsultServices], int], services: ConsultServices) -> None:
    task(services)
