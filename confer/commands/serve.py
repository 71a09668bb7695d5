"""confer serve: one web program under gunicorn."""

import os
import sys

import click

from runtime import settings


@click.command()
@click.argument("program", type=click.Choice(["gateway", "consult", "ehr"]))
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 32))
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64))
def command(*, program: str, bind: str, processes: int, threads: int) -> None:
    """Serve one program. TLS ends in the proxy before it; settings come from CONFER_*."""
    settings.load()  # faults are told here, by name, before any process starts
    arguments = [
        sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--bind", bind,
        "--workers", str(processes), "--threads", str(threads), "--no-control-socket",
        f"confer.wsgi:{program}()",
    ]  # fmt: skip
    os.execv(sys.executable, arguments)  # noqa: S606 - replaces this process by our own arguments
