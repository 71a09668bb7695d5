"""The hospital gateway as it is shipped, one process of gunicorn, and the EHR it knows."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from confer.wiring import gateway as wiring  # noqa: E402
from launch.ports import Site, SiteId  # noqa: E402
from runtime import durable, jose, settings  # noqa: E402
from runtime.database import upgrade  # noqa: E402
from runtime.keyring import Keyring  # noqa: E402
from smartapp.store.launch_stores import Sites  # noqa: E402

SCOPES = ("launch", "openid", "fhirUser", "patient/*.rs", "user/Practitioner.rs")


@contextmanager
def running(folder: Path, *, port: int, ehr_port: int, delay: float, threads: int) -> Iterator[str]:
    """Run the fake EHR and the gateway; yields the gateway's address."""
    ehr, gateway = f"http://127.0.0.1:{ehr_port}", f"http://127.0.0.1:{port}"
    environment = {
        "CONFER_DATA_DIR": str(folder),
        "CONFER_GATEWAY_URL": gateway,
        "CONFER_EHR_URL": ehr,
        "CONFER_LOG_LEVEL": "warning",
    }
    _provision(environment, ehr=ehr, gateway=gateway)
    key = folder / "ehr.pem"
    key.write_bytes(jose.to_pem(jose.new_signing_key("RS256")))
    serve = [
        "-m", "confer", "serve", "gateway", "--bind", f"127.0.0.1:{port}",
        "--processes", "1", "--threads", str(threads),
    ]  # fmt: skip
    with (
        _process([str(HERE / "fake_ehr.py"), str(ehr_port), str(delay), str(key)], {}, folder),
        _process(serve, environment, folder),
    ):
        _wait(f"{gateway}/ready")
        _wait(f"{ehr}/ledger")
        yield gateway


def _provision(environment: dict[str, str], *, ehr: str, gateway: str) -> None:
    chosen = settings.load(
        overrides={name.removeprefix("CONFER_").lower(): v for name, v in environment.items()}
    )
    database = wiring.open_gateway_database(chosen)
    upgrade(database, "smartapp.store.migrations")
    durable.prepare(database)
    wiring.gateway_keys(database, Keyring.open(chosen.gateway_keyring_file, create=True))
    Sites(database).put(
        Site(
            site_id=SiteId("bench"),
            name="Bench",
            issuer=f"{ehr}/fhir",
            client_id="confer",
            client_auth="private_key_jwt",
            redirect_uri=f"{gateway}/callback",
            scopes=SCOPES,
            backend_client_id="confer-backend",
            backend_scopes=("system/DocumentReference.crs",),
            requests_per_second=10_000.0,  # the bench measures us, not the pace towards an EHR
            burst=10_000,
        )
    )
    database.dispose()


@contextmanager
def _process(
    arguments: list[str], environment: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    name = Path(arguments[0]).stem if arguments[0] != "-m" else "gateway"
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, *arguments],
            env={**os.environ, **environment},  # noqa: TID251 - theirs, with our settings
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
