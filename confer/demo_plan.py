"""What the demo runs: addresses, files, settings, programs, and what it tells the visitor."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from confer import demo_addresses
from confer.supervisor import Program, web_program, worker_program


@dataclass(frozen=True, kw_only=True)
class DemoPlan:
    """Addresses and files of one demo."""

    folder: Path
    ehr_url: str
    gateway_url: str
    consult_url: str
    auto: bool = False
    send_delay_seconds: float = 30.0

    def environment(self) -> dict[str, str]:
        """The settings of every program of the demo."""
        database = f"sqlite:///{self.folder}"
        return {
            "CONFER_MODE": "sandbox",
            "CONFER_DATA_DIR": str(self.folder),
            "CONFER_EHR_URL": self.ehr_url,
            "CONFER_GATEWAY_URL": self.gateway_url,
            "CONFER_CONSULT_URL": self.consult_url,
            "CONFER_EHR_DATABASE_URL": f"{database}/ehr.db",
            "CONFER_GATEWAY_DATABASE_URL": f"{database}/gateway.db",
            "CONFER_CONSULT_DATABASE_URL": f"{database}/consult.db",
            "CONFER_GATEWAY_KEYRING_FILE": str(self.folder / "gateway.keys"),
            "CONFER_CONSULT_KEYRING_FILE": str(self.folder / "consult.keys"),
            "CONFER_EHR_KEYRING_FILE": str(self.folder / "ehr.keys"),
            "CONFER_SEND_DELAY_SECONDS": f"{self.send_delay_seconds:g}",
            "CONFER_POLL_SECONDS": "0.5" if self.auto else "2",
        }

    def programs(self) -> tuple[Program, ...]:
        """The five processes; the EHR comes first because the visitor opens it first."""
        return (
            web_program(
                name="ehr",
                title="EHR",
                application="ehr",
                url=self.ehr_url,
                option="--ehr-port",
            ),
            web_program(
                name="gateway",
                title="gateway",
                application="gateway",
                url=self.gateway_url,
                option="--gateway-port",
            ),
            web_program(
                name="consult",
                title="consult server",
                application="consult",
                url=self.consult_url,
                option="--consult-port",
            ),
            worker_program(name="gateway", title="gateway worker"),
            worker_program(name="consult", title="consult worker"),
        )

    def provision(self, say: Callable[[str], None]) -> None:
        """Make keys, register the programs with one another, seed patients: once per address."""
        # the programs know one another by address: other ports mean other registrations;
        # another release may bring tables of its own
        addresses = (self.ehr_url, self.gateway_url, self.consult_url)
        if demo_addresses.same(self.folder, addresses, release=_tables()):
            return
        say("first start: making keys, seeding patients and specialists (some seconds)")
        # heavy imports, and not needed on a second start
        from confer.provision import provision  # noqa: PLC0415
        from runtime import logs, settings  # noqa: PLC0415

        names = {
            name.removeprefix("CONFER_").lower(): text for name, text in self.environment().items()
        }
        logs.configure(program="demo", mode="sandbox", level="warning")
        provision(settings.load(overrides=names), say)
        demo_addresses.note(self.folder, addresses, release=_tables())

    def welcome(self) -> str:
        """What to open, who to sign in as, and what will happen."""
        return f"""
  Confer is running. Everyone and everything in it is invented.

  1  Open the EHR        {self.ehr_url}
     Choose a junior doctor, open Adela Marrowby, press "Ask for a second opinion".
     Type the question, check what leaves, approve.

  2  Open the desk       {self.consult_url}/desk
     Sign in as a specialist (the page lists the demo accounts and shows the code).
     Claim the case, ask back or answer, sign.

  3  Back in the EHR     the answer is in the chart page, with the signer's name.

  The gateway at {self.gateway_url} is what the EHR frames. Data: {self.folder}
  Ctrl-C stops all. "scripts/demo --fresh" starts anew; "scripts/demo --auto" walks it by itself.
"""


def _tables() -> str:
    """The newest migration of either side, without the imports that running them needs."""
    root = Path(__file__).resolve().parents[1]
    return "+".join(
        max(path.stem for path in (root / side / "store/migrations/versions").glob("v*.py"))
        for side in ("smartapp", "consult")
    )
