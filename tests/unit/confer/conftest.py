"""A folder with settings for the command line, and a way to run it as a shell would."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from confer.cli import cli, main
from runtime import logs

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that the settings name."""
    folder = tmp_path / "data"
    monkeypatch.setenv("CONFER_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def run() -> Run:
    """Run a command; the exception of a failing one is in the result."""

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(cli, [str(each) for each in arguments])

    return call


@pytest.fixture
def exit_code() -> Iterator[Callable[..., int]]:
    """Run a command through `main`; returns the exit code of the process."""

    def call(*arguments: object) -> int:
        try:
            main([str(each) for each in arguments])
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    yield call
    logs.reset()
