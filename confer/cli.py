"""The `confer` command: the group, exit codes and the error line; no logic."""

import sys
from importlib import import_module

import click

from confer.errors import ConferError
from runtime import logs
from runtime.errors import EXIT_CODE, code_of, kind_of

# name -> module under confer.commands; a module is imported only when its command runs
_COMMANDS = {
    "audit": "audit",
    "check": "check",
    "db": "database",
    "deid": "deid",
    "demo": "demo",
    "doctor": "doctor",
    "keys": "keys",
    "serve": "serve",
    "site": "site",
    "work": "work",
}


class LazyGroup(click.Group):
    """Loads a command's module only when it is asked for, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the parent's signature
        """All verbs, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of one verb."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = import_module(f"confer.commands.{module}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"confer.commands.{module}.command is not a command")
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="confer-consult", prog_name="confer")
def cli() -> None:
    """Second opinions for junior doctors, inside the EHR."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; coded errors become one line and an exit code."""
    logs.configure(program="cli", mode="sandbox", stream=sys.stderr, level="error")
    try:
        cli.main(arguments, standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except Exception as problem:  # noqa: BLE001 - the one place of this program that catches all
        kind = kind_of(problem)
        # The text of an error that is not ours may hold words of a chart: class and place only.
        ours = kind != "bug" or isinstance(problem, ConferError)
        told = str(problem) if ours else f"a bug, at {logs.place_of(problem)}"
        click.echo(f"{told} [{code_of(problem)}]", err=True)
        sys.exit(EXIT_CODE[kind])


if __name__ == "__main__":
    main()
