"""An EHR to examine, and what stands in for our gateway: its keys, and a launch with a cookie."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from confer.check import prepare
from confer.check.examination import Examination, Wishes
from confer.check.prepare import OurSide
from confer.check.report import Report
from confer.check.run import examine
from launch.app_launch import Redirect
from launch.ports import Site
from runtime import json_text, settings
from sandbox import bench, faults
from sandbox.faults import Fault
from tests.support import live_ehr
from tests.support.launch_stores import MemorySecrets, signing_key
from tests.support.live_ehr import LiveEhr
from tests.support.live_server import served
from tests.support.sandbox_ehr import ADELA

COOKIE = "__Host-confer-app=x; Secure; HttpOnly; Path=/; SameSite=None; Partitioned"


@dataclass
class Front:
    """Our gateway as an EHR and a browser meet it, perhaps behind a proxy that spoils it."""

    url: str = ""
    keys: list[Mapping[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    def reset(self, frames: str) -> None:
        """Be as a gateway should be."""
        self.keys = [signing_key(alg).public_jwk() for alg in ("ES384", "RS384")]
        self.headers = {
            "Content-Security-Policy": f"default-src 'none'; frame-ancestors {frames}",
            "Set-Cookie": COOKIE,
        }

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        if environ["PATH_INFO"] == "/.well-known/jwks.json":
            start("200 OK", [("Content-Type", "application/json")])
            return [json_text.dumps({"keys": self.keys})]
        start("302 Found", [("Location", "/"), *self.headers.items()])
        return [b""]


@dataclass
class CheckWorld:
    """One EHR and one gateway, shared by all tests of a module; `fresh` undoes what was done."""

    ehr: LiveEhr
    front: Front
    folder: Path

    def fresh(
        self,
        switches: Mapping[str, object] | None = None,
        armed: Sequence[Fault] = (),
        *,
        dialect: str = "generic",
    ) -> None:
        """Put the bench to these switches, faults and dialect, and nothing else."""
        self.front.reset(self.ehr.url)
        with self.ehr.services.database.transaction() as session:
            bench.all_off(session)
            bench.choose(session, dialect)
            bench.turn(session, switches or {})
            faults.arm(session, armed)

    def site(self, **changes: Any) -> Site:
        """How the gateway knows the EHR."""
        known = self.ehr.site()
        return replace(known, frame_origin=self.ehr.url, **changes)

    def examination(
        self, site: Site | None = None, *, registered: bool = True, **wishes: Any
    ) -> Examination:
        """What the command would build."""
        chosen = settings.load(
            overrides={
                "data_dir": str(self.folder),
                "ehr_url": self.ehr.url,
                "gateway_url": self.front.url,
            }
        )
        secrets = MemorySecrets(algorithms=("ES384", "RS384"))
        return prepare.examination(
            chosen,
            site or self.site(),
            Wishes(**wishes),
            ours=OurSide(secrets=secrets, has_keys=True),
            registered=registered,
        )

    def report(self, *only: str, sign_in: bool = False, **wishes: Any) -> Report:
        """Examine; with a sign-in the doctor opens Adela's chart."""
        if sign_in:
            wishes |= {"launch": self.ehr.launch_value(ADELA), "ask_person": self.visit}
        exam = self.examination(**wishes)
        exam.slow_milliseconds = 150
        return examine(exam, only=frozenset(only) or None)

    def visit(self, address: str) -> str:
        """Open the address as a browser, and return where it ends."""
        return self.ehr.authorize(Redirect(method="GET", url=address))


@contextmanager
def world(folder: Path) -> Iterator[CheckWorld]:
    """Both on sockets of this machine."""
    front = Front()

    def build(url: str) -> WSGIApplication:
        front.url = url
        return front

    with live_ehr.running(folder, names=("adela",)) as ehr, served(build):
        yield CheckWorld(ehr=ehr, front=front, folder=folder)
