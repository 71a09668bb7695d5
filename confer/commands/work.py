"""confer work: the durable worker of one program."""

from dataclasses import replace

import click

from runtime import logs, settings
from runtime.durable import DurableWorker, WorkerOptions


@click.command()
@click.argument("program", type=click.Choice(["gateway", "consult"]))
@click.option("--executor", default=None, help="Name of this worker; a random part is added.")
def command(*, program: str, executor: str | None) -> None:
    """Run the durable work of one program until SIGTERM. It may be killed at any time."""
    chosen = settings.load()
    logs.configure(program=f"{program}-worker", mode=chosen.mode, level=chosen.log_level)
    options = WorkerOptions(
        threads=chosen.worker_threads, retention_days=chosen.work_retention_days
    )
    if program == "gateway":
        # a worker imports only its own side
        from confer.wiring import gateway as gateway_wiring  # noqa: PLC0415
        from smartapp.jobs import steps as jobs  # noqa: PLC0415

        services = gateway_wiring.build(chosen)
        database, workflows = services.database, jobs.workflows(services)
        schedules = jobs.schedules(services, poll_seconds=chosen.poll_seconds)
        options = replace(options, on_dead=jobs.on_dead)
    else:
        from confer.wiring import consult as consult_wiring  # noqa: PLC0415
        from consult.jobs import steps as consult_jobs  # noqa: PLC0415

        network = consult_wiring.build(chosen)
        database, workflows = network.database, consult_jobs.workflows(network)
        schedules = consult_jobs.schedules(network)
    DurableWorker(
        database,
        program=program,
        executor_id=executor,
        workflows=workflows,
        schedules=schedules,
        options=options,
    ).run_forever()
