"""The three programs and their workers, live, with everything that a bad day can do to them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection
from os import killpg
from pathlib import Path
from signal import SIGKILL
from typing import Any
from urllib.parse import urlsplit

from confer.demo_plan import DemoPlan
from confer.supervisor import Supervisor, answers
from confer.walker.browser import Browser
from confer.walker.loop import Walk
from confer.wiring import consult as consult_wiring
from confer.wiring import gateway as gateway_wiring
from consult.service.services import ConsultServices
from runtime import clock, json_text, settings
from runtime.settings_schema import Settings
from sandbox import personas
from smartapp.gateway.services import GatewayServices
from tests.support import loop_world

_SECRET = "switches-of-this-test"
_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    """One HTTP answer, JSON read when it is JSON."""

    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json_text.loads(self.body)


@dataclass(kw_only=True)
class BrokenWorld:
    """The running programs; what breaks them is a method."""

    plan: DemoPlan
    supervisor: Supervisor

    @cached_property
    def settings(self) -> Settings:
        """The settings that the programs run with."""
        found = self.plan.environment().items()
        names = {name.removeprefix("CONFER_").lower(): text for name, text in found}
        return settings.load(overrides=names)

    @cached_property
    def gateway(self) -> GatewayServices:
        """The hospital side's own keys and database, to speak to the network as the hospital."""
        return gateway_wiring.build(self.settings)

    @cached_property
    def consult(self) -> ConsultServices:
        """The network side's own database."""
        return consult_wiring.build(self.settings)

    def walk(self, persona: str = "adela") -> Walk:
        """A doctor and a specialist with browsers of their own."""
        return Walk(
            plan=self.plan,
            persona=personas.load(persona),
            say=lambda _text: None,
            tend=lambda: None,
        )

    def break_ehr(self, **rule: Any) -> None:
        """Switch one fault of the EHR on (sandbox.faults)."""
        answer = self._switches("POST", json_text.dumps(rule))
        assert answer.status == 200, answer.body

    def mend_ehr(self) -> None:
        """Switch all faults off."""
        assert self._switches("DELETE").status == 200

    def _switches(self, method: str, body: bytes | None = None) -> HttpAnswer:
        headers = {"Authorization": f"Bearer {_SECRET}", "Content-Type": "application/json"}
        return http(method, f"{self.plan.ehr_url}/sandbox/faults", body=body, headers=headers)

    def kill(self, name: str) -> None:
        """End a program at once; it stays away until `revive`."""
        killpg(self.supervisor.process_id(name), SIGKILL)

    def revive(self) -> None:
        """Start what was killed, and wait until all answer."""
        self.supervisor.tend()
        urls = [one.ready_url for one in self.plan.programs() if one.ready_url]
        wait_for(lambda: all(answers(url) for url in urls))


def wait_for(holds: Any, *, seconds: float = _SECONDS) -> None:
    """Wait until `holds()` is true; fails the test after `seconds`."""
    deadline = clock.monotonic() + seconds
    while not holds():
        assert clock.monotonic() < deadline, "it did not happen in time"
        clock.sleep(0.2)


def http(
    method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> HttpAnswer:
    """One plain request; no redirects, no cookies."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_SECONDS)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, dict(headers or {}))
        reply = connection.getresponse()
        return HttpAnswer(
            status=reply.status,
            content_type=(reply.getheader("Content-Type") or "").split(";")[0],
            body=reply.read(),
        )
    finally:
        connection.close()


def callback_address(browser: Browser, world: BrokenWorld, patient_id: str) -> str:
    """Launch as the browser does, and stop before the callback: its address is returned."""
    chart = browser.open(f"{world.plan.ehr_url}/chart/{patient_id}?app=open")
    url = chart.frames[0]
    url = url if url.startswith("http") else f"{world.plan.ehr_url}{url}"
    while not url.startswith(f"{world.plan.gateway_url}/callback"):
        url = browser.request("GET", url).headers["Location"]
    return url


@contextmanager
def broken_world(folder: Path, **environment: str) -> Iterator[BrokenWorld]:
    """Run everything in a fresh folder; reads over the network give up after two seconds."""
    world = loop_world.provisioned()
    plan = world.plan(world.copy(folder))
    supervisor = Supervisor(
        programs=plan.programs(),
        environment={
            **plan.environment(),
            "CONFER_EHR_FAULT_SECRET": _SECRET,
            "CONFER_OUTBOUND_READ_SECONDS": "2",
            **environment,
        },
        log_folder=folder / "logs",
        notify=lambda _text: None,
    )
    try:
        supervisor.start()
        yield BrokenWorld(plan=plan, supervisor=supervisor)
    finally:
        supervisor.stop()
