"""Calls to an EHR at the pace of its site: what the FHIR sessions of a site go out through.

Tokens are leased from the shared row a few at a time and only for a moment, so that a call
does not cost a synced write. The bound that follows: within any moment no more calls start
than the burst and one lease (`lease_of`) for each process beside it.
"""

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from fhir_adapters import pacing
from fhir_adapters.choose_vendor import GENERIC, VENDORS
from fhir_adapters.pacing import Heard, Pace, PaceState
from launch.ports import Site
from runtime import clock, logs
from runtime.errors import OutboundDown
from runtime.log_events import Event
from runtime.outbound import Bearer, OutboundAnswer, OutboundClient
from smartapp.store.pace import Paces

LEASE = 8
LEASE_LIFE = timedelta(milliseconds=500)
# A doctor waits so long for a turn at most; a job of the night is put back instead.
PATIENCE_SECONDS = 10.0
_FAILED = frozenset({500, 502, 503, 504})


class PacedClient(OutboundClient):
    """An outbound client whose calls wait for their turn at one site."""

    def __init__(self, inner: OutboundClient, turns: "Turns", *, slow_down: frozenset[int]) -> None:
        """Wrap a client; `slow_down` are the statuses that mean "too fast"."""
        self.rules = inner.rules
        self._inner = inner
        self._turns = turns
        self._slow_down = slow_down

    def request(  # noqa: PLR0913  (an HTTP request has that many parts)
        self,
        method: str,
        url: str,
        *,
        label: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        bearer: Bearer | None = None,
        basic: tuple[str, str] | None = None,
    ) -> OutboundAnswer:
        """Send one request when its turn has come; raises `OutboundDown` with `paused`."""
        self._turns.wait(label)
        try:
            answer = self._inner.request(
                method,
                url,
                label=label,
                headers=headers,
                body=body,
                form=form,
                bearer=bearer,
                basic=basic,
            )
        except OutboundDown as down:
            # An answer that is too large is an answer; the server is well.
            self._turns.hear("fine" if down.reason == "oversize" else "failed")
            raise
        asked = retry_after(answer)
        if answer.status in self._slow_down or (answer.status == 503 and asked is not None):
            self._turns.hear("slow_down", asked)
        else:
            self._turns.hear("failed" if answer.status in _FAILED else "fine")
        return answer


class Turns:
    """The turns of this process at one site; shared by the threads that read and write."""

    def __init__(
        self,
        paces: Paces,
        *,
        site_id: str,
        pace: Pace,
        pause: Callable[[float], None] = clock.sleep,
    ) -> None:
        """Take the shared rows and the pace of the site."""
        self._paces = paces
        self._site_id = site_id
        self._pace = pace
        self._pause = pause
        self._lock = threading.Lock()
        self._held = 0
        self._held_until = clock.now()
        self._failing = False

    def wait(self, label: str) -> None:
        """Return when one call may be made; `OutboundDown` when that takes too long."""
        waited = 0.0
        while True:
            wait = self._try()
            if wait == 0.0:
                return
            if waited + wait > PATIENCE_SECONDS:
                raise OutboundDown(reason="paused", label=label)
            self._pause(wait)
            waited += wait

    def hear(self, heard: Heard, asked: float | None = None) -> None:
        """Remember an answer; one that changes nothing costs nothing."""
        if heard == "fine" and not self._failing:
            return
        now = clock.now()

        def change(state: PaceState) -> PaceState:
            return pacing.hear(state, self._pace, now=now, heard=heard, retry_after=asked)

        before = self._failing
        state = self._paces.change(self._site_id, self._pace, now=now, change=change)
        self._failing = state.failures > 0
        if heard != "fine":
            with self._lock:
                self._held = 0 if heard == "slow_down" else self._held
        if pacing.is_open(state, now) or (before and not self._failing):
            logs.emit(
                Event.EHR_CIRCUIT,
                site=self._site_id,
                state="open" if self._failing else "closed",
                count=state.failures,
            )

    def _try(self) -> float:
        """Take one turn and return 0.0, or the seconds after which to try again."""
        with self._lock:
            now = clock.now()
            if self._held > 0 and now < self._held_until:
                self._held -= 1
                return 0.0
            wanted = lease_of(self._pace)
            taken = self._paces.take(self._site_id, self._pace, now=now, wanted=wanted)
            self._failing = taken.state.failures > 0
            if taken.count == 0:
                return max(taken.wait, 0.005)
            self._held = taken.count - 1
            self._held_until = now + LEASE_LIFE
            return 0.0


class TurnsOfSites:
    """One `Turns` per site in this process, made anew when the site's pace was changed."""

    def __init__(self, paces: Paces) -> None:
        """Take the shared rows."""
        self._paces = paces
        self._lock = threading.Lock()
        self._by_site: dict[str, tuple[Pace, Turns]] = {}

    def of(self, site_id: str, pace: Pace) -> Turns:
        """Return the turns at a site."""
        with self._lock:
            known = self._by_site.get(site_id)
            if known is None or known[0] != pace:
                known = (pace, Turns(self._paces, site_id=site_id, pace=pace))
                self._by_site[site_id] = known
            return known[1]


def lease_of(pace: Pace) -> int:
    """How many turns a process takes at once: few of a small bucket, more of a very large one."""
    return max(1, min(pace.burst // 4, max(LEASE, pace.burst // 64)))


def retry_after(answer: OutboundAnswer) -> float | None:
    """Read Retry-After in seconds; its date form and nonsense count as not said."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() and len(text) < 7 else None


def pace_of(site: Site) -> tuple[Pace, frozenset[int]]:
    """Return a site's pace and the statuses by which its vendor says "too fast"."""
    traits = VENDORS.get(site.vendor, GENERIC).pace
    pace = Pace.of(traits, per_second=site.requests_per_second, burst=site.burst)
    return pace, traits.slow_down_statuses


def paced(inner: OutboundClient, turns: TurnsOfSites, site: Site) -> PacedClient:
    """Return the client through which this site is called."""
    pace, slow_down = pace_of(site)
    return PacedClient(inner, turns.of(site.site_id, pace), slow_down=slow_down)
